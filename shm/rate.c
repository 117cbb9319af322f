#include "shm/rate.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"
#include "shm/rate_priv.h"
#include "shm/segment_priv.h"

#define RATE_PROBES 16
#define RATE_MINUTE_NS 60000000000ull

static struct rate *
rate_at(const struct segment *seg, uint32_t entry)
{
	return (struct rate *)segment_part(seg, seg->map.rates) + entry;
}

static uint64_t
rate_tag(enum rate_kind kind, const unsigned char hash[16])
{
	uint64_t a, b;

	memcpy(&a, hash, sizeof(a));
	memcpy(&b, hash + 8, sizeof(b));
	a = (a ^ b * 0x9e3779b97f4a7c15ull) + kind;
	return a != 0 ? a : 1;
}

static uint64_t
rate_last_use(struct rate *r)
{
	uint64_t a = atomic_load(&r->arrival_ns[RATE_REQUESTS]);
	uint64_t b = atomic_load(&r->arrival_ns[RATE_TOKENS]);

	return a > b ? a : b;
}

/*
 * All places are taken: the one that was full again for the longest time is
 * given away.  Its owner, if it ever comes back, starts with a full bucket.
 */
static uint32_t
rate_steal(struct segment *seg, uint64_t tag)
{
	uint32_t mask = seg->map.n_rates - 1, best = RATE_NONE;
	uint64_t oldest = UINT64_MAX, old_tag;

	for (uint32_t i = 0; i < RATE_PROBES; i++) {
		uint32_t at = (uint32_t)(tag + i) & mask;
		uint64_t used = rate_last_use(rate_at(seg, at));

		if (atomic_load(&rate_at(seg, at)->inside) > 0 ||
		    used >= oldest)
			continue;
		oldest = used;
		best = at;
	}
	atomic_fetch_add(&seg->head->rates_full, 1);
	if (best == RATE_NONE)
		return RATE_NONE;
	old_tag = atomic_load(&rate_at(seg, best)->tag);
	if (!atomic_compare_exchange_strong(&rate_at(seg, best)->tag, &old_tag,
		tag))
		return RATE_NONE;
	for (unsigned w = 0; w < RATE_WINDOWS; w++)
		atomic_store(&rate_at(seg, best)->arrival_ns[w], 0);
	return best;
}

uint32_t
rate_get(struct segment *seg, enum rate_kind kind, const unsigned char hash[16])
{
	uint64_t tag = rate_tag(kind, hash);
	uint32_t mask = seg->map.n_rates - 1;

	if (kind == RATE_ADDRESS)
		return seg->map.n_rates + (uint32_t)(tag % RATE_ADDRESSES);
	for (uint32_t i = 0; i < RATE_PROBES; i++) {
		uint32_t at = (uint32_t)(tag + i) & mask;
		uint64_t there = atomic_load(&rate_at(seg, at)->tag);

		if (there == 0 &&
		    atomic_compare_exchange_strong(&rate_at(seg, at)->tag,
			&there, tag))
			return at;
		if (there == tag)
			return at;
	}
	return rate_steal(seg, tag);
}

/* What cost units take of a minute, rounded up. */
static uint64_t
rate_cost_ns(const struct rate_limit *limit, int64_t cost)
{
	uint64_t per = (uint64_t)limit->per_minute;
	unsigned __int128 ns =
	    ((unsigned __int128)RATE_MINUTE_NS * (uint64_t)cost + per - 1) /
	    per;

	return ns > INT64_MAX / 4 ? INT64_MAX / 4 : (uint64_t)ns;
}

static void
rate_tell(struct rate_state *state, const struct rate_limit *limit,
    uint64_t full_ns, uint64_t used_ns)
{
	uint64_t one_ns = rate_cost_ns(limit, 1);

	state->limit = limit->per_minute;
	state->remaining =
	    used_ns < full_ns ? (int64_t)((full_ns - used_ns) / one_ns) : 0;
	state->reset_ns = used_ns;
}

/* GCRA: may arrival move by add?  0 with how long to wait. */
static int
rate_step(uint64_t arrival, uint64_t now_ns, uint64_t add, uint64_t full_ns,
    uint64_t *wait_ns_r)
{
	uint64_t used = arrival > now_ns ? arrival - now_ns : 0;

	if (used + add <= full_ns)
		return 1;
	/* Dearer than a full bucket: passes when it is full. */
	if (add > full_ns && used == 0)
		return 1;
	*wait_ns_r = add > full_ns ? used : used + add - full_ns;
	return 0;
}

int
rate_take(struct segment *seg, uint32_t entry, enum rate_window window,
    const struct rate_limit *limit, int64_t cost, uint64_t now_ns,
    struct rate_state *state_r)
{
	struct rate_state ignored, *state = state_r ? state_r : &ignored;
	_Atomic uint64_t *word;
	uint64_t add, full_ns, arrival;

	memset(state, 0, sizeof(*state));
	if (entry == RATE_NONE || limit->per_minute <= 0 || cost < 0)
		return 1;
	word = &rate_at(seg, entry)->arrival_ns[window];
	add = rate_cost_ns(limit, cost);
	full_ns = rate_cost_ns(limit,
	    limit->burst > 0 ? limit->burst : limit->per_minute);
	arrival = atomic_load_explicit(word, memory_order_relaxed);
	for (;;) {
		uint64_t from = arrival > now_ns ? arrival : now_ns;

		if (!rate_step(arrival, now_ns, add, full_ns,
			&state->wait_ns)) {
			rate_tell(state, limit, full_ns, from - now_ns);
			return 0;
		}
		if (!atomic_compare_exchange_weak(word, &arrival, from + add))
			continue;
		rate_tell(state, limit, full_ns, from + add - now_ns);
		return 1;
	}
}

void
rate_give(struct segment *seg, uint32_t entry, enum rate_window window,
    const struct rate_limit *limit, int64_t cost)
{
	_Atomic uint64_t *word;
	uint64_t back, arrival;

	if (entry == RATE_NONE || limit->per_minute <= 0 || cost <= 0)
		return;
	word = &rate_at(seg, entry)->arrival_ns[window];
	back = rate_cost_ns(limit, cost);
	arrival = atomic_load(word);
	while (!atomic_compare_exchange_weak(word, &arrival,
	    arrival > back ? arrival - back : 0))
		continue;
}

int
rate_enter(struct segment *seg, uint32_t entry, int64_t max)
{
	struct rate *r;

	if (entry == RATE_NONE)
		return 1;
	r = rate_at(seg, entry);
	if (atomic_fetch_add(&r->inside, 1) < max || max == 0)
		return 1;
	atomic_fetch_sub(&r->inside, 1);
	return 0;
}

void
rate_leave(struct segment *seg, uint32_t entry)
{
	_Atomic int64_t *inside;
	int64_t n;

	if (entry == RATE_NONE)
		return;
	/* A recount may have been ahead of us: never below nobody. */
	inside = &rate_at(seg, entry)->inside;
	n = atomic_load(inside);
	while (n > 0 && !atomic_compare_exchange_weak(inside, &n, n - 1))
		continue;
}

int64_t
rate_inside(const struct segment *seg, uint32_t entry)
{
	return entry == RATE_NONE ? 0
	                          : atomic_load(&rate_at(seg, entry)->inside);
}

/* Count the slots that are inside, for each entry. */
static void
rate_count_seat(const struct segment *seg, uint32_t seat, int64_t *count)
{
	const struct slot *slots = seat_slots(seg, seat);

	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint32_t state = atomic_load(&seat_states(seg, seat)[i]);

		if (state != SLOT_OPEN && state != SLOT_HELD &&
		    state != SLOT_SENT)
			continue;
		for (unsigned k = 0; k < SLOT_COUNTERS; k++) {
			uint32_t entry = atomic_load(&slots[i].counter[k]);

			if (entry < seg->map.n_rates)
				count[entry]++;
		}
	}
}

static void
rate_count(const struct segment *seg, int64_t *count)
{
	memset(count, 0, seg->map.n_rates * sizeof(*count));
	for (uint32_t seat = 0; seat < seg->map.n_seats; seat++)
		if (seat_mapped(seg, seat))
			rate_count_seat(seg, seat, count);
}

void
rate_recount(struct segment *seg)
{
	uint32_t n = seg->map.n_rates;
	int64_t *first = xcalloc(n, sizeof(*first));
	int64_t *second = xcalloc(n, sizeof(*second));
	int64_t *was = xcalloc(n, sizeof(*was));

	/*
	 * Workers go on meanwhile: only what stood still while it was counted
	 * twice, and is wrong, is put right.
	 */
	rate_count(seg, first);
	for (uint32_t i = 0; i < n; i++)
		was[i] = atomic_load(&rate_at(seg, i)->inside);
	rate_count(seg, second);
	for (uint32_t i = 0; i < n; i++)
		if (first[i] == second[i] && was[i] != first[i])
			atomic_compare_exchange_strong(&rate_at(seg, i)->inside,
			    &was[i], first[i]);
	free(first);
	free(second);
	free(was);
}
