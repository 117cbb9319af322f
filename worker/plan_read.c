/* plan_read - the lists of a plan, from the request's parameters. */
#include "base/clock.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/settings.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "worker/health.h"
#include "worker/needs.h"
#include "worker/plan.h"
#include "worker/plan_priv.h"
#include "worker/router.h"
#include "worker/stored.h"
#include "worker/worker_priv.h"

#define PLAN_WEIGHT_ONE 1000000000
#define PLAN_WEIGHT_MAX INT64_C(1000000000000000) /* 64 make no overflow */
#define PLAN_ROUTED 4 /* the primary and three fallbacks (routing.md 11) */
#define PLAN_SHOWN 200

static struct slice
read_param(const struct req *r, enum param_id id)
{
	return params_has(&r->params, id) ? params_json(&r->params, id)
	                                  : (struct slice){ NULL, 0 };
}

/* The array's strings, copied; *n_r of them. */
static const struct slice *
read_names(struct req *r, struct slice array, unsigned *n_r)
{
	struct slice *names;
	struct jscan_item item;
	struct jscan_iter it;

	*n_r = 0;
	names = pool_alloc(r->pool, (jscan_count(array) + 1) * sizeof *names);
	if (array.n == 0)
		return names;
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_STRING)
			names[(*n_r)++] = jstr_item(&item, r->pool);
	return names;
}

/* models is an array of strings, of objects, or absent. */
static bool
read_models_are(const struct req *r, enum jscan_type type)
{
	struct slice models = read_param(r, PARAM_models);
	struct jscan_item first;
	struct jscan_iter it;

	if (models.n == 0)
		return false;
	jscan_enter(&it, models);
	return jscan_element_next(&it, &first) && first.type == type;
}

/* ---- a draw ------------------------------------------------------------- */

/* One entry: {"model","weight","credentials"} or a name of weight 1. */
static struct slice
read_entry(struct req *r, const struct jscan_item *entry, int64_t *weight_r,
    struct slice *credentials_r)
{
	struct jscan_item item;
	struct slice name = SLICE("");

	*weight_r = PLAN_WEIGHT_ONE;
	*credentials_r = SLICE("");
	if (entry->type == JSCAN_STRING)
		return jstr_item(entry, r->pool);
	if (jscan_find(entry->value, SLICE("model"), &item) == 1)
		name = jstr_item(&item, r->pool);
	if (jscan_find(entry->value, SLICE("weight"), &item) == 1 &&
	    item.type != JSCAN_NULL)
		*weight_r = jnum_nano(item.type == JSCAN_STRING
					  ? jstr_item(&item, r->pool)
					  : item.value);
	if (jscan_find(entry->value, SLICE("credentials"), &item) == 1 &&
	    item.type == JSCAN_OBJECT)
		*credentials_r = item.value;
	return name;
}

static int
read_no_primary(struct req *r, struct slice first)
{
	return err_param(req_err(r), ERR_MODEL_NOT_FOUND, "model",
	    "Requested model %.*s is not available in the model list",
	    (int)(first.n < PLAN_SHOWN ? first.n : PLAN_SHOWN), first.p);
}

/* A primary; who is unknown or may not be used is left out. */
static void
read_primary(struct req *r, struct plan *p, struct slice name,
    int64_t weight_nano, struct slice credentials)
{
	struct candidate *c = &p->primaries[p->n_primaries];

	if (!candidate_find(r->w->settings, name, c)) {
		plan_warn(r, name, "Unknown model.");
		return;
	}
	c->weight_nano =
	    weight_nano < PLAN_WEIGHT_MAX ? weight_nano : PLAN_WEIGHT_MAX;
	c->credentials = credentials;
	p->n_primaries++;
}

static int
read_balanced(struct req *r, struct slice list)
{
	struct plan *p = plan_of(r);
	struct slice first = SLICE("");
	struct jscan_item entry;
	struct jscan_iter it;

	p->primaries =
	    pool_alloc(r->pool, jscan_count(list) * sizeof *p->primaries);
	p->n_primaries = 0;
	jscan_enter(&it, list);
	while (jscan_element_next(&it, &entry)) {
		struct slice credentials, name;
		int64_t weight;

		name = read_entry(r, &entry, &weight, &credentials);
		if (first.n == 0)
			first = name;
		read_primary(r, p, name, weight, credentials);
	}
	return p->n_primaries > 0 ? 0 : read_no_primary(r, first);
}

/* ---- groups ------------------------------------------------------------- */

static int
read_stored(struct req *r, struct slice id)
{
	struct plan *p = plan_of(r);
	struct stored_group g;
	int got = stored_group_find(r->w, id, r->pool, &g);

	if (got < 0)
		return err_set(req_err(r), ERR_INTERNAL,
		    "The store is not available.");
	if (got == 0)
		return err_param(req_err(r), ERR_GROUP_NOT_FOUND,
		    "load_balance_group", "Load balance group %.*s not found.",
		    (int)(id.n < PLAN_SHOWN ? id.n : PLAN_SHOWN), id.p);
	p->group_id = g.id;
	p->grouped = true;
	p->more = g.fallbacks;
	p->n_more = g.n_fallbacks;
	p->primaries = pool_alloc(r->pool, (g.n + 1) * sizeof *p->primaries);
	p->n_primaries = 0;
	for (unsigned i = 0; i < g.n; i++)
		read_primary(r, p, g.entries[i].model, g.entries[i].weight_nano,
		    g.entries[i].credentials);
	return p->n_primaries > 0
	           ? 0
	           : read_no_primary(r,
			 g.n > 0 ? g.entries[0].model : SLICE(""));
}

static RARE int
read_group(struct req *r)
{
	struct slice group = read_param(r, PARAM_load_balance_group);
	struct slice id = params_text(&r->params, PARAM_load_balance_group);
	struct jscan_item models;

	if (*group.p != '{' ||
	    jscan_find(group, SLICE("models"), &models) != 1 ||
	    jscan_count(models.value) == 0)
		return read_stored(r, id);
	plan_of(r)->group_id = id;
	plan_of(r)->grouped = true;
	return read_balanced(r, models.value);
}

/* ---- the router --------------------------------------------------------- */

/* By the first credential that the settings have: the router draws none. */
static uint32_t
read_place(struct req *r, uint32_t model)
{
	const struct settings *s = r->w->settings;
	const struct settings_model *m =
	    (const struct settings_model *)settings_list(s, s->models) + model;
	const struct settings_provider *p =
	    settings_provider_at(s, m->provider);
	const struct settings_credential *c = settings_list(s, p->credentials);
	uint64_t id = 0;

	if (p->credentials.n > 0)
		id = health_credential(settings_str(s, c->name));
	return health_find(r->w, settings_str(s, p->name), id,
	    settings_str(s, m->upstream));
}

static uint64_t
read_ejected_until(struct req *r, uint32_t model)
{
	const struct settings *s = r->w->settings;
	const struct settings_model *m =
	    (const struct settings_model *)settings_list(s, s->models) + model;

	uint64_t until_ns;

	if (provider_drained(r->w, m->provider))
		return ROUTER_NEVER;
	until_ns = health_until_ns(r->w, read_place(r, model));
	return until_ns > now_mono_ns() ? until_ns : 0;
}

static uint64_t
read_first_byte_ns(struct req *r, uint32_t model)
{
	return health_first_byte_ns(r->w, read_place(r, model));
}

/* Providers that have a key in the store, as bits. */
static const uint64_t *
read_stored_keys(struct req *r)
{
	uint32_t n = r->w->settings->providers.n;
	uint64_t *bits;
	unsigned keys;

	bits = pool_zalloc(r->pool, (n / 64 + 1) * sizeof *bits);
	for (uint32_t i = 0; i < n; i++) {
		stored_keys(r->w, (int32_t)i, &keys);
		if (keys > 0)
			bits[i / 64] |= UINT64_C(1) << i % 64;
	}
	return bits;
}

/* Nobody can: the safety net, or why. */
static int
read_unrouted(struct req *r, struct slice reasons)
{
	const struct settings *s = r->w->settings;
	struct slice net = settings_str(s, s->routing_safety_net_model);
	struct candidate c;

	if (params_bool(&r->params, PARAM_disable_fallback) ||
	    !candidate_find(s, net, &c) || !candidate_may_name(r, c.slug))
		return err_set(req_err(r), ERR_NO_MODEL,
		    "No model meets the requirements of this request: %.*s",
		    SLICE_ARGS(reasons));
	read_primary(r, plan_of(r), net, PLAN_WEIGHT_ONE, SLICE(""));
	return 0;
}

static void
read_order(struct req *r, const uint32_t *order, unsigned n)
{
	const struct settings *s = r->w->settings;
	const struct settings_model *all = settings_list(s, s->models);
	struct plan *p = plan_of(r);
	struct slice *more = pool_alloc(r->pool, n * sizeof *more);

	read_primary(r, p, settings_str(s, all[order[0]].name), PLAN_WEIGHT_ONE,
	    SLICE(""));
	for (unsigned i = 1; i < n; i++)
		more[i - 1] = settings_str(s, all[order[i]].name);
	p->more = more;
	p->n_more = n - 1;
}

static int
read_routed(struct req *r)
{
	struct slice models = read_param(r, PARAM_models);
	struct plan *p = plan_of(r);
	struct router_ask ask = { 0 };
	uint32_t order[PLAN_ROUTED];
	struct sbuf reasons = { 0 };
	struct needs needs;
	unsigned got;
	int done = 0;

	needs_of(r, &needs);
	ask.needs = &needs;
	ask.models = read_names(r, models, &ask.n_models);
	router_ask_of(r, &ask);
	ask.also = read_stored_keys(r);
	ask.ejected_until = read_ejected_until;
	ask.first_byte_ns = read_first_byte_ns;
	p->primaries = pool_alloc(r->pool, sizeof *p->primaries);
	got = router_order(r->w, r, &ask, order, PLAN_ROUTED, &reasons);
	if (got > 0)
		read_order(r, order, got);
	else
		done = read_unrouted(r, sbuf_slice(&reasons));
	sbuf_free(&reasons);
	return done;
}

/* ---- the rows of routing.md 2 -------------------------------------------- */

/* Row 1: what is drawn among, before all else; n 0: nothing. */
static struct slice
read_list(const struct req *r)
{
	struct slice list = read_param(r, PARAM_load_balance_models);

	if (jscan_count(list) == 0)
		list = read_param(r, PARAM_loadbalance_models);
	if (jscan_count(list) == 0 && read_models_are(r, JSCAN_OBJECT))
		list = read_param(r, PARAM_models);
	return jscan_count(list) > 0 ? list : SLICE("");
}

bool
plan_names(struct req *r, struct slice *name_r)
{
	const struct settings *s = r->w->settings;
	const struct slice *names;
	unsigned n = 0;

	if (read_list(r).n > 0)
		return false;
	*name_r = params_text(&r->params, PARAM_model);
	if (name_r->n > 0)
		return true;
	if (params_has(&r->params, PARAM_load_balance_group))
		return false;
	if (read_models_are(r, JSCAN_STRING)) {
		names = read_names(r, read_param(r, PARAM_models), &n);
		*name_r = n == 1 ? names[0] : SLICE("");
	} else {
		*name_r = settings_str(s, s->routing_default_model);
	}
	return name_r->n > 0;
}

int
plan_read(struct req *r)
{
	struct slice list = read_list(r);

	if (list.n > 0)
		return read_balanced(r, list);
	return params_has(&r->params, PARAM_load_balance_group)
	           ? read_group(r)
	           : read_routed(r);
}

/* ---- fallbacks ---------------------------------------------------------- */

static bool
read_is_known(const struct plan *p, const struct candidate *c)
{
	for (unsigned i = 0; i < p->n_primaries; i++)
		if (slice_eq(p->primaries[i].slug, c->slug))
			return true;
	for (unsigned i = 0; i < p->n_fallbacks; i++)
		if (slice_eq(p->fallbacks[i].slug, c->slug))
			return true;
	return false;
}

static void
read_fallback(struct req *r, struct plan *p, struct slice name)
{
	struct candidate c;

	if (name.n == 0)
		return;
	if (!candidate_find(r->w->settings, name, &c))
		plan_warn(r, name, "Unknown model.");
	else if (!read_is_known(p, &c))
		p->fallbacks[p->n_fallbacks++] = c;
}

/* Strings of models, where they are no list of the router's. */
static bool
read_models_follow(const struct req *r, const struct plan *p)
{
	return read_models_are(r, JSCAN_STRING) &&
	       (params_text(&r->params, PARAM_model).n > 0 || p->grouped);
}

void
plan_make_fallbacks(struct req *r)
{
	const struct settings *s = r->w->settings;
	const struct sref *stored =
	    settings_list(s, s->routing_fallback_models);
	struct plan *p = plan_of(r);
	const struct slice *own, *models = NULL;
	unsigned n_own, n_models = 0, n_stored = 0;

	if (p->fallbacks_made)
		return;
	p->fallbacks_made = true;
	if (params_bool(&r->params, PARAM_disable_fallback))
		return;
	own = read_names(r, read_param(r, PARAM_fallback_models), &n_own);
	if (read_models_follow(r, p))
		models = read_names(r, read_param(r, PARAM_models), &n_models);
	if (n_own + n_models == 0 && p->n_more == 0)
		n_stored = s->routing_fallback_models.n;
	p->fallbacks =
	    pool_alloc(r->pool, (n_own + n_models + p->n_more + n_stored + 1) *
				    sizeof *p->fallbacks);
	for (unsigned i = 0; i < n_own; i++)
		read_fallback(r, p, own[i]);
	for (unsigned i = 0; i < n_models; i++)
		read_fallback(r, p, models[i]);
	p->n_explicit = p->n_fallbacks;
	/* The group's give way to the request's own; the router's follow. */
	if (n_own + n_models == 0 || !p->grouped)
		for (unsigned i = 0; i < p->n_more; i++)
			read_fallback(r, p, p->more[i]);
	for (unsigned i = 0; i < n_stored; i++)
		read_fallback(r, p, settings_str(s, stored[i]));
	read_fallback(r, p, settings_str(s, s->routing_safety_net_model));
}
