#include "worker/rates.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/settings.h"
#include "proto/bound.h"
#include "proto/usage.h"
#include "shm/rate.h"
#include "worker/customers.h"
#include "worker/keys.h"
#include "worker/worker_priv.h"

#define RATES_SECOND_NS 1000000000
#define RATES_SCOPES 2

/* Whose limits, where their words are, and how they are named. */
struct rates_scope {
	const struct settings_limits *limits;
	uint32_t entry;
	const char *name; /* "key" */
	struct slice who;
	const char *what; /* "this key" */
};

static const char *const units[RATE_WINDOWS] = {
	[RATE_REQUESTS] = "requests",
	[RATE_TOKENS] = "tokens",
};

static int64_t
rates_per_minute(const struct rates_scope *s, enum rate_window window)
{
	return window == RATE_REQUESTS ? s->limits->rpm : s->limits->tpm;
}

/* What the request takes from a window before it is answered. */
static int64_t
rates_cost(const struct req *r, enum rate_window window)
{
	int64_t asked = params_max_tokens(&r->params);

	if (window == RATE_REQUESTS)
		return 1;
	if (asked > USAGE_TOKENS_MAX)
		asked = USAGE_TOKENS_MAX;
	if (asked == 0)
		asked = r->w->settings->budgets_default_max_tokens;
	return bound_estimate_tokens((int64_t)r->body.n) + asked;
}

static uint32_t
rates_entry(struct req *r, const struct settings_limits *l, enum rate_kind kind,
    const unsigned char hash[16])
{
	if (l->rpm <= 0 && l->tpm <= 0 && l->concurrency <= 0)
		return RATE_NONE;
	return rate_get(r->w->segment, kind, hash);
}

static int
rates_scopes(struct req *r, struct rates_scope scopes[RATES_SCOPES])
{
	const struct key_def *k = &r->key->def;
	const struct customer_def *c;

	scopes[0] = (struct rates_scope){ &k->limits,
		rates_entry(r, &k->limits, RATE_KEY, r->key->hash), "key",
		k->prefix, "this key" };
	if (r->customer == NULL)
		return 1;
	c = &r->customer->def;
	scopes[1] = (struct rates_scope){ &c->limits,
		rates_entry(r, &c->limits, RATE_CUSTOMER, r->customer->hash),
		"customer", c->identifier, "this customer" };
	return 2;
}

static void
rates_refuse(struct req *r, const struct rate_state *state,
    enum rate_window window, const struct rates_scope *scope)
{
	uint64_t s = (state->wait_ns + RATES_SECOND_NS - 1) / RATES_SECOND_NS;
	struct slice who = scope->who;

	r->over_tokens = window == RATE_TOKENS;
	r->answer.retry_known = true;
	r->answer.retry_after_ms =
	    (int64_t)((state->wait_ns + 999999) / 1000000);
	err_set(req_err(r), ERR_RATE_LIMIT,
	    "Rate limit exceeded: %" PRId64
	    " %s per minute for %s %.*s. Retry in %" PRIu64 " s.",
	    state->limit, units[window], scope->name,
	    (int)(who.n < 200 ? who.n : 200), who.p, s);
	r->detail = SLICE("Rate limit exceeded");
}

/* 1 passed; 0 refused. */
static int
rates_window(struct req *r, const struct rates_scope *scope,
    enum rate_window window)
{
	struct rate_limit limit = { .per_minute =
					rates_per_minute(scope, window) };
	struct rate_state state;
	int ok;

	if (limit.per_minute <= 0 || scope->entry == RATE_NONE)
		return 1;
	ok = rate_take(r->w->segment, scope->entry, window, &limit,
	    rates_cost(r, window), now_mono_ns(), &state);
	if (r->rate[window].limit == 0 ||
	    state.remaining < r->rate[window].remaining)
		r->rate[window] = state;
	if (!ok)
		rates_refuse(r, &state, window, scope);
	return ok;
}

static void
rates_give(struct req *r, const struct rates_scope *scope,
    enum rate_window window, int64_t cost)
{
	struct rate_limit limit = { .per_minute =
					rates_per_minute(scope, window) };

	if (limit.per_minute > 0 && scope->entry != RATE_NONE && cost > 0)
		rate_give(r->w->segment, scope->entry, window, &limit, cost);
}

static int
rates_enter(struct req *r, int which, const struct rates_scope *scope)
{
	int64_t most = scope->limits->concurrency;

	if (most <= 0 || scope->entry == RATE_NONE)
		return 1;
	if (rate_enter(r->w->segment, scope->entry, most)) {
		r->counter[which] = scope->entry;
		return 1;
	}
	r->answer.retry_known = true;
	r->answer.retry_after_ms = 1000;
	err_set(req_err(r), ERR_CONCURRENCY,
	    "Too many concurrent requests for %s.", scope->what);
	return 0;
}

/* The windows in order: scope by scope, requests before tokens. */
int
rates_take(struct req *r)
{
	struct rates_scope scopes[RATES_SCOPES];
	int n = rates_scopes(r, scopes), windows = n * RATE_WINDOWS;
	int taken = 0, entered = 0;

	while (taken < windows && rates_window(r, &scopes[taken / RATE_WINDOWS],
				      (enum rate_window)(taken % RATE_WINDOWS)))
		taken++;
	while (taken == windows && entered < n &&
	       rates_enter(r, entered, &scopes[entered]))
		entered++;
	if (entered == n)
		return 1;
	/* A refused request consumes nothing. */
	while (taken-- > 0) {
		enum rate_window w = (enum rate_window)(taken % RATE_WINDOWS);

		rates_give(r, &scopes[taken / RATE_WINDOWS], w,
		    rates_cost(r, w));
	}
	return 0;
}

void
rates_leave(struct req *r)
{
	for (int i = 0; i < SLOT_COUNTERS; i++) {
		if (r->counter[i] != RATE_NONE)
			rate_leave(r->w->segment, r->counter[i]);
		r->counter[i] = RATE_NONE;
	}
}

void
rates_return(struct req *r, int64_t tokens_used)
{
	struct rates_scope scopes[RATES_SCOPES];
	int n;

	/* As a rule nothing counts tokens. */
	if (r->rate[RATE_TOKENS].limit == 0)
		return;
	n = rates_scopes(r, scopes);
	for (int i = 0; i < n; i++)
		rates_give(r, &scopes[i], RATE_TOKENS,
		    rates_cost(r, RATE_TOKENS) - tokens_used);
}
