#ifndef WORKER_ROUTER_H
#define WORKER_ROUTER_H

/*
 * router - the best models for a request that names none: spec/routing.md 11.
 *
 * What is looked at of each model lies in a dense table, made once from the
 * settings; an order is one pass over it that keeps the best few.  It asks for
 * no memory and compares no names, but where a request excludes or lists some.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct needs;
struct req;
struct router;
struct sbuf;
struct settings;
struct worker;

#define ROUTER_BEST_MAX 8 /* that one order can hold; 4 are used */
#define ROUTER_REASONS 5
#define ROUTER_NEVER UINT64_MAX
#define ROUTER_MEANS_MS 100

/* All lists are borrowed for the call. */
struct router_ask {
	const struct needs *needs;
	/* The candidates; n_models 0: all of row 1 of the specification. */
	const struct slice *models;
	unsigned n_models;
	const struct slice *exclude_models, *exclude_providers;
	unsigned n_exclude_models, n_exclude_providers;
	/*
	 * The key's list (struct key_def, empty = all) and its environment,
	 * ENV_PROD or ENV_TEST.
	 */
	struct slice permitted;
	int32_t environment;
	/*
	 * Providers that have a credential beyond those of the settings: bit
	 * p % 64 of word p / 64; NULL = none.
	 */
	const uint64_t *also;
	/*
	 * Until when a model (its index in the settings) is ejected, on any
	 * clock; 0 = it is not, ROUTER_NEVER = it may not be tried at all
	 * (drained).  It must not reserve a probe: who is asked about need not
	 * be chosen.  NULL = all are well.
	 */
	uint64_t (*ejected_until)(struct req *r, uint32_t model);
	/*
	 * Its moving mean; 0 = no data.  NULL = none has.  Asked of all models
	 * together when ROUTER_MEANS_MS have passed by now_ms.
	 */
	uint64_t (*first_byte_ns)(struct req *r, uint32_t model);
	uint64_t now_ms; /* of a monotonic clock */
};

/* What the request itself says: permitted, environment, exclusions; now_ms. */
void router_ask_of(struct req *r, struct router_ask *ask);

/*
 * The best models in order, as indexes into the settings' models, at most max
 * (1 .. ROUTER_BEST_MAX).  How many; if all that could serve are ejected, the
 * one whose time ends first.  0: none can, and the first ROUTER_REASONS are
 * appended to reasons as "{model}: {reason}", with "; " between them (nothing
 * where there was no candidate).
 */
unsigned router_order(struct worker *w, struct req *r,
    const struct router_ask *ask, uint32_t *order_r, unsigned max,
    struct sbuf *reasons);

/*
 * The same on a table of one's own, which lives no longer than the settings; r
 * is for the functions of ask alone.
 */
struct router *router_new(const struct settings *s);
void router_free(struct router **rp);
unsigned router_best(struct router *t, struct req *r,
    const struct router_ask *ask, uint32_t *order_r, unsigned max,
    struct sbuf *reasons);

#endif
