#include "worker/attempt.h"

#include "base/clock.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/decode.h"
#include "dialect/encode.h"
#include "proto/record_detail.h"
#include "proto/relay.h"
#include "shm/stats.h"
#include "worker/counters.h"
#include "worker/credential.h"
#include "worker/health.h"
#include "worker/money.h"
#include "worker/plan.h"
#include "worker/rates.h"
#include "worker/relay_stream.h"
#include "worker/source.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

const struct slice attempt_outcome_names[ATTEMPT_OUTCOMES] = {
	[ATTEMPT_OK] = { "ok", 2 },
	[ATTEMPT_RETRY] = { "retry", 5 },
	[ATTEMPT_FALLBACK] = { "fallback", 8 },
	[ATTEMPT_END] = { "end", 3 },
	[ATTEMPT_CLIENT_GONE] = { "client_gone", 11 },
};

static void
attempt_gauge(struct req *r, int64_t n)
{
	struct worker *w = r->w;

	stats_add(w->segment, w->stats_area, r->choice.target->inflight_cell,
	    n);
}

/* The model's own, else the provider's. */
static int64_t
attempt_time(int64_t of_model, int64_t of_provider)
{
	return of_model > 0 ? of_model : of_provider > 0 ? of_provider : 0;
}

void
attempt_times(const struct req *r, struct attempt_times *t_r)
{
	static const struct settings_model none;
	const struct settings_provider *p = r->choice.target->provider;
	const struct settings_model *m =
	    r->choice.model != NULL ? r->choice.model : &none;

	t_r->first_byte_ms =
	    attempt_time(m->first_byte_timeout_ms, p->first_byte_timeout_ms);
	t_r->idle_ms = attempt_time(m->idle_timeout_ms, p->idle_timeout_ms);
	t_r->total_ms =
	    r->stream ? attempt_time(m->stream_timeout_ms, p->stream_timeout_ms)
		      : attempt_time(m->timeout_ms, p->timeout_ms);
}

/* What followed the last one is known: into metrics and record. */
static void
attempt_followed(struct req *r, enum attempt_outcome how)
{
	struct plan *p = r->plan;

	if (p == NULL || p->ended == NULL)
		return;
	p->ended->outcome = attempt_outcome_names[how];
	record_attempts_add(&p->attempts, p->ended);
	counters_attempt(r->w->counters, p->ended, how);
	p->ended = NULL;
}

void
attempt_over(struct req *r)
{
	attempt_followed(r, r->client_gone ? ATTEMPT_CLIENT_GONE : ATTEMPT_END);
}

void
attempt_begin(struct req *r)
{
	if (r->plan != NULL)
		attempt_followed(r, r->plan->ended_how);
	r->attempts++;
	r->asked_ns = now_fresh_ns();
	r->in_flight = !params_has(&r->params, PARAM_mock_response);
	if (r->in_flight)
		attempt_gauge(r, 1);
}

uint64_t
attempt_own_ns(const struct req *r, uint64_t now_ns)
{
	uint64_t own = now_ns - r->arrived_ns - r->before_ns;

	if (r->asked_ns != 0)
		own -= (r->ended_ns != 0 ? r->ended_ns : now_ns) - r->asked_ns;
	return own;
}

void
attempt_end(struct req *r)
{
	if (r->in_flight)
		attempt_gauge(r, -1);
	r->in_flight = false;
}

static struct slice
attempt_host(const struct req *r)
{
	if (r->choice.target == NULL || r->choice.target->demo)
		return SLICE("");
	if (r->choice.credential != NULL)
		return r->choice.credential->base.host;
	return settings_str(r->w->settings,
	    r->choice.target->provider->base.host);
}

static int64_t
attempt_us(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (int64_t)((to_ns - from_ns) / 1000) : 0;
}

/* Whose name it was made in. */
static void
attempt_pack_credential(const struct req *r, struct record_attempt *a)
{
	const struct credential *k = r->choice.credential;

	if (k == NULL)
		return;
	a->deployment = k->name;
	a->credential_id = k->stored_id;
	a->credential_source = credential_source_names[k->source];
}

/* What went wrong with the call, or what the provider said. */
static struct slice
attempt_error_message(const struct req *r)
{
	if (r->upstream_error.n > 0 || r->attempt_error == NULL)
		return r->upstream_error;
	return slice_str(r->err->text);
}

static void
attempt_figures(struct req *r, struct record_attempt *a)
{
	struct usage_figures f;

	*a = (struct record_attempt){
		.n = r->attempts,
		.started_us =
		    r->arrived_us + attempt_us(r->arrived_ns, r->asked_ns),
		.duration_us = attempt_us(r->asked_ns, r->ended_ns),
		.connect_us = attempt_us(r->asked_ns, r->ready_ns),
		.first_byte_us = attempt_us(r->asked_ns, r->first_ns),
		.wait_us = r->plan != NULL ? r->plan->wait_us : 0,
		.retry_after_ms =
		    r->answer.retry_after_ms > 0 ? r->answer.retry_after_ms : 0,
		.status = r->upstream_status,
		.reused = r->reused,
		.hold_nano = r->bound.cost_nano,
		.charge_nano = r->cost_nano,
		.model = r->choice.slug,
		.provider = attempt_provider(r),
		.upstream_host = attempt_host(r),
		.upstream_model = r->choice.upstream_model,
		.error_message = attempt_error_message(r),
		.upstream_request_id = r->upstream_request_id,
	};

	usage_sum(&r->usage, &f);
	a->prompt_tokens = f.prompt;
	a->completion_tokens = f.completion;
	attempt_pack_credential(r, a);
	if (r->attempt_error != NULL)
		a->error_class = slice_str(r->attempt_error);
}

void
attempt_pack_all(struct req *r, struct sbuf *packed)
{
	struct record_attempt a;

	if (r->plan != NULL)
		sbuf_add_slice(packed, sbuf_slice(&r->plan->attempts));
	if (r->attempts == r->retried)
		return;
	attempt_figures(r, &a);
	a.outcome = attempt_outcome_names[attempt_outcome(r)];
	record_attempts_add(packed, &a);
}

/* The slot is free again, or was never there. */
static bool
attempt_settle(struct req *r)
{
	if (r->ended_ns == 0)
		r->ended_ns = now_mono_ns();
	money_price(r);
	return money_settle(r);
}

bool
attempt_close(struct req *r, enum attempt_outcome how)
{
	struct plan *p = r->plan;

	attempt_end(r);
	if (!attempt_settle(r))
		return false;
	p->ended = pool_alloc(r->pool, sizeof *p->ended);
	attempt_figures(r, p->ended);
	p->ended_how = how;
	r->retried++;
	r->spent_nano += r->cost_nano;
	r->spent_charge_nano += r->charge_nano;
	r->spent_suspense_nano += r->charge_suspense_nano;
	r->cost_nano = r->suspense_nano = 0;
	r->charge_nano = r->charge_suspense_nano = 0;
	r->sent = r->sent_bytes = false;
	r->outcome = OUTCOME_NONE;
	rates_leave_target(r, true);
	r->slot = hold_open(&r->w->seat, r->id, r->arrived_us, r->counter);
	return r->slot != SLOT_NONE;
}

/* Of a stream: nothing of it has left. */
static void
attempt_forget_stream(struct req *r)
{
	if (r->relay != NULL)
		relay_stream_count(r->w, -1);
	relay_free(&r->relay);
	relay_free(&r->ready);
	decode_free(&r->decode);
	encode_free(&r->encode);
	if (r->raw != NULL)
		sbuf_clear(r->raw);
	if (r->held != NULL)
		sbuf_clear(r->held);
}

void
attempt_forget(struct req *r)
{
	static const struct answer none;

	attempt_untold(r);
	rates_forget_target(r);
	source_cancel(&r->source);
	attempt_forget_stream(r);
	if (r->ended_ns > r->asked_ns)
		r->before_ns += r->ended_ns - r->asked_ns;
	r->answer = none;
	r->err = &r->w->no_err;
	r->provider_error = NULL;
	r->provider_code = r->upstream_error = SLICE("");
	r->upstream_request_id = r->response_model = SLICE("");
	r->upstream_status = 0;
	r->attempt_error = NULL;
	r->asked_ns = r->first_ns = r->ended_ns = r->ready_ns = 0;
	r->usage = (struct usage){ 0 };
	r->usage_source = "none";
	r->has_usage = r->thought = r->write_usage = false;
	r->head_usage = NULL;
	r->call_info = NULL;
	r->in_tokens = 0;
	r->text_bytes = r->events_seen = r->moved_ms = 0;
	r->finish = 0;
	r->tool_calls = r->declined = r->whole = false;
	r->token = SLICE("");
	r->prepared = r->fresh = r->reused = r->done = false;
	r->put_max_tokens = 0;
}

void
attempt_untold(struct req *r)
{
	if (r->probes)
		health_unknown(r->w, r->health);
	r->probes = false;
}

void
attempt_good(struct req *r)
{
	r->probes = false;
	if (r->health != HEALTH_NONE)
		health_good(r->w, r->health,
		    r->first_ns > r->asked_ns ? r->first_ns - r->asked_ns : 0,
		    now_mono_ns());
}

void
attempt_bad(struct req *r, const struct failure *f,
    const struct failure_policy *policy)
{
	uint64_t now_ns = now_mono_ns();
	int64_t wish_ms = r->answer.retry_after_ms;

	if (r->health == HEALTH_NONE)
		return;
	if (wish_ms > ATTEMPT_WISH_MAX_MS)
		wish_ms = ATTEMPT_WISH_MAX_MS;
	if (policy->locks)
		health_locked(r->w, r->health, now_ns);
	else if (policy->counts)
		health_bad(r->w, r->health, now_ns);
	else if (f->kind == FAILURE_STATUS && f->status == 429 && wish_ms > 0)
		health_wish(r->w, r->health,
		    now_ns + (uint64_t)wish_ms * 1000000);
	else
		attempt_untold(r);
	r->probes = false;
}

enum attempt_outcome
attempt_outcome(const struct req *r)
{
	if (r->client_gone)
		return ATTEMPT_CLIENT_GONE;
	return r->attempt_error == NULL && r->err->kind == ERR_NONE
	           ? ATTEMPT_OK
	           : ATTEMPT_END;
}

struct slice
attempt_provider(const struct req *r)
{
	static const struct slice respan = { "respan", 6 },
				  demo = { "demo", 4 };

	if (r->cache.state == CACHE_HIT || r->cache.state == CACHE_COLLAPSED)
		return respan;
	if (r->choice.target == NULL)
		return SLICE("");
	if (params_has(&r->params, PARAM_mock_response))
		return demo;
	return settings_str(r->w->settings, r->choice.target->provider->name);
}
