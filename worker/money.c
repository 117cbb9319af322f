#include "worker/money.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "proto/price.h"
#include "shm/period.h"
#include "shm/settle.h"
#include "shm/stats.h"
#include "worker/client_dialect.h"
#include "worker/customers.h"
#include "worker/describe.h"
#include "worker/keys.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

static int64_t
money_now_s(const struct req *r)
{
	return r->arrived_us / 1000000;
}

bool
money_wait(struct req *r)
{
	uint64_t now_ms = now_mono_ms(), since_ms, until_ms;

	if (r->keeper_since_ms == 0)
		r->keeper_since_ms = now_ms;
	since_ms = segment_committed_ns(r->w->segment) / 1000000;
	if (since_ms < r->keeper_since_ms)
		since_ms = r->keeper_since_ms;
	until_ms = since_ms + MONEY_KEEPER_MS;
	if (until_ms > r->keeper_since_ms + MONEY_KEEPER_MOST_MS)
		until_ms = r->keeper_since_ms + MONEY_KEEPER_MOST_MS;
	if (now_ms >= until_ms)
		return false;
	req_wait_until(r, until_ms);
	return true;
}

void
money_waited(struct req *r)
{
	if (r->keeper_since_ms != 0)
		req_wait_until(r, 0);
	r->keeper_since_ms = 0;
}

/*
 * One more account for the hold; limit_nano MONEY_NONE = only counted, period
 * NULL = of all time.
 */
static void
money_add(struct req *r, const unsigned char *hash, enum account_kind kind,
    const struct period *period, int64_t limit_nano)
{
	struct req_account *a = &r->accounts[r->n_accounts++];
	int64_t end_s = period != NULL ? period->end_s : INT64_MAX;

	a->hold.key =
	    account_key(hash, kind, end_s == INT64_MAX ? 0 : period->start_s);
	a->hold.marked =
	    kind == ACCOUNT_CUSTOMER_PERIOD || kind == ACCOUNT_CUSTOMER_TOTAL;
	a->hold.amount = 0;
	a->limit_nano = limit_nano;
	a->end_s = end_s;
	r->limited |= limit_nano != MONEY_NONE;
}

/* Counting months is for the first request of a period. */
static bool
money_is_over(const struct req *r, const struct period *p)
{
	return money_now_s(r) < p->start_s || money_now_s(r) >= p->end_s;
}

static void
money_add_customer(struct req *r)
{
	const struct customer_def *d = &r->customer->def;
	struct period *p = &r->customer->period;

	if (money_is_over(r, p))
		*p = period_customer(&r->w->period_rules,
		    (enum period_kind)d->budget_duration, d->period_start_s,
		    d->period_end_s, money_now_s(r));
	r->markup_bp = d->markup_bp;
	money_add(r, r->customer->hash, ACCOUNT_CUSTOMER_PERIOD, p,
	    d->period_budget_nano);
	/* Without a limit too: one that is set later counts from the first. */
	money_add(r, r->customer->hash, ACCOUNT_CUSTOMER_TOTAL, NULL,
	    d->total_budget_nano);
}

static void
money_add_key(struct req *r)
{
	const struct key_def *d = &r->key->def;
	struct period *p = &r->key->period;

	if (d->period_budget_nano != MONEY_NONE) {
		if (money_is_over(r, p))
			*p = period_calendar(&r->w->period_rules,
			    (enum period_kind)d->budget_duration,
			    money_now_s(r));
		money_add(r, r->key->hash, ACCOUNT_KEY_PERIOD, p,
		    d->period_budget_nano);
	}
	if (d->spending_limit_nano != MONEY_NONE)
		money_add(r, r->key->hash, ACCOUNT_KEY_TOTAL, NULL,
		    d->spending_limit_nano);
	/* Whether it is used up asks for no price: no limit in money. */
	if (d->max_usage > 0)
		money_add(r, r->key->hash, ACCOUNT_KEY_USES, NULL, MONEY_NONE);
}

static struct period
money_organization_period(struct req *r)
{
	const struct settings *s = r->w->settings;
	enum period_kind kind = PERIOD_ALL;

	/* Checked by setup. */
	period_read(settings_str(s, s->organization_budget_duration).p, &kind);
	return period_calendar(&r->w->period_rules, kind, money_now_s(r));
}

static void
money_add_organization(struct req *r)
{
	struct worker *w = r->w;
	const struct settings *s = w->settings;

	if (s->organization_period_budget_nano != MONEY_NONE) {
		if (money_is_over(r, &w->organization_period))
			w->organization_period = money_organization_period(r);
		money_add(r, w->organization_hash, ACCOUNT_ORG_PERIOD,
		    &w->organization_period,
		    s->organization_period_budget_nano);
	}
	if (s->organization_credits_nano != MONEY_NONE)
		money_add(r, w->organization_hash, ACCOUNT_ORG_CREDITS, NULL,
		    s->organization_credits_nano);
}

void
money_accounts(struct req *r)
{
	struct req_account found[ACCOUNTS_PER_HOLD];

	r->accounts = found;
	r->n_accounts = 0;
	r->limited = false;
	if (r->customer != NULL)
		money_add_customer(r);
	money_add_key(r);
	money_add_organization(r);
	/* A stream keeps them while it lasts: no more than there are. */
	r->accounts =
	    pool_memdup(r->pool, found, r->n_accounts * sizeof *found);
}

static bool
money_has_prefix(const struct settings *s, struct sref text, const char *head)
{
	return slice_starts(settings_str(s, text), slice_str(head));
}

int
money_find_price(struct req *r)
{
	static const struct settings_price none = { .input = MONEY_NONE };
	static const struct settings_price nothing = { .known = true,
		.cached_input = MONEY_NONE,
		.cache_write = MONEY_NONE,
		.cache_write_1h = MONEY_NONE,
		.reasoning_output = MONEY_NONE,
		.audio_input = MONEY_NONE,
		.audio_output = MONEY_NONE,
		.cached_audio_input = MONEY_NONE,
		.image_input = MONEY_NONE };
	struct worker *w = r->w;
	const struct settings *s = w->settings;
	struct settings_price *assumed;

	r->price = r->choice.model != NULL ? &r->choice.model->price : &none;
	if (params_has(&r->params, PARAM_mock_response) || client_counts(r))
		r->price = &nothing;
	r->cost_known = r->price->known;
	if (r->cost_known)
		return 0;
	if (money_has_prefix(s, s->budgets_unknown_price, "assume:")) {
		assumed = pool_alloc(r->pool, sizeof *assumed);
		memset(assumed, 0xff, sizeof *assumed); /* all MONEY_NONE */
		assumed->tier_above = 0;
		assumed->input = s->assume_input_pico;
		assumed->output = s->assume_output_pico;
		assumed->known = true;
		r->price = assumed;
		r->cost_known = true;
		return 0;
	}
	if (!r->limited || settings_is(s, s->budgets_unknown_price, "free"))
		return 0;
	return err_param(req_err(r), ERR_PRICE_UNKNOWN, "model",
	    "model %.*s has no price; set models.price or "
	    "budgets.unknown_price",
	    SLICE_ARGS(r->choice.slug));
}

/* The row that bounds and prices are computed with. */
static const struct settings_model *
money_model(struct req *r, struct settings_model *copy)
{
	if (r->choice.model != NULL && r->price == &r->choice.model->price)
		return r->choice.model;
	memset(copy, 0, sizeof *copy);
	if (r->choice.model != NULL)
		*copy = *r->choice.model;
	copy->price = *r->price;
	return copy;
}

/* The least free money of the limited accounts, before their markup. */
static int64_t
money_free(struct req *r)
{
	int64_t least = INT64_MAX;

	for (uint32_t i = 0; i < r->n_accounts; i++) {
		const struct req_account *a = &r->accounts[i];
		int64_t left;

		if (a->limit_nano == MONEY_NONE)
			continue;
		left = hold_free(r->w->segment, &a->hold.key);
		/* An account that is being loaded has spent nothing yet. */
		if (left > a->limit_nano)
			left = a->limit_nano;
		if (a->hold.marked && left != INT64_MAX)
			left = (int64_t)((__int128)left * 10000 /
					 (10000 + r->markup_bp));
		if (left < least)
			least = left;
	}
	return least;
}

/* A dialect that demands a cap has its own usual one. */
static int64_t
money_default_max_tokens(const struct req *r)
{
	if (r->dialect != NULL && r->dialect->default_max_tokens > 0)
		return r->dialect->default_max_tokens;
	return r->w->settings->budgets_default_max_tokens;
}

int64_t
money_max_tokens(struct req *r)
{
	const struct settings *s = r->w->settings;
	struct settings_model copy;

	describe_request(r);
	if (!r->limited || r->bound_request.max_tokens > 0 ||
	    r->bound_request.embeddings)
		return 0;
	r->bound_request.body_bytes = (int64_t)r->body.n;
	return bound_max_tokens(money_model(r, &copy), &r->bound_request,
	    money_free(r), money_default_max_tokens(r),
	    s->budgets_min_output_tokens);
}

int64_t
money_clamp(struct req *r)
{
	const struct settings *s = r->w->settings;
	struct settings_model copy;

	if (!r->limited || r->bound_request.max_tokens == 0 ||
	    (!s->budgets_clamp_max_tokens && !r->key->def.clamp_max_tokens))
		return 0;
	describe_body(r);
	return bound_clamp_tokens(money_model(r, &copy), &r->bound_request,
	    money_free(r), s->budgets_min_output_tokens);
}

bool
money_sends_max_tokens(const struct req *r)
{
	return r->put_max_tokens > 0 &&
	       !params_has(&r->params, PARAM_mock_response) &&
	       !(r->choice.target->demo &&
		   slice_eq(r->choice.upstream_model, SLICE("lorem")));
}

/* A request is one use, however many attempts it takes. */
static int64_t
money_use(const struct req *r)
{
	return r->used ? 0 : ACCOUNT_USE;
}

/* A cost as an account counts it; below 0: no int64 holds it. */
static int64_t
money_of(const struct req *r, const struct hold_account *a, int64_t cost_nano)
{
	if (a->key.kind == ACCOUNT_KEY_USES)
		return money_use(r);
	return a->marked ? money_markup(cost_nano, r->markup_bp) : cost_nano;
}

int
money_bound(struct req *r)
{
	struct bound_request *q = &r->bound_request;
	struct settings_model copy;

	describe_body(r);
	if (r->put_max_tokens > 0)
		q->max_tokens = r->put_max_tokens;
	/* Another dialect may let the provider write more, or demand a cap. */
	if (r->dialect != NULL && r->ask != NULL && r->ask->output_asked > 0)
		q->max_tokens = r->ask->output_asked;
	if (bound_hold(money_model(r, &copy), q, &r->bound, req_err(r)) != 0)
		return -1;
	for (uint32_t i = 0; i < r->n_accounts; i++) {
		struct hold_account *a = &r->accounts[i].hold;

		a->amount = money_of(r, a, r->bound.cost_nano);
		if (a->amount < 0)
			return err_set(req_err(r), ERR_INTERNAL,
			    "price out of range");
	}
	return 0;
}

/* What this attempt's slot is to know. */
static void
money_terms(const struct req *r, struct hold_terms *t)
{
	for (uint32_t i = 0; i < r->n_accounts; i++)
		t->accounts[i] = r->accounts[i].hold;
	t->n_accounts = r->n_accounts;
	t->markup_bp = r->markup_bp;
	t->price_version = r->w->settings->price_version;
	t->attempt = (uint16_t)r->attempts;
	t->in_pico = r->cost_known ? r->price->input : 0;
	t->out_pico = r->cost_known ? r->price->output : 0;
}

enum hold_result
money_hold(struct req *r)
{
	struct hold_refusal why = { 0 };
	struct hold_terms terms;
	enum hold_result got;

	if ((r->limited || r->key->def.max_usage > 0) &&
	    settle_full(&r->w->seat))
		return HOLD_LEASE;
	if (r->limited && r->seen == NULL)
		r->seen = pool_alloc(r->pool, r->n_accounts * sizeof *r->seen);
	money_terms(r, &terms);
	/* When an account was used is of the clock that nobody sets. */
	got = hold_take(&r->w->seat, r->slot, &terms,
	    (int64_t)(now_mono_ms() / 1000), &why, r->seen);
	if (got == HOLD_OK)
		return got;
	if (r->refusal == NULL)
		r->refusal = pool_alloc(r->pool, sizeof why);
	*r->refusal = why;
	return got;
}

static void
money_price_seen(struct req *r)
{
	struct settings_model copy;
	struct bound_seen seen = {
		.in_tokens = -1,
		.body_bytes = r->bound_request.body_bytes,
		.text_bytes = (int64_t)r->text_bytes,
		.whole_hold = r->outcome == OUTCOME_UNKNOWN,
	};

	/* Thinking need not be visible in what was seen (money.md 9). */
	if (r->choice.model != NULL &&
	    (r->choice.model->features & FEATURE_REASONING) != 0)
		seen.whole_hold = true;
	if (r->thought || (r->has_usage && r->usage.out_reasoning > 0))
		seen.whole_hold = true;
	/* Nor is what its tools found, which is input again. */
	if (r->bound_request.provider_tools)
		seen.whole_hold = true;

	if (r->has_usage) {
		struct usage_figures f;

		usage_sum(&r->usage, &f);
		seen.in_tokens = f.prompt;
	} else if (r->in_tokens > 0) {
		seen.in_tokens = r->in_tokens;
	}
	r->usage_source = "bound";
	bound_cut(money_model(r, &copy), &r->bound_request, &r->bound, &seen,
	    &r->cost_nano, &r->suspense_nano);
	usage_of_totals(&r->usage,
	    seen.in_tokens >= 0 ? seen.in_tokens
				: bound_estimate_tokens(seen.body_bytes),
	    bound_estimate_tokens(seen.text_bytes));
	if (r->outcome == OUTCOME_NO_USAGE &&
	    settings_is(r->w->settings, r->w->settings->budgets_missing_usage,
		"estimate")) {
		r->cost_nano -= r->suspense_nano;
		r->suspense_nano = 0;
	}
}

/* What the provider says that it costs, if that is what counts (money.md 4). */
static void
money_take_theirs(struct req *r)
{
	const struct settings_model *m = r->choice.model;
	int64_t theirs = r->usage.provider_cost_nano;

	if (m == NULL || m->price_source != PRICE_OF_PROVIDER ||
	    theirs == MONEY_NONE)
		return;
	r->cost_nano =
	    theirs < r->bound.cost_nano ? theirs : r->bound.cost_nano;
}

void
money_price(struct req *r)
{
	struct err e;

	r->cost_nano = r->suspense_nano = 0;
	switch (r->outcome) {
	case OUTCOME_NONE:
	case OUTCOME_ERROR:
		return;
	case OUTCOME_USAGE:
		if (r->usage.anomaly)
			params_warn(&r->params, SLICE("usage_anomaly"));
		r->usage_source = "provider";
		if (price_cost(r->price, &r->usage, &r->cost_nano, &e) != 0) {
			log_error("money: %s", e.text);
			r->cost_nano = r->bound.cost_nano;
		}
		money_take_theirs(r);
		return;
	case OUTCOME_NO_USAGE:
	case OUTCOME_UNKNOWN:
	case OUTCOME_CUT:
		money_price_seen(r);
		return;
	}
}

static enum settle_cause
money_cause(const struct req *r)
{
	static const enum settle_cause causes[] = {
		[OUTCOME_NONE] = SETTLE_NOTHING,
		[OUTCOME_USAGE] = SETTLE_USAGE,
		[OUTCOME_NO_USAGE] = SETTLE_NO_USAGE,
		[OUTCOME_ERROR] = SETTLE_NOTHING,
		[OUTCOME_UNKNOWN] = SETTLE_UNKNOWN,
		[OUTCOME_CUT] = SETTLE_CUT,
	};

	return causes[r->outcome];
}

/* A figure that no int64 holds is as good as the hold itself. */
static int64_t
money_marked(const struct req *r, int64_t cost_nano, int32_t markup_bp)
{
	int64_t marked = money_markup(cost_nano, markup_bp);

	return marked >= 0 ? marked
	                   : money_markup(r->bound.cost_nano, markup_bp);
}

/* What account i is charged, and the part of it that is in doubt. */
static void
money_charge(struct req *r, uint32_t i, struct settle_charge *c)
{
	const struct hold_account *a = &r->accounts[i].hold;
	int32_t markup = a->marked ? r->markup_bp : 0;

	c->actual[i] = money_marked(r, r->cost_nano, markup);
	if (a->marked)
		r->charge_nano = c->actual[i];
	if (r->suspense_nano == 0)
		return;
	c->suspense[i] =
	    c->actual[i] -
	    money_marked(r, r->cost_nano - r->suspense_nano, markup);
	if (c->suspense[i] < 0)
		c->suspense[i] = 0;
	if (a->marked)
		r->charge_suspense_nano = c->suspense[i];
}

static void
money_fill_charge(struct req *r, struct settle_charge *c)
{
	struct usage_figures f = { 0 };

	for (uint32_t i = 0; i < r->n_accounts; i++)
		if (r->accounts[i].hold.key.kind != ACCOUNT_KEY_USES)
			money_charge(r, i, c);
		else if (r->outcome != OUTCOME_NONE)
			c->actual[i] = money_use(r);
	if (r->outcome != OUTCOME_NONE && r->outcome != OUTCOME_ERROR)
		usage_sum(&r->usage, &f);
	c->usage = (struct settle_usage){ f.prompt, f.cached, f.completion,
		f.reasoning };
	c->cause = money_cause(r);
}

int
money_settle(struct req *r)
{
	struct settle_charge c;

	if (r->slot == SLOT_NONE)
		return 1;
	memset(&c, 0, sizeof c);
	r->charge_nano = r->cost_nano;
	r->charge_suspense_nano = r->suspense_nano;
	money_fill_charge(r, &c);
	if (!r->sent || r->n_accounts == 0) {
		/* Nothing left the house, or nobody's book names it. */
		hold_close(&r->w->seat, r->slot);
	} else if (!settle_publish(&r->w->seat, r->slot, &c)) {
		return 0;
	} else {
		r->used |= r->outcome != OUTCOME_NONE;
	}
	r->slot = SLOT_NONE;
	return 1;
}

void
money_close(struct req *r)
{
	assert(r->slot == SLOT_NONE || !r->sent);
	if (r->slot != SLOT_NONE)
		hold_close(&r->w->seat, r->slot);
	r->slot = SLOT_NONE;
}
