#ifndef BASE_HASH_H
#define BASE_HASH_H

/*
 * hash - 64 bits of some bytes, for tables.
 *
 * Not for secrets.  hash_seed() is drawn once per process before the first
 * table with keys from outside, so that a client cannot choose collisions.
 * Another function needs another version of what is kept by it: shm/sieve.h.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);

/* The random seed of this process tree (drawn at the first call). */
uint64_t hash_seed(void);

static inline uint64_t
hash_slice(struct slice s, uint64_t seed)
{
	return hash_bytes(s.p, s.n, seed);
}

#endif
