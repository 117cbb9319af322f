#include "worker/attempt.h"

#include "base/clock.h"
#include "base/settings.h"
#include "shm/stats.h"
#include "worker/counters.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

const struct slice attempt_outcome_names[ATTEMPT_OUTCOMES] = {
	[ATTEMPT_OK] = { "ok", 2 },
	[ATTEMPT_RETRY] = { "retry", 5 },
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

void
attempt_begin(struct req *r)
{
	r->attempts++;
	r->asked_ns = now_fresh_ns();
	r->in_flight = !params_has(&r->params, PARAM_mock_response);
	if (r->in_flight)
		attempt_gauge(r, 1);
}

void
attempt_end(struct req *r)
{
	if (r->in_flight)
		attempt_gauge(r, -1);
	r->in_flight = false;
}

void
attempt_retry(struct req *r, const char *class)
{
	attempt_end(r);
	r->retried++;
	counters_retry(r->w->counters, r, slice_str(class));
}

enum attempt_outcome
attempt_outcome(const struct req *r)
{
	if (r->retried == r->attempts)
		return ATTEMPT_RETRY;
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
