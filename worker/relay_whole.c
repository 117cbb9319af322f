#include "worker/relay_whole.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/breakdown.h"
#include "proto/reply.h"
#include "shm/inflight.h"
#include "shm/lane.h"
#include "shm/settle.h"
#include "worker/attempt.h"
#include "worker/client_dialect.h"
#include "worker/embeddings.h"
#include "worker/google.h"
#include "worker/log_body.h"
#include "worker/money.h"
#include "worker/plan.h"
#include "worker/source.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/translate.h"
#include "worker/worker_priv.h"

#define WHOLE_ERROR_MAX 65536 /* a longer error body is replaced */

static void
whole_invalid(struct req *r)
{
	struct slice name =
	    settings_str(r->w->settings, r->choice.target->provider->name);

	err_set(req_err(r), ERR_UPSTREAM_INVALID,
	    "Provider %.*s sent an invalid response.", SLICE_ARGS(name));
	relay_fail(r, OUTCOME_UNKNOWN, "malformed", FAILURE_MALFORMED, 0);
}

/* An error of the provider's: its status, its bytes. */
static void
whole_pass_error(struct req *r, unsigned status, struct slice body)
{
	r->outcome = OUTCOME_ERROR;
	r->attempt_error = status == 429   ? "http_429"
	                   : status >= 500 ? "http_5xx"
	                                   : "http_4xx";
	r->answer.kind = ANSWER_BODY;
	r->answer.status = status;
	r->answer.from_provider = true;
	r->answer.pieces[0] = body;
	r->answer.n_pieces = 1;
	if (r->answer.retry_after_ms >= 0 && (status == 429 || status == 503))
		r->answer.retry_known = true;
	if (plan_failed(r, FAILURE_STATUS, (int)status))
		return;
	if (r->answer.retry_after_ms > ATTEMPT_WISH_MAX_MS)
		r->answer.retry_after_ms = ATTEMPT_WISH_MAX_MS;
	r->done = true;
}

/* body without the secret, which a provider may repeat. */
static struct slice
whole_hide(struct req *r, struct slice body, struct slice secret)
{
	struct sbuf *b;
	const char *at;
	struct slice copy;

	if (secret.n == 0 || memmem(body.p, body.n, secret.p, secret.n) == NULL)
		return body;
	b = pool_zalloc(r->pool, sizeof *b);
	while ((at = memmem(body.p, body.n, secret.p, secret.n)) != NULL) {
		sbuf_add(b, body.p, (size_t)(at - body.p));
		sbuf_adds(b, "[redacted]");
		body = slice_skip(body, (size_t)(at - body.p) + secret.n);
	}
	sbuf_add_slice(b, body);
	copy = pool_copy(r->pool, sbuf_slice(b));
	sbuf_free(b);
	return copy;
}

/* AWS repeats the lines that were signed, Google its token. */
struct slice
relay_redact(struct req *r, struct slice body)
{
	const struct credential *c = r->choice.credential;

	if (c == NULL)
		return body;
	body = whole_hide(r, body, c->api_key);
	body = whole_hide(r, body, c->azure_ad_token);
	body = whole_hide(r, body, c->aws_access_key_id);
	body = whole_hide(r, body, c->aws_secret_access_key);
	body = whole_hide(r, body, c->aws_session_token);
	body = whole_hide(r, body, c->aws_bearer_token);
	body = whole_hide(r, body, c->vertex_ai_credentials);
	return whole_hide(r, body, r->token);
}

/* It said nothing that can be passed on. */
static void
whole_say_status(struct req *r, unsigned status, struct relay_error *said)
{
	struct slice name =
	    settings_str(r->w->settings, r->choice.target->provider->name);

	*said = (struct relay_error){ .status = (int)status,
		.type = "api_error",
		.wait_ms = said->wait_ms };
	snprintf(said->message, sizeof said->message,
	    "Provider %.*s answered %u", SLICE_ARGS(name), status);
}

static size_t
whole_error_max(const struct req *r)
{
	return credential_is_guest(r->choice.credential)
	           ? CREDENTIAL_GUEST_ERROR_MAX
	           : WHOLE_ERROR_MAX;
}

static void
whole_error(struct req *r, unsigned status, struct slice body)
{
	struct relay_error said;
	struct jscan_item item;
	struct err e;

	/* A token that was good a moment ago: once more with a new one. */
	if (status == 401 && r->token.n > 0 && !r->token_retried &&
	    google_refused(r)) {
		r->token_retried = true;
		r->outcome = OUTCOME_ERROR;
		if (plan_repeat(r, "http_4xx"))
			return;
	}
	body = relay_redact(r, body);
	/* Gemini, when a stream was asked for. */
	if (slice_starts(body, SLICE("data:")))
		body = slice_skip(body, 5);
	if (!relay_error_read(body, (int)status, &said))
		whole_say_status(r, status, &said);
	if (said.code[0] == '\0')
		snprintf(said.code, sizeof said.code, "%.*s",
		    SLICE_ARGS(r->provider_code));
	/* Gemini's wish has no header. */
	if (r->answer.retry_after_ms < 0)
		r->answer.retry_after_ms = said.wait_ms;
	err_set(req_err(r), ERR_UPSTREAM_INVALID, "%s", said.message);
	req_keep_err(r);
	r->provider_code = pool_copy(r->pool, slice_str(said.code));
	if (client_rebuilds_error(r))
		client_error(r, (int)status, &said, &body);
	else if ((r->dialect != NULL || r->embed != NULL) && r->inbound == NULL)
		translate_error(r, &said, &body);
	if (body.n > whole_error_max(r) || jscan_value(body, &item, &e) != 0) {
		whole_say_status(r, status, &said);
		client_error(r, (int)status, &said, &body);
	}
	whole_pass_error(r, status, body);
}

struct slice
relay_breakdown(struct req *r, struct slice message)
{
	struct usage_figures f;
	struct splice_result plain;
	struct sbuf full = { 0 };
	struct breakdown d = {
		.cost_nano = r->cost_nano,
		.prompt_messages = params_json(&r->params, PARAM_messages),
		.completion_message = message,
		.model = r->choice.slug,
		.cached = r->cache.state == CACHE_HIT ||
		          r->cache.state == CACHE_COLLAPSED,
		.stream = r->stream,
		.arrival_us = r->arrived_us,
		.latency_us = (int64_t)(r->ended_ns - r->arrived_ns) / 1000,
		.metadata = params_json(&r->params, PARAM_metadata),
	};
	struct sbuf *b = &r->w->scratch;

	if (!params_bool(&r->params, PARAM_request_breakdown))
		return SLICE("");
	usage_sum(&r->usage, &f);
	d.prompt_tokens = f.prompt;
	d.completion_tokens = f.completion;
	if (r->asked_ns > r->validated_ns)
		d.routing_us = (int64_t)(r->asked_ns - r->validated_ns) / 1000;
	edit_plain(&r->params, r->pool, &plain);
	for (unsigned i = 0; i < plain.n; i++)
		sbuf_add_slice(&full, plain.pieces[i]);
	d.full_request = sbuf_slice(&full);
	sbuf_clear(b);
	if (r->stream)
		breakdown_write_chunk(b, &d, now_real_us() / 1000000);
	else
		breakdown_write(b, &d);
	sbuf_free(&full);
	return pool_copy(r->pool, sbuf_slice(b));
}

/*
 * raw: the provider's own bytes, which chat was perhaps made of.  kept: this
 * will be the answer, which log and cache have without the additions.
 */
static void
whole_edit(struct req *r, const struct reply *reply, struct slice raw,
    bool kept)
{
	struct reply_edit edit = { 0 };
	struct slice *pieces = r->answer.pieces;
	struct sbuf *scratch = &r->w->body;

	if (r->write_usage)
		edit.usage = &r->usage;
	r->answer.n_pieces =
	    (unsigned)reply_slices(reply, &edit, scratch, pieces);
	r->answer.kind = ANSWER_BODY;
	r->answer.status = 200;
	edit.breakdown = relay_breakdown(r, reply->message);
	if (r->inbound != NULL) {
		if (kept)
			log_body_plain(r, pieces, r->answer.n_pieces);
		client_whole(r, raw);
		if (kept)
			log_body_native(r, pieces[0]);
		client_whole_add(r, edit.breakdown);
		return;
	}
	if (params_bool(&r->params, PARAM_echo))
		edit.prompt_message = params_json(&r->params, PARAM_messages);
	if (edit.breakdown.n == 0 && edit.prompt_message.n == 0)
		return;
	/* The additions are this client's alone (cache.md 4). */
	if (kept)
		log_body_plain(r, pieces, r->answer.n_pieces);
	r->answer.n_pieces =
	    (unsigned)reply_slices(reply, &edit, scratch, pieces);
}

bool
relay_usage_passes(const struct req *r)
{
	struct slice kind =
	    settings_str(r->w->settings, r->choice.target->provider->name);

	return slice_eq(kind, SLICE("openai")) ||
	       slice_eq(kind, SLICE("azure_openai")) || r->choice.target->demo;
}

/* As reply_read(), of the chat that another dialect's answer is made into. */
static int
whole_decode(struct req *r, struct slice *body, struct reply *reply,
    struct err *e)
{
	int got = translate_whole(r, body, e);

	if (got != 1) {
		if (got == 0)
			relay_error_read(*body, 200, &reply->error);
		return got;
	}
	got = reply_read(*body, 0, reply, e);
	if (got == 1)
		translate_usage(r, &reply->usage, &reply->has_usage);
	return got;
}

/* As reply_read(), of a body that OpenAI's clients understand. */
static int
whole_read(struct req *r, struct slice body, struct reply *reply, struct err *e)
{
	uint32_t quirks = r->choice.target->provider->quirks;
	int got = reply_read(body, quirks, reply, e);
	struct sbuf mended = { 0 };

	if (got != 1 || !reply->mends)
		return got;
	reply_mend(reply, quirks, &mended);
	body = pool_copy(r->pool, sbuf_slice(&mended));
	sbuf_free(&mended);
	return reply_read(body, quirks, reply, e);
}

/* What was counted costs nothing, and goes back as it is. */
static void
whole_count(struct req *r, struct slice body)
{
	usage_init(&r->usage);
	r->has_usage = true;
	r->outcome = OUTCOME_USAGE;
	money_price(r);
	r->answer.kind = ANSWER_BODY;
	r->answer.status = 200;
	r->answer.pieces[0] = body;
	r->answer.n_pieces = 1;
	attempt_good(r);
	r->done = true;
}

static void
whole_ok(struct req *r, struct slice body)
{
	struct slice raw = body;
	struct reply reply;
	struct err e;
	int got = r->dialect != NULL ? whole_decode(r, &body, &reply, &e)
	                             : whole_read(r, body, &reply, &e);

	if (got < 0) {
		whole_invalid(r);
		return;
	}
	if (got == 0) {
		whole_error(r, (unsigned)reply.error.status, body);
		return;
	}
	r->has_usage = reply.has_usage;
	r->usage = reply.usage;
	r->outcome = reply.has_usage ? OUTCOME_USAGE : OUTCOME_NO_USAGE;
	r->text_bytes = reply.text_bytes;
	r->finish = reply.finish;
	r->tool_calls = reply.tool_calls;
	r->declined = reply.refusal;
	r->response_model = pool_copy(r->pool, reply.model);
	money_price(r);
	attempt_good(r);
	r->write_usage = !reply.has_usage || !relay_usage_passes(r);
	whole_edit(r, &reply, raw, !plan_heals_filtered(r));
	if (plan_filtered(r))
		return;
	r->done = true;
}

static void
whole_embeddings(struct req *r, struct slice body)
{
	struct relay_error said;
	struct err e;
	int got = embeddings_answer(r, body, &said, &e);

	if (got < 0)
		whole_invalid(r);
	else if (got == 0)
		whole_error(r, (unsigned)said.status, body);
	if (got <= 0)
		return;
	attempt_good(r);
	r->done = true;
}

#define WHOLE_RECORD 768 /* bytes, about: its head and some short texts */

/* What will be told of it: of the money, and to the log and the cache. */
static void
whole_prefetch(struct req *r, struct slice body)
{
	size_t n = r->logged ? WHOLE_RECORD : 0;

	if (r->cache.store)
		n += body.n + r->cache.text.n;
	lane_prefetch(&r->w->seat.log, n);
	lane_prefetch(&r->w->seat.money, sizeof(struct settle_record));
	if (r->cache.leads)
		inflight_prefetch_ref(r->w->segment, r->cache.flight);
}

/* The body is complete: from here to the last byte in one go. */
static void
whole_complete(struct req *r, struct slice body)
{
	whole_prefetch(r, body);
	r->ended_ns = now_mono_ns();
	if (r->upstream_status == 200 && client_counts(r))
		whole_count(r, body);
	else if (r->upstream_status == 200 &&
		 r->route.route == ROUTE_EMBEDDINGS)
		whole_embeddings(r, body);
	else if (r->upstream_status == 200)
		whole_ok(r, body);
	else
		whole_error(r, (unsigned)r->upstream_status, body);
	if (r->done)
		req_run(r);
}

void
relay_whole_data(struct req *r, struct slice bytes)
{
	size_t max = (size_t)r->w->settings->upstream_max_body_bytes;
	struct sbuf *b;

	/* All of it in one piece: no copy, it is read where it lies. */
	if (r->length >= 0 && bytes.n == (size_t)r->length &&
	    (r->held == NULL || r->held->len == 0)) {
		source_detach(&r->source);
		whole_complete(r, bytes);
		return;
	}
	b = req_held(r);
	if (b->len == 0 && r->length > 0 && (size_t)r->length <= max)
		sbuf_reserve(b, (size_t)r->length);
	sbuf_add_slice(b, bytes);
	if (b->len <= max)
		return;
	source_cancel(&r->source);
	whole_invalid(r);
}

void
relay_whole_end(struct req *r)
{
	struct sbuf *b = req_held(r);

	whole_complete(r, sbuf_slice(b));
}
