#ifndef BASE_POOL_H
#define BASE_POOL_H

/*
 * pool - memory that lives as long as one request.
 *
 * Allocations are never freed one by one; pool_free() ends them all.  Memory
 * from pool_secret() is wiped then.  Blocks of the usual size are kept on a
 * short free list of the process, so that a request at rest costs no malloc.
 */

#include <stddef.h>

#include "base/slice.h"

struct pool;

struct pool *pool_new(void);

/* Release *pp and all it gave out, wipe the secrets, set *pp to NULL. */
void pool_free(struct pool **pp);

/* Aligned for any type; not zeroed. */
void *pool_alloc(struct pool *p, size_t size);
void *pool_zalloc(struct pool *p, size_t size);

/* A copy that the pool owns, with a NUL after its last byte. */
struct slice pool_copy(struct pool *p, struct slice s);

/* The same for a secret: its bytes are overwritten at pool_free(). */
struct slice pool_secret(struct pool *p, struct slice s);

/* A copy of n bytes, aligned for any type. */
void *pool_memdup(struct pool *p, const void *from, size_t n);

/* A copy with by in the place of the first word; text itself without one. */
struct slice pool_fill(struct pool *p, struct slice text, const char *word,
    struct slice by);

/* Everything that it gave out and will give out is one: all is overwritten. */
void pool_all_secret(struct pool *p);

/* Give back the blocks that are kept: a load is over. */
void pool_shrink(void);

#endif
