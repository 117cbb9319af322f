#ifndef WORKER_ROUTER_PRIV_H
#define WORKER_ROUTER_PRIV_H

/* router_priv - the table behind router: one row for each model. */

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

enum router_strategy { STRATEGY_CHEAPEST, STRATEGY_FASTEST, STRATEGY_PRIORITY };

struct router_row {
	int64_t context;       /* INT64_MAX = not known */
	int64_t input, output; /* pico-USD a token */
	int64_t tier_above;    /* INT64_MAX = no tier */
	uint32_t can;
	uint32_t image_tokens;
	uint32_t provider;
	uint32_t place; /* in the settings' order */
};

struct router {
	const struct settings *settings;
	struct router_row *rows; /* by index of the model, that is by slug */
	uint32_t n;
	enum router_strategy strategy;
	uint32_t candidates[2]; /* that are not demo, by environment */
	uint64_t *skip;         /* a bit for each model, of one order */
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

/* Index of a model by any of its names; -1: there is none. */
int64_t router_find(const struct router *t, struct slice name);

static inline bool
router_bit(const uint64_t *bits, uint32_t i)
{
	return (bits[i / 64] >> i % 64 & 1) != 0;
}

#endif
