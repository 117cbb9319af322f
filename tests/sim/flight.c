#include "tests/sim/flight.h"

#include <string.h>

#include "base/err.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "shm/period.h"
#include "shm/rate.h"
#include "store/objects.h"

static void
flight_rest(struct flight *f, enum sim_wait why)
{
	f->again = false;
	f->waits = why;
}

static void
flight_account(struct flight *f, struct account_key key, int64_t limit)
{
	struct hold_account *a = &f->terms.accounts[f->terms.n_accounts++];

	f->limited |= limit != MONEY_NONE;
	a->key = key;
	a->amount = sim_once_in(12) ? 0 : 1 + (int64_t)sim_draw(SIM_BUDGET / 6);
	sim_truth(&key);
}

/* The accounts of a request that comes now; they are fixed from here on. */
static void
flight_terms(struct flight *f, const struct customer_def *c)
{
	int64_t now_s = sim.real_us / 1000000;
	struct period_rules rules = { NULL, 1 };
	struct period day =
	    period_customer(&rules, (enum period_kind)c->budget_duration,
		c->period_start_s, c->period_end_s, now_s);
	struct period week = period_calendar(&rules, PERIOD_WEEKLY, now_s);
	unsigned char hash[OWNER_HASH_SIZE];

	f->terms = (struct hold_terms){ .in_pico = 1000 };
	sim_customer_hash(f->customer, hash);
	flight_account(f,
	    account_key(hash, ACCOUNT_CUSTOMER_PERIOD, day.start_s),
	    c->period_budget_nano);
	if (c->total_budget_nano != MONEY_NONE)
		flight_account(f, account_key(hash, ACCOUNT_CUSTOMER_TOTAL, 0),
		    c->total_budget_nano);
	sim_customer_hash(SIM_CUSTOMERS, hash);
	if (sim_draw(3) != 0)
		flight_account(f,
		    account_key(hash, ACCOUNT_ORG_PERIOD, week.start_s),
		    sim.style.slow ? MONEY_NONE : 4 * SIM_BUDGET);
}

static int
flight_look_up(const struct flight *f, struct customer_def *c)
{
	struct err e;
	char name[16];

	sim_customer(f->customer, name);
	return objects_customer_get(sim_objects(), ENV_PROD, slice_str(name),
	    NULL, c, &e);
}

static void
flight_upsert(struct worker *w, struct flight *f)
{
	struct customer_change change = { .given = 0 };
	struct sbuf payload = { 0 };
	char name[16];

	sim_customer(f->customer, name);
	change.def.identifier = slice_str(name);
	change.def.environment = ENV_PROD;
	defs_change_pack(&payload, &change);
	if (settle_full(&w->o))
		f->ticket = 0;
	else
		f->ticket = lane_upsert(&w->o.money, payload.data,
		    (uint32_t)payload.len);
	sbuf_free(&payload);
	sim_point();
	flight_rest(f, f->ticket == 0 ? SIM_WAIT_LANE : SIM_WAIT_UPSERT);
	sim_tell("upserts customer, ticket", f->customer, (int64_t)f->ticket,
	    0);
}

void
flight_know(struct worker *w, struct flight *f)
{
	struct customer_def c;

	if (f->ticket != 0 && !lane_consumed(&w->o.money, f->ticket)) {
		flight_rest(f, SIM_WAIT_UPSERT);
		return;
	}
	if (flight_look_up(f, &c) == 1) {
		flight_terms(f, &c);
		f->state = WANTS;
		return;
	}
	sim_check(f->ticket == 0, "an upsert was consumed, its customer is not "
				  "there");
	flight_upsert(w, f);
}

void
flight_begin(struct worker *w, struct flight *f)
{
	static const uint32_t none[SLOT_COUNTERS] = { RATE_NONE, RATE_NONE,
		RATE_NONE, RATE_NONE };
	static const unsigned char id[16];

	w->left--;
	*f = (struct flight){ .again = true,
		.customer = (unsigned)sim_draw(SIM_CUSTOMERS) };
	f->slot = hold_open(&w->o, id, sim.real_us, none);
	if (f->slot == SLOT_NONE)
		return; /* the keeper has not freed what is done */
	f->state = UNKNOWN;
}

void
flight_leave(struct worker *w, struct flight *f)
{
	hold_close(&w->o, f->slot);
	f->state = IDLE;
}

/* The provider begins to bill. */
static void
flight_send(struct worker *w, struct flight *f)
{
	sim.taken++;
	sim.taken_by[sim.now]++;
	hold_sent(&w->o, f->slot);
	/* The bytes leave by a system call, and that by way of locks. */
	if (sim.style.weak)
		sim_weak_settle(sim.now);
	f->state = SENT;
	memset(&f->charge, 0, sizeof(f->charge));
}

static void
flight_admitted(struct worker *w, struct flight *f)
{
	switch (sim_draw(10)) {
	case 0:
		flight_leave(w, f);
		return;
	case 1:
		hold_release(&w->o, f->slot); /* the next target */
		return;
	case 2: /* could not connect: costs nothing */
		f->state = STUCK;
		memset(&f->charge, 0, sizeof(f->charge));
		return;
	}
	flight_send(w, f);
}

void
flight_take(struct worker *w, struct flight *f)
{
	struct hold_refusal why;
	enum hold_result got;

	/* Who has no limit is not kept from going on. */
	if (f->limited && settle_full(&w->o)) {
		flight_rest(f, SIM_WAIT_LANE);
		return;
	}
	sim_locks_no_wait(true);
	got = hold_take(&w->o, f->slot, &f->terms,
	    (int64_t)(sim.mono_ns / 1000000000), &why, NULL);
	sim_locks_no_wait(false);
	if (got != HOLD_BUSY)
		sim_tell("hold_take", f->customer, got,
		    f->terms.accounts[0].amount);
	switch (got) {
	case HOLD_OK:
		flight_admitted(w, f);
		return;
	case HOLD_EXCEEDED:
	case HOLD_FULL:
		sim.refused++;
		flight_leave(w, f);
		return;
	case HOLD_BUSY: /* next turn */
		sim_point();
		return;
	case HOLD_HELD:
	case HOLD_LEASE:
	case HOLD_LOADING:
		flight_rest(f, SIM_WAIT_MONEY);
	}
}

static void
flight_bill(struct flight *f, unsigned i, int64_t nano)
{
	struct sim_truth *t = sim_truth(&f->terms.accounts[i].key);
	int64_t held = f->terms.accounts[i].amount;
	int64_t before = f->charge.actual[i];
	int64_t past = before + nano - held;

	if (past > 0)
		t->over += past < nano ? past : nano;
	t->bill += nano;
	f->charge.actual[i] += nano;
}

/* Some more of the answer; progress is told behind it, if at all. */
void
flight_relay(struct worker *w, struct flight *f)
{
	int64_t least = INT64_MAX;

	for (unsigned i = 0; i < f->terms.n_accounts; i++) {
		int64_t left =
		    f->terms.accounts[i].amount - f->charge.actual[i];
		int64_t more =
		    left > 0 ? (int64_t)sim_draw((uint64_t)left + 1) : 0;

		if (sim.style.overruns && sim_once_in(30))
			more += 1 + (int64_t)sim_draw(SIM_BUDGET / 8);
		flight_bill(f, i, more);
		sim_point();
		if (f->charge.actual[i] < least)
			least = f->charge.actual[i];
	}
	if (sim_once_in(2))
		hold_progress(&w->o, f->slot, least, 0);
	if (sim_once_in(2))
		f->state = STUCK;
}

void
flight_settle(struct worker *w, struct flight *f)
{
	if (!settle_publish(&w->o, f->slot, &f->charge)) {
		sim.full++;
		sim_tell("the lane is full", 0, 0, 0);
		flight_rest(f, SIM_WAIT_LANE);
		return;
	}
	sim_tell("settles customer, slot, amount", f->customer, f->slot,
	    f->charge.actual[0]);
	sim.settled++;
	f->state = IDLE;
}
