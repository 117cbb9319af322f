#include "worker/router_priv.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "proto/bound.h"
#include "proto/price.h"
#include "store/defs.h"

static const struct settings_model *
table_models(const struct settings *s)
{
	return settings_list(s, s->models);
}

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
	if (table_has_credential(s, m, ENV_PROD))
		can |= CAN_PROD;
	if (table_has_credential(s, m, ENV_TEST))
		can |= CAN_TEST;
	return can;
}

static void
table_fill_row(const struct settings *s, const struct settings_model *m,
    struct router_row *row)
{
	struct price_rates rates = { 0 };

	if (m->price.known)
		price_rates(&m->price, 0, &rates);
	*row = (struct router_row){
		.context = m->context > 0 ? m->context : INT64_MAX,
		.input = rates.input,
		.output = rates.output,
		.tier_above = m->price.known && m->price.tier_above > 0
		                  ? m->price.tier_above
		                  : INT64_MAX,
		.can = table_can(s, m),
		.image_tokens = (uint32_t)bound_image(m),
		.provider = (uint32_t)m->provider,
		.place = m->place,
	};
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
	t->n = s->models.n;
	t->rows = xcalloc(t->n + 1, sizeof *t->rows);
	t->skip = xcalloc(t->n / 64 + 1, sizeof *t->skip);
	t->strategy = table_strategy(s);
	for (uint32_t i = 0; i < t->n; i++) {
		table_fill_row(s, &table_models(s)[i], &t->rows[i]);
		table_count(t, &t->rows[i]);
	}
	return t;
}

void
router_free(struct router **rp)
{
	struct router *t = *rp;

	if (t == NULL)
		return;
	free(t->rows);
	free(t->skip);
	free(t);
	*rp = NULL;
}

int64_t
router_find(const struct router *t, struct slice name)
{
	const struct settings_model *m = settings_model_find(t->settings, name);

	return m != NULL ? m - table_models(t->settings) : -1;
}

/* ---- what is left out --------------------------------------------------- */

/* The first model, in the order of slugs, that does not stand before text. */
static uint32_t
table_first(const struct router *t, struct slice text)
{
	uint32_t low = 0, high = t->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		struct slice name = settings_str(t->settings,
		    table_models(t->settings)[mid].name);

		if (slice_order(name, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct slice
table_name(const struct router *t, uint32_t i)
{
	return settings_str(t->settings, table_models(t->settings)[i].name);
}

/* The models that an item of a key's list lets pass: key_permits(). */
static void
table_permit(struct router *t, struct slice item)
{
	bool prefix = item.n > 0 && item.p[item.n - 1] == '*';
	uint32_t i;

	item.n -= prefix;
	for (i = table_first(t, item); i < t->n; i++) {
		struct slice name = table_name(t, i);

		if (!slice_starts(name, item) || (!prefix && name.n != item.n))
			break;
		t->skip[i / 64] &= ~(UINT64_C(1) << i % 64);
	}
}

static void
table_exclude_provider(struct router *t, struct slice name)
{
	const struct settings_provider *p =
	    settings_provider_find(t->settings, name);
	uint32_t provider;

	if (p == NULL)
		return;
	provider = (uint32_t)(p - settings_provider_at(t->settings, 0));
	for (uint32_t i = 0; i < t->n; i++)
		if (t->rows[i].provider == provider)
			t->skip[i / 64] |= UINT64_C(1) << i % 64;
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
		int64_t found = router_find(t, ask->exclude_models[i]);

		if (found >= 0)
			t->skip[found / 64] |= UINT64_C(1) << found % 64;
	}
	return t->skip;
}
