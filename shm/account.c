#include "shm/account.h"

#include <assert.h>
#include <string.h>

#include "shm/account_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"
#include "shm/wake.h"

struct account_key
account_key(const unsigned char hash[16], enum account_kind kind,
    int64_t period_s)
{
	struct account_key key = { .period_s = period_s, .kind = kind };

	memcpy(key.hash, hash, sizeof(key.hash));
	return key;
}

bool
account_key_same(const struct account_key *a, const struct account_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

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

uint32_t
account_find(const struct segment *seg, const struct account_key *key)
{
	uint32_t left = segment_max_accounts(seg);
	uint32_t at = atomic_load_explicit(account_bucket(seg, key),
	    memory_order_acquire);

	/* Entries may move while we read: never more steps than entries. */
	for (; at != 0 && left > 0; left--) {
		struct account *a = segment_account(seg, at - 1);

		if (account_key_same(&a->key, key) &&
		    atomic_load_explicit(&a->state, memory_order_acquire) !=
			ACCOUNT_FREE)
			return at - 1;
		at = atomic_load_explicit(&a->next, memory_order_acquire);
	}
	return ACCOUNT_NONE;
}

/* Chains, the free list and the count, from the states of all entries. */
static void
account_rebuild_table(struct segment *seg)
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

static uint32_t
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

uint32_t
account_get(struct segment *seg, const struct account_key *key, int64_t now_s)
{
	uint32_t at = account_find(seg, key);

	if (at != ACCOUNT_NONE)
		return at;
	account_table_lock(seg);
	at = account_insert(seg, key, now_s);
	segment_unlock(&seg->head->table_lock);
	if (at != ACCOUNT_NONE)
		account_want(seg, at);
	return at;
}

struct account *
account_at(struct segment *seg, uint32_t index)
{
	assert(index < segment_max_accounts(seg));
	return segment_account(seg, index);
}

void
account_copy(const struct account *a, struct account_view *view_r)
{
	view_r->key = a->key;
	view_r->state = (enum account_state)atomic_load(&a->state);
	view_r->limit = atomic_load(&a->limit);
	view_r->settled = atomic_load(&a->settled);
	view_r->reserved = atomic_load(&a->reserved);
	view_r->lease = atomic_load(&a->lease);
	view_r->suspense = atomic_load(&a->suspense);
}

int
account_view(struct segment *seg, uint32_t index, struct account_view *view_r)
{
	struct account *a = account_at(seg, index);
	struct account_key key = a->key;
	uint64_t set = stripe_bit(&key);

	stripe_lock(seg, set);
	account_copy(a, view_r);
	stripe_unlock(seg, set);
	return view_r->state != ACCOUNT_FREE &&
	       account_key_same(&key, &view_r->key);
}

/* Unhook an entry; under the table lock and its stripe. */
static void
account_unlink(struct segment *seg, uint32_t index)
{
	struct account *a = segment_account(seg, index);
	_Atomic uint32_t *link = account_bucket(seg, &a->key);

	while (atomic_load(link) != 0 && atomic_load(link) != index + 1)
		link = &segment_account(seg, atomic_load(link) - 1)->next;
	if (atomic_load(link) == index + 1)
		atomic_store(link, atomic_load(&a->next));
	SIM_POINT();
	atomic_store(&a->state, ACCOUNT_FREE);
	SIM_POINT();
	atomic_store(&a->next, atomic_load(&seg->head->accounts_free));
	atomic_store(&seg->head->accounts_free, index + 1);
	atomic_fetch_sub(&seg->head->accounts_live, 1);
}

/* True when a slot of any seat names the entry, be it with amount 0. */
static bool
account_in_slots(const struct segment *seg, uint32_t index)
{
	for (uint32_t seat = 0; seat < segment_seats(seg); seat++) {
		if (!seat_mapped(seg, seat))
			continue;
		for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
			const struct slot *s = seat_slots(seg, seat) + i;

			if (atomic_load(&seat_states(seg, seat)[i]) < SLOT_HELD)
				continue;
			for (unsigned k = 0; k < account_slot_count(s); k++)
				if (s->entry[k] == index)
					return true;
		}
	}
	return false;
}

int
account_evict(struct segment *seg, uint32_t index, int64_t before_s)
{
	struct account *a = account_at(seg, index);
	uint64_t set;
	int idle;

	account_table_lock(seg);
	set = stripe_bit(&a->key);
	stripe_lock(seg, set);
	idle = atomic_load(&a->state) == ACCOUNT_READY &&
	       atomic_load(&a->used_s) < before_s &&
	       atomic_load(&a->reserved) == 0 && !account_in_slots(seg, index);
	if (idle)
		account_unlink(seg, index);
	stripe_unlock(seg, set);
	segment_unlock(&seg->head->table_lock);
	return idle;
}

int
account_each(const struct segment *seg, uint32_t *at, uint32_t *index_r)
{
	uint32_t used = atomic_load(&seg->head->accounts_used);

	for (; *at < used; ++*at)
		if (atomic_load(&segment_account(seg, *at)->state) !=
		    ACCOUNT_FREE) {
			*index_r = (*at)++;
			return 1;
		}
	return 0;
}

uint32_t
account_count(const struct segment *seg)
{
	return atomic_load(&seg->head->accounts_live);
}

void
account_forget_reserved(struct segment *seg, unsigned stripe)
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
