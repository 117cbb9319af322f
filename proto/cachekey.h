#ifndef PROTO_CACHEKEY_H
#define PROTO_CACHEKEY_H

/*
 * cachekey - which requests share an answer: spec/cache.md 2.
 */

#include <stddef.h>

#include "base/digest.h"
#include "base/slice.h"

struct err;
struct sbuf;

struct cachekey {
	struct slice organization;
	struct slice environment; /* "prod" or "test" */
	struct slice family;      /* "chat", "responses", … */
	struct slice body;     /* JSON after merge, rendering, null removal */
	struct slice model;    /* with is_cached_by_model; empty = not */
	struct slice customer; /* with cache_by_customer; empty = not */
	const unsigned char *credentials; /* SHA-256 of them, or NULL */
	/* Parameters of ours that are still in body: names to leave out. */
	const struct slice *ours;
	size_t nours;
};

/*
 * The key.  scratch is cleared and keeps the canonical body afterwards (the
 * cache rows show it).  0, or -1 when body is not valid JSON.
 */
int cachekey_make(const struct cachekey *k, struct digest *d,
    struct sbuf *scratch, unsigned char key_r[DIGEST_SIZE], struct err *e);

#endif
