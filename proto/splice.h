#ifndef PROTO_SPLICE_H
#define PROTO_SPLICE_H

/*
 * splice - the text of an object with some of its members changed.
 *
 * A plan says for each member what stands in its place; what is not edited
 * keeps its order, spacing, number spelling and escapes (spec/api.md 3).  The
 * result is a list of slices of the old text and of the pool.
 */

#include <stdbool.h>

#include "base/slice.h"

struct jscan_body;
struct pool;

/* Raw name without quotes and JSON; value.p NULL: the member is left out. */
struct splice_member {
	struct slice name, value;
};

struct splice_result {
	struct slice *pieces;
	unsigned n;
	size_t len; /* of all pieces */
};

/* A place inside the value of a member, and what stands there instead. */
struct splice_inside {
	struct slice old, by;
};

struct splice {
	const struct jscan_body *body;
	struct pool *pool;
	/* Each member's; a name or value that stays is the old text's bytes. */
	const struct splice_member *plan;
	/* Its pieces have room for 4 of each member, 2 of each added one, and
	 * 2 more. */
	struct splice_result *result;
	/* Edits inside that value, in its order; two more pieces each. */
	struct slice inside_of;
	const struct splice_inside *inside;
	unsigned n_inside;

	/* Private. */
	const char *from; /* the first byte that no piece has yet */
	int last_kept;    /* of the members of the body; -1 = none */
	bool empty;       /* no member has been written */
};

/* The members of the body, then added ones, then the end of the text. */
void splice_begin(struct splice *d);
void splice_add(struct splice *d, struct splice_member member);
void splice_end(struct splice *d);

#endif
