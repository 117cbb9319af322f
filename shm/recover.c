#include "shm/recover.h"

#include "shm/account_priv.h"
#include "shm/apply_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"
#include "shm/wake.h"

void
recover_counters(struct segment *seg)
{
	for (unsigned i = 0; i < STRIPES; i++) {
		stripe_lock(seg, 1ull << i);
		stripe_rebuild(seg, i);
		stripe_unlock(seg, 1ull << i);
	}
}

void
recover_account(struct segment *seg, uint32_t entry,
    const struct apply_row *row)
{
	struct account_key key = account_at(seg, entry)->key;

	apply_publish_row(seg, &key, row);
}

/* The ledger has this charge: settled of its accounts was installed. */
static void
recover_slot(struct segment *seg, uint32_t seat, uint32_t slot, uint64_t cursor)
{
	struct slot *s = &seat_slots(seg, seat)[slot];
	uint64_t seq = atomic_load(&s->seq);
	uint64_t set = account_slot_set(seg, s);

	if (seq == 0 || seq > cursor)
		return;
	stripe_lock(seg, set);
	apply_free_slot(seg, seat, slot, seq);
	stripe_unlock(seg, set);
	account_wake(seg, s->entry, account_slot_count(s));
}

void
recover_seat(struct segment *seg, uint32_t seat, uint64_t cursor)
{
	_Atomic uint32_t *states = seat_states(seg, seat);

	if (!seat_mapped(seg, seat))
		return;
	for (uint32_t i = 0; i < SEAT_SLOTS; i++)
		if (atomic_load_explicit(&states[i], memory_order_acquire) ==
		    SLOT_DONE)
			recover_slot(seg, seat, i, cursor);
	wake_seat_surely(seg, seat, WAKE_MONEY | WAKE_UPSERT);
}

int
recover_lost(struct apply_row *row)
{
	if (row->limit == ACCOUNT_UNLIMITED || row->lease <= row->settled)
		return 0;
	row->suspense += row->lease - row->settled;
	row->settled = row->lease;
	return 1;
}

int
recover_clean(struct apply_row *row)
{
	if (row->limit == ACCOUNT_UNLIMITED || row->lease == row->settled)
		return 0;
	row->lease = row->settled;
	return 1;
}
