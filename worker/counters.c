#include "worker/counters.h"

#include <stdlib.h>

#include "base/money.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "proto/record_detail.h"
#include "shm/stats.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/client_dialect.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define COUNTERS_SLOTS 256 /* a power of two; a clash looks up again */
#define TOKEN_KINDS 5

/* The cells of one combination of labels. */
struct series {
	bool used;
	struct slice provider; /* n 0 = none; equal ones have one address */
	const struct settings_model *model;
	enum route route;
	unsigned code, cache;
	uint32_t requests, duration, cost, first_token;
	uint32_t tokens[TOKEN_KINDS], attempts[ATTEMPT_OUTCOMES];
};

struct counters {
	struct worker *worker;
	uint32_t plain[COUNTERS];
	uint32_t overhead[ROUTE_ASKS]; /* 0: not looked up yet */
	struct series series[COUNTERS_SLOTS];
};

static const enum stats_metric plain_metrics[COUNTERS] = {
	[COUNTER_CACHE_HITS] = METRIC_CACHE_HITS,
	[COUNTER_CACHE_MISSES] = METRIC_CACHE_MISSES,
	[COUNTER_CACHE_COLLAPSED] = METRIC_CACHE_COLLAPSED,
	[COUNTER_CACHE_ERRORS] = METRIC_CACHE_ERRORS,
	[COUNTER_CACHE_SPARED] = METRIC_CACHE_SPARED,
	[COUNTER_UNENFORCED] = METRIC_UNENFORCED,
};

struct counters *
counters_new(struct worker *w)
{
	struct counters *c = xcalloc(1, sizeof *c);
	uint16_t none[STATS_LABELS] = { 0 };

	c->worker = w;
	for (int i = 0; i < COUNTERS; i++)
		c->plain[i] = stats_cell(w->segment, plain_metrics[i], none);
	return c;
}

void
counters_free(struct counters **cp)
{
	free(*cp);
	*cp = NULL;
}

static void
counters_put(struct counters *c, uint32_t cell, int64_t n)
{
	stats_add(c->worker->segment, c->worker->stats_area, cell, n);
}

void
counters_add(struct counters *c, enum counter which, int64_t n)
{
	counters_put(c, c->plain[which], n);
}

/* "2xx" .. "5xx", "499". */
static unsigned
counters_code(int status)
{
	return status == 499 ? 0 : (unsigned)status / 100;
}

static const struct slice code_names[] = { { "499", 3 }, { "1xx", 3 },
	{ "2xx", 3 }, { "3xx", 3 }, { "4xx", 3 }, { "5xx", 3 } };
static const struct slice cache_names[] = {
	[CACHE_OFF] = { "off", 3 },
	[CACHE_MISS] = { "miss", 4 },
	[CACHE_HIT] = { "hit", 3 },
	[CACHE_COLLAPSED] = { "collapsed", 9 },
	[CACHE_BYPASS] = { "off", 3 },
};
static const struct slice token_names[TOKEN_KINDS] = { { "input", 5 },
	{ "cached_input", 12 }, { "cache_creation", 14 }, { "output", 6 },
	{ "reasoning", 9 } };

static struct slice
series_model(const struct counters *c, const struct series *s)
{
	return s->model != NULL
	           ? settings_str(c->worker->settings, s->model->name)
	           : SLICE("other");
}

/* What only somebody who answers has. */
static void
series_fill_answer(struct counters *c, struct series *s, uint16_t provider,
    uint16_t model)
{
	struct segment *seg = c->worker->segment;
	uint16_t label[STATS_LABELS] = { provider, model };

	s->cost = stats_cell(seg, METRIC_COST, label);
	s->first_token = stats_cell(seg, METRIC_FIRST_TOKEN, label);
	for (int i = 0; i < TOKEN_KINDS; i++) {
		label[2] = stats_name(seg, token_names[i]);
		s->tokens[i] = stats_cell(seg, METRIC_TOKENS, label);
	}
	label[2] = 0;
	for (int i = 0; i < ATTEMPT_OUTCOMES; i++) {
		label[1] = stats_name(seg, attempt_outcome_names[i]);
		s->attempts[i] = stats_cell(seg, METRIC_ATTEMPTS, label);
	}
}

static void
series_fill(struct counters *c, struct series *s)
{
	struct segment *seg = c->worker->segment;
	uint16_t provider = 0, model = 0;
	uint16_t label[STATS_LABELS] = { 0 };

	if (s->provider.n > 0)
		provider = stats_name(seg, s->provider);
	if (s->model != NULL)
		model = stats_name(seg, series_model(c, s));
	label[0] = stats_name(seg, client_endpoint(s->route));
	label[1] = provider;
	s->duration = stats_cell(seg, METRIC_DURATION, label);
	label[2] = model;
	label[3] = stats_name(seg, code_names[s->code]);
	label[4] = stats_name(seg, cache_names[s->cache]);
	s->requests = stats_cell(seg, METRIC_REQUESTS, label);
	if (s->provider.n > 0)
		series_fill_answer(c, s, provider, model);
}

/* The model that made the answer, also when it is a stored one. */
static const struct settings_model *
counters_model(const struct counters *c, const struct req *r)
{
	if (r->cache.state == CACHE_HIT || r->cache.state == CACHE_COLLAPSED)
		return settings_model_find(c->worker->settings, r->cache.model);
	return r->choice.model;
}

static struct series *
counters_series(struct counters *c, const struct req *r)
{
	struct series want = { .used = true,
		.provider = attempt_provider(r),
		.model = counters_model(c, r),
		.route = r->route.route,
		.code = counters_code(answer_status(r)),
		.cache = r->cache.state };
	struct series *s =
	    &c->series[((uintptr_t)want.model / 64 * 31 +
			   (uintptr_t)want.provider.p * 7 + want.route * 3 +
			   want.code * 5 + want.cache) %
		       COUNTERS_SLOTS];

	if (s->used && s->provider.p == want.provider.p &&
	    s->model == want.model && s->route == want.route &&
	    s->code == want.code && s->cache == want.cache)
		return s;
	*s = want;
	series_fill(c, s);
	return s;
}

static void
counters_usage(struct counters *c, const struct series *s, const struct req *r)
{
	struct usage_figures f;
	int64_t parts[TOKEN_KINDS];

	usage_sum(&r->usage, &f);
	parts[0] = f.prompt - f.cached - f.cache_write;
	parts[1] = f.cached;
	parts[2] = f.cache_write;
	parts[3] = f.completion - f.reasoning;
	parts[4] = f.reasoning;
	for (int i = 0; i < TOKEN_KINDS; i++)
		if (parts[i] > 0)
			counters_put(c, s->tokens[i], parts[i]);
	if (r->cost_nano + r->spent_nano > 0)
		counters_put(c, s->cost, r->cost_nano + r->spent_nano);
}

static void
counters_cache(struct counters *c, const struct req *r)
{
	static const enum counter which[] = {
		[CACHE_MISS] = COUNTER_CACHE_MISSES,
		[CACHE_HIT] = COUNTER_CACHE_HITS,
		[CACHE_COLLAPSED] = COUNTER_CACHE_COLLAPSED,
	};

	if (r->cache.state == CACHE_MISS || r->cache.state == CACHE_HIT ||
	    r->cache.state == CACHE_COLLAPSED)
		counters_add(c, which[r->cache.state], 1);
}

/* The reason of a refusal that was ours; NULL: it was none. */
static const char *
counters_reason(const struct req *r)
{
	enum err_kind kind = r->err->kind;
	static const struct {
		enum err_kind kind;
		const char *reason;
	} reasons[] = {
		{ ERR_MISSING_KEY, "auth" },
		{ ERR_INVALID_KEY, "auth" },
		{ ERR_IP_NOT_ALLOWED, "auth" },
		{ ERR_KEY_NOT_PERMITTED, "auth" },
		{ ERR_MODEL_NOT_PERMITTED, "auth" },
		{ ERR_RATE_LIMIT, "rpm" },
		{ ERR_CONCURRENCY, "concurrency" },
		{ ERR_BUDGET_EXCEEDED, "budget" },
		{ ERR_KEY_BUDGET_EXCEEDED, "budget" },
		{ ERR_BUDGET_HELD, "budget_held" },
		{ ERR_BUDGET_UNAVAILABLE, "budget_unavailable" },
		{ ERR_PRICE_UNKNOWN, "price_unknown" },
		{ ERR_OVERLOADED, "overload" },
	};

	if (r->over_tokens)
		return "tpm";
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].kind == kind)
			return reasons[i].reason;
	return kind != ERR_NONE && err_status(kind) < 500 &&
	               kind != ERR_CLIENT_GONE
	           ? "validation"
	           : NULL;
}

/* A counter of rare events, its labels looked up each time. */
static void
counters_rare(struct counters *c, enum stats_metric metric, struct slice first,
    struct slice second)
{
	struct segment *seg = c->worker->segment;
	uint16_t label[STATS_LABELS] = { 0 };

	if (first.n > 0)
		label[0] = stats_name(seg, first);
	if (second.n > 0)
		label[1] = stats_name(seg, second);
	counters_put(c, stats_cell(seg, metric, label), 1);
}

/* Why a stream broke off: the classes of attempts in the words of logs.md 7. */
static struct slice
counters_cause(const struct req *r)
{
	static const struct {
		const char *class;
		struct slice cause;
	} causes[] = {
		{ "malformed", { "malformed", 9 } },
		{ "in_stream_error", { "provider_error", 14 } },
		{ "timeout_idle", { "stall", 5 } },
		{ "timeout_total", { "stall", 5 } },
	};

	if (r->attempt_error == NULL)
		return SLICE("shutdown");
	for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
		if (strcmp(r->attempt_error, causes[i].class) == 0)
			return causes[i].cause;
	return SLICE("cut");
}

static void
counters_failure(struct counters *c, const struct req *r)
{
	struct slice provider = attempt_provider(r);
	const char *reason = counters_reason(r);

	if (r->client_gone)
		counters_rare(c, METRIC_CLIENTS_GONE,
		    client_endpoint(r->route.route), SLICE(""));
	if (reason != NULL)
		counters_rare(c, METRIC_REJECTIONS, slice_str(reason),
		    SLICE(""));
	else if (r->attempt_error != NULL &&
		 (r->attempts > r->retried || r->attempts == 0))
		counters_rare(c, METRIC_UPSTREAM_ERRORS, provider,
		    slice_str(r->attempt_error));
	if (r->answer.kind == ANSWER_CUT)
		counters_rare(c, METRIC_STREAMS_FAILED, provider,
		    counters_cause(r));
}

/* The provider's own figure is not what our prices make (money.md 4). */
static void
counters_mismatch(struct counters *c, const struct series *s,
    const struct req *r)
{
	int64_t theirs = r->usage.provider_cost_nano, off;

	if (!r->has_usage || theirs == MONEY_NONE || !r->cost_known)
		return;
	off = theirs > r->cost_nano ? theirs - r->cost_nano
	                            : r->cost_nano - theirs;
	if (off > theirs / 100)
		counters_rare(c, METRIC_PRICE_MISMATCH, s->provider,
		    series_model(c, s));
}

void
counters_attempt(struct counters *c, const struct record_attempt *a,
    enum attempt_outcome how)
{
	counters_rare(c, METRIC_ATTEMPTS, a->provider,
	    attempt_outcome_names[how]);
	if (a->error_class.n > 0)
		counters_rare(c, METRIC_UPSTREAM_ERRORS, a->provider,
		    a->error_class);
}

static uint32_t
counters_overhead(struct counters *c, enum route route)
{
	struct segment *seg = c->worker->segment;
	uint16_t label[STATS_LABELS] = { 0 };

	if (c->overhead[route] == 0) {
		label[0] = stats_name(seg, client_endpoint(route));
		c->overhead[route] = stats_cell(seg, METRIC_OVERHEAD, label);
	}
	return c->overhead[route];
}

void
counters_request(struct counters *c, struct req *r)
{
	struct worker *w = c->worker;
	const struct series *s = counters_series(c, r);

	counters_put(c, s->requests, 1);
	stats_observe(w->segment, w->stats_area, s->duration, STATS_DURATION,
	    r->replied_ns - r->arrived_ns);
	if (r->overhead_ns > 0)
		stats_observe(w->segment, w->stats_area,
		    counters_overhead(c, r->route.route), STATS_OVERHEAD,
		    r->overhead_ns);
	if (r->attempts > r->retried)
		counters_put(c, s->attempts[attempt_outcome(r)], 1);
	if (r->released_ns > r->arrived_ns)
		stats_observe(w->segment, w->stats_area, s->first_token,
		    STATS_FIRST_TOKEN, r->released_ns - r->arrived_ns);
	if (r->err->kind != ERR_NONE || r->client_gone)
		counters_failure(c, r);
	if (s->provider.n > 0) {
		counters_usage(c, s, r);
		counters_mismatch(c, s, r);
	}
	if (r->unenforced)
		counters_add(c, COUNTER_UNENFORCED, 1);
	counters_cache(c, r);
}
