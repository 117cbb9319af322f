/*
 * limit - the customer, the rate windows, how many at once, and a slot.
 *
 * Waits for the keeper when the customer is new or changed.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/settings.h"
#include "shm/lane.h"
#include "worker/customers.h"
#include "worker/keys.h"
#include "worker/money.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

#define LIMIT_SECOND_NS 1000000000

static enum step_result
limit_unavailable(struct req *r)
{
	err_set(req_err(r), ERR_BUDGET_UNAVAILABLE,
	    "The budget ledger is not available. Please retry.");
	return req_fail(r);
}

/* Ask the keeper, and wait until it has committed. */
static enum step_result
limit_ask(struct req *r, struct slice id, const struct params_customer *p,
    uint64_t digest)
{
	r->ticket = customers_ask(r->w, r->key->def.environment, id, p, digest);
	r->wait_until_ms = now_mono_ms() + MONEY_KEEPER_MS;
	if (r->ticket == 0)
		return limit_unavailable(r);
	req_wait_until(r, r->wait_until_ms);
	return STEP_WAIT;
}

static bool
limit_may_write(const struct req *r)
{
	return (r->key->def.scopes & SCOPE_CUSTOMER_WRITE) != 0;
}

/*
 * The customer of the request, under the limits that customer_params give.
 * NEXT when r->customer is settled (or there is none).
 */
static enum step_result
limit_customer(struct req *r)
{
	const struct settings *s = r->w->settings;
	struct slice id = params_customer_id(&r->params);
	const struct params_customer *p = r->params.customer;
	uint64_t digest;
	int found;

	if (id.n == 0) {
		if (!s->customers_required)
			return STEP_NEXT;
		err_param(req_err(r), ERR_MISSING_PARAMETER,
		    "customer_identifier",
		    "Missing required parameter: 'customer_identifier'.");
		return req_fail(r);
	}
	if (!key_permits(r->key->def.customers, id)) {
		err_param(req_err(r), ERR_KEY_NOT_PERMITTED,
		    "customer_identifier",
		    "This key may not act for this customer.");
		return req_fail(r);
	}
	found = customers_find(r->w->customers, r->key->def.environment, id,
	    &r->customer);
	if (found < 0 || (found == 0 && r->upserted))
		return limit_unavailable(r);
	if (found == 0 && settings_is(s, s->customers_unknown, "refuse") &&
	    p == NULL) {
		err_param(req_err(r), ERR_CUSTOMER_UNKNOWN,
		    "customer_identifier", "Customer %.*s is not known.",
		    (int)(id.n < 200 ? id.n : 200), id.p);
		return req_fail(r);
	}
	if (p != NULL && !limit_may_write(r)) {
		params_warn(&r->params, SLICE("customer_params"));
		p = NULL;
	}
	if (p == NULL || r->upserted)
		return found == 1 ? STEP_NEXT : limit_ask(r, id, NULL, 0);
	digest = customers_digest(p);
	if (found == 1 && r->customer->def.params_digest == digest)
		return STEP_NEXT;
	if (found == 1 && r->customer->from_settings)
		return STEP_NEXT;
	customer_release(&r->customer);
	return limit_ask(r, id, p, digest);
}

static void
limit_refuse_rate(struct req *r, const struct rate_state *state,
    const char *scope, struct slice who)
{
	uint64_t s = (state->wait_ns + LIMIT_SECOND_NS - 1) / LIMIT_SECOND_NS;

	r->answer.retry_known = true;
	r->answer.retry_after_ms =
	    (int64_t)((state->wait_ns + 999999) / 1000000);
	err_set(req_err(r), ERR_RATE_LIMIT,
	    "Rate limit exceeded: %" PRId64
	    " requests per minute for %s %.*s. Retry in %" PRIu64 " s.",
	    state->limit, scope, (int)(who.n < 200 ? who.n : 200), who.p, s);
	r->detail = SLICE("Rate limit exceeded");
}

/* 1 passed; 0 refused, with r->err-> */
static int
limit_window(struct req *r, uint32_t entry, int64_t rpm, const char *scope,
    struct slice who)
{
	struct rate_limit limit = { .per_minute = rpm };
	struct rate_state state;
	int ok;

	if (rpm <= 0 || entry == RATE_NONE)
		return 1;
	ok = rate_take(r->w->segment, entry, RATE_REQUESTS, &limit, 1,
	    now_mono_ns(), &state);
	if (r->rate.limit == 0 || state.remaining < r->rate.remaining)
		r->rate = state;
	if (!ok)
		limit_refuse_rate(r, &state, scope, who);
	return ok;
}

static int
limit_enter(struct req *r, int which, uint32_t entry, int64_t max,
    const char *scope)
{
	if (max <= 0 || entry == RATE_NONE)
		return 1;
	if (rate_enter(r->w->segment, entry, max)) {
		r->counter[which] = entry;
		return 1;
	}
	r->answer.retry_known = true;
	r->answer.retry_after_ms = 1000;
	err_set(req_err(r), ERR_CONCURRENCY,
	    "Too many concurrent requests for %s.", scope);
	return 0;
}

/* One requests-per-minute window and one counter of those at once. */
struct limit_scope {
	const struct settings_limits *limits;
	uint32_t entry;
	const char *name; /* in the message about the window */
	struct slice who;
	const char *what; /* in the message about those at once */
};

static void
limit_give_back(struct req *r, const struct limit_scope *scope)
{
	struct rate_limit taken = { .per_minute = scope->limits->rpm };

	if (scope->entry != RATE_NONE && taken.per_minute > 0)
		rate_give(r->w->segment, scope->entry, RATE_REQUESTS, &taken,
		    1);
}

/* The scopes in order; a refused request consumes nothing (money.md 11). */
static int
limit_take(struct req *r, const struct limit_scope *scopes, int n)
{
	int taken = 0, entered = 0;

	while (taken < n &&
	       limit_window(r, scopes[taken].entry, scopes[taken].limits->rpm,
		   scopes[taken].name, scopes[taken].who))
		taken++;
	while (taken == n && entered < n &&
	       limit_enter(r, entered, scopes[entered].entry,
		   scopes[entered].limits->concurrency, scopes[entered].what))
		entered++;
	if (entered == n)
		return 1;
	while (taken > 0)
		limit_give_back(r, &scopes[--taken]);
	return 0;
}

static uint32_t
limit_entry(struct req *r, const struct settings_limits *l, enum rate_kind kind,
    const unsigned char hash[16])
{
	if (l->rpm <= 0 && l->concurrency <= 0)
		return RATE_NONE;
	return rate_get(r->w->segment, kind, hash);
}

static int
limit_rates(struct req *r)
{
	const struct key_def *k = &r->key->def;
	struct limit_scope scopes[2] = { { &k->limits, RATE_NONE, "key",
	    k->prefix, "this key" } };
	int n = 1;

	scopes[0].entry = limit_entry(r, &k->limits, RATE_KEY, r->key->hash);
	if (r->customer != NULL) {
		const struct customer_def *c = &r->customer->def;

		scopes[n++] = (struct limit_scope){ &c->limits,
			limit_entry(r, &c->limits, RATE_CUSTOMER,
			    r->customer->hash),
			"customer", c->identifier, "this customer" };
	}
	return limit_take(r, scopes, n);
}

static enum step_result
limit_take_slot(struct req *r)
{
	r->slot = hold_open(&r->w->seat, r->id, r->arrived_us, r->counter);
	r->slot_taken = r->slot != SLOT_NONE;
	if (r->slot_taken)
		return STEP_NEXT;
	r->answer.retry_known = true;
	r->answer.retry_after_ms = 1000;
	err_set(req_err(r), ERR_OVERLOADED,
	    "The gateway is overloaded. Please retry.");
	return req_fail(r);
}

enum step_result
step_limit_run(struct req *r)
{
	enum step_result got;

	if (r->ticket != 0) {
		if (!lane_consumed(&r->w->seat.money, r->ticket)) {
			if (now_mono_ms() >= r->wait_until_ms)
				return limit_unavailable(r);
			req_wait_until(r, r->wait_until_ms);
			return STEP_WAIT;
		}
		r->ticket = 0;
		r->upserted = true;
		req_wait_until(r, 0);
	}
	got = limit_customer(r);
	if (got != STEP_NEXT)
		return got;
	if (!limit_rates(r))
		return req_fail(r);
	money_accounts(r);
	r->validated_ns = now_mono_ns();
	return limit_take_slot(r);
}

void
step_limit_cancel(struct req *r)
{
	r->ticket = 0;
}
