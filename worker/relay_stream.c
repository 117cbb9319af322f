#include "worker/relay_stream.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "base/warm.h"
#include "net/server.h"
#include "dialect/decode.h"
#include "proto/relay.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/client_dialect.h"
#include "worker/log_body.h"
#include "worker/money.h"
#include "worker/plan.h"
#include "worker/relay_whole.h"
#include "worker/source.h"
#include "worker/targets.h"
#include "worker/translate.h"
#include "worker/worker_priv.h"

#define STREAM_HELD_MAX (256 * 1024) /* held back without content */
#define STREAM_IDLES 3               /* idle times without an event */
#define STREAM_PENDING_MAX ((size_t)256 * 1024)

struct slice
relay_stream_mint_id(struct req *r)
{
	char text[9 + HEX_UUID_SIZE] = "chatcmpl-";

	hex_uuid(r->id, text + 9);
	return pool_copy(r->pool, slice_str(text));
}

void
relay_stream_count(struct worker *w, int n)
{
	w->n_streams += (unsigned)n;
	atomic_store_explicit(&w->seat.seat->figures.streams, w->n_streams,
	    memory_order_relaxed);
}

static struct relay *
stream_relay(struct req *r)
{
	const struct settings_provider *p = r->choice.target->provider;
	struct relay_opts o = {
		.quirks = p->quirks,
		.end = p->end,
		/* Other dialects tell the usage unasked. */
		.include_usage =
		    params_wants_usage(&r->params) || r->inbound != NULL,
		.usage_as_is = relay_usage_passes(r),
		.keep_message =
		    params_bool(&r->params, PARAM_request_breakdown),
		.id = relay_stream_mint_id(r),
		.model = r->choice.upstream_model,
		.created = now_real_us() / 1000000,
	};

	if (params_bool(&r->params, PARAM_echo))
		o.prompt_message = params_json(&r->params, PARAM_messages);
	/* What another dialect's stream is made into is strict already. */
	if (r->dialect != NULL) {
		o.quirks = 0;
		o.end = END_DONE;
		o.usage_as_is = false;
	}
	return relay_new(&o);
}

/* It has as much time for it as the provider takes: the first byte has not. */
void
relay_stream_prepare(struct req *r)
{
	r->ready = stream_relay(r);
	answer_prepare_stream(r);
	warm_answer();
}

void
relay_stream_begin(struct req *r)
{
	if (r->ready == NULL)
		r->ready = stream_relay(r);
	r->relay = r->ready;
	r->ready = NULL;
	if (r->dialect != NULL)
		r->decode = translate_begin(r, relay_stream_mint_id(r));
	client_begin(r);
	relay_stream_count(r->w, 1);
}

void
relay_stream_take_state(struct req *r)
{
	const struct relay_state *s;

	if (r->relay == NULL)
		return;
	s = relay_state(r->relay);
	r->has_usage = s->usage != NULL;
	if (s->usage != NULL)
		r->usage = *s->usage;
	translate_take_state(r);
	r->text_bytes = s->text_bytes;
	r->finish = s->finish;
	r->tool_calls = s->tool_calls;
	r->declined = s->refusal;
	r->response_model = pool_copy(r->pool, relay_model(r->relay));
}

/* For a worker that dies: what its orphan is charged by. */
static void
stream_progress(struct req *r)
{
	const struct relay_state *s = relay_state(r->relay);

	if (r->sent)
		hold_progress(&r->w->seat, r->slot,
		    bound_estimate_tokens(r->bound_request.body_bytes),
		    bound_estimate_tokens((int64_t)s->text_bytes));
}

static size_t
stream_held_bytes(const struct req *r)
{
	return r->held != NULL ? r->held->len : 0;
}

static void
stream_hold_back(struct req *r, const struct relay_out *out)
{
	struct sbuf *b = req_held(r);

	for (size_t i = 0; i < out->n; i++)
		sbuf_add_slice(b, out->slices[i]);
}

/* Without content; of a native stream both what is sent and what it says. */
static bool
stream_is_much(const struct req *r, size_t bytes)
{
	size_t raw = r->raw != NULL ? r->raw->len : 0;

	return bytes + raw > STREAM_HELD_MAX;
}

static void
stream_keepalive_set(struct req *r)
{
	req_wait_until(r,
	    now_mono_ms() + (uint64_t)r->w->settings->stream_keepalive_ms);
}

/* Send what out has; stop the provider when the client is slow. */
static void
stream_send(struct req *r)
{
	if (r->w->out.n == 0 && !r->native)
		return;
	log_body_stream(r, &r->w->out);
	/* Nobody reads it, but others wait for the whole. */
	if (r->x == NULL && r->raw != NULL)
		sbuf_clear(r->raw);
	if (r->x == NULL)
		return;
	client_frames(r, &r->w->out);
	answer_write_out(r);
	r->wrote_ms = now_mono_ms();
	stream_keepalive_set(r);
	if (r->x != NULL && !r->paused &&
	    exchange_pending(r->x) > STREAM_PENDING_MAX) {
		r->paused = true;
		source_pause(r->source);
	}
}

/* The answer begins. */
static void
stream_open(struct req *r)
{
	r->released = true;
	r->released_ns = now_mono_ns();
	r->answer.kind = ANSWER_STREAM;
	if (r->x != NULL)
		answer_begin_stream(r);
}

/* What was held back leaves. */
static void
stream_release(struct req *r)
{
	struct relay_out *out = &r->w->out;
	struct sbuf *b = req_held(r);

	stream_open(r);
	if (b->len > 0) {
		relay_out_clear(out);
		relay_out_borrow(out, sbuf_slice(b));
		stream_send(r);
		sbuf_free(b);
	}
}

/* The provider said itself that it failed, or stopped in the middle. */
static void
stream_broken(struct req *r, const char *class, enum failure_kind kind)
{
	const struct relay_error *said = relay_error_of(r->relay);

	relay_stream_take_state(r);
	source_cancel(&r->source);
	r->ended_ns = now_mono_ns();
	if (said != NULL) {
		r->provider_error = said;
		r->provider_code = slice_str(said->code);
		err_set(req_err(r), ERR_UPSTREAM_STREAM, "%.*s",
		    SLICE_ARGS(relay_redact(r, slice_str(said->message))));
		class = "in_stream_error";
		kind = FAILURE_STATUS;
	} else {
		err_set(req_err(r), ERR_UPSTREAM_STREAM,
		    "The provider's stream ended unexpectedly.");
	}
	/* An error before any output costs nothing (money.md 9). */
	relay_fail(r,
	    said != NULL && r->text_bytes == 0 ? OUTCOME_ERROR : OUTCOME_CUT,
	    class, kind, said != NULL ? said->status : 0);
}

/* The bytes that came, or what they are in chat.  0 or -1. */
static int
stream_feed(struct req *r, struct slice bytes, struct relay_out *out,
    struct err *e)
{
	struct sbuf *chat = &r->w->decoded;
	int decoded;

	if (r->decode == NULL)
		return relay_feed(r->relay, bytes, out, e);
	sbuf_clear(chat);
	decoded = decode_feed(r->decode, bytes, chat, e);
	return relay_feed(r->relay, sbuf_slice(chat), out, e) == 0 ? decoded
	                                                           : -1;
}

/* Enough of it is there, or too much without content (routing.md 8.2). */
static bool
stream_may_release(const struct req *r, size_t bytes)
{
	const struct relay_state *s = relay_state(r->relay);
	uint64_t least = (uint64_t)r->w->settings->stream_prerelease_bytes;

	/* A filter's work is another model's, where there is one for it. */
	if (s->text_bytes == 0 && (s->finish & RELAY_CONTENT_FILTER) != 0 &&
	    plan_wants_filtered(r))
		return false;
	return (s->has_content && bytes >= least) || stream_is_much(r, bytes);
}

/* What came is held back, or leaves with all that was. */
static void
stream_try_release(struct req *r, const struct relay_out *out)
{
	uint64_t most_ms = (uint64_t)r->w->settings->stream_prerelease_time_ms;
	size_t held = stream_held_bytes(r), bytes = held + out->bytes;
	bool may = stream_may_release(r, bytes);

	/* The first content, nearly always: none of it was held back. */
	if (may && held == 0) {
		stream_open(r);
		stream_send(r);
		return;
	}
	stream_hold_back(r, out);
	if (may)
		stream_release(r);
	else if (most_ms > 0)
		req_wait_until(r, r->first_ns / 1000000 + most_ms);
}

/* Comments and pings alone keep no stream alive (routing.md 8.1). */
static bool
stream_stalls(struct req *r)
{
	const struct relay_state *s = relay_state(r->relay);
	struct attempt_times times;
	uint64_t now = now_mono_ms();

	if (s->events != r->events_seen || r->moved_ms == 0) {
		r->events_seen = s->events;
		r->moved_ms = now;
		return false;
	}
	attempt_times(r, &times);
	return times.idle_ms > 0 &&
	       now - r->moved_ms > STREAM_IDLES * (uint64_t)times.idle_ms;
}

static void
stream_stalled(struct req *r)
{
	relay_stream_take_state(r);
	source_cancel(&r->source);
	r->ended_ns = now_mono_ns();
	err_set(req_err(r), ERR_UPSTREAM_TIMEOUT,
	    "The provider's stream ended unexpectedly.");
	relay_fail(r, OUTCOME_CUT, "timeout_idle", FAILURE_IDLE, 0);
}

void
relay_stream_data(struct req *r, struct slice bytes)
{
	struct relay_out *out = &r->w->out;
	const struct relay_state *s = relay_state(r->relay);
	struct err e;
	int got;

	relay_out_clear(out);
	got = stream_feed(r, bytes, out, &e);
	relay_out_seal(out);
	stream_progress(r);
	if (r->released)
		stream_send(r);
	else if (!s->has_error && got == 0)
		stream_try_release(r, out);
	if (s->has_error)
		stream_broken(r, "in_stream_error", FAILURE_STATUS);
	else if (got != 0)
		stream_broken(r, "malformed", FAILURE_MALFORMED);
	else if (stream_stalls(r))
		stream_stalled(r);
}

/* Nothing of it was released: what it was cannot be told any more. */
static bool
stream_is_filtered(struct req *r)
{
	struct slice name =
	    settings_str(r->w->settings, r->choice.target->provider->name);

	if (r->released || (r->finish & RELAY_CONTENT_FILTER) == 0 ||
	    !plan_wants_filtered(r))
		return false;
	err_set(req_err(r), ERR_UPSTREAM_INVALID,
	    "The content filter of provider %.*s refused the request.",
	    SLICE_ARGS(name));
	req_fail(r);
	if (plan_filtered(r))
		return true;
	r->err = &r->w->no_err;
	r->answer.kind = ANSWER_NONE;
	return false;
}

/* The frames behind the last content: kept until the money is settled. */
static void
stream_finish(struct req *r)
{
	struct relay_out *out = &r->w->out;
	struct sbuf message = { 0 };
	struct slice breakdown = SLICE("");
	struct sbuf *b;

	relay_stream_take_state(r);
	r->outcome = r->has_usage ? OUTCOME_USAGE : OUTCOME_NO_USAGE;
	money_price(r);
	attempt_good(r);
	if (stream_is_filtered(r))
		return;
	if (params_bool(&r->params, PARAM_request_breakdown))
		relay_message(r->relay, &message);
	if (client_takes_breakdown(r))
		breakdown = relay_breakdown(r, sbuf_slice(&message));
	sbuf_free(&message);
	relay_close(breakdown, out);
	relay_out_seal(out);
	log_body_stream(r, out);
	/* What was never released goes out with the end, in one piece. */
	b = req_held(r);
	stream_hold_back(r, out);
	client_last_frames(r, b);
	if (!r->released && r->x != NULL)
		answer_begin_stream(r);
	r->released = true;
	r->answer.kind = ANSWER_STREAM;
	r->answer.pieces[0] = sbuf_slice(b);
	r->answer.n_pieces = 1;
	r->done = true;
	req_run(r);
}

/* No usage came: the chunk that was asked for holds the estimate. */
static void
stream_estimate(struct req *r)
{
	const struct relay_state *s = relay_state(r->relay);
	struct usage u;

	if (s->usage != NULL || !(params_wants_usage(&r->params) || r->inbound))
		return;
	usage_of_totals(&u, bound_estimate_tokens(r->bound_request.body_bytes),
	    bound_estimate_tokens((int64_t)s->text_bytes));
	relay_set_usage(r->relay, &u, false);
}

/* The last words of another dialect, and the usage in its own figures. */
static void
stream_decode_end(struct req *r, struct relay_out *out)
{
	struct sbuf *chat = &r->w->decoded;
	struct decode_state s;
	struct err e;

	if (r->decode == NULL)
		return;
	sbuf_clear(chat);
	/* What is malformed has no end, and is cut. */
	if (decode_end(r->decode, chat, &e) == 0)
		relay_feed(r->relay, sbuf_slice(chat), out, &e);
	decode_state(r->decode, &s);
	if (s.has_usage)
		relay_set_usage(r->relay, &s.usage, true);
}

void
relay_stream_end(struct req *r)
{
	struct relay_out *out = &r->w->out;

	r->ended_ns = now_mono_ns();
	relay_out_clear(out);
	stream_decode_end(r, out);
	stream_estimate(r);
	if (relay_finish(r->relay, true, out) == RELAY_COMPLETE)
		stream_finish(r);
	else
		stream_broken(r, "cut", FAILURE_CUT);
}

void
relay_stream_tick(struct req *r)
{
	uint64_t now = now_mono_ms();
	struct relay_out *out = &r->w->out;

	if (!r->released) {
		if (stream_held_bytes(r) > 0)
			stream_release(r);
		return;
	}
	if (r->x == NULL)
		return;
	if (now - r->wrote_ms >=
	    (uint64_t)r->w->settings->stream_keepalive_ms) {
		relay_out_clear(out);
		client_idle(r, out);
		answer_write_out(r);
		r->wrote_ms = now;
	}
	stream_keepalive_set(r);
}

void
relay_stream_drained(struct req *r)
{
	if (!r->paused)
		return;
	r->paused = false;
	source_resume(r->source);
}
