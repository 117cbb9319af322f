#ifndef WORKER_CACHEKEYS_H
#define WORKER_CACHEKEYS_H

/*
 * cachekeys - the cache keys of the requests of one turn, made together.
 *
 * The hash is most of what a key costs, and several side by side cost much
 * less than one after the other (base/digest_many.h).  A request gives its text
 * and waits, for the end of the turn at most.
 */

struct cachekey;
struct cachekeys;
struct req;
struct worker;

struct cachekeys *cachekeys_new(struct worker *w);
void cachekeys_free(struct cachekeys **cp);

/*
 * Make r->cache.key; until then r->cache.key_due is set, and req_wake()
 * follows. k is used within the call only.
 */
void cachekeys_add(struct req *r, const struct cachekey *k);

/* r no longer waits, and without a key takes no part in the cache. */
void cachekeys_drop(struct req *r);

/* Give memory back, when it is quiet. */
void cachekeys_trim(struct cachekeys *c);

#endif
