/*
 * record - what happened, for the logger: never waits, may be dropped and is
 * then counted (logs.md 1).
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/record.h"
#include "proto/record_detail.h"
#include "shm/lane.h"
#include "worker/answer.h"
#include "worker/attempt.h"
#include "worker/client_dialect.h"
#include "worker/counters.h"
#include "worker/customers.h"
#include "worker/headers.h"
#include "worker/keys.h"
#include "worker/log_body.h"
#include "worker/money.h"
#include "worker/plan.h"
#include "worker/recall.h"
#include "worker/credential.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

static void
record_params(const struct req *r, struct record *rec)
{
	const struct params *p = &r->params;

#define PARAM_TEXT(name)                                                       \
	if (params_has(p, PARAM_##name))                                       \
		rec->name = params_text(p, PARAM_##name);
#define PARAM_JSON(name)                                                       \
	if (params_has(p, PARAM_##name))                                       \
		rec->name = params_json(p, PARAM_##name);
#include "worker/record_params.def"
#undef PARAM_TEXT
#undef PARAM_JSON
	rec->max_tokens =
	    params_json(p, params_has(p, PARAM_max_completion_tokens)
			       ? PARAM_max_completion_tokens
			       : PARAM_max_tokens);
	rec->session_identifier =
	    params_text(p, params_has(p, PARAM_trace_group_identifier)
			       ? PARAM_trace_group_identifier
			   : params_has(p, PARAM_session_identifier)
			       ? PARAM_session_identifier
			       : PARAM_thread_identifier);
	rec->requested_model = params_text(p, PARAM_model);
	rec->disable_log = params_bool(p, PARAM_disable_log);
	rec->prompt_message_count = p->messages.n;
	rec->customer_identifier = params_customer_id(p);
}

static void
record_key(const struct req *r, struct record *rec)
{
	rec->organization_id = SLICE("default");
	rec->organization = SLICE("default");
	rec->environment = SLICE("prod");
	if (r->key == NULL)
		return;
	rec->organization_key_id = r->key->def.prefix;
	rec->organization_key_name = r->key->def.name;
	if (r->key->def.environment == ENV_TEST)
		rec->environment = SLICE("test");
}

static void
record_outcome(struct req *r, struct record *rec)
{
	bool good = !r->client_gone && r->err->kind == ERR_NONE &&
	            (r->answer.kind == ANSWER_BODY ||
			r->answer.kind == ANSWER_STREAM) &&
	            !r->answer.from_provider;

	rec->log_type = client_log_type(r->route.route);
	rec->log_method = SLICE("inference");
	rec->endpoint = client_endpoint(r->route.route);
	rec->status = good ? SLICE("success") : SLICE("error");
	rec->status_code = answer_status(r);
	rec->stream = r->stream;
	if (good)
		return;
	rec->error_code = slice_str(err_code(r->err->kind));
	rec->error_message = slice_str(r->err->text);
	if (r->provider_code.n > 0 || r->answer.from_provider)
		rec->error_code = r->provider_code;
	if (r->verdict != NULL)
		rec->error_code = slice_str(r->verdict);
}

static int64_t
record_us(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (int64_t)((to_ns - from_ns) / 1000) : 0;
}

static void
record_times(struct req *r, struct record *rec)
{
	rec->timestamp = r->arrived_us;
	rec->end_time = r->arrived_us + record_us(r->arrived_ns, r->replied_ns);
	rec->latency = record_us(r->arrived_ns, r->ended_ns);
	rec->time_to_first_token =
	    record_us(r->arrived_ns, r->released_ns != 0 ? r->released_ns : 0);
	rec->routing_time = record_us(r->validated_ns, r->asked_ns);
	rec->overhead = (int64_t)(r->overhead_ns / 1000);
}

static void
record_target(const struct req *r, struct record *rec)
{
	const struct credential *c = r->choice.credential;

	rec->provider_id = attempt_provider(r);
	if (r->cache.state == CACHE_HIT || r->cache.state == CACHE_COLLAPSED) {
		rec->model = SLICE("respan/cache");
		rec->cached_model = r->cache.model;
		rec->saved_cost = r->cache.saved_cost_nano;
		return;
	}
	rec->model = r->choice.slug;
	rec->response_model = r->response_model;
	if (c == NULL)
		return;
	rec->deployment_name = c->name;
	rec->credential_source = credential_source_names[c->source];
	rec->used_custom_credential = c->source != CREDENTIAL_SETTINGS;
}

static void
record_usage(struct req *r, struct record *rec)
{
	struct usage_figures f;

	usage_sum(&r->usage, &f);
	rec->prompt_tokens = f.prompt;
	rec->completion_tokens = f.completion;
	rec->total_request_tokens = f.total;
	rec->prompt_cache_hit_tokens = f.cached;
	rec->prompt_cache_creation_tokens = f.cache_write;
	rec->reasoning_tokens = f.reasoning;
	rec->audio_tokens = f.in_audio + f.out_audio;
	rec->has_tool_calls = r->tool_calls;
}

static void
record_money(struct req *r, struct record *rec)
{
	rec->usage_source = slice_str(r->usage_source);
	rec->cost = r->cost_nano + r->spent_nano;
	rec->cost_known = r->cost_known;
	rec->charge = r->charge_nano + r->spent_charge_nano;
	rec->suspense = r->charge_suspense_nano + r->spent_suspense_nano;
	rec->hold = r->hold_nano;
	rec->price_version = (int64_t)r->w->settings->price_version;
	rec->provider_cost =
	    r->has_usage ? r->usage.provider_cost_nano : MONEY_NONE;
	rec->limit_info = money_limit_info(r);
	if (r->customer == NULL)
		return;
	rec->customer_name = r->customer->def.name;
	rec->customer_email = r->customer->def.email;
	if (rec->group_identifier.n == 0)
		rec->group_identifier = r->customer->def.group_identifier;
}

static void
record_cache(struct req *r, struct record *rec)
{
	char hex[2 * DIGEST_SIZE + 1];

	if (r->cache.state == CACHE_OFF)
		return;
	rec->cache_enabled = 1;
	rec->cache_hit =
	    r->cache.state == CACHE_HIT || r->cache.state == CACHE_COLLAPSED;
	rec->cache_bit = rec->cache_hit;
	rec->cache_miss_bit = !rec->cache_hit;
	rec->cache_ttl = r->cache.ttl_s;
	/* What is not keyed here the logger fills in. */
	if (!r->cache.keyed)
		return;
	hex_write(r->cache.key, sizeof r->cache.key, hex);
	rec->cache_key = pool_copy(r->pool, slice_str(hex));
}

static struct slice
record_attempts(struct req *r)
{
	struct sbuf *b = &r->w->body;

	sbuf_clear(b);
	attempt_pack_all(r, b);
	return sbuf_slice(b);
}

/* "n; gpt-4o: 503: ...": what was dropped, and who was passed by. */
static void
record_warnings(struct req *r, struct record *rec)
{
	struct sbuf *b = &r->w->headers, dict = { 0 };

	if (!r->parsed)
		return;
	sbuf_clear(b);
	for (unsigned i = 0; i < r->params.n_warnings && i < PARAMS_WARNINGS;
	     i++) {
		if (b->len > 0)
			sbuf_adds(b, "; ");
		sbuf_add_slice(b, r->params.warnings[i]);
	}
	if (r->plan != NULL) {
		rec->load_balance_group_id = r->plan->group_id;
		/* The worker's own buffers have limit_info and attempts. */
		plan_write_warnings(r->plan, b, &dict);
		rec->warnings_dict = pool_copy(r->pool, sbuf_slice(&dict));
		sbuf_free(&dict);
	}
	rec->warnings = sbuf_slice(b);
}

static void
record_put(struct req *r)
{
	struct lane *lane = &r->w->seat.log;
	struct record rec;
	size_t size;
	void *to;

	record_init(&rec);
	memcpy(rec.id, r->id, sizeof rec.id);
	rec.message = r->log_message;
	record_key(r, &rec);
	record_outcome(r, &rec);
	record_times(r, &rec);
	if (r->parsed)
		record_params(r, &rec);
	record_target(r, &rec);
	record_usage(r, &rec);
	record_money(r, &rec);
	record_cache(r, &rec);
	rec.attempts = record_attempts(r);
	record_warnings(r, &rec);
	rec.client_address = r->client_address;
	rec.client_request_id = r->client_request_id;
	rec.user_agent = r->user_agent;
	rec.http_method = r->http_method;
	rec.http_path = r->http_path;
	rec.bytes_sent = (int64_t)r->bytes_sent;
	rec.upstream_request_id = r->upstream_request_id;
	size = record_limit(&rec);
	to = lane_reserve_or_drop(lane, LANE_ACCESS, (uint32_t)size);
	if (to == NULL)
		return;
	record_encode(&rec, to);
	lane_commit(lane, LANE_ACCESS, 0, (uint32_t)size);
}

enum step_result
step_record_run(struct req *r)
{
	bool recorded = r->logged && !r->log_omitted;

	/* Of a flood of bad keys few are recorded, all are counted. */
	if (!r->counted)
		return STEP_NEXT;
	if (r->replied_ns == 0)
		r->replied_ns = now_fresh_ns();
	r->overhead_ns = attempt_own_ns(r, r->replied_ns);
	if (recorded)
		log_body_request(r);
	recall_finish(r, recorded);
	attempt_over(r);
	counters_request(r->w->counters, r);
	if (recorded) {
		if (r->log_message == 0)
			r->log_message = ++r->w->log_message;
		record_put(r);
	}
	return STEP_NEXT;
}

void
step_record_cancel(struct req *r)
{
	(void)r;
}
