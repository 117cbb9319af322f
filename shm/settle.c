#include "shm/settle.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "shm/account_priv.h"
#include "shm/segment_priv.h"
#include "shm/settle_priv.h"
#include "shm/stripe.h"

static uint32_t
settle_bytes(unsigned n_accounts)
{
	return (uint32_t)(offsetof(struct settle_record, accounts) +
			  n_accounts * sizeof(struct settle_account));
}

/* The record, written where it will be read: no copy between. */
static void
settle_write(struct settle_record *r, const struct seat_owner *o, uint32_t slot,
    enum settle_cause cause, const struct settle_usage *usage)
{
	const struct slot *s = &o->slots[slot];
	unsigned n = account_slot_count(s);

	r->slot = slot;
	r->n_accounts = (uint8_t)n;
	r->cause = (uint8_t)cause;
	r->attempt = s->attempt;
	r->price_version = s->price_version;
	r->started_us = s->started_us;
	memcpy(r->request_id, s->request_id, sizeof(r->request_id));
	r->usage = *usage;
	for (unsigned i = 0; i < n; i++) {
		struct account *a = account_at(o->seg, s->entry[i]);
		int64_t held = atomic_load(&s->amount[i]);

		r->accounts[i] = (struct settle_account){
			.key = a->key,
			.entry = s->entry[i],
			.held = held,
			.actual = s->actual[i],
			.suspense = s->suspense[i],
		};
		/* Billed above its bound: the audit must know. */
		if (s->actual[i] > held)
			atomic_fetch_add(&a->overrun_nano,
			    (uint64_t)(s->actual[i] - held));
	}
}

int
settle_post(struct seat_owner *o, uint32_t slot, uint16_t type,
    enum settle_cause cause, const struct settle_usage *usage)
{
	struct slot *s = &o->slots[slot];
	uint32_t bytes = settle_bytes(account_slot_count(s));
	struct settle_record *r = lane_reserve(&o->money, bytes);

	/*
	 * Room is had before the slot says DONE: so no number is ever in a
	 * slot without a record that follows, but for a death between.
	 */
	if (r == NULL)
		return 0;
	settle_write(r, o, slot, cause, usage);
	SIM_POINT();
	atomic_store_explicit(&s->seq, o->money.seq + 1, memory_order_relaxed);
	SIM_POINT();
	atomic_store_explicit(&o->states[slot], SLOT_DONE,
	    memory_order_release);
	SIM_POINT();
	lane_commit(&o->money, type, 0, bytes);
	return 1;
}

/*
 * What the hold was too large goes back at once.  When a lock is taken it
 * does not: the keeper frees the whole slot a few milliseconds later.
 */
static void
settle_shrink(struct seat_owner *o, uint32_t slot, uint64_t seq)
{
	struct slot *s = &o->slots[slot];
	uint64_t set = account_slot_set(o->seg, s);
	unsigned n = account_slot_count(s);

	if (!stripe_trylock(o->seg, set))
		return;
	if (atomic_load(&o->states[slot]) != SLOT_DONE ||
	    atomic_load(&s->seq) != seq)
		n = 0;
	for (unsigned i = 0; i < n; i++) {
		struct account *a = account_at(o->seg, s->entry[i]);
		int64_t held = atomic_load(&s->amount[i]);

		atomic_fetch_add(&a->reserved, s->actual[i] - held);
		SIM_POINT();
		atomic_store(&s->amount[i], s->actual[i]);
		SIM_POINT();
	}
	stripe_unlock(o->seg, set);
	account_wake(o->seg, s->entry, n);
}

int
settle_publish(struct seat_owner *o, uint32_t slot,
    const struct settle_charge *charge)
{
	struct slot *s = &o->slots[slot];

	assert(slot < SEAT_SLOTS);
	assert(atomic_load(&o->states[slot]) == SLOT_SENT ||
	       atomic_load(&o->states[slot]) == SLOT_HELD);
	memcpy(s->actual, charge->actual, sizeof(s->actual));
	memcpy(s->suspense, charge->suspense, sizeof(s->suspense));
	if (!settle_post(o, slot, LANE_SETTLE, charge->cause, &charge->usage))
		return 0;
	settle_shrink(o, slot, o->money.seq);
	return 1;
}

bool
settle_full(struct seat_owner *o)
{
	return lane_reserve(&o->money, settle_bytes(ACCOUNTS_PER_HOLD)) == NULL;
}

static bool
settle_account_ok(const struct settle_account *a)
{
	return a->held >= 0 && a->actual >= 0 && a->suspense >= 0 &&
	       a->suspense <= a->actual && a->key.zero == 0 &&
	       a->key.kind > 0 && a->key.kind < ACCOUNT_KINDS;
}

int
settle_read(const struct lane_record *rec, struct settle_record *r,
    struct err *e)
{
	const size_t fixed = offsetof(struct settle_record, accounts);

	memset(r, 0, sizeof(*r));
	if (rec->len < fixed || rec->len > sizeof(*r))
		return err_set(e, ERR_DAMAGED,
		    "settle: record %llu has %u bytes",
		    (unsigned long long)rec->seq, rec->len);
	memcpy(r, rec->payload, rec->len);
	if (r->n_accounts > ACCOUNTS_PER_HOLD ||
	    rec->len != settle_bytes(r->n_accounts) || r->slot >= SEAT_SLOTS ||
	    r->cause >= SETTLE_CAUSES)
		return err_set(e, ERR_DAMAGED, "settle: record %llu is odd",
		    (unsigned long long)rec->seq);
	for (unsigned i = 0; i < r->n_accounts; i++)
		if (!settle_account_ok(&r->accounts[i]))
			return err_set(e, ERR_DAMAGED,
			    "settle: record %llu, account %u is odd",
			    (unsigned long long)rec->seq, i);
	return 1;
}
