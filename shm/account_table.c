#include <string.h>

#include "shm/account_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"

/*
 * Where an entry is found: chains from buckets, and a list of what is free.
 *
 * Entries come and go under the lock of the table; chains are walked without
 * it.  Nothing but the states of the entries is believed when the one who had
 * the lock died.
 */

static _Atomic uint32_t *
account_bucket_at(const struct segment *seg, uint32_t bucket)
{
	return (_Atomic uint32_t *)segment_part(seg, seg->map.buckets) + bucket;
}

/*
 * Accounts of one stripe lie in every 64th bucket, so that a rebuild of the
 * stripe walks those and no others.
 */
static _Atomic uint32_t *
account_bucket(const struct segment *seg, const struct account_key *key)
{
	uint32_t groups = seg->map.n_buckets / STRIPES;
	uint64_t h;

	memcpy(&h, key->hash + 8, sizeof(h));
	h = (h ^ (uint64_t)key->period_s ^ (uint64_t)key->kind << 56) *
	    0x9e3779b97f4a7c15ull;
	return account_bucket_at(seg,
	    key->hash[0] % STRIPES + STRIPES * ((uint32_t)(h >> 32) % groups));
}

/* Odd while the chains are made anew; still so if he who did it died. */
static uint32_t
account_relinks(const struct segment *seg)
{
	return atomic_load(&seg->head->relinks);
}

bool
account_is(const struct account *a, const struct account_key *key)
{
	return atomic_load_explicit(&a->state, memory_order_acquire) !=
	           ACCOUNT_FREE &&
	       account_key_same(&a->key, key);
}

static uint32_t
account_find_linked(const struct segment *seg, const struct account_key *key)
{
	uint32_t left = segment_max_accounts(seg);
	uint32_t at = atomic_load_explicit(account_bucket(seg, key),
	    memory_order_acquire);

	/* Entries may move while we read: never more steps than entries. */
	for (; at != 0 && left > 0; left--) {
		struct account *a = segment_account(seg, at - 1);

		if (account_is(a, key))
			return at - 1;
		at = atomic_load_explicit(&a->next, memory_order_acquire);
	}
	return ACCOUNT_NONE;
}

uint32_t
account_find(const struct segment *seg, const struct account_key *key)
{
	uint32_t relinks = account_relinks(seg), used, at;

	if (relinks % 2 == 0) {
		at = account_find_linked(seg, key);
		if (at != ACCOUNT_NONE || account_relinks(seg) == relinks)
			return at;
	}
	/* "Not there" would be a lie: who lowers a limit relies on it. */
	used = atomic_load(&seg->head->accounts_used);
	for (at = 0; at < used; at++)
		if (account_is(segment_account(seg, at), key))
			return at;
	return ACCOUNT_NONE;
}

/* Chains, the free list and the count, from the states of all entries. */
static void
account_relink(struct segment *seg)
{
	struct segment_header *h = seg->head;
	uint32_t used = atomic_load(&h->accounts_used);

	memset(segment_part(seg, seg->map.buckets), 0,
	    seg->map.n_buckets * sizeof(uint32_t));
	atomic_store(&h->accounts_free, 0);
	atomic_store(&h->accounts_live, 0);
	for (uint32_t i = 0; i < used; i++) {
		struct account *a = segment_account(seg, i);
		bool live = atomic_load(&a->state) != ACCOUNT_FREE;
		_Atomic uint32_t *list =
		    live ? account_bucket(seg, &a->key) : &h->accounts_free;

		atomic_store(&a->next, atomic_load(list));
		atomic_store(list, i + 1);
		if (live)
			atomic_fetch_add(&h->accounts_live, 1);
	}
}

static void
account_rebuild_table(struct segment *seg)
{
	uint32_t relinks = account_relinks(seg) | 1;

	atomic_store(&seg->head->relinks, relinks);
	SIM_POINT();
	account_relink(seg);
	SIM_POINT();
	atomic_store(&seg->head->relinks, relinks + 1);
}

void
account_table_lock(struct segment *seg)
{
	if (segment_lock(&seg->head->table_lock))
		account_rebuild_table(seg);
}

/* An entry that nobody refers to, or ACCOUNT_NONE; under the table lock. */
static uint32_t
account_take_free(struct segment *seg)
{
	struct segment_header *h = seg->head;
	uint32_t at = atomic_load(&h->accounts_free);

	if (at != 0) {
		atomic_store(&h->accounts_free,
		    atomic_load(&segment_account(seg, at - 1)->next));
		return at - 1;
	}
	at = atomic_load(&h->accounts_used);
	if (at == segment_max_accounts(seg))
		return ACCOUNT_NONE;
	atomic_store(&h->accounts_used, at + 1);
	return at;
}

static void
account_fill(struct account *a, const struct account_key *key, int64_t now_s)
{
	a->key = *key;
	atomic_store(&a->digest, 0);
	atomic_store(&a->used_s, now_s);
	atomic_store(&a->limit, 0);
	atomic_store(&a->settled, 0);
	atomic_store(&a->reserved, 0);
	atomic_store(&a->lease, 0);
	atomic_store(&a->suspense, 0);
	atomic_store(&a->need, 0);
	atomic_store(&a->largest_hold, 0);
	atomic_store(&a->spend_per_s, 0);
	for (unsigned i = 0; i < SEGMENT_SEATS_WORDS; i++)
		atomic_store(&a->waiters[i], 0);
	atomic_store(&a->refused, 0);
	atomic_store(&a->overrun_nano, 0);
	SIM_POINT();
	atomic_store_explicit(&a->state, ACCOUNT_LOADING, memory_order_release);
}

uint32_t
account_insert(struct segment *seg, const struct account_key *key,
    int64_t now_s)
{
	_Atomic uint32_t *bucket = account_bucket(seg, key);
	uint32_t at = account_find(seg, key);
	struct account *a;

	if (at != ACCOUNT_NONE)
		return at;
	at = account_take_free(seg);
	if (at == ACCOUNT_NONE)
		return ACCOUNT_NONE;
	a = segment_account(seg, at);
	SIM_POINT();
	account_fill(a, key, now_s);
	atomic_store(&a->next, atomic_load(bucket));
	SIM_POINT();
	atomic_store_explicit(bucket, at + 1, memory_order_release);
	atomic_fetch_add(&seg->head->accounts_live, 1);
	return at;
}

void
account_unlink(struct segment *seg, uint32_t index)
{
	struct account *a = segment_account(seg, index);
	_Atomic uint32_t *link = account_bucket(seg, &a->key);

	/*
	 * First: or who dies here leaves one that nobody finds until the
	 * chains are made anew, with a limit that is not in force any more.
	 */
	atomic_store(&a->state, ACCOUNT_FREE);
	SIM_POINT();
	while (atomic_load(link) != 0 && atomic_load(link) != index + 1)
		link = &segment_account(seg, atomic_load(link) - 1)->next;
	if (atomic_load(link) == index + 1)
		atomic_store(link, atomic_load(&a->next));
	SIM_POINT();
	atomic_store(&a->next, atomic_load(&seg->head->accounts_free));
	atomic_store(&seg->head->accounts_free, index + 1);
	atomic_fetch_sub(&seg->head->accounts_live, 1);
}

static void
account_forget_linked(struct segment *seg, unsigned stripe)
{
	for (uint32_t b = stripe; b < seg->map.n_buckets; b += STRIPES) {
		uint32_t at = atomic_load(account_bucket_at(seg, b));
		uint32_t left = segment_max_accounts(seg);

		for (; at != 0 && left > 0; left--) {
			struct account *a = segment_account(seg, at - 1);

			atomic_store(&a->reserved, 0);
			at = atomic_load(&a->next);
		}
	}
}

void
account_forget_reserved(struct segment *seg, unsigned stripe)
{
	uint32_t relinks = account_relinks(seg), used;

	if (relinks % 2 == 0) {
		account_forget_linked(seg, stripe);
		if (account_relinks(seg) == relinks)
			return;
	}
	used = atomic_load(&seg->head->accounts_used);
	for (uint32_t at = 0; at < used; at++) {
		struct account *a = segment_account(seg, at);

		if (a->key.hash[0] % STRIPES == stripe)
			atomic_store(&a->reserved, 0);
	}
}
