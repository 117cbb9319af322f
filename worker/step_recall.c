/*
 * recall - has somebody asked this before?
 *
 * A hit is an answer like any other and ends the request.  On a miss the
 * first of several equal requests leads; the others wait for its answer
 * (cache.md 6), at most cache.collapse_wait.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "net/server.h"
#include "proto/cachekey.h"
#include "proto/relay.h"
#include "proto/replay.h"
#include "proto/reply.h"
#include "shm/sieve.h"
#include "store/cache.h"
#include "worker/answer.h"
#include "worker/cachekeys.h"
#include "worker/client_dialect.h"
#include "worker/counters.h"
#include "worker/credential.h"
#include "worker/keys.h"
#include "worker/log_body.h"
#include "worker/recall.h"
#include "worker/relay_stream.h"
#include "worker/relay_whole.h"
#include "worker/worker_priv.h"

#define RECALL_REOPEN_MS 1000 /* a cache that was not there is tried again */

/* The cache of this process; NULL while there is none. */
static struct cache *
recall_cache(struct worker *w)
{
	const struct settings *s = w->settings;
	struct err e;

	if (w->cache != NULL || w->cache_tried_ms > now_mono_ms())
		return w->cache;
	w->cache_tried_ms = now_mono_ms() + RECALL_REOPEN_MS;
	w->cache = cache_open(settings_str(s, s->store_path).p, CACHE_READ,
	    (uint64_t)s->cache_max_size_bytes, &e);
	if (w->cache == NULL)
		log_debug("cache: %s", e.text);
	return w->cache;
}

static bool
recall_asked(const struct req *r)
{
	const struct settings *s = r->w->settings;
	bool want = s->cache_default_enabled;

	if (params_has(&r->params, PARAM_cache_enabled))
		want = params_bool(&r->params, PARAM_cache_enabled);
	return want && s->cache_enabled && !client_counts(r) &&
	       !params_has(&r->params, PARAM_mock_response);
}

/* It is a part of the key, and is drawn or ordered only later. */
static bool
recall_lacks_model(const struct req *r)
{
	return r->choice.slug.n == 0 &&
	       params_cache_option(&r->params, SLICE("is_cached_by_model"));
}

/* Requests whose answers are never kept: cache.md 4. */
static bool
recall_excluded(struct req *r)
{
	struct slice modalities = params_json(&r->params, PARAM_modalities);

	return params_bool(&r->params, PARAM_store) ||
	       (modalities.n > 0 && memmem(modalities.p, modalities.n,
					"\"audio\"", 7) != NULL) ||
	       client_goes_on(r) || recall_lacks_model(r);
}

static void
recall_ttl(struct req *r)
{
	const struct settings *s = r->w->settings;
	int64_t nano = params_number(&r->params, PARAM_cache_ttl, 0);

	r->cache.ttl_s = s->cache_default_ttl_ms / 1000;
	r->cache.max_age_s = INT64_MAX;
	if (nano > 0) {
		r->cache.ttl_s = (nano + 999999999) / 1000000000;
		r->cache.max_age_s = r->cache.ttl_s;
	}
	if (r->cache.ttl_s > s->cache_max_ttl_ms / 1000) {
		r->cache.ttl_s = s->cache_max_ttl_ms / 1000;
		params_warn(&r->params, SLICE("cache_ttl"));
	}
}

/* The body as merged, without what is ours: what the key is made of. */
static RARE void
recall_ask_key(struct req *r, const unsigned char *credentials)
{
	struct params *p = &r->params;
	struct cachekey k = {
		.organization = SLICE("default"),
		.environment = r->key->def.environment == ENV_TEST
		                   ? SLICE("test")
		                   : SLICE("prod"),
		.family = client_family_name(r),
		.credentials = credentials,
	};

	k.n_members = client_key_members(r, &k.members);
	if (params_cache_option(p, SLICE("is_cached_by_model")))
		k.model = r->choice.slug;
	if (params_cache_option(p, SLICE("cache_by_customer")))
		k.customer = params_customer_id(p);
	cachekeys_begin(r, &k);
}

/* Decide what the request wants of the cache, and by which key. */
static void
recall_begin(struct req *r)
{
	struct req_cache *c = &r->cache;
	unsigned char sum[DIGEST_SIZE];
	bool own;

	c->asked = true;
	if (!recall_asked(r))
		return;
	c->state = CACHE_BYPASS;
	recall_ttl(r);
	if (r->no_store || recall_excluded(r))
		return;
	if (params_cache_option(&r->params, SLICE("cache_by_customer")) &&
	    params_customer_id(&r->params).n == 0)
		return;
	own = credential_sum(r, sum) == 1;
	if (own && !r->w->settings->cache_own_credentials)
		return;
	c->lookup = !r->no_cache;
	c->store = true;
	if (c->lookup)
		c->state = CACHE_MISS;
	recall_ask_key(r, own ? sum : NULL);
}

static void
recall_frames(struct req *r, struct replay *replay, struct sbuf *out)
{
	struct sbuf *chunk = &r->w->scratch;

	for (sbuf_clear(chunk); replay_next(replay, chunk); sbuf_clear(chunk))
		relay_frame_write(out, sbuf_slice(chunk));
}

/* The stored answer as a stream, whole: it is all there. */
static int
recall_stream(struct req *r, struct slice body, struct slice message)
{
	struct replay *replay;
	struct slice breakdown;
	struct sbuf *out = pool_zalloc(r->pool, sizeof *out);
	struct err e;

	if (replay_open(&replay, body,
		params_wants_usage(&r->params) || r->inbound != NULL, &e) != 0)
		return 0;
	recall_frames(r, replay, out);
	replay_free(&replay);
	breakdown = relay_breakdown(r, message);
	if (breakdown.n > 0 && client_takes_breakdown(r))
		relay_frame_write(out, breakdown);
	relay_frame_done(out);
	client_begin(r);
	client_last_frames(r, out);
	r->released = true;
	r->released_ns = now_fresh_ns();
	r->answer.kind = ANSWER_STREAM;
	r->answer.pieces[0] = pool_copy(r->pool, sbuf_slice(out));
	r->answer.n_pieces = 1;
	sbuf_free(out);
	answer_begin_stream(r);
	return 1;
}

/* A hit may be asked to leave no record (cache.md 7). */
static bool
recall_omits_log(const struct req *r)
{
	return r->w->settings->cache_omit_log_on_hit ||
	       params_cache_option(&r->params, SLICE("omit_log")) ||
	       params_cache_option(&r->params, SLICE("omit_logs"));
}

static void
recall_take_entry(struct req *r, const struct cache_entry *entry)
{
	r->cache.state = r->cache.followed ? CACHE_COLLAPSED : CACHE_HIT;
	if (recall_omits_log(r))
		r->log_omitted = true;
	r->cache.store = false;
	r->cache.model = pool_copy(r->pool, entry->model);
	r->cache.provider = pool_copy(r->pool, entry->provider);
	r->cache.age_s = now_real_us() / 1000000 - entry->created_s;
	r->cache.saved_cost_nano = entry->cost_nano;
	usage_of_totals(&r->usage, entry->prompt_tokens,
	    entry->completion_tokens);
	r->ended_ns = now_mono_ns();
}

/* The bytes that another client of this dialect had. */
static void
recall_native(struct req *r, struct slice stored, struct slice breakdown)
{
	r->answer.kind = ANSWER_BODY;
	r->answer.status = 200;
	r->answer.pieces[0] = stored;
	r->answer.n_pieces = 1;
	client_whole_add(r, breakdown);
}

/* 1: the request is answered.  0: what is stored is no use. */
static int
recall_answer(struct req *r, const struct cache_entry *entry, struct slice body)
{
	struct slice stored = body;
	struct reply reply;
	struct reply_edit edit = { 0 };
	struct err e;

	if (r->route.route == ROUTE_EMBEDDINGS) {
		recall_take_entry(r, entry);
		r->choice.slug = r->cache.model;
		recall_native(r, stored, SLICE(""));
		return 1;
	}
	if (r->inbound != NULL &&
	    !client_stored_chat(r, stored, entry->created_s, &body))
		return 0;
	if (reply_read(body, 0, &reply, &e) != 1)
		return 0;
	recall_take_entry(r, entry);
	r->choice.slug = r->cache.model;
	r->finish = reply.finish;
	r->tool_calls = reply.tool_calls;
	r->text_bytes = reply.text_bytes;
	if (r->stream)
		return recall_stream(r, body, reply.message);
	edit.breakdown = relay_breakdown(r, reply.message);
	if (r->inbound != NULL) {
		log_body_plain(r, &body, 1);
		recall_native(r, stored, edit.breakdown);
		return 1;
	}
	if (params_bool(&r->params, PARAM_echo))
		edit.prompt_message = params_json(&r->params, PARAM_messages);
	if (edit.breakdown.n > 0 || edit.prompt_message.n > 0)
		log_body_plain(r, &body, 1);
	r->answer.kind = ANSWER_BODY;
	r->answer.status = 200;
	r->answer.n_pieces = (unsigned)reply_slices(&reply, &edit, &r->w->body,
	    r->answer.pieces);
	return 1;
}

static bool
recall_may_hold(struct req *r)
{
	return recall_cache(r->w) != NULL &&
	       sieve_may_hold(r->w->segment, r->cache.mark);
}

/* Look in the store.  1: answered. */
static int
recall_look(struct req *r)
{
	struct cache *c = r->w->cache;
	struct sbuf *body;
	struct cache_entry entry;
	int64_t now_s = now_real_us() / 1000000;
	struct err e;
	int got;

	body = pool_zalloc(r->pool, sizeof *body);
	got = cache_get(c, r->cache.key, now_s, &entry, body, &e);
	if (got < 0)
		counters_add(r->w->counters, COUNTER_CACHE_ERRORS, 1);
	if (got == 1 && now_s - entry.created_s <= r->cache.max_age_s)
		got = recall_answer(r, &entry, sbuf_slice(body));
	else
		got = 0;
	if (got == 1)
		r->held = body; /* freed with the request */
	else
		sbuf_free(body);
	return got;
}

static bool
recall_collapses(const struct req *r)
{
	const struct settings *s = r->w->settings;

	return s->cache_collapse && (!r->stream || s->cache_collapse_streams);
}

/* Somebody asks the same now: wait for that answer, or be the one who asks. */
static enum step_result
recall_join(struct req *r)
{
	struct worker *w = r->w;
	uint32_t seat = w->seat.index;

	switch (r->cache.follows
		    ? inflight_look(w->segment, seat, r->cache.flight)
		    : inflight_join(w->segment, seat, r->cache.twin,
			  &r->cache.flight)) {
	case INFLIGHT_LEAD:
		r->cache.leads = true;
		r->cache.follows = false;
		return STEP_NEXT;
	case INFLIGHT_WAIT:
		r->cache.follows = r->cache.followed = true;
		if (r->cache.give_up_ms == 0)
			r->cache.give_up_ms =
			    now_mono_ms() +
			    (uint64_t)w->settings->cache_collapse_wait_ms;
		if (now_mono_ms() < r->cache.give_up_ms) {
			req_wait_until(r, r->cache.give_up_ms);
			return STEP_WAIT;
		}
		step_recall_cancel(r);
		return STEP_NEXT;
	case INFLIGHT_OVER:
		r->cache.follows = false;
		req_next_turn(r);
		return STEP_WAIT;
	case INFLIGHT_OFF:
		break;
	}
	return STEP_NEXT;
}

enum step_result
step_recall_run(struct req *r)
{
	enum step_result got;

	if (!r->cache.asked)
		recall_begin(r);
	if (r->cache.key_due)
		return STEP_WAIT;
	if (!r->cache.lookup)
		return STEP_NEXT;
	if (!r->cache.follows && recall_may_hold(r)) {
		if (!r->cache.keyed) {
			cachekeys_ask(r);
			return STEP_WAIT;
		}
		if (recall_look(r))
			return STEP_DONE;
	}
	if (!recall_collapses(r))
		return STEP_NEXT;
	got = recall_join(r);
	if (got == STEP_NEXT)
		req_wait_until(r, 0);
	return got;
}

/* Whether another request of this worker waits for the same answer. */
static bool
recall_has_company(const struct req *r)
{
	for (struct list *l = r->w->requests.next; l != &r->w->requests;
	     l = l->next) {
		const struct req *other = LIST_OWNER(l, struct req, link);

		if (other != r && other->cache.follows &&
		    other->cache.flight.slot == r->cache.flight.slot)
			return true;
	}
	return false;
}

void
step_recall_cancel(struct req *r)
{
	cachekeys_drop(r);
	if (r->cache.follows && !recall_has_company(r))
		inflight_leave(r->w->segment, r->w->seat.index,
		    r->cache.flight);
	r->cache.follows = false;
}
