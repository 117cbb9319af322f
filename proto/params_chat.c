#include "proto/params_priv.h"

#include "base/err.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

#define PARAMS_SLUG_MAX 256
#define PARAMS_SHOWN 64 /* code points of a bad value that a fault shows */

bool
params_is_slug(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x21 || s.p[i] == 0x7f)
			return false;
	return s.n > 0 && s.n <= PARAMS_SLUG_MAX;
}

int
params_check_model(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_string(c, row, v) != 0)
		return -1;
	if (v->text.n == 0)
		return params_value(c, row->name, "must not be empty");
	if (!params_is_slug(v->text))
		return params_value(c, row->name,
		    "must have at most %d bytes, none of them a blank or a "
		    "control byte",
		    PARAMS_SLUG_MAX);
	return 0;
}

int
params_check_stream_options(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct params_row rows[] = {
		{ { "include_usage", 13 }, params_check_bool, 0, 0, "" },
	};
	static const struct params_members table = { rows, 1 };
	struct param usage;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	if (!params_bool(c->p, PARAM_stream))
		return params_value(c, row->name,
		    "only allowed when stream is true");
	params_enter(c, row->name);
	if (params_read_members(c, &table, v->item.value, &usage, NULL) != 0)
		return -1;
	params_leave(c);
	v->number = usage.number;
	return 0;
}

int
params_check_max_completion_tokens(struct params_ctx *c,
    const struct params_row *row, struct param *v)
{
	if (params_check_integer(c, row, v) != 0)
		return -1;
	if (params_number(c->p, PARAM_max_tokens, v->number) != v->number)
		return params_value(c, row->name, "conflicts with max_tokens");
	return 0;
}

int
params_check_stop(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	const char *expected = "string or array of strings";
	struct jscan_item item;
	struct jscan_iter it;

	if (v->item.type == JSCAN_STRING)
		return 0;
	if (v->item.type != JSCAN_ARRAY)
		return params_type(c, row->name, expected, &v->item);
	jscan_enter(&it, v->item.value);
	while (jscan_element_next(&it, &item))
		if (item.type != JSCAN_STRING)
			return params_type(c, row->name, expected, &v->item);
	return 0;
}

int
params_check_logit_bias(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct params_row entry = *row;
	struct param value;
	struct jscan_iter it;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	params_enter(c, row->name);
	jscan_enter(&it, v->item.value);
	while (jscan_member_next(&it, &value.item)) {
		entry.name = value.item.name;
		if (params_check_number(c, &entry, &value) != 0)
			return -1;
	}
	params_leave(c);
	return 0;
}

int
params_check_top_logprobs(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_integer(c, row, v) != 0)
		return -1;
	if (c->source->dialect <= DIALECT_GENERATE &&
	    !params_bool(c->p, PARAM_logprobs))
		return params_value(c, row->name,
		    "requires logprobs to be true");
	return 0;
}

static int
params_tool_function(struct params_ctx *c, const struct jscan_item *tool)
{
	struct jscan_item function, name;

	if (!jscan_find(tool->value, SLICE("function"), &function))
		return params_missing(c, "function.name");
	if (params_expect(c, SLICE("function"), &function, JSCAN_OBJECT) != 0)
		return -1;
	if (!jscan_find(function.value, SLICE("name"), &name) ||
	    name.type == JSCAN_NULL)
		return params_missing(c, "function.name");
	return params_expect(c, SLICE("function.name"), &name, JSCAN_STRING);
}

static int
params_tool(struct params_ctx *c, const struct jscan_item *tool)
{
	struct jscan_item type;
	struct slice text;

	if (!jscan_find(tool->value, SLICE("type"), &type) ||
	    type.type == JSCAN_NULL)
		return params_missing(c, "type");
	if (params_expect(c, SLICE("type"), &type, JSCAN_STRING) != 0)
		return -1;
	text = jstr_item(&type, c->pool);
	if (slice_eq(text, SLICE("function")))
		return params_tool_function(c, tool);
	if (slice_eq(text, SLICE("custom")))
		return 0;
	text = utf8_cut(text, PARAMS_SHOWN);
	return params_value(c, SLICE("type"), "unsupported tool type '%.*s'",
	    SLICE_ARGS(text));
}

/* number: how many there are. */
int
params_check_tools(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_item tool;
	struct jscan_iter it;
	unsigned i = 0;

	if (params_expect(c, row->name, &v->item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, v->item.value);
	for (; jscan_element_next(&it, &tool); i++) {
		if (tool.type != JSCAN_OBJECT)
			return params_type_nth(c, row->name, i, "object",
			    &tool);
		params_enter_nth(c, row->name, i);
		if (c->source->dialect <= DIALECT_GENERATE &&
		    params_tool(c, &tool) != 0)
			return -1;
		params_leave(c);
	}
	v->number = i;
	return 0;
}

int
params_check_tool_choice(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const char *const words[] = { "none", "auto", "required",
		"object", "any" };
	bool known = false;

	if (params_check_string_or_object(c, row, v) != 0)
		return -1;
	if (v->item.type == JSCAN_STRING) {
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			known |= slice_eq(v->text, slice_str(words[i]));
		if (!known)
			return params_value(c, row->name,
			    "must be none, auto, required or an object");
		if (slice_eq(v->text, SLICE("none")) ||
		    slice_eq(v->text, SLICE("auto")))
			return 0;
	}
	if (!params_has(c->p, PARAM_tools) &&
	    !params_has(c->p, PARAM_functions))
		return params_value(c, row->name, "requires tools");
	return 0;
}

/* text: the type that is asked for. */
int
params_check_response_format(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_item type = v->item, schema;

	if (v->item.type != JSCAN_STRING) {
		if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
			return -1;
		params_enter(c, row->name);
		if (!jscan_find(v->item.value, SLICE("type"), &type) ||
		    type.type == JSCAN_NULL)
			return params_missing(c, "type");
		if (params_expect(c, SLICE("type"), &type, JSCAN_STRING) != 0)
			return -1;
		params_leave(c);
	}
	v->text = jstr_item(&type, c->pool);
	if (slice_eq(v->text, SLICE("text")) ||
	    slice_eq(v->text, SLICE("json_object")))
		return 0;
	if (!slice_eq(v->text, SLICE("json_schema")))
		return params_value(c, row->name,
		    "must be text, json_object or json_schema");
	if (v->item.type == JSCAN_OBJECT &&
	    jscan_find(v->item.value, SLICE("json_schema"), &schema) &&
	    schema.type != JSCAN_NULL)
		return 0;
	return params_missing(c, "response_format.json_schema");
}

static bool
params_header_allowed(const struct params_source *source, struct slice name)
{
	static const char *const always[] = { "anthropic-beta",
		"anthropic-version", "openai-beta", "openai-organization",
		"openai-project", "x-goog-user-project", "http-referer",
		"x-title" };

	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (slice_eq_nocase(name, slice_str(always[i])))
			return true;
	for (unsigned i = 0; i < source->n_headers_allow; i++)
		if (slice_eq_nocase(name, source->headers_allow[i]))
			return true;
	return false;
}

static bool
params_is_header_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return s.n <= 1024;
}

static int
params_extra_header(struct params_ctx *c, const struct params_row *row,
    const struct jscan_item *item)
{
	struct slice name = jstr_name(item, c->pool);

	if (!params_header_allowed(c->source, name)) {
		name = utf8_cut(name, PARAMS_SHOWN);
		return params_value(c, row->name,
		    "header '%.*s' is not allowed", SLICE_ARGS(name));
	}
	params_enter(c, row->name);
	if (params_expect(c, name, item, JSCAN_STRING) != 0)
		return -1;
	if (!params_is_header_value(jstr_item(item, c->pool)))
		return params_value(c, name,
		    "must be printable ASCII of at most 1024 bytes");
	params_leave(c);
	return 0;
}

int
params_check_extra_headers(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct jscan_item item;
	struct jscan_iter it;

	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0 ||
	    jscan_unique(v->item.value, "extra_headers", c->e) != 0)
		return -1;
	jscan_enter(&it, v->item.value);
	while (jscan_member_next(&it, &item))
		if (params_extra_header(c, row, &item) != 0)
			return -1;
	return 0;
}
