#include "shm/reap.h"

#include "base/money.h"
#include "shm/account_priv.h"
#include "shm/hold.h"
#include "shm/inflight.h"
#include "shm/rate.h"
#include "shm/segment_priv.h"
#include "shm/settle_priv.h"
#include "shm/stats.h"
#include "shm/wake.h"

static const struct settle_usage reap_unknown;

/* The last that the worker told of it. */
static struct settle_usage
reap_progress(const struct slot *s)
{
	return (struct settle_usage){
		.tokens_in = atomic_load(&s->progress_in),
		.tokens_out = atomic_load(&s->progress_out),
	};
}

/* What the attempt had cost by then. */
static int64_t
reap_progress_cost(const struct slot *s)
{
	__int128 pico = (__int128)atomic_load(&s->progress_in) * s->in_pico +
	                (__int128)atomic_load(&s->progress_out) * s->out_pico;

	if (pico < 0)
		return 0;
	if (pico > (__int128)INT64_MAX * 1000)
		return INT64_MAX;
	return (int64_t)((pico + 999) / 1000);
}

/* A request that was sent is a use of its key, whatever became of it. */
static bool
reap_is_use(struct segment *seg, const struct slot *s, unsigned i)
{
	return account_at(seg, s->entry[i])->key.kind == ACCOUNT_KEY_USES;
}

/* The whole hold is charged; what progress does not explain is in doubt. */
static void
reap_charge(struct segment *seg, struct slot *s)
{
	int64_t cost = reap_progress_cost(s);
	int64_t marked = money_markup(cost, s->markup_bp);

	for (unsigned i = 0; i < account_slot_count(s); i++) {
		int64_t held = atomic_load(&s->amount[i]);
		int64_t seen = s->marked & 1u << i ? marked : cost;

		if (held < 0)
			held = 0;
		if (seen < 0 || seen > held || reap_is_use(seg, s, i))
			seen = held;
		s->actual[i] = held;
		s->suspense[i] = held - seen;
	}
}

/* A wild worker may have named anything: what is no account is cut off. */
static void
reap_trim(const struct segment *seg, struct slot *s)
{
	unsigned n = account_slot_count(s);

	for (unsigned i = 0; i < n; i++)
		if (s->entry[i] >= segment_max_accounts(seg))
			n = i;
	s->n_accounts = (uint8_t)n;
}

/* DONE and not published comes first: its number is the next one. */
static int
reap_done(struct seat_owner *o)
{
	uint64_t last = o->money.seq;

	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		if (atomic_load(&o->states[i]) != SLOT_DONE ||
		    atomic_load(&o->slots[i].seq) <= last)
			continue;
		reap_trim(o->seg, &o->slots[i]);
		if (!settle_post(o, i, LANE_SETTLE, SETTLE_UNKNOWN,
			&reap_unknown))
			return 0;
	}
	return 1;
}

static int
reap_sent(struct seat_owner *o)
{
	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		struct settle_usage seen;

		if (atomic_load(&o->states[i]) != SLOT_SENT)
			continue;
		reap_trim(o->seg, &o->slots[i]);
		reap_charge(o->seg, &o->slots[i]);
		seen = reap_progress(&o->slots[i]);
		if (!settle_post(o, i, LANE_ORPHAN, SETTLE_ORPHAN, &seen))
			return 0;
	}
	return 1;
}

static void
reap_unsent(struct seat_owner *o)
{
	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		uint32_t state = atomic_load(&o->states[i]);

		if (state == SLOT_HELD)
			reap_trim(o->seg, &o->slots[i]);
		if (state == SLOT_OPEN || state == SLOT_HELD)
			hold_close(o, i);
		else if (state > SLOT_DONE)
			atomic_store(&o->states[i], SLOT_FREE);
	}
}

int
reap_seat(struct segment *seg, uint32_t seat)
{
	struct seat_owner o;

	if (atomic_load(&seat_at(seg, seat)->state) != SEAT_OWNED)
		return 1;
	seat_own(seg, seat, &o);
	reap_unsent(&o);
	if (!reap_done(&o) || !reap_sent(&o)) {
		seat_wake(&o);
		return 0;
	}
	inflight_reap(seg, seat);
	stats_forget(seg, stats_area_of_seat(seat));
	rate_recount(seg);
	atomic_store_explicit(&o.seat->state, SEAT_REAPED,
	    memory_order_release);
	wake_everybody(seg);
	return 1;
}
