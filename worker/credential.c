#include "worker/credential.h"

#include <stdio.h>

#include "base/pool.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "worker/keys.h"
#include "worker/targets.h"

#include "worker/credential_priv.h"
#include "worker/worker_priv.h"

#define WEIGHT_ONE INT64_C(1000000000)

const struct slice credential_source_names[CREDENTIAL_SOURCES] = {
	[CREDENTIAL_LOAD_BALANCE] = { "load_balance", 12 },
	[CREDENTIAL_OVERRIDE_MODEL] = { "override_model", 14 },
	[CREDENTIAL_OVERRIDE_PROVIDER] = { "override_provider", 17 },
	[CREDENTIAL_CUSTOMER] = { "customer", 8 },
	[CREDENTIAL_CUSTOMER_API_KEY] = { "customer_api_key", 16 },
	[CREDENTIAL_INTEGRATION] = { "integration", 11 },
	[CREDENTIAL_SETTINGS] = { "settings", 8 },
};

/* --- the caller's --- */

static int
choose_add(struct req *r, const struct credential_said *said,
    int64_t weight_nano, struct credential_draw *d)
{
	struct credential *c;

	if (credential_read(r, said, &c) != 0)
		return -1;
	credential_draw_add(d, c, weight_nano);
	return 0;
}

/* An object's list of models has this one; without_r: there is no list. */
static bool
choose_lists(const struct req *r, struct slice entry, const char *member,
    bool *without_r)
{
	struct jscan_item list, item;
	struct jscan_iter it;
	unsigned n = 0;

	*without_r = true;
	if (!jscan_find(entry, slice_str(member), &list) ||
	    list.type != JSCAN_ARRAY)
		return false;
	jscan_enter(&it, list.value);
	for (; jscan_element_next(&it, &item); n++)
		if (item.type == JSCAN_STRING &&
		    credential_names_slug(r, jstr_item(&item, r->pool),
			r->choice.slug) > 0)
			return true;
	*without_r = n == 0;
	return false;
}

static bool
choose_entry_serves(const struct req *r, struct slice entry)
{
	bool without;

	if (choose_lists(r, entry, "exclude_models", &without))
		return false;
	return choose_lists(r, entry, "available_models", &without) || without;
}

/* A number, or one in a string: params has seen that it is above 0. */
static int64_t
choose_weight(struct slice entry)
{
	struct jscan_item item;

	if (!jscan_find(entry, SLICE("weight"), &item) ||
	    item.type == JSCAN_NULL)
		return WEIGHT_ONE;
	return jnum_nano(
	    item.type == JSCAN_STRING ? jscan_text(&item) : item.value);
}

/* One of a list: what is drawn, and when. */
static int
choose_entry(struct req *r, const struct jscan_item *entry,
    const struct jscan_item *credential, const char *where,
    struct credential_draw *d)
{
	struct credential_said said = { CREDENTIAL_CUSTOMER, credential,
		where };

	if (!choose_entry_serves(r, entry->value))
		return 0;
	if (d->n == CREDENTIAL_ENTRIES_MAX)
		return err_param(req_err(r), ERR_INVALID_VALUE,
		    "customer_credentials",
		    "Invalid value for 'customer_credentials': must have at "
		    "most %d entries for a provider.",
		    CREDENTIAL_ENTRIES_MAX);
	return choose_add(r, &said, choose_weight(entry->value), d);
}

/* {"openai": [{"credentials": {...}, "weight": 1}]} */
static int
choose_customer_list(struct req *r, const struct jscan_item *list,
    const char *parent, struct credential_draw *d)
{
	struct jscan_iter it;
	struct jscan_item entry, credential;
	char where[CREDENTIAL_WHERE_SIZE + 32];

	jscan_enter(&it, list->value);
	for (unsigned i = 0; jscan_element_next(&it, &entry); i++) {
		snprintf(where, sizeof where, "%s[%u]", parent, i);
		if (!jscan_find(entry.value, SLICE("credentials"), &credential))
			return credential_missing(r, where, "credentials");
		if (credential.type != JSCAN_OBJECT &&
		    credential.type != JSCAN_STRING)
			return credential_type(r, where, "credentials",
			    "object", &credential);
		strcat(where, ".credentials");
		if (choose_entry(r, &entry, &credential, where, d) != 0)
			return -1;
	}
	return 0;
}

/* {"openai": "k", "azure": {...}, "anthropic": [...]} */
static int
choose_customer_map(struct req *r, const struct jscan_item *map,
    struct credential_draw *d)
{
	struct jscan_iter it;
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_CUSTOMER, &item, where };

	jscan_enter(&it, map->value);
	while (jscan_member_next(&it, &item)) {
		struct slice name = jstr_name(&item, r->pool);

		if (!credential_names_provider(r, name))
			continue;
		credential_where(where, "customer_credentials.", name);
		if (item.type == JSCAN_ARRAY
			? choose_customer_list(r, &item, where, d) != 0
			: choose_add(r, &said, WEIGHT_ONE, d) != 0)
			return -1;
	}
	return 0;
}

/* One of [{"credentials": {"openai": {...}}, "weight": 1}]: those that fit. */
static int
choose_customer_named(struct req *r, const struct jscan_item *entry,
    const struct jscan_item *map, const char *parent, struct credential_draw *d)
{
	struct jscan_iter it;
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];

	jscan_enter(&it, map->value);
	while (jscan_member_next(&it, &item)) {
		struct slice name = jstr_name(&item, r->pool);

		if (!credential_names_provider(r, name))
			continue;
		credential_where(where, parent, name);
		if (item.type != JSCAN_OBJECT && item.type != JSCAN_STRING)
			return credential_type(r, parent,
			    where + strlen(parent), "object", &item);
		if (choose_entry(r, entry, &item, where, d) != 0)
			return -1;
	}
	return 0;
}

static int
choose_customer_array(struct req *r, const struct jscan_item *list,
    struct credential_draw *d)
{
	struct jscan_iter it;
	struct jscan_item entry, map;
	char where[48];

	jscan_enter(&it, list->value);
	for (unsigned i = 0; jscan_element_next(&it, &entry); i++) {
		snprintf(where, sizeof where, "customer_credentials[%u]", i);
		if (!jscan_find(entry.value, SLICE("credentials"), &map))
			return credential_missing(r, where, "credentials");
		if (map.type != JSCAN_OBJECT)
			return credential_type(r, where, "credentials",
			    "object", &map);
		strcat(where, ".credentials.");
		if (choose_customer_named(r, &entry, &map, where, d) != 0)
			return -1;
	}
	return 0;
}

static const struct jscan_item *
choose_param(const struct req *r, enum param_id id)
{
	const struct param *v = params_at(&r->params, id);

	return v != NULL ? &v->item : NULL;
}

static int
choose_customer(struct req *r, struct slice entry, struct credential_draw *d)
{
	const struct jscan_item *v =
	    choose_param(r, PARAM_customer_credentials);

	(void)entry;
	if (v == NULL)
		return 0;
	return v->type == JSCAN_ARRAY ? choose_customer_array(r, v, d)
	                              : choose_customer_map(r, v, d);
}

static int
choose_override_model(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	const struct jscan_item *v = choose_param(r, PARAM_credential_override);
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_OVERRIDE_MODEL, &item,
		where };

	(void)entry;
	if (v == NULL || !credential_find_slug(r, v->value, &item))
		return 0;
	credential_where(where, "credential_override.",
	    jstr_name(&item, r->pool));
	return choose_add(r, &said, WEIGHT_ONE, d);
}

static int
choose_override_provider(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	const struct jscan_item *v = choose_param(r, PARAM_credential_override);
	struct jscan_iter it;
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_OVERRIDE_PROVIDER, &item,
		where };

	(void)entry;
	if (v == NULL)
		return 0;
	jscan_enter(&it, v->value);
	while (jscan_member_next(&it, &item)) {
		struct slice name = jstr_name(&item, r->pool);

		if (!credential_names_provider(r, name))
			continue;
		credential_where(where, "credential_override.", name);
		return choose_add(r, &said, WEIGHT_ONE, d);
	}
	return 0;
}

static int
choose_customer_api_key(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	const struct jscan_item *v = choose_param(r, PARAM_customer_api_keys);
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_CUSTOMER_API_KEY, &item,
		where };

	(void)entry;
	if (v == NULL || !credential_find_slug(r, v->value, &item))
		return 0;
	credential_where(where, "customer_api_keys.",
	    jstr_name(&item, r->pool));
	return choose_add(r, &said, WEIGHT_ONE, d);
}

/* "load_balance_models[1]" of the entry that the object is a part of. */
static void
choose_entry_name(const struct req *r, struct slice object,
    char where[CREDENTIAL_WHERE_SIZE])
{
	static const enum param_id lists[] = { PARAM_load_balance_models,
		PARAM_loadbalance_models, PARAM_models,
		PARAM_load_balance_group };
	struct jscan_item list, entry;
	struct jscan_iter it;

	snprintf(where, CREDENTIAL_WHERE_SIZE, "credentials");
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct jscan_item *v = choose_param(r, lists[i]);
		const char *inner = "";

		if (v == NULL || object.p < v->value.p ||
		    object.p >= v->value.p + v->value.n)
			continue;
		list = *v;
		if (v->type == JSCAN_OBJECT) {
			inner = ".models";
			if (!jscan_find(v->value, SLICE("models"), &list))
				return;
		}
		jscan_enter(&it, list.value);
		for (unsigned k = 0; jscan_element_next(&it, &entry); k++)
			if (object.p < entry.value.p + entry.value.n) {
				snprintf(where, CREDENTIAL_WHERE_SIZE,
				    "%.*s%s[%u].credentials",
				    SLICE_ARGS(params_name(lists[i])), inner,
				    k);
				return;
			}
	}
}

static int
choose_load_balance(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	struct jscan_item item = { .value = entry };
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_LOAD_BALANCE, &item, where };

	if (entry.n == 0)
		return 0;
	item.type = jscan_type_of(*entry.p);
	choose_entry_name(r, entry, where);
	return choose_add(r, &said, WEIGHT_ONE, d);
}

/* Rows 1 to 5: the first that says something of this target is taken. */
static int (*const callers[])(struct req *r, struct slice entry,
    struct credential_draw *d) = {
	choose_load_balance,
	choose_override_model,
	choose_override_provider,
	choose_customer,
	choose_customer_api_key,
};

/*
 * Where a caller's source has something for the target, ours are not asked
 * behind it: who brings a key is not served with another's.
 */
static int
choose(struct req *r, struct slice entry, struct credential_draw *d)
{
	for (size_t i = 0; i < sizeof callers / sizeof *callers; i++) {
		if (callers[i](r, entry, d) != 0)
			return -1;
		if (d->n > 0) {
			r->choice.credential = d->got;
			return d->got != NULL;
		}
	}
	return credential_ours(r, d);
}

static bool
choose_is_plain(const struct req *r, struct slice entry)
{
	return entry.n == 0 &&
	       !params_has(&r->params, PARAM_credential_override) &&
	       !params_has(&r->params, PARAM_customer_credentials) &&
	       !params_has(&r->params, PARAM_customer_api_keys);
}

int
credential_choose(struct req *r, struct slice entry, const uint64_t *tried,
    unsigned n_tried)
{
	struct credential_draw d = { .tried = tried, .n_tried = n_tried };
	int got = choose_is_plain(r, entry) ? credential_ours(r, &d)
	                                    : choose(r, entry, &d);

	if (got == 1 && r->choice.kind == KIND_AZURE &&
	    params_has(&r->params, PARAM_model_name_map))
		return credential_map_model(r) != 0 ? -1 : 1;
	return got;
}
