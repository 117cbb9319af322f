#include "worker/router_priv.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "proto/price.h"
#include "store/defs.h"

/* A credential of the settings, or none is needed. */
static bool
table_has_credential(const struct settings *s, const struct settings_model *m,
    int32_t environment)
{
	const struct settings_provider *p =
	    settings_provider_at(s, m->provider);
	const struct settings_credential *c = settings_list(s, p->credentials);

	if (p->credentials.n == 0)
		return p->kind == KIND_DEMO || (p->quirks & QUIRK_LOCAL) != 0;
	for (uint32_t i = 0; i < p->credentials.n; i++)
		if (settings_credential_serves(s, &c[i], environment,
			settings_str(s, m->name)))
			return true;
	return false;
}

static uint32_t
table_can(const struct settings *s, const struct settings_model *m)
{
	const struct settings_provider *p =
	    settings_provider_at(s, m->provider);
	uint32_t can = needs_abilities(s, m);

	if (p->kind != KIND_DEMO)
		can |= CAN_REAL;
	if (m->price.known)
		can |= CAN_PRICED;
	if (m->price.tier_above > 0)
		can |= HAS_TIER;
	if (table_has_credential(s, m, ENV_PROD))
		can |= CAN_PROD;
	if (table_has_credential(s, m, ENV_TEST))
		can |= CAN_TEST;
	return can;
}

static void
table_fill_row(const struct router *t, uint32_t model, struct router_row *row)
{
	const struct settings_model *m = &t->models[model];
	struct price_rates rates = { 0 };

	if (m->price.known)
		price_rates(&m->price, 0, &rates);
	*row = (struct router_row){
		.context = m->context > 0 ? m->context : INT64_MAX,
		.input = rates.input,
		.output = rates.output,
		.can = table_can(t->settings, m),
		.model = model,
	};
}

static int64_t
table_less(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Of a usual request; on either side of a tier. */
static uint64_t
table_least_price(const struct settings_model *m)
{
	struct price_rates below, above;
	unsigned __int128 least;

	if (!m->price.known)
		return UINT64_MAX;
	price_rates(&m->price, 0, &below);
	price_rates(&m->price, INT64_MAX, &above);
	least = (unsigned __int128)table_less(below.input, above.input) * 3 +
	        (uint64_t)table_less(below.output, above.output);
	return least < UINT64_MAX ? (uint64_t)least : UINT64_MAX;
}

static uint64_t
table_least(const struct router *t, const struct router_row *row)
{
	const struct settings_model *m = &t->models[row->model];

	if (t->strategy == STRATEGY_FASTEST)
		return 0;
	return t->strategy == STRATEGY_PRIORITY ? m->place
	                                        : table_least_price(m);
}

static int
table_compare(const void *va, const void *vb)
{
	const struct router_row *a = va, *b = vb;

	if (a->least != b->least)
		return a->least < b->least ? -1 : 1;
	return a->model < b->model ? -1 : a->model > b->model;
}

static enum router_strategy
table_strategy(const struct settings *s)
{
	if (settings_is(s, s->routing_strategy, "fastest"))
		return STRATEGY_FASTEST;
	return settings_is(s, s->routing_strategy, "priority")
	           ? STRATEGY_PRIORITY
	           : STRATEGY_CHEAPEST;
}

static void
table_count(struct router *t, const struct router_row *row)
{
	const uint32_t wanted = CAN_REAL | CAN_PRICED | ABLE_CHAT;

	if ((row->can & wanted) != wanted)
		return;
	t->candidates[0] += (row->can & CAN_PROD) != 0;
	t->candidates[1] += (row->can & CAN_TEST) != 0;
}

struct router *
router_new(const struct settings *s)
{
	struct router *t = xcalloc(1, sizeof *t);

	t->settings = s;
	t->models = settings_list(s, s->models);
	t->n = s->models.n;
	t->rows = xcalloc(t->n + 1, sizeof *t->rows);
	t->row_of = xcalloc(t->n + 1, sizeof *t->row_of);
	t->skip = xcalloc(t->n / 64 + 1, sizeof *t->skip);
	t->mean_ns = xcalloc(t->n + 1, sizeof *t->mean_ns);
	t->strategy = table_strategy(s);
	for (uint32_t i = 0; i < t->n; i++) {
		table_fill_row(t, i, &t->rows[i]);
		t->rows[i].least = table_least(t, &t->rows[i]);
		table_count(t, &t->rows[i]);
	}
	qsort(t->rows, t->n, sizeof *t->rows, table_compare);
	for (uint32_t i = 0; i < t->n; i++)
		t->row_of[t->rows[i].model] = i;
	return t;
}

void
router_free(struct router **rp)
{
	struct router *t = *rp;

	if (t == NULL)
		return;
	free(t->rows);
	free(t->row_of);
	free(t->skip);
	free(t->mean_ns);
	free(t);
	*rp = NULL;
}

const struct router_row *
router_find(const struct router *t, struct slice name)
{
	const struct settings_model *m = settings_model_find(t->settings, name);

	return m != NULL ? &t->rows[t->row_of[m - t->models]] : NULL;
}

/* ---- what is left out --------------------------------------------------- */

static struct slice
table_slug(const struct router *t, uint32_t i)
{
	return settings_str(t->settings, t->models[i].name);
}

/*
 * How many models, in the order of slugs, stand before text; with a head, those
 * that begin with it stand before it, too.
 */
static uint32_t
table_before(const struct router *t, struct slice text, bool head)
{
	uint32_t low = 0, high = t->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct slice slug = table_slug(t, mid);

		if (slice_order(slug, text) < 0 ||
		    (head && slice_starts(slug, text)))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void
table_skip(struct router *t, uint32_t model, bool skip)
{
	uint64_t bit = UINT64_C(1) << model % 64;

	t->skip[model / 64] &= ~bit;
	if (skip)
		t->skip[model / 64] |= bit;
}

/* The models that an item of a key's list lets pass: key_permits(). */
static void
table_permit(struct router *t, struct slice item)
{
	bool head = item.n > 0 && item.p[item.n - 1] == '*';
	uint32_t i, end;

	item.n -= head;
	i = table_before(t, item, false);
	end = head ? table_before(t, item, true)
	           : i + (i < t->n && slice_eq(table_slug(t, i), item));
	for (; i < end; i++)
		table_skip(t, i, false);
}

static void
table_exclude_provider(struct router *t, struct slice name)
{
	const struct settings_provider *p =
	    settings_provider_called(t->settings, name);

	for (uint32_t i = 0; p != NULL && i < t->n; i++)
		if (settings_provider_at(t->settings, t->models[i].provider) ==
		    p)
			table_skip(t, i, true);
}

static bool
table_permits_all(struct slice list)
{
	return list.n == 0 || defs_list_has(list, SLICE("*"));
}

const uint64_t *
router_skip(struct router *t, const struct router_ask *ask)
{
	struct slice list = ask->permitted, item;
	bool all = table_permits_all(list);

	if (all && ask->n_exclude_models == 0 && ask->n_exclude_providers == 0)
		return NULL;
	memset(t->skip, all ? 0 : 0xff, (t->n / 64 + 1) * sizeof *t->skip);
	while (!all && defs_list_next(&list, &item))
		table_permit(t, item);
	for (unsigned i = 0; i < ask->n_exclude_providers; i++)
		table_exclude_provider(t, ask->exclude_providers[i]);
	for (unsigned i = 0; i < ask->n_exclude_models; i++) {
		const struct router_row *row =
		    router_find(t, ask->exclude_models[i]);

		if (row != NULL)
			table_skip(t, row->model, true);
	}
	return t->skip;
}
