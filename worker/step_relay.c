/*
 * relay - what the source says, on its way to the client.
 *
 * A body that is not streamed, and every error, is collected and read as a
 * whole; a stream goes through proto/relay event by event.  Nothing of a
 * stream is released before its first content (routing.md 8.2): until then a
 * failure is an error with its own status.
 */
#include "base/clock.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/decode.h"
#include "net/http1.h"
#include "proto/errbody.h"
#include "proto/relay.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/plan.h"
#include "worker/relay_stream.h"
#include "worker/relay_whole.h"
#include "worker/req.h"
#include "worker/source.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

/*
 * Behind the request itself, which leaves at the end of this turn: what is
 * woken now comes after it, and still before the provider's first word.
 */
static void
relay_prepare(struct req *r)
{
	if (r->prepares) {
		relay_stream_prepare(r);
		return;
	}
	r->prepares = true;
	req_wake(r);
}

enum step_result
step_relay_run(struct req *r)
{
	if (r->done)
		return r->answer.kind == ANSWER_NONE ? STEP_DONE : STEP_NEXT;
	if (r->relay != NULL)
		relay_stream_tick(r);
	else if (r->stream && r->ready == NULL)
		relay_prepare(r);
	return STEP_WAIT;
}

void
step_relay_cancel(struct req *r)
{
	relay_abandon(r);
	source_cancel(&r->source);
}

static void
relay_say(struct req *r, enum err_kind kind)
{
	struct slice name =
	    settings_str(r->w->settings, r->choice.target->provider->name);
	uint64_t s = (now_mono_ns() - r->asked_ns) / 1000000000;
	bool begun = r->relay != NULL && kind != ERR_UPSTREAM_TIMEOUT;

	if (r->released || begun)
		err_set(req_err(r),
		    kind == ERR_UPSTREAM_TIMEOUT ? kind : ERR_UPSTREAM_STREAM,
		    "The provider's stream ended unexpectedly.");
	else if (kind == ERR_UPSTREAM_CONNECT)
		err_set(req_err(r), kind, "Could not connect to provider %.*s.",
		    SLICE_ARGS(name));
	else if (kind == ERR_UPSTREAM_TIMEOUT)
		err_set(req_err(r), kind,
		    "Provider %.*s did not answer within %u s.",
		    SLICE_ARGS(name), (unsigned)s);
	else
		err_set(req_err(r), kind,
		    "Provider %.*s sent an invalid response.",
		    SLICE_ARGS(name));
}

/*
 * An answer that began and did not end.  Of a whole body nothing has been
 * read, so that nobody knows how much output it had (routing.md 5.2).
 */
static enum outcome
relay_outcome_half(const struct req *r)
{
	if (r->upstream_status >= 400)
		return OUTCOME_ERROR;
	return r->whole ? OUTCOME_UNKNOWN : OUTCOME_CUT;
}

/* Was every byte of the request given to the kernel? */
static bool
relay_all_sent(const struct req *r)
{
	struct call_info info;

	if (r->source == NULL || r->source->ops->info == NULL)
		return true;
	r->source->ops->info(r->source, &info);
	return info.sent;
}

static enum outcome
relay_outcome_abandoned(const struct req *r)
{
	if (r->first_ns != 0 || r->upstream_status >= 400)
		return relay_outcome_half(r);
	/* What is not whole cannot be answered, nor billed (money.md 9). */
	if (r->upstream_status == 0 && !relay_all_sent(r))
		return OUTCOME_NONE;
	return OUTCOME_UNKNOWN;
}

/* The deadline of the whole, in the words of api.md 9.4. */
static void
relay_say_deadline(struct req *r)
{
	relay_say(r, ERR_UPSTREAM_TIMEOUT);
	req_keep_err(r);
	r->attempt_error = "timeout_total";
}

void
relay_abandon(struct req *r)
{
	if (r->done)
		return;
	if (r->err->kind == ERR_UPSTREAM_TIMEOUT)
		relay_say_deadline(r);
	if (!r->sent_bytes)
		return;
	if (r->ended_ns == 0)
		r->ended_ns = now_mono_ns();
	if (r->outcome == OUTCOME_NONE)
		r->outcome = relay_outcome_abandoned(r);
	if (r->relay != NULL)
		relay_stream_take_state(r);
}

static void
relay_note(struct req *r, enum outcome outcome, const char *class)
{
	r->outcome = outcome;
	r->attempt_error = class;
	if (r->ended_ns == 0)
		r->ended_ns = now_mono_ns();
	req_fail(r);
}

static void
relay_done(struct req *r)
{
	r->done = true;
	req_run(r);
}

void
relay_fail(struct req *r, enum outcome outcome, const char *class,
    enum failure_kind kind, int status)
{
	relay_note(r, outcome, class);
	if (!plan_failed(r, kind, status))
		relay_done(r);
}

void
relay_refuse(struct req *r, const char *class)
{
	relay_note(r, OUTCOME_NONE, class);
	relay_done(r);
}

void
source_ready(struct req *r)
{
	r->sent_bytes = true;
	/* In the turn that asked: over a connection that was there. */
	r->ready_ns =
	    now_mono_ns() > r->asked_ns ? now_fresh_ns() : r->asked_ns;
	if (r->n_accounts == 0)
		return;
	hold_sent(&r->w->seat, r->slot);
	r->sent = true;
}

static void
relay_refuse_head(struct req *r)
{
	source_cancel(&r->source);
	relay_say(r, ERR_UPSTREAM_INVALID);
	relay_fail(r, OUTCOME_UNKNOWN, "malformed", FAILURE_MALFORMED, 0);
}

void
source_head(struct req *r, const struct source_head *h)
{
	r->upstream_status = (int)h->status;
	r->length = h->length;
	r->head_us = now_real_us();
	r->answer.retry_after_ms = h->retry_after_ms;
	r->head_usage = NULL;
	if (h->usage != NULL)
		r->head_usage =
		    pool_memdup(r->pool, h->usage, sizeof *h->usage);
	r->provider_code = pool_copy(r->pool, h->error_name);
	if (h->request_id.n > 0 && h->request_id.n <= 128 &&
	    http1_value_ok(h->request_id))
		r->upstream_request_id = pool_copy(r->pool, h->request_id);
	/* A redirect is never followed; a coding was refused beforehand. */
	if ((h->status < 400 && h->status != 200) ||
	    (h->encoded && h->status == 200)) {
		relay_refuse_head(r);
		return;
	}
	r->whole = !r->stream || h->status != 200;
	if (!r->whole)
		relay_stream_begin(r);
}

void
source_data(struct req *r, struct slice bytes)
{
	if (r->done)
		return;
	if (r->first_ns == 0)
		r->first_ns = now_mono_ns();
	if (r->whole)
		relay_whole_data(r, bytes);
	else
		relay_stream_data(r, bytes);
}

void
source_end(struct req *r)
{
	if (r->done)
		return;
	if (r->first_ns == 0)
		r->first_ns = now_mono_ns();
	if (r->whole)
		relay_whole_end(r);
	else
		relay_stream_end(r);
}

/* How a failed call is told, charged and classed: routing.md 5.2, money.md 9 */
static const struct failed_call {
	enum err_kind kind;
	const char *class;
	enum failure_kind policy;
	bool charged; /* when the request was wholly sent */
} failures[] = {
	[CALL_DNS] = { ERR_UPSTREAM_CONNECT, "dns", FAILURE_DNS, false },
	[CALL_CONNECT] = { ERR_UPSTREAM_CONNECT, "connect", FAILURE_CONNECT,
	    false },
	[CALL_CONNECT_TIMEOUT] = { ERR_UPSTREAM_CONNECT, "connect",
	    FAILURE_CONNECT, false },
	[CALL_TLS] = { ERR_UPSTREAM_CONNECT, "tls", FAILURE_TLS, false },
	[CALL_LOST] = { ERR_UPSTREAM_CONNECT, "reset", FAILURE_RESET, true },
	[CALL_WRITE_TIMEOUT] = { ERR_UPSTREAM_CONNECT, "reset", FAILURE_RESET,
	    false },
	[CALL_FIRST_BYTE_TIMEOUT] = { ERR_UPSTREAM_TIMEOUT,
	    "timeout_first_byte", FAILURE_FIRST_BYTE, true },
	[CALL_IDLE_TIMEOUT] = { ERR_UPSTREAM_TIMEOUT, "timeout_idle",
	    FAILURE_IDLE, true },
	[CALL_TOTAL_TIMEOUT] = { ERR_UPSTREAM_TIMEOUT, "timeout_total",
	    FAILURE_TOTAL, true },
	[CALL_CUT] = { ERR_UPSTREAM_INVALID, "cut", FAILURE_CUT, true },
	[CALL_MALFORMED] = { ERR_UPSTREAM_INVALID, "malformed",
	    FAILURE_MALFORMED, true },
	[CALL_HEAD_TOO_LARGE] = { ERR_UPSTREAM_INVALID, "malformed",
	    FAILURE_MALFORMED, true },
};

/* What a failure costs: nothing when the provider cannot have read it all. */
static enum outcome
relay_outcome(const struct req *r, const struct failed_call *f)
{
	if (r->first_ns != 0)
		return relay_outcome_half(r);
	if (!f->charged || !r->call_info->sent)
		return OUTCOME_NONE;
	/* The keep-alive race: no byte of it was taken (C6). */
	if (r->call_info->reused && r->call_info->received == 0 &&
	    !r->call_info->acked)
		return OUTCOME_NONE;
	return OUTCOME_UNKNOWN;
}

/* A kept connection that was dead: once more, at once, on a fresh one (C6). */
static bool
relay_is_race(const struct req *r, enum call_failure failure)
{
	return failure == CALL_LOST && r->call_info->reused && !r->fresh &&
	       r->call_info->received == 0;
}

void
source_fail(struct req *r, enum call_failure failure, const struct err *e)
{
	const struct failed_call *f = &failures[failure];
	enum outcome outcome;

	if (r->done)
		return;
	/* An error stays one, however little of its text came. */
	if (r->upstream_status >= 400) {
		source_end(r);
		return;
	}
	outcome = relay_outcome(r, f);
	r->upstream_error = pool_copy(r->pool, slice_str(e->text));
	if (r->relay != NULL)
		relay_stream_take_state(r);
	if (relay_is_race(r, failure)) {
		r->outcome = outcome;
		if (plan_repeat(r, "reset")) {
			r->fresh = true;
			return;
		}
	}
	relay_say(r, f->kind);
	relay_fail(r, outcome, f->class, f->policy, 0);
}
