#ifndef PROTO_EMBEDDINGS_H
#define PROTO_EMBEDDINGS_H

/*
 * embeddings - a list of embeddings as a provider of OpenAI's API sent it.
 *
 * Read once, never rebuilt: a usage that is lacking is spliced in, everything
 * else stays the provider's bytes (spec/api.md 7.1, 7.3).
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "proto/relay_error.h"
#include "proto/usage.h"

struct err;
struct sbuf;

struct embeddings {
	struct slice body;  /* without blanks around it; the slices lie in it */
	struct slice model; /* without quotes, escapes kept; "" = absent */
	struct slice usage_json; /* the member's value; empty = absent */
	bool has_usage;
	struct usage usage;       /* when has_usage: nothing is put out */
	struct relay_error error; /* when embeddings_read() said 0 */
};

/*
 * 1 when body is a usable answer; 0 when it is an error in a 200 (r->error);
 * -1 with ERR_UPSTREAM_INVALID when it is neither.  *r borrows from body.
 */
int embeddings_read(struct slice body, struct embeddings *r, struct err *e);

#define EMBEDDINGS_SLICES 3

/*
 * The body with that usage in place of its own, or behind its last member, as
 * slices of it and of *b, to which is appended.  Returns how many.
 */
size_t embeddings_slices(const struct embeddings *r, const struct usage *usage,
    struct sbuf *b, struct slice out[EMBEDDINGS_SLICES]);

#endif
