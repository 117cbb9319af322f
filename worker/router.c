#include "worker/router.h"

#include <assert.h>

#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "proto/price.h"
#include "worker/keys.h"
#include "worker/req.h"
#include "worker/router_priv.h"
#include "worker/worker_priv.h"

#define SHOWN 200          /* bytes of a caller's text in a message */
#define OUTPUT_UNSAID 1024 /* tokens of output where no cap is named */

/* What one model is compared by with another: the smaller is the better. */
struct rank {
	uint64_t first;         /* of the strategy */
	unsigned __int128 cost; /* pico-USD */
	uint32_t model;         /* by slug */
};

/* One order while it is made. */
struct race {
	struct req *r;
	const struct router_ask *ask;
	struct router *t;
	uint32_t wanted; /* bits of a row's can */
	uint32_t environment;
	const uint64_t *skip;
	uint64_t output_tokens;
	struct rank best[ROUTER_BEST_MAX];
	unsigned n, max;
	struct rank spare; /* of the ejected, the one that is back first */
	uint64_t spare_until;
};

static bool
rank_before(const struct rank *a, const struct rank *b)
{
	if (a->first != b->first)
		return a->first < b->first;
	if (a->cost != b->cost)
		return a->cost < b->cost;
	return a->model < b->model;
}

static uint32_t
race_can(const struct race *race, const struct router_row *row)
{
	const uint64_t *also = race->ask->also;

	if (also != NULL && router_bit(also, row->provider))
		return row->can | race->environment;
	return row->can;
}

static unsigned __int128
race_cost(const struct race *race, const struct router_row *row, uint32_t model)
{
	const struct needs *needs = race->ask->needs;
	int64_t in = needs_window(needs, row->image_tokens) - needs->max_tokens;
	uint64_t input = (uint64_t)row->input, output = (uint64_t)row->output;

	if (!(row->can & CAN_PRICED))
		return ~(unsigned __int128)0;
	if (in > row->tier_above) {
		const struct settings_model *m =
		    settings_list(race->t->settings, race->t->settings->models);
		struct price_rates rates;

		price_rates(&m[model].price, in, &rates);
		input = (uint64_t)rates.input;
		output = (uint64_t)rates.output;
	}
	return (unsigned __int128)(uint64_t)in * input +
	       (unsigned __int128)race->output_tokens * output;
}

static uint64_t
race_first(const struct race *race, const struct router_row *row,
    uint32_t model, uint32_t place)
{
	switch (race->t->strategy) {
	case STRATEGY_FASTEST:
		return race->ask->first_byte_ns != NULL
		           ? race->ask->first_byte_ns(race->r, model)
		           : 0;
	case STRATEGY_PRIORITY:
		return race->ask->n_models > 0 ? place : row->place;
	default:
		return 0;
	}
}

/* Whether a good one is ejected; the one that is back first is kept. */
static bool
race_ejected(struct race *race, const struct rank *rank)
{
	uint64_t until = 0;

	if (race->ask->ejected_until != NULL)
		until = race->ask->ejected_until(race->r, rank->model);
	if (until == 0)
		return false;
	if (until < race->spare_until ||
	    (until == race->spare_until && until != ROUTER_NEVER &&
		rank_before(rank, &race->spare))) {
		race->spare_until = until;
		race->spare = *rank;
	}
	return true;
}

static bool
race_has(const struct race *race, uint32_t model)
{
	for (unsigned i = 0; i < race->n; i++)
		if (race->best[i].model == model)
			return true;
	return false;
}

static void
race_insert(struct race *race, const struct rank *rank)
{
	unsigned i = race->n < race->max ? race->n++ : race->n - 1;

	for (; i > 0 && rank_before(rank, &race->best[i - 1]); i--)
		race->best[i] = race->best[i - 1];
	race->best[i] = *rank;
}

static bool
race_fits(const struct race *race, const struct router_row *row, uint32_t model)
{
	if ((race_can(race, row) & race->wanted) != race->wanted)
		return false;
	if (needs_window(race->ask->needs, row->image_tokens) > row->context)
		return false;
	return race->skip == NULL || !router_bit(race->skip, model);
}

/* place: in the list of the request. */
static void
race_enter(struct race *race, uint32_t model, uint32_t place)
{
	const struct router_row *row = &race->t->rows[model];
	struct rank rank;

	if (!race_fits(race, row, model))
		return;
	rank.first = race_first(race, row, model, place);
	rank.cost = race_cost(race, row, model);
	rank.model = model;
	if (race->n == race->max &&
	    !rank_before(&rank, &race->best[race->n - 1]))
		return;
	if (race->ask->n_models > 0 && race_has(race, model))
		return;
	if (!race_ejected(race, &rank))
		race_insert(race, &rank);
}

/* Whether there is a model that is not the demo's, for this request. */
static bool
race_is_real(const struct race *race)
{
	const uint32_t wanted =
	    CAN_REAL | CAN_PRICED | ABLE_CHAT | race->environment;
	const struct router *t = race->t;

	if (t->candidates[race->environment == CAN_TEST] > 0)
		return true;
	for (uint32_t i = 0; race->ask->also != NULL && i < t->n; i++)
		if ((race_can(race, &t->rows[i]) & wanted) == wanted)
			return true;
	return false;
}

static void
race_run(struct race *race)
{
	const struct router_ask *ask = race->ask;

	if (ask->n_models == 0) {
		for (uint32_t i = 0; i < race->t->n; i++)
			race_enter(race, i, 0);
		return;
	}
	for (uint32_t i = 0; i < ask->n_models; i++) {
		int64_t found = router_find(race->t, ask->models[i]);

		if (found >= 0)
			race_enter(race, (uint32_t)found, i);
	}
}

/* ---- why there is none --------------------------------------------------- */

static const char *
race_why(const struct race *race, uint32_t model)
{
	const struct router_row *row = &race->t->rows[model];
	const struct settings_model *m =
	    settings_list(race->t->settings, race->t->settings->models);
	uint32_t lacking = race->wanted & ~race_can(race, row);
	const char *words = needs_words(lacking);

	if (!key_permits(race->ask->permitted,
		settings_str(race->t->settings, m[model].name)))
		return "Not permitted for this key.";
	if (race->skip != NULL && router_bit(race->skip, model))
		return "Excluded by the request.";
	if (needs_window(race->ask->needs, row->image_tokens) > row->context)
		return needs_words_context;
	if (words != NULL)
		return words;
	if (lacking & race->environment)
		return "No credentials for its provider.";
	return race->ask->ejected_until(race->r, model) == ROUTER_NEVER
	           ? "Its provider is drained."
	           : "Ejected after failures.";
}

static void
race_say(struct sbuf *reasons, unsigned *n, struct slice name, const char *why)
{
	if ((*n)++ >= ROUTER_REASONS)
		return;
	if (*n > 1)
		sbuf_adds(reasons, "; ");
	sbuf_add(reasons, name.p, name.n < SHOWN ? name.n : SHOWN);
	sbuf_addf(reasons, ": %s", why);
}

static void
race_reasons_of_list(const struct race *race, struct sbuf *reasons)
{
	const struct router_ask *ask = race->ask;
	unsigned said = 0;

	for (unsigned i = 0; i < ask->n_models; i++) {
		int64_t found = router_find(race->t, ask->models[i]);

		race_say(reasons, &said, ask->models[i],
		    found >= 0 ? race_why(race, (uint32_t)found)
			       : "Unknown model.");
	}
}

/* Of the candidates: those that could be called, whatever was asked. */
static void
race_reasons(const struct race *race, struct sbuf *reasons)
{
	const uint32_t candidate =
	    race->wanted & (CAN_REAL | CAN_PRICED | race->environment);
	const struct settings *s = race->t->settings;
	const struct settings_model *m = settings_list(s, s->models);
	unsigned said = 0;

	if (race->ask->n_models > 0) {
		race_reasons_of_list(race, reasons);
		return;
	}
	for (uint32_t i = 0; i < race->t->n && said < ROUTER_REASONS; i++)
		if ((race_can(race, &race->t->rows[i]) & candidate) ==
		    candidate)
			race_say(reasons, &said, settings_str(s, m[i].name),
			    race_why(race, i));
}

/* ---- the order ------------------------------------------------------------
 */

unsigned
router_best(struct router *t, struct req *r, const struct router_ask *ask,
    uint32_t *order_r, unsigned max, struct sbuf *reasons)
{
	int64_t cap = ask->needs->max_tokens;
	struct race race;

	assert(max > 0 && max <= ROUTER_BEST_MAX);
	race.r = r;
	race.ask = ask;
	race.t = t;
	race.environment = router_environment(ask->environment);
	race.wanted = needs_demands(ask->needs) | race.environment;
	race.skip = router_skip(race.t, ask);
	race.output_tokens = cap > 0 ? (uint64_t)cap : OUTPUT_UNSAID;
	if (ask->needs->features & FEATURE_EMBEDDINGS)
		race.output_tokens = 0;
	race.n = 0;
	race.max = max;
	race.spare_until = ROUTER_NEVER;
	if (ask->n_models == 0)
		race.wanted |=
		    CAN_PRICED | (race_is_real(&race) ? CAN_REAL : 0);
	race_run(&race);
	if (race.n == 0 && race.spare_until != ROUTER_NEVER)
		race_insert(&race, &race.spare);
	if (race.n == 0)
		race_reasons(&race, reasons);
	for (unsigned i = 0; i < race.n; i++)
		order_r[i] = race.best[i].model;
	return race.n;
}

unsigned
router_order(struct worker *w, struct req *r, const struct router_ask *ask,
    uint32_t *order_r, unsigned max, struct sbuf *reasons)
{
	if (w->router == NULL)
		w->router = router_new(w->settings);
	return router_best(w->router, r, ask, order_r, max, reasons);
}

/* The texts of a list of the request. */
static unsigned
router_list(struct req *r, enum param_id id, const struct slice **list_r)
{
	struct jscan_iter it, count;
	struct jscan_item item;
	struct slice *list;
	unsigned n = 0;

	if (!params_has(&r->params, id))
		return 0;
	jscan_enter(&count, params_json(&r->params, id));
	while (jscan_element_next(&count, &item))
		n++;
	list = pool_alloc(r->pool, (n + 1) * sizeof *list);
	jscan_enter(&it, params_json(&r->params, id));
	for (unsigned i = 0; jscan_element_next(&it, &item); i++)
		list[i] = jstr_item(&item, r->pool);
	*list_r = list;
	return n;
}

void
router_ask_of(struct req *r, struct router_ask *ask)
{
	ask->permitted = r->key->def.models;
	ask->environment = r->key->def.environment;
	ask->n_exclude_models =
	    router_list(r, PARAM_exclude_models, &ask->exclude_models);
	ask->n_exclude_providers =
	    router_list(r, PARAM_exclude_providers, &ask->exclude_providers);
}
