#ifndef PROTO_CANON_H
#define PROTO_CANON_H

/*
 * canon - JSON in one spelling: spec/cache.md 2.
 *
 * Members sorted by their names' bytes at every level, no white space,
 * shortest escapes, shortest numbers.  Two texts that mean the same give the
 * same bytes.
 */

#include <stddef.h>

#include "base/slice.h"

struct err;
struct sbuf;

/* A member of the top level that is left out or renamed. */
struct canon_rule {
	struct slice name;
	struct slice as; /* empty = left out */
};

/*
 * Append the canonical form of json, which must be one valid value.  rules
 * (may be NULL) act on the members of a top-level object; the earlier of two
 * members that get one name wins.  0; -1 when json is not valid or is nested
 * too deep.
 */
int canon_write(struct sbuf *b, struct slice json,
    const struct canon_rule *rules, size_t nrules, struct err *e);

/* One number token in canonical form. */
void canon_number(struct sbuf *b, struct slice number);

#endif
