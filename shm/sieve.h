#ifndef SHM_SIEVE_H
#define SHM_SIEVE_H

/*
 * sieve - which keys the cache of answers may hold.
 *
 * A miss of the cache costs its reader a walk through cold pages of LMDB; two
 * bits of a bitmap, set by the only writer (the logger) before it commits an
 * entry, tell most of them beforehand.  A bit that is set proves nothing, and
 * those of entries that went stay: when many were set the writer fills
 * another bitmap from what the cache still holds, a little in each turn, and
 * exchanges the two.  Until that was done once everything may be held.
 *
 * Keys are digests, so their own bits are hash enough.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shm/segment.h"

#define SIEVE_KEY_SIZE 32

/* Soon it will be asked for this key. */
void sieve_prefetch(const struct segment *seg,
    const unsigned char key[SIEVE_KEY_SIZE]);

/* False: the cache does not hold it. */
bool sieve_may_hold(const struct segment *seg,
    const unsigned char key[SIEVE_KEY_SIZE]);

/*
 * The writer's.  Add a key; false says that it is time to fill anew.  Between
 * begin and end each key the cache holds is passed to sieve_fill().
 */
bool sieve_add(struct segment *seg, const unsigned char key[SIEVE_KEY_SIZE]);
void sieve_fill_begin(struct segment *seg);
void sieve_fill(struct segment *seg, const unsigned char key[SIEVE_KEY_SIZE]);
void sieve_fill_end(struct segment *seg);

/* Everything may be held again: the writer cannot tell any more. */
void sieve_off(struct segment *seg);

#endif
