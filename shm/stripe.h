#ifndef SHM_STRIPE_H
#define SHM_STRIPE_H

/*
 * stripe - 64 robust mutexes over the counters of all accounts.
 *
 * Held for microseconds, nothing inside blocks or fails.  Several are taken
 * in ascending order.  A lock whose owner died comes with the counters of its
 * accounts in doubt: reserved is then added up anew from all slots.
 */

#include <stdint.h>

#include "shm/account.h"

#define STRIPES 64

/* A set of stripes, one bit each. */
static inline uint64_t
stripe_bit(const struct account_key *key)
{
	return 1ull << (key->hash[0] % STRIPES);
}

/* Make all mutexes; once, by whoever creates the segment. */
void stripe_init(struct segment *seg);

/* Take all of a set, waiting. */
void stripe_lock(struct segment *seg, uint64_t set);

/* 1 when all were had within some spins; 0 and none is held. */
int stripe_trylock(struct segment *seg, uint64_t set);

void stripe_unlock(struct segment *seg, uint64_t set);

/*
 * With the stripe of an entry held: its reserved, added up from the slots of
 * all seats.
 */
int64_t stripe_reserved(const struct segment *seg, uint32_t entry);

/* With the stripe held: install that sum in all its accounts. */
void stripe_rebuild(struct segment *seg, unsigned stripe);

/* How many stripes were found with a dead owner. */
uint64_t stripe_repairs(const struct segment *seg);

#endif
