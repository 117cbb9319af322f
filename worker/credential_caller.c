/* What a request brings, by source: rows 1 to 5 of routing.md 4.1. */

#include "worker/credential_priv.h"

#include <stdio.h>

#include "proto/jnum.h"
#include "proto/jstr.h"

#define WEIGHT_ONE INT64_C(1000000000)

static int
caller_add(struct req *r, const struct credential_said *said,
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
caller_lists(const struct req *r, struct slice entry, const char *member,
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
caller_entry_serves(const struct req *r, struct slice entry)
{
	bool without;

	if (caller_lists(r, entry, "exclude_models", &without))
		return false;
	return caller_lists(r, entry, "available_models", &without) || without;
}

/* A number, or one in a string: params has seen that it is above 0. */
static int64_t
caller_weight(struct slice entry)
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
caller_entry(struct req *r, const struct jscan_item *entry,
    const struct jscan_item *credential, const char *where,
    struct credential_draw *d)
{
	struct credential_said said = { CREDENTIAL_CUSTOMER, credential,
		where };

	if (!caller_entry_serves(r, entry->value))
		return 0;
	if (d->n == CREDENTIAL_ENTRIES_MAX)
		return err_param(req_err(r), ERR_INVALID_VALUE,
		    "customer_credentials",
		    "Invalid value for 'customer_credentials': must have at "
		    "most %d entries for a provider.",
		    CREDENTIAL_ENTRIES_MAX);
	return caller_add(r, &said, caller_weight(entry->value), d);
}

/* {"openai": [{"credentials": {...}, "weight": 1}]} */
static int
caller_customer_list(struct req *r, const struct jscan_item *list,
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
		if (caller_entry(r, &entry, &credential, where, d) != 0)
			return -1;
	}
	return 0;
}

/* {"openai": "k", "azure": {...}, "anthropic": [...]} */
static int
caller_customer_map(struct req *r, const struct jscan_item *map,
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
			? caller_customer_list(r, &item, where, d) != 0
			: caller_add(r, &said, WEIGHT_ONE, d) != 0)
			return -1;
	}
	return 0;
}

/* One of [{"credentials": {"openai": {...}}, "weight": 1}]: those that fit. */
static int
caller_customer_named(struct req *r, const struct jscan_item *entry,
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
		if (caller_entry(r, entry, &item, where, d) != 0)
			return -1;
	}
	return 0;
}

static int
caller_customer_array(struct req *r, const struct jscan_item *list,
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
		if (caller_customer_named(r, &entry, &map, where, d) != 0)
			return -1;
	}
	return 0;
}

static const struct jscan_item *
caller_param(const struct req *r, enum param_id id)
{
	const struct param *v = params_at(&r->params, id);

	return v != NULL ? &v->item : NULL;
}

static int
caller_customer(struct req *r, struct slice entry, struct credential_draw *d)
{
	const struct jscan_item *v =
	    caller_param(r, PARAM_customer_credentials);

	(void)entry;
	if (v == NULL)
		return 0;
	return v->type == JSCAN_ARRAY ? caller_customer_array(r, v, d)
	                              : caller_customer_map(r, v, d);
}

static int
caller_override_model(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	const struct jscan_item *v = caller_param(r, PARAM_credential_override);
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_OVERRIDE_MODEL, &item,
		where };

	(void)entry;
	if (v == NULL || !credential_find_slug(r, v->value, &item))
		return 0;
	credential_where(where, "credential_override.",
	    jstr_name(&item, r->pool));
	return caller_add(r, &said, WEIGHT_ONE, d);
}

static int
caller_override_provider(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	const struct jscan_item *v = caller_param(r, PARAM_credential_override);
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
		return caller_add(r, &said, WEIGHT_ONE, d);
	}
	return 0;
}

static int
caller_customer_api_key(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	const struct jscan_item *v = caller_param(r, PARAM_customer_api_keys);
	struct jscan_item item;
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_CUSTOMER_API_KEY, &item,
		where };

	(void)entry;
	if (v == NULL || !credential_find_slug(r, v->value, &item))
		return 0;
	credential_where(where, "customer_api_keys.",
	    jstr_name(&item, r->pool));
	return caller_add(r, &said, WEIGHT_ONE, d);
}

/* "load_balance_models[1]" of the entry that the object is a part of. */
static void
caller_entry_name(const struct req *r, struct slice object,
    char where[CREDENTIAL_WHERE_SIZE])
{
	static const enum param_id lists[] = { PARAM_load_balance_models,
		PARAM_loadbalance_models, PARAM_models,
		PARAM_load_balance_group };
	struct jscan_item list, entry;
	struct jscan_iter it;

	snprintf(where, CREDENTIAL_WHERE_SIZE, "credentials");
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct jscan_item *v = caller_param(r, lists[i]);
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
caller_load_balance(struct req *r, struct slice entry,
    struct credential_draw *d)
{
	struct jscan_item item = { .value = entry };
	char where[CREDENTIAL_WHERE_SIZE];
	struct credential_said said = { CREDENTIAL_LOAD_BALANCE, &item, where };

	if (entry.n == 0)
		return 0;
	item.type = jscan_type_of(*entry.p);
	caller_entry_name(r, entry, where);
	return caller_add(r, &said, WEIGHT_ONE, d);
}

credential_caller_fn *const credential_callers[CREDENTIAL_CALLERS] = {
	caller_load_balance,
	caller_override_model,
	caller_override_provider,
	caller_customer,
	caller_customer_api_key,
};
