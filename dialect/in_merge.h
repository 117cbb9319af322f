#ifndef DIALECT_IN_MERGE_H
#define DIALECT_IN_MERGE_H

/*
 * in_merge - the members of a body in another dialect together with what its
 * client put into Respan's containers and headers: spec/api.md 4.1 and 4.2.
 */

#include <stdbool.h>

#include "proto/jscan.h"
#include "proto/params.h"

struct err;
struct pool;

#define IN_MERGE_DROPPED 8

/* Those of paramhdr_read(), the highest first. */
struct in_merge_headers {
	const struct jscan_body *bodies;
	unsigned n;
};

struct in_merge {
	/* The body's members in their order, then those of containers and
	 * headers.  One that a container overrides has the container's value.
	 */
	struct jscan_item *items;
	unsigned n, n_body;
	/* Anthropic's metadata: an object, or n 0. */
	struct slice metadata;
	struct slice own_metadata; /* Respan's, of a container; or n 0 */
	/* Members of containers and headers that this dialect does not know. */
	struct slice dropped[IN_MERGE_DROPPED];
	unsigned n_dropped;
};

/*
 * dialect: ANTHROPIC, GEMINI or RESPONSES; headers: NULL for none.  0, or -1
 * when metadata or a container is no object.
 */
int in_merge(enum params_dialect dialect, const struct jscan_body *body,
    const struct in_merge_headers *headers, struct pool *pool,
    struct in_merge *m_r, struct err *e);

/* respan_params and its like, whose members are merged already. */
bool in_merge_is_container(const struct jscan_item *item);

#endif
