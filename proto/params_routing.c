#include "proto/params_priv.h"

#include "base/err.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

/*
 * The parameters of api.md 5.3 that choose models, providers, credentials and
 * the cache.
 */

#define PARAMS_ENTRIES_MAX 64
#define NANO INT64_C(1000000000)

static int
params_count(struct params_ctx *c, struct slice name, unsigned n)
{
	if (n <= PARAMS_ENTRIES_MAX)
		return 0;
	return params_value(c, name, "must have at most %d entries",
	    PARAMS_ENTRIES_MAX);
}

static int
params_slug(struct params_ctx *c, struct slice list, unsigned i,
    const struct jscan_item *item)
{
	if (item->type != JSCAN_STRING)
		return params_type_nth(c, list, i, "string", item);
	if (params_is_slug(jstr_item(item, c->pool)))
		return 0;
	return params_value(c, list, "entry %u is not the name of a model", i);
}

int
params_check_slugs(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_item item;
	struct jscan_iter it;
	unsigned n = 0;

	if (params_expect(c, row->name, &v->item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, v->item.value);
	for (; jscan_element_next(&it, &item); n++)
		if (params_slug(c, row->name, n, &item) != 0)
			return -1;
	return params_count(c, row->name, n);
}

static int
params_balance_entry(struct params_ctx *c, const struct jscan_item *entry)
{
	static const struct params_row rows[] = {
		{ PARAMS_NAME("model"), params_check_model, 0, 0, "" },
		{ PARAMS_NAME("weight"), params_check_weight, 0, 0,
		    "Weight has to be greater than 0" },
		{ PARAMS_NAME("credentials"), params_check_object, 0, 0, "" },
	};
	static const struct params_members table = PARAMS_TABLE(rows);
	struct param values[3];

	if (params_read_members(c, &table, entry->value, values, NULL) != 0)
		return -1;
	return values[0].text.p != NULL ? 0 : params_missing(c, "model");
}

/* Entries are objects, or strings of weight 1. */
static int
params_balance_list(struct params_ctx *c, struct slice name,
    const struct jscan_item *list)
{
	struct jscan_item entry;
	struct jscan_iter it;
	unsigned n = 0;

	if (params_expect(c, name, list, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, list->value);
	for (; jscan_element_next(&it, &entry); n++) {
		if (entry.type == JSCAN_STRING) {
			if (params_slug(c, name, n, &entry) != 0)
				return -1;
			continue;
		}
		if (entry.type != JSCAN_OBJECT)
			return params_type_nth(c, name, n, "object", &entry);
		params_enter_nth(c, name, n);
		if (params_balance_entry(c, &entry) != 0)
			return -1;
		params_leave(c);
	}
	return params_count(c, name, n);
}

int
params_check_load_balance_models(struct params_ctx *c,
    const struct params_row *row, struct param *v)
{
	return params_balance_list(c, row->name, &v->item);
}

int
params_check_load_balance_group(struct params_ctx *c,
    const struct params_row *row, struct param *v)
{
	struct jscan_item id, models;
	bool has_id, has_models;

	if (v->item.type == JSCAN_STRING)
		return params_check_string(c, row, v);
	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	has_id = jscan_find(v->item.value, SLICE("group_id"), &id) &&
	         id.type != JSCAN_NULL;
	has_models = jscan_find(v->item.value, SLICE("models"), &models) &&
	             models.type != JSCAN_NULL;
	if (!has_id && !has_models)
		return params_missing(c, "load_balance_group.group_id");
	if (has_id) {
		if (params_expect(c, SLICE("load_balance_group.group_id"), &id,
			JSCAN_STRING) != 0)
			return -1;
		v->text = jstr_item(&id, c->pool);
	}
	if (!has_models)
		return 0;
	return params_balance_list(c, SLICE("load_balance_group.models"),
	    &models);
}

int
params_check_models(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_item first, item;
	struct jscan_iter it;

	if (params_expect(c, row->name, &v->item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, v->item.value);
	if (!jscan_element_next(&it, &first))
		return 0;
	while (jscan_element_next(&it, &item))
		if (item.type != first.type)
			return params_value(c, row->name,
			    "must be all strings or all objects");
	if (first.type == JSCAN_OBJECT)
		return params_balance_list(c, row->name, &v->item);
	return params_check_slugs(c, row, v);
}

static int
params_check_num_retries(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_lenient_integer(c, row, v) != 0)
		return -1;
	if (v->number <= 0)
		return params_words(c, row->name,
		    "num_retries has to be greater than 0");
	if (v->number > 10)
		return params_value(c, row->name, "must be at most 10");
	return 0;
}

static int
params_check_retry_after(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_lenient_number(c, row, v) != 0)
		return -1;
	if (v->number <= 0)
		return params_words(c, row->name,
		    "retry_after has to be greater than 0");
	if (v->number > 60 * NANO)
		return params_value(c, row->name, "must be at most 60");
	return 0;
}

/* What retry_params may leave out: api.md 5.3. */
#define PARAMS_RETRIES 3
#define PARAMS_RETRY_AFTER_MS 200
#define PARAMS_RETRY_BITS 8 /* of the number that are not the wait */

/* The three members of retry_params in one number; 0: not enabled. */
static int64_t
params_retry_packed(const struct param values[3])
{
	int64_t retries = PARAMS_RETRIES, after_ms = PARAMS_RETRY_AFTER_MS;

	if (values[0].number == 0)
		return 0;
	if (values[1].text.p != NULL)
		retries = values[1].number;
	if (values[2].text.p != NULL)
		after_ms = (values[2].number + 999999) / 1000000;
	return after_ms << PARAMS_RETRY_BITS | retries;
}

bool
params_retry(const struct params *p, struct params_retry *r_r)
{
	const struct param *v = params_at(p, PARAM_retry_params);

	*r_r = (struct params_retry){ .retry_after_ms = PARAMS_RETRY_AFTER_MS };
	if (v != NULL && v->number != 0)
		r_r->retry_after_ms = v->number >> PARAMS_RETRY_BITS;
	if (v == NULL)
		v = params_at(p, PARAM_retries);
	if (v == NULL)
		return false;
	r_r->retries = v->number & ((1 << PARAMS_RETRY_BITS) - 1);
	r_r->enabled = r_r->retries > 0;
	return true;
}

int
params_check_retry_params(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct params_row rows[] = {
		{ PARAMS_NAME("retry_enabled"), params_check_flag, 0, 0, "" },
		{ PARAMS_NAME("num_retries"), params_check_num_retries,
		    INT64_MIN, INT64_MAX, "" },
		{ PARAMS_NAME("retry_after"), params_check_retry_after,
		    INT64_MIN, INT64_MAX, "" },
	};
	static const struct params_members table = PARAMS_TABLE(rows);
	struct param values[3];
	struct jscan_item enabled, other;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	params_enter(c, row->name);
	if (!jscan_find(v->item.value, rows[0].name, &enabled) ||
	    enabled.type == JSCAN_NULL)
		return params_missing(c, "retry_enabled");
	if (params_read_members(c, &table, v->item.value, values, &other) != 0)
		return -1;
	params_leave(c);
	v->number = params_retry_packed(values);
	if (other.name.p == NULL)
		return 0;
	return params_value(c, row->name, "unknown member '%.*s'",
	    (int)(other.name.n < 64 ? other.name.n : 64), other.name.p);
}

/* One credential of an array: {"credentials":{...},"weight":1.0}. */
static int
params_credential_entry(struct params_ctx *c, const struct params_row *row,
    const struct jscan_item *entry)
{
	const struct params_row rows[] = {
		{ PARAMS_NAME("weight"), params_check_weight, 0, 0,
		    row->range },
	};
	const struct params_members table = PARAMS_TABLE(rows);
	struct param weight;

	return params_read_members(c, &table, entry->value, &weight, NULL);
}

static int
params_credential_list(struct params_ctx *c, const struct params_row *row,
    struct slice name, const struct jscan_item *list)
{
	struct jscan_item entry;
	struct jscan_iter it;

	jscan_enter(&it, list->value);
	for (unsigned i = 0; jscan_element_next(&it, &entry); i++) {
		if (entry.type != JSCAN_OBJECT)
			return params_type_nth(c, name, i, "object", &entry);
		params_enter_nth(c, name, i);
		if (params_credential_entry(c, row, &entry) != 0)
			return -1;
		params_leave(c);
	}
	return 0;
}

/* The four shapes of routing.md 4.2. */
int
params_check_customer_credentials(struct params_ctx *c,
    const struct params_row *row, struct param *v)
{
	struct jscan_item item;
	struct jscan_iter it;

	if (v->item.type == JSCAN_ARRAY)
		return params_credential_list(c, row, row->name, &v->item);
	if (v->item.type != JSCAN_OBJECT)
		return params_type(c, row->name, "object or array", &v->item);
	jscan_enter(&it, v->item.value);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_ARRAY &&
		    params_credential_list(c, row, row->name, &item) != 0)
			return -1;
		if (item.type != JSCAN_ARRAY && item.type != JSCAN_OBJECT &&
		    item.type != JSCAN_STRING)
			return params_type(c, row->name, "object or array",
			    &item);
	}
	return jscan_unique(v->item.value, "customer_credentials", c->e);
}

static int
params_map_of(struct params_ctx *c, const struct params_row *row,
    const struct param *v, enum jscan_type type)
{
	struct jscan_item item;
	struct jscan_iter it;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	params_enter(c, row->name);
	jscan_enter(&it, v->item.value);
	while (jscan_member_next(&it, &item))
		if (params_expect(c, item.name, &item, type) != 0)
			return -1;
	params_leave(c);
	return 0;
}

int
params_check_objects_map(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	return params_map_of(c, row, v, JSCAN_OBJECT);
}

int
params_check_strings_map(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	return params_map_of(c, row, v, JSCAN_STRING);
}

static const struct params_row params_cache_rows[] = {
	{ PARAMS_NAME("cache_by_customer"), params_check_flag, 0, 0, "" },
	{ PARAMS_NAME("is_cached_by_model"), params_check_flag, 0, 0, "" },
	{ PARAMS_NAME("omit_log"), params_check_flag, 0, 0, "" },
	{ PARAMS_NAME("omit_logs"), params_check_flag, 0, 0, "" },
};

#define PARAMS_N_CACHE (sizeof params_cache_rows / sizeof *params_cache_rows)

/* number: a bit for each row of the table that is true. */
int
params_check_cache_options(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct params_members table =
	    PARAMS_TABLE(params_cache_rows);
	struct param values[PARAMS_N_CACHE];

	v->number = jscan_true(&v->item);
	if (v->item.type == JSCAN_BOOL)
		return 0;
	if (v->item.type != JSCAN_OBJECT)
		return params_type(c, row->name, "object or boolean", &v->item);
	params_enter(c, row->name);
	if (params_read_members(c, &table, v->item.value, values, NULL) != 0)
		return -1;
	params_leave(c);
	for (size_t i = 0; i < PARAMS_N_CACHE; i++)
		if (values[i].number != 0)
			v->number |= INT64_C(1) << i;
	return 0;
}

bool
params_cache_option(const struct params *p, struct slice name)
{
	int64_t bits = params_number(p, PARAM_cache_options, 0);

	/* omit_log has two spellings, next to each other in the table. */
	if (slice_eq(name, SLICE("omit_log")) ||
	    slice_eq(name, SLICE("omit_logs")))
		return (bits & 12) != 0;
	for (size_t i = 0; i < PARAMS_N_CACHE; i++)
		if (slice_eq(params_cache_rows[i].name, name))
			return (bits & INT64_C(1) << i) != 0;
	return false;
}

static int
params_check_version(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (v->item.type == JSCAN_NUMBER && jnum_int(v->item.value, &v->number))
		return 0;
	if (v->item.type == JSCAN_STRING &&
	    jstr_equal(jscan_text(&v->item), SLICE("latest")))
		return 0;
	return params_value(c, row->name, "must be an integer or \"latest\"");
}

static int
params_check_schema_version(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (v->item.type == JSCAN_NUMBER &&
	    jnum_int(v->item.value, &v->number) &&
	    (v->number == 1 || v->number == 2))
		return 0;
	return params_value(c, row->name, "must be 1 or 2");
}

static int
params_check_override_config(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_item mode;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	if (!jscan_find(v->item.value, SLICE("messages_override_mode"),
		&mode) ||
	    mode.type == JSCAN_NULL)
		return 0;
	if (mode.type == JSCAN_STRING &&
	    (jstr_equal(jscan_text(&mode), SLICE("append")) ||
		jstr_equal(jscan_text(&mode), SLICE("override"))))
		return 0;
	params_enter(c, SLICE("prompt.override_config"));
	return params_value(c, SLICE("messages_override_mode"),
	    "must be append or override");
}

/* text: prompt_id. */
int
params_check_prompt(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct params_row rows[] = {
		{ PARAMS_NAME("prompt_id"), params_check_string, 0, 0, "" },
		{ PARAMS_NAME("variables"), params_check_object, 0, 0, "" },
		{ PARAMS_NAME("version"), params_check_version, 0, 0, "" },
		{ PARAMS_NAME("echo"), params_check_flag, 0, 0, "" },
		{ PARAMS_NAME("override"), params_check_flag, 0, 0, "" },
		{ PARAMS_NAME("override_params"), params_check_object, 0, 0,
		    "" },
		{ PARAMS_NAME("override_config"), params_check_override_config,
		    0, 0, "" },
		{ PARAMS_NAME("schema_version"), params_check_schema_version, 0,
		    0, "" },
		{ PARAMS_NAME("patch"), params_check_object, 0, 0, "" },
	};
	static const struct params_members table = PARAMS_TABLE(rows);
	struct param values[sizeof rows / sizeof *rows];
	struct jscan_item id;

	if (c->source->dialect == DIALECT_EMBEDDINGS)
		return err_param(c->e, ERR_UNSUPPORTED_PARAMETER, "prompt",
		    "Parameter 'prompt' is not supported by this endpoint.");
	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	if (!jscan_find(v->item.value, SLICE("prompt_id"), &id) ||
	    id.type == JSCAN_NULL)
		return params_missing(c, "prompt.prompt_id");
	params_enter(c, row->name);
	if (params_read_members(c, &table, v->item.value, values, NULL) != 0)
		return -1;
	params_leave(c);
	v->text = values[0].text;
	return 0;
}

int
params_check_api_controls(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct params_row rows[] = {
		{ PARAMS_NAME("block"), params_check_flag, 0, 0, "" },
	};
	static const struct params_members table = PARAMS_TABLE(rows);
	struct param block;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	params_enter(c, row->name);
	if (params_read_members(c, &table, v->item.value, &block, NULL) != 0)
		return -1;
	params_leave(c);
	return 0;
}
