/* plan_next - who is asked: routing.md 2, 3, 5.1. */
#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/rare.h"
#include "base/settings.h"
#include "worker/health.h"
#include "worker/needs.h"
#include "worker/plan_priv.h"
#include "worker/rates.h"
#include "worker/worker_priv.h"

#define PLAN_SHOWN 200
#define PLAN_UNPINNED "Not served by the provider that is asked for."
#define PLAN_FORBIDDEN "Not permitted for this key."
#define PLAN_EJECTED "Ejected after failures."

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

/* By weight among those that are left; NULL: none is. */
static RARE struct candidate *
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
	r->token_retried = false;
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
struct candidate *
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

struct candidate *
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
	if (r->n_accounts > 0)
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

RARE enum step_result
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
