#ifndef PROTO_CANON_H
#define PROTO_CANON_H

/*
 * canon - JSON in one spelling: spec/cache.md 2.
 *
 * Members sorted by their names' bytes at every level, no white space,
 * shortest escapes, shortest numbers.  Two texts that mean the same give the
 * same bytes.  Nothing is checked: what comes here has passed proto/jscan.
 */

#include <stdbool.h>
#include <stddef.h>

#include "proto/jscan.h"

struct sbuf;

/* Append the canonical form of one value; blanks may stand around it. */
void canon_write(struct sbuf *b, struct slice json);

/*
 * Append an object of these members, in any order.  The earlier of two with
 * one name wins.  True when it, or one below it, has a member of which
 * record_is_credential() is true.
 */
bool canon_write_members(struct sbuf *b, const struct jscan_item *items,
    size_t n);

#endif
