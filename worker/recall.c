#include "worker/recall.h"

#include "base/clock.h"
#include "base/settings.h"
#include "proto/record.h"
#include "proto/relay.h"
#include "shm/lane.h"
#include "worker/cachekeys.h"
#include "worker/client_dialect.h"
#include "worker/customers.h"
#include "worker/keys.h"
#include "worker/log_body.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

bool
recall_cacheable(const struct req *r)
{
	unsigned good =
	    RELAY_STOP | RELAY_LENGTH | RELAY_TOOL_CALLS | RELAY_FUNCTION_CALL;

	if (!r->cache.store || r->cache.spared || r->log_broken)
		return false;
	if (r->outcome != OUTCOME_USAGE && r->outcome != OUTCOME_NO_USAGE)
		return false;
	if (r->route.route == ROUTE_EMBEDDINGS)
		return true;
	if (r->finish == 0 || (r->finish & ~good) != 0 || r->declined)
		return false;
	/* The gateway cut it short itself. */
	return !(r->put_max_tokens > 0 && (r->finish & RELAY_LENGTH) != 0);
}

static void
recall_fill(struct req *r, struct record_cache *c)
{
	const struct settings *s = r->w->settings;
	struct usage_figures f;

	usage_sum(&r->usage, &f);
	c->message = r->log_message;
	c->mark = r->cache.mark;
	c->keyed = r->cache.keyed;
	memcpy(c->key, r->cache.key, sizeof c->key);
	c->flight = r->cache.leads ? r->cache.flight.slot : RECORD_NO_FLIGHT;
	c->flight_generation = r->cache.flight.generation;
	c->source = r->stream            ? RECORD_STREAM
	            : r->inbound != NULL ? RECORD_NATIVE
	                                 : RECORD_RESPONSE;
	c->family = (uint8_t)client_stored_family(r);
	c->created_s = now_real_us() / 1000000;
	c->ttl_s = r->cache.ttl_s;
	c->cost_nano = r->cost_nano;
	c->latency_us = (int64_t)(r->ended_ns - r->arrived_ns) / 1000;
	c->prompt_tokens = f.prompt;
	c->completion_tokens = f.completion;
	c->total_tokens = f.total;
	c->cached_tokens = f.cached;
	c->reasoning_tokens = f.reasoning;
	c->organization = SLICE("default");
	c->environment =
	    r->key->def.environment == ENV_TEST ? SLICE("test") : SLICE("prod");
	c->model = r->choice.slug;
	c->provider = settings_str(s, r->choice.target->provider->name);
	if (r->customer != NULL)
		c->customer = r->customer->def.identifier;
	if (log_body_wanted(r))
		c->prompt = params_json(&r->params,
		    r->route.route == ROUTE_EMBEDDINGS ? PARAM_input
						       : PARAM_messages);
}

/* 1 when the record is in the lane. */
static int
recall_put(struct req *r)
{
	struct record_cache c = { 0 };
	size_t size;
	void *to;

	recall_fill(r, &c);
	if (c.prompt.n > RECORD_FRAGMENT_MAX)
		c.prompt = SLICE("");
	size = record_cache_size(&c);
	to = lane_reserve_or_drop(&r->w->seat.log, LANE_CACHE, (uint32_t)size);
	if (to == NULL)
		return 0;
	/* The slot is the logger's before it can see the record. */
	if (r->cache.leads)
		inflight_storing(r->w->segment, r->cache.flight);
	record_cache_encode(&c, to);
	lane_commit(&r->w->seat.log, LANE_CACHE, 0, (uint32_t)size);
	return 1;
}

/* Who writes it down can make the key, and else it is made here. */
static void
recall_tell_key(struct req *r)
{
	if ((r->cache.lookup || r->cache.store) && !r->cache.keyed &&
	    !log_body_key(r, r->cache.text))
		cachekeys_make(r);
}

void
recall_finish(struct req *r, bool recorded)
{
	bool keep = recall_cacheable(r), put;

	if (recorded || keep)
		recall_tell_key(r);
	put = keep && recall_put(r);
	if (r->cache.leads && !put)
		inflight_failed(r->w->segment, r->cache.flight);
	r->cache.leads = false;
}
