/* plan_failed - what a failure leads to: routing.md 5, 6. */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/settings.h"
#include "proto/relay.h"
#include "worker/client_dialect.h"
#include "worker/credential.h"
#include "worker/plan_priv.h"
#include "worker/worker_priv.h"

#define PLAN_REASON_MAX 160

/* What follows a failure. */
enum plan_turn {
	PLAN_END,
	PLAN_AGAIN, /* the same model, perhaps by another credential */
	PLAN_OTHER, /* another entry of the draw, or the next fallback */
};

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
