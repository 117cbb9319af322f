#include "shm/stripe.h"

#include <errno.h>

#include "shm/account_priv.h"
#include "shm/segment_priv.h"

#ifndef STRIPE_SPINS /* in the simulation nobody runs meanwhile */
#define STRIPE_SPINS 200
#endif

static void
stripe_relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

static struct segment_lock *
stripe_at(const struct segment *seg, unsigned i)
{
	return (struct segment_lock *)segment_part(seg, seg->map.stripes) + i;
}

void
stripe_init(struct segment *seg)
{
	for (unsigned i = 0; i < STRIPES; i++)
		segment_lock_init(stripe_at(seg, i));
}

/* The owner died between two stores: only the slots are to be believed. */
static void
stripe_repair(struct segment *seg, unsigned i)
{
	stripe_rebuild(seg, i);
	pthread_mutex_consistent(&stripe_at(seg, i)->mutex);
	atomic_fetch_add(&seg->head->repairs, 1);
}

void
stripe_lock(struct segment *seg, uint64_t set)
{
	for (; set != 0; set &= set - 1) {
		unsigned i = (unsigned)__builtin_ctzll(set);

		if (segment_lock_raw(stripe_at(seg, i)) == EOWNERDEAD)
			stripe_repair(seg, i);
		SIM_POINT();
	}
}

static int
stripe_try(struct segment *seg, unsigned i)
{
	for (unsigned spin = 0; spin < STRIPE_SPINS; spin++) {
		int rc = pthread_mutex_trylock(&stripe_at(seg, i)->mutex);

		if (rc == EOWNERDEAD)
			stripe_repair(seg, i);
		if (rc != EBUSY)
			return 1;
		stripe_relax();
	}
	return 0;
}

int
stripe_trylock(struct segment *seg, uint64_t set)
{
	uint64_t had = 0;

	for (uint64_t left = set; left != 0; left &= left - 1) {
		if (!stripe_try(seg, (unsigned)__builtin_ctzll(left))) {
			stripe_unlock(seg, had);
			return 0;
		}
		had |= left & -left;
		SIM_POINT();
	}
	return 1;
}

void
stripe_unlock(struct segment *seg, uint64_t set)
{
	while (set != 0) {
		unsigned i = 63 - (unsigned)__builtin_clzll(set);

		set &= ~(1ull << i);
		pthread_mutex_unlock(&stripe_at(seg, i)->mutex);
	}
}

/* What one slot holds on accounts that the filter takes, by way of add. */
struct stripe_sum {
	const struct segment *seg;
	unsigned stripe;
	uint32_t entry; /* ACCOUNT_NONE: all of the stripe, added in place */
	int64_t total;
};

static void
stripe_add_slot(struct stripe_sum *s, const struct slot *slot)
{
	unsigned n = slot->n_accounts;

	for (unsigned i = 0; i < n && i < ACCOUNTS_PER_HOLD; i++) {
		uint32_t entry = slot->entry[i];
		int64_t amount = atomic_load(&slot->amount[i]);
		struct account *a;

		if (entry >= segment_max_accounts(s->seg))
			continue;
		a = segment_account(s->seg, entry);
		if (entry == s->entry)
			s->total += amount;
		else if (s->entry == ACCOUNT_NONE &&
			 a->key.hash[0] % STRIPES == s->stripe)
			atomic_fetch_add(&a->reserved, amount);
	}
}

static void
stripe_add_seat(struct stripe_sum *s, uint32_t seat)
{
	_Atomic uint32_t *states = seat_states(s->seg, seat);
	struct slot *slots = seat_slots(s->seg, seat);

	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint32_t state =
		    atomic_load_explicit(&states[i], memory_order_acquire);

		if (state >= SLOT_HELD)
			stripe_add_slot(s, &slots[i]);
	}
}

static void
stripe_add_all(struct stripe_sum *s)
{
	for (uint32_t seat = 0; seat < s->seg->map.n_seats; seat++)
		if (seat_mapped(s->seg, seat))
			stripe_add_seat(s, seat);
}

int64_t
stripe_reserved(const struct segment *seg, uint32_t entry)
{
	struct stripe_sum s = { .seg = seg, .entry = entry };

	stripe_add_all(&s);
	return s.total;
}

void
stripe_rebuild(struct segment *seg, unsigned stripe)
{
	struct stripe_sum s = {
		.seg = seg,
		.stripe = stripe,
		.entry = ACCOUNT_NONE,
	};

	account_forget_reserved(seg, stripe);
	stripe_add_all(&s);
}

uint64_t
stripe_repairs(const struct segment *seg)
{
	return atomic_load(&seg->head->repairs);
}
