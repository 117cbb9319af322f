#include "shm/account_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"
#include "shm/wake.h"

static _Atomic uint64_t *
account_want_word(const struct segment *seg, uint32_t word)
{
	return (_Atomic uint64_t *)segment_part(seg, seg->map.wants) + word;
}

void
account_want(struct segment *seg, uint32_t index)
{
	atomic_fetch_or(account_want_word(seg, index / 64),
	    1ull << (index % 64));
	SIM_POINT();
	atomic_store(&seg->head->wants, 1);
	wake_role_now(seg, ROLE_KEEPER);
}

bool
account_any_wanted(const struct segment *seg)
{
	return atomic_load(&seg->head->wants) != 0;
}

int
account_wanted(struct segment *seg, uint32_t *at, uint32_t *index_r)
{
	uint32_t max = segment_max_accounts(seg);

	/* Before the walk: a bit set behind it raises the word again. */
	if (*at == 0 && atomic_exchange(&seg->head->wants, 0) == 0)
		return 0;
	while (*at < max) {
		_Atomic uint64_t *word = account_want_word(seg, *at / 64);
		uint64_t left = atomic_load(word) & ~0ull << (*at % 64);

		if (left == 0) {
			*at = (*at / 64 + 1) * 64;
			continue;
		}
		*index_r = *at / 64 * 64 + (uint32_t)__builtin_ctzll(left);
		atomic_fetch_and(word, ~(left & -left));
		*at = *index_r + 1;
		if (*index_r < max)
			return 1;
	}
	return 0;
}

void
account_await(struct account *a, uint32_t seat)
{
	atomic_fetch_or(&a->waiters[seat / 64], 1ull << (seat % 64));
}

void
account_wake(struct segment *seg, const uint32_t entries[], unsigned n)
{
	uint64_t seats[SEGMENT_SEATS_WORDS] = { 0 };
	uint64_t any = 0;

	for (unsigned i = 0; i < n; i++) {
		struct account *a;

		if (entries[i] >= segment_max_accounts(seg))
			continue;
		a = segment_account(seg, entries[i]);
		for (unsigned w = 0; w < SEGMENT_SEATS_WORDS; w++) {
			if (atomic_load_explicit(&a->waiters[w],
				memory_order_relaxed) == 0)
				continue;
			seats[w] |= atomic_exchange(&a->waiters[w], 0);
			any |= seats[w];
		}
	}
	if (any != 0)
		wake_seats(seg, seats, WAKE_MONEY);
}

unsigned
account_slot_count(const struct slot *s)
{
	unsigned n = s->n_accounts;

	return n < ACCOUNTS_PER_HOLD ? n : ACCOUNTS_PER_HOLD;
}

uint64_t
account_slot_set(const struct segment *seg, const struct slot *s)
{
	uint64_t set = 0;

	for (unsigned i = 0; i < account_slot_count(s); i++)
		if (s->entry[i] < segment_max_accounts(seg))
			set |=
			    stripe_bit(&segment_account(seg, s->entry[i])->key);
	return set;
}

void
account_slot_unreserve(struct segment *seg, const struct slot *s)
{
	for (unsigned i = 0; i < account_slot_count(s); i++) {
		if (s->entry[i] >= segment_max_accounts(seg))
			continue;
		atomic_fetch_sub(&segment_account(seg, s->entry[i])->reserved,
		    atomic_load(&s->amount[i]));
		SIM_POINT();
	}
}
