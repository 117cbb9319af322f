#include "shm/hold.h"

#include <assert.h>
#include <string.h>

#include "shm/account_priv.h"
#include "shm/segment_priv.h"
#include "shm/stripe.h"

/* One call of hold_take(): what it works on. */
struct hold_try {
	struct seat_owner *o;
	const struct hold_terms *terms;
	uint32_t entry[ACCOUNTS_PER_HOLD];
	uint64_t set;
	int64_t now_s;
	struct hold_refusal *why;
	struct hold_seen *seen;
};

static void
hold_state(struct seat_owner *o, uint32_t slot, enum slot_state state)
{
	SIM_POINT();
	atomic_store_explicit(&o->states[slot], state, memory_order_release);
	SIM_POINT();
}

static enum slot_state
hold_state_of(const struct seat_owner *o, uint32_t slot)
{
	assert(slot < SEAT_SLOTS);
	return (enum slot_state)atomic_load_explicit(&o->states[slot],
	    memory_order_acquire);
}

/*
 * The search goes round, since the keeper frees slots in that order; back to
 * the front after each 256 while that is free, to stay in the cache.
 */
static uint32_t
hold_find_free(struct seat_owner *o)
{
	if (o->hint % 256 == 0 && hold_state_of(o, 0) == SLOT_FREE)
		o->hint = 0;
	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint32_t at = (o->hint + i) % SEAT_SLOTS;

		if (hold_state_of(o, at) == SLOT_FREE) {
			o->hint = at + 1;
			return at;
		}
	}
	return SLOT_NONE;
}

uint32_t
hold_open(struct seat_owner *o, const unsigned char request_id[16],
    int64_t started_us, const uint32_t counter[SLOT_COUNTERS])
{
	uint32_t at = hold_find_free(o);
	struct slot *s;

	if (at == SLOT_NONE)
		return SLOT_NONE;
	s = &o->slots[at];
	s->n_accounts = 0;
	s->started_us = started_us;
	memcpy(s->request_id, request_id, sizeof(s->request_id));
	for (unsigned i = 0; i < SLOT_COUNTERS; i++)
		atomic_store_explicit(&s->counter[i], counter[i],
		    memory_order_relaxed);
	hold_state(o, at, SLOT_OPEN);
	return at;
}

void
hold_count(struct seat_owner *o, uint32_t slot, unsigned which, uint32_t entry)
{
	assert(which < SLOT_COUNTERS);
	atomic_store_explicit(&o->slots[slot].counter[which], entry,
	    memory_order_relaxed);
}

/* Every account has an entry, or there is no place for one. */
static enum hold_result
hold_find_entries(struct hold_try *t)
{
	t->set = 0;
	for (uint32_t i = 0; i < t->terms->n_accounts; i++) {
		const struct account_key *key = &t->terms->accounts[i].key;

		t->entry[i] = account_get(t->o->seg, key, t->now_s);
		if (t->entry[i] == ACCOUNT_NONE)
			return HOLD_FULL;
		t->set |= stripe_bit(key);
	}
	return HOLD_OK;
}

static void
hold_explain(struct hold_try *t, uint32_t i, const struct account *a)
{
	*t->why = (struct hold_refusal){
		.which = i,
		.settled = atomic_load(&a->settled),
		.held = atomic_load(&a->reserved),
		.limit = atomic_load(&a->limit),
		.lease = atomic_load(&a->lease),
		.suspense = atomic_load(&a->suspense),
	};
}

/* The keeper is to look at this account, and to wake us after. */
static void
hold_ask_lease(struct hold_try *t, uint32_t i)
{
	struct account *a = account_at(t->o->seg, t->entry[i]);
	int64_t need;

	if (__builtin_add_overflow(atomic_load(&a->need),
		t->terms->accounts[i].amount, &need))
		need = INT64_MAX;
	atomic_store(&a->need, need);
	account_await(a, t->o->index);
	account_want(t->o->seg, t->entry[i]);
}

/* Does the account carry its part?  Under its stripe. */
static enum hold_result
hold_check_limit(struct hold_try *t, uint32_t i, struct account *a)
{
	int64_t amount = t->terms->accounts[i].amount;
	int64_t limit = atomic_load(&a->limit);
	int64_t settled = atomic_load(&a->settled);
	int64_t alone, need;

	if (amount == 0 || limit == ACCOUNT_UNLIMITED)
		return HOLD_OK;
	if (__builtin_add_overflow(settled, amount, &alone) || alone > limit)
		return HOLD_EXCEEDED;
	if (__builtin_add_overflow(alone, atomic_load(&a->reserved), &need) ||
	    need > limit)
		return HOLD_HELD;
	return need > atomic_load(&a->lease) ? HOLD_LEASE : HOLD_OK;
}

static enum hold_result
hold_check(struct hold_try *t, uint32_t i)
{
	struct account *a = account_at(t->o->seg, t->entry[i]);
	enum hold_result result;

	/* Evicted since it was found: find it again next turn. */
	if (!account_is(a, &t->terms->accounts[i].key))
		return HOLD_BUSY;
	/* Who is refused uses it too: it is not idle. */
	atomic_store(&a->used_s, t->now_s);
	if (atomic_load(&a->state) == ACCOUNT_LOADING) {
		hold_ask_lease(t, i);
		return HOLD_LOADING;
	}
	result = hold_check_limit(t, i, a);
	if (result == HOLD_EXCEEDED)
		atomic_fetch_add(&a->refused, 1);
	if (result == HOLD_HELD)
		account_await(a, t->o->index);
	if (result == HOLD_LEASE)
		hold_ask_lease(t, i);
	return result;
}

/* The gravest answer wins: what no wait can change comes first. */
static enum hold_result
hold_check_all(struct hold_try *t)
{
	static const unsigned char gravity[] = {
		[HOLD_OK] = 0,
		[HOLD_LEASE] = 1,
		[HOLD_LOADING] = 2,
		[HOLD_HELD] = 3,
		[HOLD_BUSY] = 4,
		[HOLD_EXCEEDED] = 5,
	};
	enum hold_result worst = HOLD_OK;

	for (uint32_t i = 0; i < t->terms->n_accounts; i++) {
		enum hold_result result = hold_check(t, i);

		if (gravity[result] <= gravity[worst])
			continue;
		worst = result;
		hold_explain(t, i, account_at(t->o->seg, t->entry[i]));
	}
	return worst;
}

static void
hold_look(struct hold_try *t)
{
	for (uint32_t i = 0; i < t->terms->n_accounts; i++) {
		const struct account *a = account_at(t->o->seg, t->entry[i]);

		t->seen[i] = (struct hold_seen){
			.settled = atomic_load(&a->settled),
			.held = atomic_load(&a->reserved),
			.limit = atomic_load(&a->limit),
			.suspense = atomic_load(&a->suspense),
		};
	}
}

/* Nothing counts before the state says HELD; reserved only follows. */
static void
hold_fill(struct hold_try *t, uint32_t at)
{
	const struct hold_terms *terms = t->terms;
	struct slot *s = &t->o->slots[at];

	s->n_accounts = (uint8_t)terms->n_accounts;
	s->marked = 0;
	s->attempt = terms->attempt;
	s->markup_bp = terms->markup_bp;
	for (uint32_t i = 0; i < terms->n_accounts; i++) {
		s->entry[i] = t->entry[i];
		atomic_store_explicit(&s->amount[i], terms->accounts[i].amount,
		    memory_order_relaxed);
		if (terms->accounts[i].marked)
			s->marked |= (uint8_t)(1u << i);
		SIM_POINT();
	}
	atomic_store_explicit(&s->seq, 0, memory_order_relaxed);
	atomic_store_explicit(&s->progress_in, 0, memory_order_relaxed);
	atomic_store_explicit(&s->progress_out, 0, memory_order_relaxed);
	s->in_pico = terms->in_pico;
	s->out_pico = terms->out_pico;
	s->price_version = terms->price_version;
}

static void
hold_reserve(struct hold_try *t)
{
	for (uint32_t i = 0; i < t->terms->n_accounts; i++) {
		struct account *a = account_at(t->o->seg, t->entry[i]);
		int64_t amount = t->terms->accounts[i].amount;

		atomic_fetch_add_explicit(&a->reserved, amount,
		    memory_order_relaxed);
		SIM_POINT();
		if (amount > atomic_load(&a->largest_hold))
			atomic_store(&a->largest_hold, amount);
	}
}

enum hold_result
hold_take(struct seat_owner *o, uint32_t slot, const struct hold_terms *terms,
    int64_t now_s, struct hold_refusal *why_r, struct hold_seen *seen_r)
{
	struct hold_try t = {
		.o = o,
		.terms = terms,
		.now_s = now_s,
		.why = why_r,
		.seen = seen_r,
	};
	enum hold_result result;

	assert(terms->n_accounts <= ACCOUNTS_PER_HOLD);
	assert(hold_state_of(o, slot) == SLOT_OPEN);
	result = hold_find_entries(&t);
	if (result != HOLD_OK)
		return result;
	if (!stripe_trylock(o->seg, t.set))
		return HOLD_BUSY;
	result = hold_check_all(&t);
	if (seen_r != NULL)
		hold_look(&t);
	if (result == HOLD_OK) {
		hold_fill(&t, slot);
		hold_state(o, slot, SLOT_HELD);
		hold_reserve(&t);
	}
	stripe_unlock(o->seg, t.set);
	return result;
}

void
hold_sent(struct seat_owner *o, uint32_t slot)
{
	assert(hold_state_of(o, slot) == SLOT_HELD);
	hold_state(o, slot, SLOT_SENT);
}

void
hold_progress(struct seat_owner *o, uint32_t slot, int64_t tokens_in,
    int64_t tokens_out)
{
	struct slot *s = &o->slots[slot];

	atomic_store_explicit(&s->progress_in, tokens_in, memory_order_relaxed);
	atomic_store_explicit(&s->progress_out, tokens_out,
	    memory_order_relaxed);
}

static void
hold_give_back(struct seat_owner *o, uint32_t slot, enum slot_state state)
{
	struct slot *s = &o->slots[slot];
	uint64_t set = account_slot_set(o->seg, s);

	stripe_lock(o->seg, set);
	account_slot_unreserve(o->seg, s);
	hold_state(o, slot, state);
	stripe_unlock(o->seg, set);
	account_wake(o->seg, s->entry, account_slot_count(s));
}

void
hold_release(struct seat_owner *o, uint32_t slot)
{
	assert(hold_state_of(o, slot) == SLOT_HELD);
	hold_give_back(o, slot, SLOT_OPEN);
}

void
hold_close(struct seat_owner *o, uint32_t slot)
{
	enum slot_state state = hold_state_of(o, slot);

	assert(state == SLOT_OPEN || state == SLOT_HELD);
	if (state == SLOT_HELD)
		hold_give_back(o, slot, SLOT_FREE);
	else
		hold_state(o, slot, SLOT_FREE);
}

int64_t
hold_free(struct segment *seg, const struct account_key *key)
{
	uint32_t at = account_find(seg, key);
	const struct account *a;
	int64_t limit, left;

	if (at == ACCOUNT_NONE)
		return INT64_MAX;
	a = account_at(seg, at);
	limit = atomic_load_explicit(&a->limit, memory_order_relaxed);
	if (limit == ACCOUNT_UNLIMITED ||
	    atomic_load(&a->state) == ACCOUNT_LOADING)
		return INT64_MAX;
	left = limit - atomic_load(&a->settled) - atomic_load(&a->reserved);
	return left > 0 ? left : 0;
}
