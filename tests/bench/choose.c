/*
 * What choosing costs: an order of the router over so many models, for a
 * request that names none.  Prints JSON: nanoseconds each.
 *
 * The prices stand in several orders among the slugs; where all are equal,
 * none of the models can be passed over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/sbuf.h"
#include "base/settings.h"
#include "worker/needs.h"
#include "worker/router.h"

#define MODELS 200
#define ROUNDS 200000
#define BEST 4

static struct {
	struct settings s;
	struct settings_provider provider;
	struct settings_credential credential;
	struct settings_model models[MODELS];
	char slugs[MODELS][8], strategy[16];
} snapshot;

#define AT(member) ((uint32_t)offsetof(__typeof__(snapshot), member))

enum order { DRAWN, BEST_FIRST, BEST_LAST, ALL_EQUAL };

static int64_t
choose_price(enum order order, int i)
{
	if (order == DRAWN)
		return 100000 + (i * 7919) % MODELS * 1000;
	if (order == ALL_EQUAL)
		return 100000;
	return 100000 + (order == BEST_FIRST ? i : MODELS - i) * 1000;
}

static struct router *
choose_table(const char *strategy, enum order order)
{
	struct settings *s = &snapshot.s;

	strcpy(snapshot.strategy, strategy);
	s->routing_strategy =
	    (struct sref){ AT(strategy), (uint32_t)strlen(strategy) };
	s->providers = (struct slist){ AT(provider), 1 };
	s->models = (struct slist){ AT(models), MODELS };
	snapshot.provider.credentials = (struct slist){ AT(credential), 1 };
	for (int i = 0; i < MODELS; i++) {
		struct settings_model *m = &snapshot.models[i];
		uint32_t at =
		    AT(slugs) + (uint32_t)i * (uint32_t)sizeof *snapshot.slugs;

		snprintf(snapshot.slugs[i], sizeof *snapshot.slugs, "m%03d", i);
		m->name = m->upstream = (struct sref){ at, 4 };
		m->features = FEATURE_TOOLS;
		m->context = 128000;
		m->place = (uint32_t)i;
		m->price.input = choose_price(order, i);
		m->price.output = 4 * m->price.input;
		m->price.known = true;
	}
	return router_new(s);
}

static uint64_t
choose_first_byte(struct req *r, uint32_t model)
{
	(void)r;
	return (uint64_t)snapshot.models[model].price.input;
}

static uint64_t
choose_ejected(struct req *r, uint32_t model)
{
	(void)r;
	return model == 0 ? 1 : 0;
}

static double
choose_ns(const char *strategy, enum order order, const struct router_ask *ask)
{
	struct router *t = choose_table(strategy, order);
	struct sbuf reasons = { 0 };
	struct timespec from, to;
	uint32_t best[BEST];
	unsigned long sum = 0;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < ROUNDS; i++)
		sum += router_best(t, NULL, ask, best, BEST, &reasons);
	clock_gettime(CLOCK_MONOTONIC, &to);
	router_free(&t);
	if (sum != (unsigned long)ROUNDS * BEST)
		abort(); /* a figure of work not done is none */
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 +
		   (double)(to.tv_nsec - from.tv_nsec)) /
	       ROUNDS;
}

int
main(void)
{
	static const struct slice excluded[] = { SLICE("m007"), SLICE("m100") };
	static const char permitted[] = "m0*\0m1*";
	struct needs needs = { .tokens = 3000, .features = FEATURE_TOOLS };
	struct router_ask ask = { .needs = &needs,
		.environment = ENV_PROD,
		.ejected_until = choose_ejected,
		.first_byte_ns = choose_first_byte };

	printf("{\"cheapest\":%.1f", choose_ns("cheapest", DRAWN, &ask));
	printf(",\"cheapest, best first\":%.1f",
	    choose_ns("cheapest", BEST_FIRST, &ask));
	printf(",\"cheapest, best last\":%.1f",
	    choose_ns("cheapest", BEST_LAST, &ask));
	printf(",\"cheapest, all equal\":%.1f",
	    choose_ns("cheapest", ALL_EQUAL, &ask));
	printf(",\"fastest\":%.1f", choose_ns("fastest", DRAWN, &ask));
	printf(",\"priority\":%.1f", choose_ns("priority", DRAWN, &ask));
	ask.permitted = (struct slice){ permitted, sizeof permitted };
	ask.exclude_models = excluded;
	ask.n_exclude_models = 2;
	printf(",\"cheapest of a key's list\":%.1f}\n",
	    choose_ns("cheapest", DRAWN, &ask));
	return 0;
}
