#include "worker/router.h"

#include <assert.h>

#include "base/rare.h"
#include "base/sbuf.h"
#include "proto/bound.h"
#include "proto/price.h"
#include "worker/router_priv.h"
#include "worker/worker_priv.h"

#define OUTPUT_UNSAID 1024 /* tokens of output where no cap is named */

/* By speed: the mean above the cost, which is cut at 3 * 10^14 USD. */
#define COST_BITS 88
#define COST_MAX (((unsigned __int128)1 << COST_BITS) - 1)
#define MEAN_MAX ((UINT64_C(1) << 40) - 1) /* 18 minutes */
#define COST_UNKNOWN (~(unsigned __int128)0)

int64_t
race_images(const struct race *race, const struct router_row *row)
{
	return race->images * bound_image(&race->t->models[row->model]);
}

static bool
rank_before(const struct rank *a, const struct rank *b)
{
	return a->key < b->key || (a->key == b->key && a->model < b->model);
}

static unsigned __int128
cost_of(int64_t in, int64_t input, int64_t out, int64_t output)
{
	return (unsigned __int128)(uint64_t)in * (uint64_t)input +
	       (unsigned __int128)(uint64_t)out * (uint64_t)output;
}

/* A price of a tier, or none; the tokens of the images. */
static RARE unsigned __int128
race_rare_cost(const struct race *race, const struct router_row *row)
{
	int64_t in = race->input_tokens + race_images(race, row);
	struct price_rates rates;

	if (!(row->can & CAN_PRICED))
		return COST_UNKNOWN;
	price_rates(&race->t->models[row->model].price, in, &rates);
	return cost_of(in, rates.input, race->output_tokens, rates.output);
}

static inline unsigned __int128
race_cost(const struct race *race, const struct router_row *row)
{
	if ((row->can & (HAS_TIER | CAN_PRICED)) != CAN_PRICED ||
	    race->images > 0)
		return race_rare_cost(race, row);
	return cost_of(race->input_tokens, row->input, race->output_tokens,
	    row->output);
}

/* The means are asked for together, since each lies somewhere else. */
static void
race_learn_speed(struct race *race)
{
	const struct router_ask *ask = race->ask;
	struct router *t = race->t;

	if (t->strategy != STRATEGY_FASTEST || ask->now_ms < t->mean_until_ms)
		return;
	t->mean_until_ms = ask->now_ms + ROUTER_MEANS_MS;
	for (uint32_t i = 0; i < t->n; i++) {
		uint64_t mean = ask->first_byte_ns != NULL
		                    ? ask->first_byte_ns(race->r, i)
		                    : 0;

		t->mean_ns[i] = mean < MEAN_MAX ? mean : MEAN_MAX;
	}
}

static inline unsigned __int128
race_speed(const struct race *race, const struct router_row *row)
{
	unsigned __int128 mean = (unsigned __int128)race->t->mean_ns[row->model]
	                         << COST_BITS;
	unsigned __int128 cost;

	if (race->n == race->max && mean > race->best[race->n - 1].key)
		return mean; /* too slow at any price */
	cost = race_cost(race, row);
	return mean | (cost < COST_MAX ? cost : COST_MAX);
}

/* place: in the list of the request. */
static inline unsigned __int128
race_key(const struct race *race, const struct router_row *row, uint32_t place)
{
	if (race->t->strategy == STRATEGY_CHEAPEST)
		return race_cost(race, row);
	if (race->t->strategy == STRATEGY_FASTEST)
		return race_speed(race, row);
	return race->ask->n_models > 0 ? place
	                               : race->t->models[row->model].place;
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
	    (until == race->spare_until && rank_before(rank, &race->spare))) {
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

/* It would be among the best. */
static RARE void
race_take(struct race *race, struct rank rank)
{
	if (race->ask->n_models > 0 && race_has(race, rank.model))
		return;
	if (race_ejected(race, &rank))
		return;
	race_insert(race, &rank);
	if (race->n == race->max && race->times > 0) {
		unsigned __int128 stop =
		    race->best[race->n - 1].key / race->times;

		race->stop = stop < UINT64_MAX ? (uint64_t)stop : UINT64_MAX;
	}
}

static inline void
race_enter(struct race *race, const struct router_row *row, uint32_t place)
{
	struct rank rank;

	if ((race_can(race, row) & race->wanted) != race->wanted ||
	    !race_has_room(race, row))
		return;
	if (race->skip != NULL && router_bit(race->skip, row->model))
		return;
	rank.key = race_key(race, row, place);
	rank.model = row->model;
	if (race->n < race->max || rank_before(&rank, &race->best[race->n - 1]))
		race_take(race, rank);
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
	const struct router_row *row = race->t->rows, *end = row + race->t->n;

	if (ask->n_models > 0)
		end = row;
	for (; row < end && row->least <= race->stop; row++)
		race_enter(race, row, 0);
	for (uint32_t i = 0; i < ask->n_models; i++) {
		row = router_find(race->t, ask->models[i]);
		if (row != NULL)
			race_enter(race, row, i);
	}
}

/* Input is at least so many times three tokens, and so is output one. */
static uint64_t
race_times(const struct race *race)
{
	int64_t in = race->input_tokens / 3, out = race->output_tokens;

	if (race->t->strategy == STRATEGY_PRIORITY)
		return 1;
	if (race->t->strategy == STRATEGY_FASTEST)
		return 0;
	return (uint64_t)(in < out ? in : out);
}

static void
race_init(struct race *race, struct router *t, struct req *r,
    const struct router_ask *ask, unsigned max)
{
	const struct needs *needs = ask->needs;

	race->r = r;
	race->ask = ask;
	race->t = t;
	race->environment = router_environment(ask->environment);
	race->wanted = needs_demands(needs) | race->environment;
	race->skip = router_skip(t, ask);
	race->window_tokens = needs->tokens;
	race->input_tokens = needs->tokens - needs->max_tokens;
	race->output_tokens =
	    needs->max_tokens > 0 ? needs->max_tokens : OUTPUT_UNSAID;
	if (needs->features & FEATURE_EMBEDDINGS)
		race->output_tokens = 0;
	race->images = needs->images;
	race->times = race_times(race);
	race->stop = UINT64_MAX;
	race->n = 0;
	race->max = max;
	race->spare_until = ROUTER_NEVER;
	race->spare = (struct rank){ COST_UNKNOWN, UINT32_MAX };
	if (ask->n_models == 0)
		race->wanted |=
		    CAN_PRICED | (race_is_real(race) ? CAN_REAL : 0);
}

unsigned
router_best(struct router *t, struct req *r, const struct router_ask *ask,
    uint32_t *order_r, unsigned max, struct sbuf *reasons)
{
	struct race race;

	assert(max > 0 && max <= ROUTER_BEST_MAX);
	race_init(&race, t, r, ask, max);
	race_learn_speed(&race);
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
