#include "shm/account_priv.h"
#include "shm/apply.h"
#include "shm/apply_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"
#include "shm/wake.h"

void
apply_install(struct account *a, const struct apply_row *row)
{
	bool limited = row->limit != ACCOUNT_UNLIMITED;
	int64_t lease = limited ? row->lease : INT64_MAX;

	/* Absolute: what an interrupted keeper left half done is made good. */
	atomic_store(&a->settled, row->settled);
	SIM_POINT();
	atomic_store(&a->suspense, row->suspense);
	atomic_store(&a->limit, row->limit);
	SIM_POINT();
	atomic_store(&a->lease, lease);
	SIM_POINT();
	/* All who asked are woken after this; who needs more asks again. */
	atomic_store(&a->need, 0);
	atomic_store_explicit(&a->state, ACCOUNT_READY, memory_order_release);
}

void
apply_free_slot(struct segment *seg, uint32_t seat, uint32_t slot, uint64_t seq)
{
	_Atomic uint32_t *state = &seat_states(seg, seat)[slot];
	struct slot *s = &seat_slots(seg, seat)[slot];

	if (atomic_load(state) != SLOT_DONE || atomic_load(&s->seq) != seq)
		return;
	account_slot_unreserve(seg, s);
	atomic_store_explicit(state, SLOT_FREE, memory_order_release);
	SIM_POINT();
}

/* The entry that a record names, if it is still the same account's. */
static uint32_t
apply_entry(const struct segment *seg, const struct settle_account *named)
{
	const struct account *a;

	if (named->entry >= segment_max_accounts(seg))
		return account_find(seg, &named->key);
	a = segment_account(seg, named->entry);
	if (account_is(a, &named->key))
		return named->entry;
	return account_find(seg, &named->key);
}

void
apply_publish(struct segment *seg, uint32_t seat, uint64_t seq,
    const struct settle_record *r, const struct apply_row rows[])
{
	uint32_t entry[ACCOUNTS_PER_HOLD];
	uint64_t set = account_slot_set(seg, &seat_slots(seg, seat)[r->slot]);

	for (unsigned i = 0; i < r->n_accounts; i++)
		set |= stripe_bit(&r->accounts[i].key);
	/*
	 * The charge enters settled and leaves reserved in one piece, for all
	 * accounts of the slot: nobody can admit between the two.
	 */
	stripe_lock(seg, set);
	for (unsigned i = 0; i < r->n_accounts; i++) {
		entry[i] = apply_entry(seg, &r->accounts[i]);
		if (entry[i] != ACCOUNT_NONE)
			apply_install(segment_account(seg, entry[i]), &rows[i]);
	}
	apply_free_slot(seg, seat, r->slot, seq);
	stripe_unlock(seg, set);
	account_wake(seg, entry, r->n_accounts);
}

void
apply_publish_row(struct segment *seg, const struct account_key *key,
    const struct apply_row *row)
{
	uint64_t set = stripe_bit(key);
	uint32_t entry;

	stripe_lock(seg, set);
	entry = account_find(seg, key);
	if (entry != ACCOUNT_NONE)
		apply_install(segment_account(seg, entry), row);
	stripe_unlock(seg, set);
	if (entry != ACCOUNT_NONE)
		account_wake(seg, &entry, 1);
}

/* Under the stripe: the lease in memory falls to what is used, no lower. */
static int64_t
apply_lower_lease(struct account *a, int64_t to)
{
	int64_t used = atomic_load(&a->settled) + atomic_load(&a->reserved);

	if (to < used)
		to = used;
	if (to < atomic_load(&a->lease))
		atomic_store(&a->lease, to);
	SIM_POINT();
	return atomic_load(&a->lease);
}

/* True when the new limit is tighter than the old. */
static bool
apply_tighter(int64_t limit, int64_t old)
{
	return limit != ACCOUNT_UNLIMITED &&
	       (old == ACCOUNT_UNLIMITED || limit < old);
}

void
apply_limit(struct segment *seg, const struct account_key *key, int64_t limit,
    struct apply_row *row)
{
	uint64_t set = stripe_bit(key);
	uint32_t entry;
	int64_t lease =
	    row->limit == ACCOUNT_UNLIMITED ? row->settled : row->lease;

	if (apply_tighter(limit, row->limit)) {
		if (lease > limit)
			lease = limit > row->settled ? limit : row->settled;
		stripe_lock(seg, set);
		entry = account_find(seg, key);
		if (entry != ACCOUNT_NONE &&
		    atomic_load(&account_at(seg, entry)->state) ==
			ACCOUNT_READY) {
			struct account *a = account_at(seg, entry);

			/* An infinite lease falls to what is used. */
			lease = apply_lower_lease(a,
			    row->limit == ACCOUNT_UNLIMITED ? 0 : limit);
			atomic_store(&a->limit, limit);
		}
		stripe_unlock(seg, set);
	}
	row->limit = limit;
	row->lease = lease > row->settled ? lease : row->settled;
}

void
apply_upserted(struct segment *seg, uint32_t seat)
{
	wake_seat(seg, seat, WAKE_UPSERT);
}

int
apply_unlease(struct segment *seg, uint32_t entry, struct apply_row *row)
{
	struct account *a = account_at(seg, entry);
	uint64_t set = stripe_bit(&a->key);
	int64_t lease;

	if (row->limit == ACCOUNT_UNLIMITED)
		return 0;
	stripe_lock(seg, set);
	lease = apply_lower_lease(a, 0);
	stripe_unlock(seg, set);
	if (lease < row->settled)
		lease = row->settled;
	if (lease >= row->lease)
		return 0;
	row->lease = lease;
	return 1;
}
