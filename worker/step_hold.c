/*
 * hold - the money of one attempt, set aside before a byte of it leaves, and
 * before it the places that its target has.
 *
 * Waits for a lease (money_wait), for money that others hold
 * (budgets.hold_wait), for a lock that is being rebuilt (a turn).
 */
#include "base/clock.h"
#include "base/settings.h"
#include "shm/stats.h"
#include "worker/client_dialect.h"
#include "worker/money.h"
#include "worker/plan.h"
#include "worker/prepare.h"
#include "worker/rates.h"
#include "worker/req.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

/* The body as it will be sent; its bound and price. */
static int
hold_prepare(struct req *r)
{
	int64_t clamp;

	if (money_find_price(r) != 0)
		return -1;
	r->put_max_tokens = money_max_tokens(r);
	if (prepare_body(r,
		money_sends_max_tokens(r) ? r->put_max_tokens : 0) != 0)
		return -1;
	clamp = money_clamp(r);
	if (clamp > 0) {
		r->put_max_tokens = clamp;
		if (prepare_body(r, clamp) != 0)
			return -1;
	}
	if (money_bound(r) != 0)
		return -1;
	if (r->bound.cost_nano > r->hold_nano)
		r->hold_nano = r->bound.cost_nano;
	r->prepared = true;
	return 0;
}

static bool
hold_fails_open(const struct req *r)
{
	const struct settings *s = r->w->settings;

	return settings_is(s, s->budgets_on_error, "allow");
}

/* It has its money, or needs none. */
static void
hold_waited(struct req *r)
{
	if (r->held_since_ms != 0)
		req_wait_until(r, 0);
	r->held_since_ms = 0;
	money_waited(r);
}

/*
 * This model cannot be asked: perhaps another one can.  A request that is at
 * fault itself has asked nobody before, and has nobody else.
 */
static enum step_result
hold_pass(struct req *r, const char *reason)
{
	if (r->held_since_ms != 0)
		req_wait_until(r, 0);
	r->held_since_ms = 0;
	r->prepared = false;
	plan_skip(r, reason);
	r->step = STEP_choose;
	return STEP_NEXT;
}

/* Somebody was asked before. */
static bool
hold_is_later(const struct req *r)
{
	return r->plan != NULL && r->plan->last != NULL;
}

static enum step_result
hold_refuse(struct req *r, enum hold_result why)
{
	if (why != HOLD_EXCEEDED && why != HOLD_HELD && hold_fails_open(r)) {
		hold_waited(r);
		r->unenforced = true;
		r->n_accounts = 0;
		return STEP_NEXT;
	}
	/* A later attempt's hold: that model is left out (routing.md 5.1). */
	if (hold_is_later(r)) {
		rates_leave_target(r, false);
		return hold_pass(r, "budget_exceeded");
	}
	r->refused_by_budget = true;
	money_refuse(r, why);
	if (why == HOLD_HELD) {
		r->answer.retry_known = true;
		r->answer.retry_after_ms = 1000;
	}
	r->answer.should_retry = why == HOLD_EXCEEDED ? -1 : 0;
	if (why == HOLD_HELD)
		r->answer.should_retry = 1;
	return req_fail(r);
}

/* For money that others hold; the keeper is not asked meanwhile. */
static bool
hold_wait_for_others(struct req *r)
{
	uint64_t now = now_mono_ms(), until;

	r->keeper_since_ms = 0;
	if (r->held_since_ms == 0)
		r->held_since_ms = now;
	until =
	    r->held_since_ms + (uint64_t)r->w->settings->budgets_hold_wait_ms;
	if (now < until)
		req_wait_until(r, until);
	return now < until;
}

/*
 * What was waited for the one thing is no time that the other had: who meets
 * the lease after two seconds of others' holds has only begun to ask.
 */
static enum step_result
hold_wait(struct req *r, enum hold_result why)
{
	bool waits;

	if (why == HOLD_BUSY) {
		req_next_turn(r);
		return STEP_WAIT;
	}
	waits = why == HOLD_HELD ? hold_wait_for_others(r) : money_wait(r);
	return waits ? STEP_WAIT : hold_refuse(r, why);
}

/* Counting touches no account, and needs no provider. */
static enum step_result
hold_tokens_only(struct req *r)
{
	r->n_accounts = 0;
	r->limited = false;
	if (r->native)
		return STEP_NEXT;
	if (money_find_price(r) != 0)
		return req_fail(r);
	money_max_tokens(r);
	r->edit.len = r->body.n;
	if (money_bound(r) != 0)
		return req_fail(r);
	client_count_answer(r);
	return STEP_DONE;
}

enum step_result
step_hold_run(struct req *r)
{
	enum hold_result got;

	if (client_counts(r) && !r->prepared) {
		enum step_result counted = hold_tokens_only(r);

		if (counted != STEP_NEXT)
			return counted;
	}

	if (!r->prepared) {
		if (!rates_take_target(r))
			return hold_pass(r, NULL);
		if (hold_prepare(r) != 0) {
			rates_leave_target(r, false);
			return hold_pass(r, NULL);
		}
	}
	if (r->n_accounts == 0)
		return STEP_NEXT;
	got = money_hold(r);
	r->held_tried =
	    got == HOLD_OK || got == HOLD_EXCEEDED || got == HOLD_HELD;
	switch (got) {
	case HOLD_OK:
		hold_waited(r);
		return STEP_NEXT;
	case HOLD_EXCEEDED:
	case HOLD_FULL:
		return hold_refuse(r, got);
	default:
		return hold_wait(r, got);
	}
}

void
step_hold_cancel(struct req *r)
{
	(void)r;
}
