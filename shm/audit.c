#include "shm/audit.h"

#include "shm/account_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"

const char *
audit_fault_name(unsigned bit)
{
	static const char *const names[AUDIT_FAULTS] = { "free", "settled",
		"reserved", "lease", "limit", "row" };

	return bit < AUDIT_FAULTS ? names[bit] : "unknown";
}

static void
audit_add_slot(const struct slot *s, uint32_t state, uint32_t entry,
    struct audit_account *a)
{
	for (unsigned i = 0; i < account_slot_count(s); i++) {
		int64_t amount = atomic_load(&s->amount[i]);

		if (s->entry[i] != entry)
			continue;
		a->slots += amount;
		a->slots_done += state == SLOT_DONE ? amount : 0;
		a->slots_n++;
	}
}

static void
audit_add_slots(const struct segment *seg, uint32_t entry,
    struct audit_account *a)
{
	for (uint32_t seat = 0; seat < segment_seats(seg); seat++) {
		if (!seat_mapped(seg, seat))
			continue;
		for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
			uint32_t state =
			    atomic_load_explicit(&seat_states(seg, seat)[i],
				memory_order_acquire);

			if (state >= SLOT_HELD)
				audit_add_slot(&seat_slots(seg, seat)[i], state,
				    entry, a);
		}
	}
}

int
audit_look(struct segment *seg, uint32_t entry, struct audit_account *a_r)
{
	struct account *a = account_at(seg, entry);
	struct account_view *v = &a_r->view;
	uint64_t set = stripe_bit(&a->key);

	*a_r = (struct audit_account){ .slots = 0 };
	stripe_lock(seg, set);
	account_copy(a, v);
	a_r->overrun = (int64_t)atomic_load(&a->overrun_nano);
	if (v->state != ACCOUNT_FREE)
		audit_add_slots(seg, entry, a_r);
	stripe_unlock(seg, set);
	return v->state != ACCOUNT_FREE && stripe_bit(&v->key) == set;
}

/* How far a + b is past c; sums of sums of int64 do not wrap here. */
static __int128
audit_past(int64_t a, int64_t b, int64_t c)
{
	return (__int128)a + b - c;
}

static uint32_t
audit_faults_of_limit(const struct audit_account *a)
{
	const struct account_view *v = &a->view;
	uint32_t faults = 0;

	if (audit_past(v->settled, v->reserved, v->lease) > a->overrun)
		faults |= AUDIT_LEASE;
	if (v->lease > a->row.lease)
		faults |= AUDIT_LEASE;
	/* Past the limit, and no lease ever went so far. */
	if (audit_past(v->settled, v->reserved, v->limit) > a->overrun &&
	    (faults & AUDIT_LEASE))
		faults |= AUDIT_FREE;
	return faults;
}

uint32_t
audit_faults(const struct audit_account *a)
{
	const struct account_view *v = &a->view;
	uint32_t faults = 0;

	if (v->reserved != a->slots)
		faults |= AUDIT_RESERVED;
	/* What is being loaded has no figures yet, and holds nothing. */
	if (v->state == ACCOUNT_LOADING)
		return faults;
	if (!a->has_row)
		return faults | AUDIT_ROW;
	if (v->settled != a->row.settled)
		faults |= AUDIT_SETTLED;
	if (v->limit != a->row.limit || v->suspense != a->row.suspense)
		faults |= AUDIT_LIMIT;
	return v->limit == ACCOUNT_UNLIMITED
	           ? faults
	           : faults | audit_faults_of_limit(a);
}

int
audit_lane(struct segment *seg, uint32_t seat, uint64_t cursor,
    struct audit_lane *lane_r)
{
	if (!seat_mapped(seg, seat))
		return 0;
	*lane_r = (struct audit_lane){ .seat = seat,
		.cursor = cursor,
		.released = atomic_load(&seat_at(seg, seat)->money.tail_seq) };
	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint64_t seq;

		if (atomic_load_explicit(&seat_states(seg, seat)[i],
			memory_order_acquire) != SLOT_DONE)
			continue;
		seq = atomic_load(&seat_slots(seg, seat)[i].seq);
		/* Applied and published is freed in the same breath. */
		if (seq <= cursor && seq <= lane_r->released)
			lane_r->stuck++;
		else
			lane_r->done++;
	}
	lane_r->faulty = lane_r->released > lane_r->cursor || lane_r->stuck > 0;
	return 1;
}
