#ifndef SHM_SIEVE_H
#define SHM_SIEVE_H

/*
 * sieve - which answers the cache may hold.
 *
 * A miss of the cache costs its reader the hash of a key and a walk through
 * cold pages of LMDB; two bits of a bitmap, set by the only writer (the logger)
 * before it commits an entry, tell most of them beforehand.  A bit that is set
 * proves nothing, and those of entries that went stay: when many were set the
 * writer fills another bitmap from what the cache still holds, a little in each
 * turn, and exchanges the two.  Until that was done once everything may be
 * held.
 *
 * An entry goes by the mark of the text whose digest is its key: a hash that
 * costs a thirtieth of the digest.  Who makes two texts of one mark makes the
 * cache look for one of them in vain.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "shm/segment.h"

/*
 * The same in each release that reads the entries of another: it is kept with
 * them (store/cache.h).
 */
uint64_t sieve_mark(struct slice text);

/* Soon it will be asked for this one. */
void sieve_prefetch(const struct segment *seg, uint64_t mark);

/* False: the cache does not hold it. */
bool sieve_may_hold(const struct segment *seg, uint64_t mark);

/*
 * The writer's.  Add an entry; false says that it is time to fill anew.
 * Between begin and end each that the cache holds is passed to sieve_fill().
 */
bool sieve_add(struct segment *seg, uint64_t mark);
void sieve_fill_begin(struct segment *seg);
void sieve_fill(struct segment *seg, uint64_t mark);
void sieve_fill_end(struct segment *seg);

/* Everything may be held again: the writer cannot tell any more. */
void sieve_off(struct segment *seg);

#endif
