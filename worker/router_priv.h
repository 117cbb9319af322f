#ifndef WORKER_ROUTER_PRIV_H
#define WORKER_ROUTER_PRIV_H

/*
 * router_priv - the table behind router, and one order while it is made.
 *
 * The rows of the table hold what each order looks at, and nothing else, and
 * stand so that the best of most requests come first: those behind them are
 * then only compared.
 */

#include "base/settings.h"
#include "worker/needs.h"
#include "worker/router.h"

/* Beside the features and enum needs_ability. */
enum {
	CAN_REAL = 1 << 27, /* not of the demo provider */
	CAN_PRICED = 1 << 28,
	CAN_PROD = 1 << 29, /* the settings have a credential for it */
	CAN_TEST = 1 << 30,
};
#define HAS_TIER (1u << 31) /* its price depends on the prompt */

enum router_strategy { STRATEGY_CHEAPEST, STRATEGY_FASTEST, STRATEGY_PRIORITY };

struct router_row {
	/*
	 * By speed 0, by priority the place, else the price of three tokens
	 * read and one written, in pico-USD, no more than it can be.  The rows
	 * stand by it.
	 */
	uint64_t least;
	int64_t context;       /* INT64_MAX = not known */
	int64_t input, output; /* pico-USD a token */
	uint32_t can;
	uint32_t model; /* index in the settings, that is by slug */
};

struct router {
	const struct settings *settings;
	const struct settings_model *models;
	struct router_row *rows;
	uint32_t *row_of; /* by index of the model */
	uint32_t n;
	enum router_strategy strategy;
	uint32_t candidates[2]; /* that are not demo, by environment */
	uint64_t *skip;         /* a bit for each model, of one order */
	uint64_t *mean_ns;      /* by index of the model, asked a while ago */
	uint64_t mean_until_ms;
};

/* What one model is compared by with another: the smaller is the better. */
struct rank {
	unsigned __int128 key;
	uint32_t model;
};

struct race {
	struct req *r;
	const struct router_ask *ask;
	struct router *t;
	uint32_t wanted; /* bits of a row's can */
	uint32_t environment;
	const uint64_t *skip;
	/* Of the request; images come on top, by model. */
	int64_t window_tokens, input_tokens, output_tokens, images;
	/* The key of a row is at least so many times its least. */
	uint64_t times;
	uint64_t stop; /* a row of more is not among the best, nor is a later */
	struct rank best[ROUTER_BEST_MAX];
	unsigned n, max;
	struct rank spare; /* of the ejected, the one that is back first */
	uint64_t spare_until;
};

static inline uint32_t
router_environment(int32_t environment)
{
	return environment == ENV_TEST ? CAN_TEST : CAN_PROD;
}

/*
 * The bits of the models that the key's list or the exclusions leave out; NULL
 * when there is neither.
 */
const uint64_t *router_skip(struct router *t, const struct router_ask *ask);

/* The row of a model by any of its names; NULL: there is none. */
const struct router_row *router_find(const struct router *t, struct slice name);

static inline bool
router_bit(const uint64_t *bits, uint32_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

/* What a row can for this request, with the credentials that it brought. */
static inline uint32_t
race_can(const struct race *race, const struct router_row *row)
{
	const uint64_t *also = race->ask->also;

	if (also != NULL &&
	    router_bit(also, (uint32_t)race->t->models[row->model].provider))
		return row->can | race->environment;
	return row->can;
}

/* Tokens of its window that the images take. */
int64_t race_images(const struct race *race, const struct router_row *row);

static inline bool
race_has_room(const struct race *race, const struct router_row *row)
{
	int64_t window = race->window_tokens;

	if (race->images > 0)
		window += race_images(race, row);
	return window <= row->context;
}

/* Append why there is none. */
void race_reasons(const struct race *race, struct sbuf *reasons);

#endif
