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
	if (idle) {
		account_unlink(seg, index);
		/* Who asked for a lease just now asks again. */
		account_wake(seg, &index, 1);
	}
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
