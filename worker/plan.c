#include "worker/plan.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/settings.h"
#include "proto/relay.h"
#include "worker/client_dialect.h"
#include "worker/credential.h"
#include "worker/health.h"
#include "worker/money.h"
#include "worker/needs.h"
#include "worker/plan_priv.h"
#include "worker/rates.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define PLAN_REASON_MAX 160
#define PLAN_SHOWN 200
#define PLAN_UNPINNED "Not served by the provider that is asked for."
#define PLAN_FORBIDDEN "Not permitted for this key."
#define PLAN_EJECTED "Ejected after failures."

/* What follows a failure. */
enum plan_turn {
	PLAN_END,
	PLAN_AGAIN, /* the same model, perhaps by another credential */
	PLAN_OTHER, /* another entry of the draw, or the next fallback */
};

struct plan *
plan_of(struct req *r)
{
	struct plan *p = r->plan;

	if (p != NULL)
		return p;
	r->plan = p = pool_zalloc(r->pool, sizeof *p);
	retry_rules_of(r, &p->rules);
	if (r->choice.slug.n == 0)
		return p;
	p->primaries = p->now = pool_alloc(r->pool, sizeof *p->now);
	p->n_primaries = 1;
	p->named = true;
	*p->now = (struct candidate){ .model = r->choice.model,
		.slug = r->choice.slug,
		.upstream = r->choice.upstream_model,
		.provider = r->choice.provider };
	return p;
}

void
plan_free(struct req *r)
{
	if (r->plan != NULL)
		sbuf_free(&r->plan->attempts);
}

void
plan_warn(struct req *r, struct slice model, const char *reason)
{
	struct plan *p = plan_of(r);
	struct plan_warning *w;

	if (p->n_warnings == PLAN_WARNINGS)
		return;
	if (p->warnings == NULL)
		p->warnings =
		    pool_alloc(r->pool, PLAN_WARNINGS * sizeof *p->warnings);
	w = &p->warnings[p->n_warnings++];
	w->model = model;
	w->reason = pool_copy(r->pool, slice_str(reason));
}

/* An object has each name once: the last reason stands for all. */
static bool
plan_warns_again(const struct plan *p, unsigned i)
{
	for (unsigned k = i + 1; k < p->n_warnings; k++)
		if (slice_eq(p->warnings[k].model, p->warnings[i].model))
			return true;
	return false;
}

void
plan_write_warnings(const struct plan *p, struct sbuf *text, struct sbuf *json)
{
	for (unsigned i = 0; i < p->n_warnings; i++) {
		const struct plan_warning *w = &p->warnings[i];

		if (text->len > 0)
			sbuf_adds(text, "; ");
		sbuf_add_slice(text, w->model);
		sbuf_adds(text, ": ");
		sbuf_add_slice(text, w->reason);
		if (plan_warns_again(p, i))
			continue;
		sbuf_addc(json, json->len == 0 ? '{' : ',');
		sbuf_add_json(json, w->model);
		sbuf_addc(json, ':');
		sbuf_add_json(json, w->reason);
	}
	if (p->n_warnings > 0)
		sbuf_addc(json, '}');
}

/* Past that model; the first reason is what the client hears of all. */
static void
plan_pass(struct req *r, struct candidate *c, const char *reason)
{
	struct plan *p = r->plan;

	c->over = true;
	plan_warn(r, c->slug, reason);
	/* The last hope has its own word to say. */
	if (p->err != NULL && !p->forced)
		return;
	p->err = pool_alloc(r->pool, sizeof *p->err);
	*p->err = *req_err(r);
	p->err_answer = r->answer;
	p->err_detail = r->detail;
	p->err_tokens = r->over_tokens;
	memcpy(p->err_rate, r->rate, sizeof r->rate);
}

/* ---- who is next -------------------------------------------------------- */

/* By weight among those that are left; NULL: none is. */
static struct candidate *
plan_draw(struct plan *p)
{
	struct candidate *last = NULL;
	uint64_t sum = 0, draw;

	for (unsigned i = 0; i < p->n_primaries; i++)
		if (!p->primaries[i].over) {
			sum += (uint64_t)p->primaries[i].weight_nano;
			last = &p->primaries[i];
		}
	if (last == NULL || p->n_primaries == 1)
		return last;
	draw = random_choice() % sum;
	for (unsigned i = 0; i < p->n_primaries; i++) {
		struct candidate *c = &p->primaries[i];

		if (c->over)
			continue;
		if (draw < (uint64_t)c->weight_nano)
			return c;
		draw -= (uint64_t)c->weight_nano;
	}
	return last;
}

static void
plan_enter(struct req *r, struct candidate *c)
{
	struct plan *p = r->plan;

	p->now = c;
	p->retries = p->n_tried = 0;
	candidate_choose(r, c);
}

static bool
plan_is_primary(const struct plan *p, const struct candidate *c)
{
	return c >= p->primaries && c < p->primaries + p->n_primaries;
}

/* Larger than the window that the request did not fit in, for all we know? */
static bool
plan_is_large(const struct plan *p, const struct candidate *c)
{
	return c->model == NULL || c->model->context == 0 ||
	       c->model->context > p->too_small ||
	       (c >= p->cures && c < p->cures + p->n_cures);
}

/* Whether it may be asked; if not, the log and perhaps the client hear why. */
static bool
plan_admits(struct req *r, struct candidate *c)
{
	struct plan *p = r->plan;
	const char *unable;

	/* Fallbacks that the pinned provider does not serve keep their own. */
	if (!candidate_pin(r, c) && plan_is_primary(p, c)) {
		err_set(req_err(r), ERR_NO_MODEL,
		    "No model meets the requirements of this request: %.*s: %s",
		    (int)(c->slug.n < PLAN_SHOWN ? c->slug.n : PLAN_SHOWN),
		    c->slug.p, PLAN_UNPINNED);
		plan_pass(r, c, PLAN_UNPINNED);
		return false;
	}
	/* By the pin it may be one that was asked under its other name. */
	if (!plan_is_primary(p, c) && plan_has_asked(p, c->slug)) {
		c->over = true;
		return false;
	}
	if (!candidate_allowed(r, c)) {
		plan_pass(r, c,
		    req_err(r)->kind == ERR_MODEL_NOT_PERMITTED
			? PLAN_FORBIDDEN
			: req_err(r)->text);
		return false;
	}
	unable = plan_is_large(p, c) ? candidate_unable(r, c->model)
	                             : needs_words_context;
	if (unable == NULL)
		return true;
	err_set(req_err(r), ERR_NO_MODEL,
	    "No model meets the requirements of this request: %.*s: %s",
	    (int)(c->slug.n < PLAN_SHOWN ? c->slug.n : PLAN_SHOWN), c->slug.p,
	    unable);
	plan_pass(r, c, unable);
	/* The catalogue may be wrong about the one that was named. */
	if (p->named && c == p->primaries)
		p->unlikely = c;
	return false;
}

/* Of those that may be asked, the others are passed by: the first. */
static struct candidate *
plan_first(struct req *r, struct candidate *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (!list[i].over && &list[i] != r->plan->now &&
		    plan_admits(r, &list[i]))
			return &list[i];
	return NULL;
}

struct candidate *
plan_cure_left(struct req *r)
{
	struct plan *p = r->plan;

	return p->no_net ? NULL : plan_first(r, p->cures, p->n_cures);
}

bool
plan_is_cure(const struct plan *p, struct slice slug)
{
	for (unsigned i = 0; i < p->n_cures; i++)
		if (slice_eq(p->cures[i].slug, slug) &&
		    (p->cures[i].over || !p->no_net))
			return true;
	return false;
}

static struct candidate *
plan_fallback(struct req *r)
{
	struct plan *p = r->plan;
	unsigned n;

	plan_make_fallbacks(r);
	n = p->no_net ? p->n_explicit : p->n_fallbacks;
	for (unsigned i = 0; i < n; i++)
		if (plan_is_cure(p, p->fallbacks[i].slug))
			p->fallbacks[i].over = true;
	return plan_first(r, p->fallbacks, n);
}

static struct candidate *
plan_candidate(struct req *r)
{
	struct candidate *c = plan_cure_left(r);

	if (c != NULL)
		return c;
	while ((c = plan_draw(r->plan)) != NULL)
		if (plan_admits(r, c))
			return c;
	return plan_fallback(r);
}

/*
 * Nobody is left, and nobody was asked: the named one that seemed unable, or
 * of those that are ejected the one whose time ends first.  Or that of which a
 * retry is due: what it was ejected for may be this request's own failures.
 */
static struct candidate *
plan_last_hope(struct plan *p)
{
	struct candidate *c = p->unlikely != NULL ? p->unlikely : p->ejected;

	if (p->last != NULL)
		c = p->insists;
	if (p->forced)
		return NULL;
	p->forced = c != NULL;
	return c;
}

static int
plan_advance(struct req *r)
{
	struct candidate *c = plan_candidate(r);

	if (c == NULL)
		c = plan_last_hope(r->plan);
	if (c == NULL)
		return -1;
	if (c != r->plan->insists) {
		plan_enter(r, c);
		return 1;
	}
	r->plan->now = c;
	candidate_choose(r, c);
	return 1;
}

void
plan_waited(struct req *r)
{
	struct plan *p = r->plan;

	if (p == NULL || p->wait_until_ms == 0)
		return;
	req_wait_until(r, 0);
	p->wait_until_ms = 0;
	r->before_ns += now_mono_ns() - p->waits_since_ns;
}

/*
 * The named model of a request that has no plan: there is nothing to weigh,
 * unless another one could take its place.
 */
static bool
plan_is_plain(struct req *r)
{
	const struct settings *s = r->w->settings;

	if (provider_drained(r->w, r->choice.provider))
		return false;
	return (s->routing_fallback_models.n == 0 &&
		   s->routing_safety_net_model.len == 0 &&
		   !params_has(&r->params, PARAM_fallback_models) &&
		   !params_has(&r->params, PARAM_models)) ||
	       candidate_unable(r, r->choice.model) == NULL;
}

int
plan_next(struct req *r)
{
	struct plan *p = r->plan;

	if (p == NULL && plan_is_plain(r))
		return 1;
	p = plan_of(r);
	if (p->wait_until_ms > now_mono_ms()) {
		req_wait_until(r, p->wait_until_ms);
		return 0;
	}
	plan_waited(r);
	if (!p->again)
		return plan_advance(r);
	p->again = false;
	candidate_choose(r, p->now);
	return 1;
}

void
plan_skip(struct req *r, const char *reason)
{
	static const struct answer none;
	struct plan *p = plan_of(r);

	plan_pass(r, p->now, reason != NULL ? reason : req_err(r)->text);
	p->now = NULL;
	attempt_untold(r);
	rates_forget_target(r);
	r->answer = none;
	r->attempt_error = NULL;
	r->detail = SLICE("");
	r->put_max_tokens = 0;
	r->over_tokens = r->refused_by_budget = r->prepared = false;
}

enum step_result
plan_unasked(struct req *r)
{
	if (r->terms.n_accounts > 0)
		hold_release(&r->w->seat, r->slot);
	rates_leave_target(r, false);
	plan_skip(r, NULL);
	r->step = STEP_choose;
	return STEP_NEXT;
}

void
plan_eject(struct req *r, uint64_t until_ns)
{
	struct plan *p = plan_of(r);

	if (p->ejected == NULL || until_ns < p->ejected_until_ns) {
		p->ejected = p->now;
		p->ejected_until_ns = until_ns;
	}
	err_set(req_err(r), ERR_NO_MODEL,
	    "No model meets the requirements of this request: %.*s: %s",
	    (int)(p->now->slug.n < PLAN_SHOWN ? p->now->slug.n : PLAN_SHOWN),
	    p->now->slug.p, PLAN_EJECTED);
	plan_skip(r, PLAN_EJECTED);
}

/* Nobody could be asked: why the first could not. */
static enum step_result
plan_over_unasked(struct req *r)
{
	const struct plan *p = r->plan;

	if (p != NULL && p->err != NULL) {
		*req_err(r) = *p->err;
		r->answer = p->err_answer;
		r->detail = p->err_detail;
		r->over_tokens = p->err_tokens;
		memcpy(r->rate, p->err_rate, sizeof r->rate);
	}
	if (req_err(r)->kind == ERR_RATE_LIMIT ||
	    req_err(r)->kind == ERR_CONCURRENCY)
		rates_refused(r);
	return req_fail(r);
}

enum step_result
plan_over(struct req *r)
{
	struct plan *p = r->plan;
	const struct plan_last *l = p != NULL ? p->last : NULL;

	if (l == NULL)
		return plan_over_unasked(r);
	r->answer = l->answer;
	r->choice = l->choice;
	r->err = l->err;
	r->provider_error = l->provider_error;
	r->provider_code = l->provider_code;
	r->upstream_error = l->upstream_error;
	r->upstream_request_id = l->upstream_request_id;
	r->upstream_status = l->upstream_status;
	r->attempt_error = l->attempt_error;
	r->usage = l->usage;
	r->has_usage = l->has_usage;
	r->usage_source = l->usage_source;
	memcpy(r->rate, l->rate, sizeof r->rate);
	return STEP_DONE;
}

/* ---- after a failure ---------------------------------------------------- */

static bool
plan_has_other(struct req *r, const struct failure_policy *y)
{
	struct plan *p = r->plan;

	if (!y->fallback && !y->retry)
		return false;
	if (plan_first(r, p->primaries, p->n_primaries) != NULL)
		return true;
	return y->fallback &&
	       (plan_cure_left(r) != NULL || plan_fallback(r) != NULL);
}

bool
plan_tried(struct req *r, uint64_t credential)
{
	struct plan *p = plan_of(r);

	if (p->n_tried == PLAN_CREDENTIALS)
		return false;
	p->tried[p->n_tried++] = credential;
	return true;
}

/* Is there another credential of this provider, not refused so far? */
static bool
plan_other_credential(struct req *r)
{
	struct plan *p = r->plan;
	struct choice asked = r->choice;
	int got;

	if (!plan_tried(r, credential_id(asked.credential)))
		return false;
	got = credential_choose(r, p->now->credentials, p->tried, p->n_tried);
	r->choice = asked;
	return got == 1;
}

/* A retry that is counted; how long it waits first, -1: there is none. */
static int64_t
plan_retry_ms(struct req *r, bool limited)
{
	const struct settings *s = r->w->settings;
	struct plan *p = r->plan;
	struct retry_rules rules = p->rules;

	if (limited)
		retry_rules_rate_limit(s, &p->rules, &rules);
	if (!rules.enabled || p->retries >= rules.retries)
		return -1;
	p->retries++;
	return retry_wait_ms(s, &rules, p->retries, r->answer.retry_after_ms,
	    (uint32_t)random_draw(), now_mono_ms(), r->deadline_ms);
}

/* *wait_ms_r: before it.  routing.md 5.1 to 5.3. */
static enum plan_turn
plan_turn_of(struct req *r, const struct failure *f,
    const struct failure_policy *y, int64_t *wait_ms_r)
{
	bool limited = f->kind == FAILURE_STATUS && f->status == 429;

	*wait_ms_r = 0;
	r->plan->no_net = y->fallback && !y->net;
	if (f->kind == FAILURE_STATUS && plan_cure(r, f->status))
		return PLAN_OTHER;
	/* The provider knows what came before, and only under this name. */
	if (client_goes_on(r)) {
		if (y->retry)
			*wait_ms_r = plan_retry_ms(r, limited);
		return y->retry && *wait_ms_r >= 0 ? PLAN_AGAIN : PLAN_END;
	}
	/* Noted for a retry, too: it prefers one that did not fail. */
	if (plan_other_credential(r) && y->other_first)
		return PLAN_AGAIN;
	/* Waiting is for who has nobody else. */
	if (y->fallback_first && plan_has_other(r, y))
		return PLAN_OTHER;
	if (y->retry && (*wait_ms_r = plan_retry_ms(r, limited)) >= 0)
		return PLAN_AGAIN;
	*wait_ms_r = 0;
	return plan_has_other(r, y) ? PLAN_OTHER : PLAN_END;
}

/* What the client is told if it was the last after all. */
static void
plan_keep_last(struct req *r)
{
	struct plan *p = r->plan;
	struct plan_last *l = p->last;

	if (l == NULL)
		l = p->last = pool_alloc(r->pool, sizeof *l);
	*l = (struct plan_last){ .answer = r->answer,
		.choice = r->choice,
		.err = r->err,
		.provider_code = pool_copy(r->pool, r->provider_code),
		.upstream_error = r->upstream_error,
		.upstream_request_id = r->upstream_request_id,
		.upstream_status = r->upstream_status,
		.attempt_error = r->attempt_error,
		.usage = r->usage,
		.has_usage = r->has_usage,
		.usage_source = r->usage_source };
	memcpy(l->rate, r->rate, sizeof r->rate);
	if (l->answer.retry_after_ms > ATTEMPT_WISH_MAX_MS)
		l->answer.retry_after_ms = ATTEMPT_WISH_MAX_MS;
	for (unsigned i = 0; i < l->answer.n_pieces; i++)
		l->answer.pieces[i] = pool_copy(r->pool, l->answer.pieces[i]);
	if (r->provider_error == NULL)
		return;
	l->provider_error = pool_alloc(r->pool, sizeof *r->provider_error);
	*(struct relay_error *)(uintptr_t)l->provider_error =
	    *r->provider_error;
}

/* Why this model was left: "503: The server is overloaded". */
static void
plan_warn_failed(struct req *r)
{
	char reason[PLAN_REASON_MAX];

	if ((r->finish & RELAY_CONTENT_FILTER) != 0)
		snprintf(reason, sizeof reason, "content_filter");
	else if (r->upstream_status >= 400)
		snprintf(reason, sizeof reason, "%d: %.128s",
		    r->upstream_status, r->err->text);
	else
		snprintf(reason, sizeof reason, "%.16s: %.128s",
		    r->attempt_error != NULL ? r->attempt_error : "error",
		    r->err->text);
	plan_warn(r, r->choice.slug, reason);
}

static bool
plan_go(struct req *r, enum plan_turn turn, int64_t wait_ms)
{
	struct plan *p = r->plan;

	if (!attempt_close(r,
		turn == PLAN_AGAIN ? ATTEMPT_RETRY : ATTEMPT_FALLBACK))
		return false;
	plan_keep_last(r);
	if (turn == PLAN_OTHER) {
		plan_warn_failed(r);
		p->now->over = true;
	}
	p->again = turn == PLAN_AGAIN;
	p->insists = p->again && wait_ms > 0 ? p->now : NULL;
	p->wait_us = wait_ms * 1000;
	p->waits_since_ns = now_mono_ns();
	p->wait_until_ms = wait_ms > 0 ? now_mono_ms() + (uint64_t)wait_ms : 0;
	attempt_forget(r);
	r->step = STEP_choose;
	req_wake(r);
	return true;
}

bool
plan_has_asked(const struct plan *p, struct slice slug)
{
	const struct {
		const struct candidate *list;
		unsigned n;
	} all[] = { { p->primaries, p->n_primaries },
		{ p->fallbacks, p->n_fallbacks }, { p->cures, p->n_cures } };

	for (size_t k = 0; k < sizeof all / sizeof *all; k++)
		for (unsigned i = 0; i < all[k].n; i++)
			if (all[k].list[i].over &&
			    slice_eq(all[k].list[i].slug, slug))
				return true;
	return p->now != NULL && slice_eq(p->now->slug, slug);
}

static bool
plan_may_go_on(const struct req *r)
{
	unsigned most = (unsigned)r->w->settings->routing_max_attempts;

	return !r->released && r->attempts > 0 && r->attempts < most &&
	       r->deadline_ms > now_mono_ms();
}

bool
plan_leave(struct req *r)
{
	r->plan->no_net = false;
	return plan_may_go_on(r) && plan_go(r, PLAN_OTHER, 0);
}

/* Only a larger window can take it then (providers.md 8.2). */
static void
plan_note_length(struct req *r, const struct failure *f)
{
	const struct settings_model *m = r->choice.model;

	if (f->kind != FAILURE_STATUS || !plan_is_too_long(r, f->status))
		return;
	r->attempt_error = "context_length";
	if (m != NULL && m->context > plan_of(r)->too_small)
		r->plan->too_small = m->context;
}

bool
plan_failed(struct req *r, enum failure_kind kind, int status)
{
	const struct credential *c = r->choice.credential;
	struct failure f = { .kind = kind,
		.status = status,
		.callers_credential = c != NULL && c->callers };
	struct failure_policy y;
	enum plan_turn turn;
	int64_t wait_ms;

	failure_policy(r->w->settings, &f, &y);
	attempt_bad(r, &f, &y);
	plan_note_length(r, &f);
	if (!plan_may_go_on(r))
		return false;
	plan_of(r);
	turn = plan_turn_of(r, &f, &y, &wait_ms);
	return turn != PLAN_END && plan_go(r, turn, wait_ms);
}

bool
plan_repeat(struct req *r, const char *class)
{
	plan_of(r);
	r->attempt_error = class;
	if (!attempt_close(r, ATTEMPT_RETRY))
		return false;
	r->plan->again = true;
	r->plan->wait_us = 0;
	attempt_forget(r);
	r->step = STEP_choose;
	req_wake(r);
	return true;
}
