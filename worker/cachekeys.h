#ifndef WORKER_CACHEKEYS_H
#define WORKER_CACHEKEYS_H

/*
 * cachekeys - the cache keys of requests, made when they must be.
 *
 * The hash is most of what a key costs.  A request that the sieve says to be a
 * miss does without: marks of its text are enough for it (shm/sieve.h,
 * shm/inflight.h), and the text goes to the logger, who makes the key for what
 * is written down: if it is short, may be logged, and the logger has the time.
 * The others give their texts and wait, for the end of the turn at most:
 * several side by side cost much less than one after the other
 * (base/digest_many.h).
 */

#include <stdbool.h>

struct cachekey;
struct cachekeys;
struct req;
struct worker;

struct cachekeys *cachekeys_new(struct worker *w);
void cachekeys_free(struct cachekeys **cp);

/*
 * Make r->cache.mark and .twin.  A text for the logger is kept as
 * r->cache.text, of any other the key is asked for.  k is used within the call
 * only.
 */
void cachekeys_begin(struct req *r, const struct cachekey *k);

/*
 * Make r->cache.key of the text that was kept.  r->cache.key_due is set until
 * r->cache.keyed is, and req_wake() follows.
 */
void cachekeys_ask(struct req *r);

/* The same at once. */
void cachekeys_make(struct req *r);

/* r no longer waits, and without a key takes no part in the cache. */
void cachekeys_drop(struct req *r);

/* Give memory back, when it is quiet. */
void cachekeys_trim(struct cachekeys *c);

#endif
