#ifndef PROTO_CACHEKEY_H
#define PROTO_CACHEKEY_H

/*
 * cachekey - which requests share an answer: spec/cache.md 2.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"
#include "base/slice.h"

struct jscan_item;
struct sbuf;

struct cachekey {
	struct slice organization;
	struct slice environment; /* "prod" or "test" */
	struct slice family;      /* "chat", "responses", … */
	/*
	 * Those of the request after merge, rendering and null removal, in
	 * any order; cachekey_write() moves and renames some.
	 */
	struct jscan_item *members;
	size_t n_members;
	struct slice model;    /* with is_cached_by_model; empty = not */
	struct slice customer; /* with cache_by_customer; empty = not */
	const unsigned char *credentials; /* SHA-256 of them, or NULL */
};

/*
 * Append what is hashed: the key is the SHA-256 of it.  True when there is a
 * credential in it: canon_write_members().
 */
bool cachekey_write(const struct cachekey *k, struct sbuf *b);

#endif
