/*
 * choose - who is asked: the next of the plan, in whose name, and whether it
 * can be asked at all.  Each attempt begins here.
 */
#include "base/clock.h"
#include "base/settings.h"
#include "dialect/dialect.h"
#include "worker/client_dialect.h"
#include "worker/credential.h"
#include "worker/health.h"
#include "worker/plan.h"
#include "worker/req.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

enum chosen {
	CHOSEN,
	CHOSEN_NOT,   /* another may do: req_err() says why not this one */
	CHOSEN_NEVER, /* the request itself is at fault */
};

static void
choose_target(struct req *r)
{
	struct choice *c = &r->choice;
	uint32_t features = c->model != NULL ? c->model->features : 0;

	c->target = targets_get(r->w->targets, c->provider);
	c->kind = dialect_kind((enum provider_kind)c->target->provider->kind,
	    c->upstream_model, features);
	r->dialect = dialect_find(c->kind, c->upstream_model, features);
	r->embed = NULL;
	r->native = false;
	r->health = HEALTH_NONE;
}

/* A credential that is not among those tried, from this one on. */
static int
choose_draw(struct req *r, unsigned from)
{
	const struct plan *p = r->plan;

	if (p == NULL)
		return credential_choose(r, SLICE(""), NULL, 0);
	return credential_choose(r, p->now->credentials, p->tried + from,
	    p->n_tried - from);
}

/* Names of stored ones need not differ, and model_name_map gives others. */
static uint64_t
choose_credential_id(const struct req *r)
{
	const struct settings *s = r->w->settings;
	const struct credential *k = r->choice.credential;
	const struct settings_credential *all =
	    settings_list(s, r->choice.target->provider->credentials);

	if (k == NULL)
		return 0;
	return health_credential(
	    k->index >= 0 ? settings_str(s, all[k->index].name) : k->stored_id);
}

/* What the settings name is remembered by its address. */
static uint32_t
choose_place(struct req *r)
{
	const struct settings *s = r->w->settings;
	const struct choice *c = &r->choice;
	const struct credential *k = c->credential;

	if (c->model != NULL && (k == NULL || k->index >= 0) &&
	    c->upstream_model.p == settings_str(s, c->model->upstream).p)
		return health_recall(r->w, k, c->model);
	return health_find(r->w, settings_str(s, c->target->provider->name),
	    choose_credential_id(r), c->upstream_model);
}

static enum health_verdict
choose_ask_health(struct req *r)
{
	const struct credential *k = r->choice.credential;
	enum health_verdict verdict;

	if (k != NULL && k->callers)
		return HEALTH_UP;
	r->health = choose_place(r);
	if (r->health == HEALTH_NONE)
		return HEALTH_UP;
	verdict = health_ask(r->w, r->health, now_mono_ns());
	r->probes = verdict == HEALTH_PROBE;
	return verdict;
}

static enum chosen
choose_none(struct req *r)
{
	struct slice name =
	    settings_str(r->w->settings, r->choice.target->provider->name);

	err_set(req_err(r), ERR_NO_CREDENTIALS,
	    "No credentials for provider %.*s. Add a provider key, or send "
	    "customer_credentials.",
	    SLICE_ARGS(name));
	return CHOSEN_NOT;
}

/*
 * One that did not fail this request, else any; all are ejected: the plan
 * hears when the first is back.
 */
static enum chosen
choose_healthy(struct req *r)
{
	unsigned failed = r->plan != NULL ? r->plan->n_tried : 0, from = 0;
	uint64_t until_ns = UINT64_MAX;
	int got;

	for (;;) {
		got = choose_draw(r, from);
		if (got == 0 && from < failed) {
			from = failed; /* behind them: the ejected ones */
			continue;
		}
		if (got != 1)
			break;
		if (choose_ask_health(r) != HEALTH_EJECTED ||
		    (r->plan != NULL && r->plan->forced))
			return CHOSEN;
		if (health_until_ns(r->w, r->health) < until_ns)
			until_ns = health_until_ns(r->w, r->health);
		if (!plan_tried(r, credential_id(r->choice.credential)))
			break;
	}
	if (got < 0)
		return CHOSEN_NEVER;
	if (until_ns == UINT64_MAX)
		return choose_none(r);
	plan_eject(r, until_ns);
	return CHOSEN_NOT;
}

static enum chosen
choose_one(struct req *r)
{
	choose_target(r);
	if (client_choose(r) != 0)
		return CHOSEN_NOT;
	if (params_has(&r->params, PARAM_mock_response)) {
		r->dialect = NULL;
		r->choice.credential = NULL;
		return CHOSEN;
	}
	return choose_healthy(r);
}

enum step_result
step_choose_run(struct req *r)
{
	if (r->plan == NULL && r->choice.slug.n == 0 && plan_read(r) != 0)
		return req_fail(r);
	for (;;) {
		int next = plan_next(r);
		enum chosen got;

		if (next == 0)
			return STEP_WAIT;
		if (next < 0)
			return plan_over(r);
		got = choose_one(r);
		if (got == CHOSEN)
			return STEP_NEXT;
		if (got == CHOSEN_NEVER &&
		    (r->plan == NULL || r->plan->last == NULL))
			return req_fail(r);
		if (plan_of(r)->now != NULL)
			plan_skip(r, NULL);
	}
}

void
step_choose_cancel(struct req *r)
{
	plan_waited(r);
}
