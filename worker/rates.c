#include "worker/rates.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/pool.h"
#include "base/settings.h"
#include "proto/bound.h"
#include "proto/usage.h"
#include "shm/rate.h"
#include "worker/customers.h"
#include "worker/keys.h"
#include "worker/worker_priv.h"

#define RATES_SECOND_NS 1000000000

/* In the order in which they refuse; places in req->counter. */
enum rates_scope_id {
	RATES_KEY,
	RATES_CUSTOMER,
	RATES_ORGANIZATION,
	RATES_TARGET,
	RATES_SCOPES,
};
_Static_assert(RATES_SCOPES == SLOT_COUNTERS, "one counter for each");

static const struct {
	enum rate_kind kind;
	const char *name, *what;
} kinds[RATES_SCOPES] = {
	[RATES_KEY] = { RATE_KEY, "key", "this key" },
	[RATES_CUSTOMER] = { RATE_CUSTOMER, "customer", "this customer" },
	[RATES_ORGANIZATION] = { RATE_ORGANIZATION, "organization",
	    "this organization" },
	[RATES_TARGET] = { RATE_TARGET, "model", "this model" },
};

/* Whose limits, where their words are, and how they are named. */
struct rates_scope {
	const struct settings_limits *limits;
	uint32_t entry;
	enum rates_scope_id id;
	struct slice who;
};

/* Those that have a limit. */
struct rates_set {
	struct rates_scope scopes[RATES_SCOPES];
	int n;
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

static void
rates_add(struct req *r, struct rates_set *set, enum rates_scope_id id,
    const struct settings_limits *l, const unsigned char hash[16],
    struct slice who)
{
	struct rates_scope *s = &set->scopes[set->n];

	*s = (struct rates_scope){ l,
		rate_get(r->w->segment, kinds[id].kind, hash), id, who };
	/* No place for its words: it is not limited then. */
	if (s->entry != RATE_NONE)
		set->n++;
}

/* What is known before there is a target. */
static void
rates_callers(struct req *r, struct rates_set *set)
{
	const struct key_def *k = &r->key->def;
	const struct customer *c = r->customer;
	const struct settings_limits *org = &r->w->organization_limits;

	set->n = 0;
	if (settings_limits_any(&k->limits))
		rates_add(r, set, RATES_KEY, &k->limits, r->key->hash,
		    k->prefix);
	if (c != NULL && settings_limits_any(&c->def.limits))
		rates_add(r, set, RATES_CUSTOMER, &c->def.limits, c->hash,
		    c->def.identifier);
	if (settings_limits_any(org))
		rates_add(r, set, RATES_ORGANIZATION, org,
		    r->w->organization_hash, SLICE(DEFS_ORGANIZATION));
}

/* An answer that the request brings itself asks no target. */
static bool
rates_target_limited(const struct req *r)
{
	const struct settings_model *m = r->choice.model;

	return m != NULL && settings_limits_any(&m->limits) &&
	       !params_has(&r->params, PARAM_mock_response);
}

static void
rates_target(struct req *r, struct rates_set *set)
{
	const struct settings_model *m = r->choice.model;
	unsigned char hash[16];
	uint64_t h[2];

	for (uint64_t i = 0; i < 2; i++)
		h[i] = hash_slice(r->choice.slug, i);
	memcpy(hash, h, sizeof hash);
	rates_add(r, set, RATES_TARGET, &m->limits, hash, r->choice.slug);
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
	    state->limit, units[window], kinds[scope->id].name,
	    (int)(who.n < 200 ? who.n : 200), who.p, s);
	r->detail = SLICE("Rate limit exceeded");
}

/*
 * The clock of the turn may be behind a word that another worker has written
 * since: who is refused is told from now on.
 */
static void
rates_wait(struct rate_state *state, uint64_t asked_ns)
{
	uint64_t late = now_fresh_ns() - asked_ns;

	state->wait_ns = state->wait_ns > late ? state->wait_ns - late : 1;
}

/* 1 passed; 0 refused. */
static int
rates_window(struct req *r, const struct rates_scope *scope,
    enum rate_window window)
{
	struct rate_limit limit = { .per_minute =
					rates_per_minute(scope, window) };
	struct rate_state state;
	uint64_t now = now_mono_ns();
	int ok;

	if (limit.per_minute <= 0)
		return 1;
	ok = rate_take(r->w->segment, scope->entry, window, &limit,
	    rates_cost(r, window), now, &state);
	if (!ok)
		rates_wait(&state, now);
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

	if (limit.per_minute > 0 && cost > 0)
		rate_give(r->w->segment, scope->entry, window, &limit, cost);
}

static int
rates_enter(struct req *r, const struct rates_scope *scope)
{
	int64_t most = scope->limits->concurrency;

	if (most <= 0)
		return 1;
	if (rate_enter(r->w->segment, scope->entry, most)) {
		r->counter[scope->id] = scope->entry;
		if (r->slot != SLOT_NONE)
			hold_count(&r->w->seat, r->slot, scope->id,
			    scope->entry);
		return 1;
	}
	r->answer.retry_known = true;
	r->answer.retry_after_ms = 1000;
	err_set(req_err(r), ERR_CONCURRENCY,
	    "Too many concurrent requests for %s.", kinds[scope->id].what);
	return 0;
}

/* The first so many of its windows, in the order in which they are taken. */
static void
rates_put_back(struct req *r, const struct rates_set *set, int windows)
{
	while (windows-- > 0) {
		enum rate_window w = (enum rate_window)(windows % RATE_WINDOWS);

		rates_give(r, &set->scopes[windows / RATE_WINDOWS], w,
		    rates_cost(r, w));
	}
}

/* The windows in order: scope by scope, requests before tokens. */
static int
rates_admit(struct req *r, const struct rates_set *set)
{
	int windows = set->n * RATE_WINDOWS, taken = 0, entered = 0;

	/* As a rule there are none. */
	if (windows == 0)
		return 1;
	while (taken < windows &&
	       rates_window(r, &set->scopes[taken / RATE_WINDOWS],
		   (enum rate_window)(taken % RATE_WINDOWS)))
		taken++;
	while (taken == windows && entered < set->n &&
	       rates_enter(r, &set->scopes[entered]))
		entered++;
	if (entered == set->n) {
		for (int i = 0; i < set->n; i++)
			r->rated |= 1u << set->scopes[i].id;
		return 1;
	}
	/* A refused request consumes nothing. */
	rates_put_back(r, set, taken);
	return 0;
}

int
rates_take(struct req *r)
{
	struct rates_set set;

	rates_callers(r, &set);
	return rates_admit(r, &set);
}

void
rates_forget_target(struct req *r)
{
	if (r->callers_rate != NULL)
		memcpy(r->rate, r->callers_rate, sizeof r->rate);
}

/* Those whose windows were taken; they are given back once. */
static void
rates_taken(struct req *r, struct rates_set *set)
{
	struct rates_set all;

	set->n = 0;
	rates_callers(r, &all);
	if (rates_target_limited(r))
		rates_target(r, &all);
	for (int i = 0; i < all.n; i++)
		if (r->rated & 1u << all.scopes[i].id)
			set->scopes[set->n++] = all.scopes[i];
	r->rated = 0;
}

static int
rates_ask_target(struct req *r)
{
	struct rates_set set;

	set.n = 0;
	rates_target(r, &set);
	return rates_admit(r, &set);
}

void
rates_refused(struct req *r)
{
	struct rates_set set;

	rates_taken(r, &set);
	rates_put_back(r, &set, set.n * RATE_WINDOWS);
}

int
rates_take_target(struct req *r)
{
	if (!rates_target_limited(r))
		return 1;
	if (r->callers_rate == NULL)
		r->callers_rate = pool_memdup(r->pool, r->rate, sizeof r->rate);
	return rates_ask_target(r);
}

void
rates_leave_target(struct req *r, bool asked)
{
	uint32_t *counter = &r->counter[RATES_TARGET];
	struct rates_set set = { .n = 0 };

	if (*counter != RATE_NONE) {
		rate_leave(r->w->segment, *counter);
		*counter = RATE_NONE;
		if (r->slot != SLOT_NONE)
			hold_count(&r->w->seat, r->slot, RATES_TARGET,
			    RATE_NONE);
	}
	if ((r->rated & 1u << RATES_TARGET) == 0)
		return;
	r->rated &= ~(1u << RATES_TARGET);
	rates_target(r, &set);
	for (int i = 0; i < set.n; i++) {
		rates_give(r, &set.scopes[i], RATE_TOKENS,
		    rates_cost(r, RATE_TOKENS));
		if (!asked)
			rates_give(r, &set.scopes[i], RATE_REQUESTS, 1);
	}
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
	bool unasked =
	    r->attempts == r->retried && (r->rated & 1u << RATES_TARGET) != 0;
	struct rates_set set;

	/* As a rule nothing counts tokens. */
	if (r->rate[RATE_TOKENS].limit == 0 && !unasked)
		return;
	rates_taken(r, &set);
	for (int i = 0; i < set.n; i++) {
		rates_give(r, &set.scopes[i], RATE_TOKENS,
		    rates_cost(r, RATE_TOKENS) - tokens_used);
		if (unasked && set.scopes[i].id == RATES_TARGET)
			rates_give(r, &set.scopes[i], RATE_REQUESTS, 1);
	}
}
