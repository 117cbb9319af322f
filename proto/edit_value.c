#include "proto/edit_value.h"

#include "base/decimal.h"
#include "base/pool.h"
#include "base/rare.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/jscan_find.h"
#include "proto/jstr.h"

#define EDIT_NOTHING ((struct slice){ NULL, 0 })

static struct slice
edit_take(struct sbuf *b, struct pool *pool)
{
	struct slice copy = pool_copy(pool, sbuf_slice(b));

	sbuf_free(b);
	return copy;
}

const enum param_id edit_may_add[EDIT_ADDED] = { PARAM_model,
	PARAM_stream_options, PARAM_max_tokens, PARAM_max_completion_tokens };

/* item: what the client sent, or NULL. */
static struct slice
edit_model(const struct edit_options *options, struct pool *pool,
    const struct jscan_item *item)
{
	struct slice model = options->model;
	struct sbuf b = { 0 };
	char *out;

	if (item != NULL && !item->escaped && slice_eq(jscan_text(item), model))
		return item->value;
	/* Nearly every name needs no escape. */
	if (jscan_find_special(model.p, model.p + model.n) ==
	    model.p + model.n) {
		out = pool_alloc(pool, model.n + 2);
		out[0] = out[model.n + 1] = '"';
		memcpy(out + 1, model.p, model.n);
		return (struct slice){ out, model.n + 2 };
	}
	sbuf_add_json(&b, options->model);
	return edit_take(&b, pool);
}

/* The client's options with include_usage set to true. */
static struct slice
edit_stream_options(const struct params *p, const struct edit_options *options,
    struct pool *pool, const struct jscan_item *item)
{
	struct jscan_item member;
	struct jscan_iter it;
	struct sbuf b = { 0 };

	if (!options->add_usage)
		return EDIT_NOTHING;
	if (params_wants_usage(p))
		return item->value;
	sbuf_adds(&b, "{\"include_usage\":true");
	jscan_enter(&it, item->value);
	while (jscan_member_next(&it, &member)) {
		if (jstr_is(&member, SLICE("include_usage")))
			continue;
		sbuf_adds(&b, ",\"");
		sbuf_add_slice(&b, member.name);
		sbuf_adds(&b, "\":");
		sbuf_add_slice(&b, member.value);
	}
	sbuf_addc(&b, '}');
	return edit_take(&b, pool);
}

bool
edit_uses_completion_cap(const struct params *p, enum provider_max name,
    uint32_t features)
{
	if (name == MAX_COMPLETION_TOKENS ||
	    (features & FEATURE_MAX_COMPLETION_TOKENS_ONLY) != 0)
		return true;
	/* OpenAI itself takes the new name always, the old one not always. */
	return name == MAX_BY_MODEL &&
	       ((features & FEATURE_REASONING) != 0 ||
		   params_has(p, PARAM_max_completion_tokens));
}

static enum param_id
edit_cap(const struct edit_options *options)
{
	return options->use_max_completion_tokens ? PARAM_max_completion_tokens
	                                          : PARAM_max_tokens;
}

/* value > 0 */
static struct slice
edit_decimal(int64_t value, struct pool *pool)
{
	char room[DECIMAL_DIGITS];

	return pool_copy(pool, decimal_write((uint64_t)value, room));
}

/* An integer that was not spelled as one goes out as one. */
static struct slice
edit_plain_value(const struct params *p, enum param_id id,
    const struct jscan_item *item)
{
	const struct param *v = params_at(p, id);

	if (item->type == JSCAN_NUMBER && v->text.n > 0)
		return v->text;
	return item->value;
}

/* Both names may have been given, with the same value: one is sent. */
static struct splice_member
edit_max_tokens(const struct params *p, const struct edit_options *options,
    struct pool *pool, enum param_id id, const struct jscan_item *item)
{
	enum param_id cap = edit_cap(options);
	struct splice_member out = { item->name, EDIT_NOTHING };

	if (id != cap && params_has(p, cap))
		return out;
	if (id != cap)
		out.name = params_name(cap);
	if (options->put_max_tokens > 0)
		out.value = edit_decimal(options->put_max_tokens, pool);
	else
		out.value = edit_plain_value(p, id, item);
	return out;
}

static struct slice
edit_tool_choice(const struct params *p, const struct edit_options *options,
    const struct jscan_item *item)
{
	struct slice word = params_text(p, PARAM_tool_choice);
	struct slice required = (options->quirks & QUIRK_ANY_TOOL) != 0
	                            ? SLICE("\"any\"")
	                            : SLICE("\"required\"");

	if (item->type != JSCAN_STRING || slice_eq(word, SLICE("auto")) ||
	    slice_eq(word, SLICE("none")))
		return item->value;
	return slice_eq(item->value, required) ? item->value : required;
}

/* The schema of a response_format of type json_schema; n 0: none. */
static struct slice
edit_schema(const struct params *p)
{
	struct jscan_item schema;

	if (!slice_eq(params_text(p, PARAM_response_format),
		SLICE("json_schema")) ||
	    jscan_dig(params_json(p, PARAM_response_format), &schema,
		"json_schema", "schema", (char *)NULL) != 1 ||
	    schema.type != JSCAN_OBJECT)
		return SLICE("");
	return schema.value;
}

struct slice
edit_lost_schema(const struct params *p, const struct edit_options *options)
{
	if (options->schema != SCHEMA_AS_OBJECT ||
	    !params_has(p, PARAM_response_format))
		return SLICE("");
	return edit_schema(p);
}

/* Without name and strict, which Perplexity refuses. */
static struct slice
edit_bare_schema(const struct params *p, struct pool *pool)
{
	struct sbuf b = { 0 };

	sbuf_adds(&b, "{\"type\":\"json_schema\",\"json_schema\":{\"schema\":");
	sbuf_add_slice(&b, edit_schema(p));
	sbuf_adds(&b, "}}");
	return edit_take(&b, pool);
}

static RARE struct slice
edit_response_format(const struct params *p, const struct edit_options *options,
    struct pool *pool, const struct jscan_item *item)
{
	struct sbuf b = { 0 };

	if (item->type == JSCAN_OBJECT && edit_lost_schema(p, options).n > 0)
		return SLICE("{\"type\":\"json_object\"}");
	if (item->type == JSCAN_OBJECT && options->schema == SCHEMA_BARE &&
	    edit_schema(p).n > 0)
		return edit_bare_schema(p, pool);
	if (item->type == JSCAN_OBJECT)
		return item->value;
	sbuf_adds(&b, "{\"type\":");
	sbuf_add_slice(&b, item->value);
	sbuf_addc(&b, '}');
	return edit_take(&b, pool);
}

bool
edit_is_extra(const struct edit_options *options, enum param_id id)
{
	/* Of whom nothing is known may take it all. */
	if (options->reasoning == REASONING_AS_IS ||
	    options->quirks & QUIRK_DEV_ROLE)
		return false;
	/* Who searches has the same words for it, and a price. */
	if (id == PARAM_web_search_options)
		return !(options->quirks & QUIRK_OWN_COST);
	return id == PARAM_verbosity || id == PARAM_prediction ||
	       id == PARAM_store;
}

static struct slice
edit_unless(const struct edit_options *options, uint32_t quirk,
    const struct jscan_item *item)
{
	return (options->quirks & quirk) != 0 ? EDIT_NOTHING : item->value;
}

/* Metadata sent as JSON text goes out as the object it holds. */
static struct slice
edit_metadata(const struct params *p, const struct edit_options *options)
{
	if (edit_is_extra(options, PARAM_store))
		return EDIT_NOTHING;
	return p->forward_metadata ? params_json(p, PARAM_metadata)
	                           : EDIT_NOTHING;
}

static struct slice
edit_value(const struct params *p, const struct edit_options *options,
    struct pool *pool, enum param_id id, const struct jscan_item *item)
{
	switch (id) {
	case PARAM_model:
		return edit_model(options, pool, item);
	case PARAM_stream_options:
		return edit_stream_options(p, options, pool, item);
	case PARAM_tool_choice:
		return edit_tool_choice(p, options, item);
	case PARAM_response_format:
		return edit_response_format(p, options, pool, item);
	case PARAM_metadata:
		return edit_metadata(p, options);
	case PARAM_user:
		return edit_unless(options, QUIRK_NO_USER, item);
	case PARAM_stop:
		return edit_unless(options, QUIRK_NO_STOP, item);
	case PARAM_verbosity:
	case PARAM_prediction:
	case PARAM_web_search_options:
	case PARAM_store:
		return edit_is_extra(options, id)
		           ? EDIT_NOTHING
		           : edit_plain_value(p, id, item);
	case PARAM_logit_bias:
		return edit_unless(options, QUIRK_NO_LOGIT_BIAS, item);
	default:
		return edit_plain_value(p, id, item);
	}
}

struct splice_member
edit_member(const struct params *p, const struct edit_options *options,
    struct pool *pool, enum param_id id, const struct jscan_item *item)
{
	struct splice_member out = { item->name, EDIT_NOTHING };

	if (item->type == JSCAN_NULL || params_is_ours(id))
		return out;
	if (id == PARAM_UNKNOWN || options == NULL)
		out.value = item->value;
	else if (id == PARAM_max_tokens || id == PARAM_max_completion_tokens)
		return edit_max_tokens(p, options, pool, id, item);
	else if (id == PARAM_reasoning_effort || id == PARAM_thinking)
		return edit_reasoning(p, options, pool, id, item);
	else
		out.value = edit_value(p, options, pool, id, item);
	if (id == PARAM_seed && options != NULL &&
	    options->quirks & QUIRK_RANDOM_SEED)
		out.name = SLICE("random_seed");
	return out;
}

struct splice_member
edit_added(const struct params *p, const struct edit_options *options,
    struct pool *pool, enum param_id id)
{
	struct splice_member out = { params_name(id), EDIT_NOTHING };

	if (id == PARAM_model)
		out.value = edit_model(options, pool, NULL);
	else if (id == PARAM_stream_options && options->add_usage &&
		 params_bool(p, PARAM_stream))
		out.value = SLICE("{\"include_usage\":true}");
	else if (id == edit_cap(options) && options->put_max_tokens > 0 &&
		 params_max_tokens(p) == 0)
		out.value = edit_decimal(options->put_max_tokens, pool);
	return out;
}
