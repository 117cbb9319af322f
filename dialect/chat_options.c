/* chat_options - tools, the shape of the answer, reasoning. */
#include <stdio.h>

#include "dialect/chat_priv.h"

static int
chat_refuse(struct chat_reader *c, const char *where)
{
	return err_param(c->e, ERR_UNSUPPORTED_PARAMETER, where,
	    "Parameter '%s' is not supported by this provider.", where);
}

static void
chat_function(struct slice f, struct chat_tool *t)
{
	struct jscan_item strict;

	t->name = chat_raw(f, SLICE("name"));
	t->description = chat_raw(f, SLICE("description"));
	t->parameters = chat_json(f, SLICE("parameters"));
	if (t->parameters.n > 0 && *t->parameters.p != '{')
		t->parameters = SLICE("");
	t->strict =
	    jscan_find(f, SLICE("strict"), &strict) == 1 && jscan_true(&strict);
}

static int
chat_tool(struct chat_reader *c, const struct jscan_item *item, unsigned at,
    struct chat_tool *t)
{
	struct slice function;
	char where[48];

	snprintf(where, sizeof where, "tools[%u]", at);
	if (item->type != JSCAN_OBJECT)
		return chat_refuse(c, where);
	function = chat_json(item->value, SLICE("function"));
	if (function.n == 0 || *function.p != '{')
		return chat_refuse(c, where);
	chat_function(function, t);
	t->cache_control = chat_json(item->value, SLICE("cache_control"));
	return 0;
}

/* functions[i] is a tool without its wrapping. */
static int
chat_old_function(struct chat_reader *c, const struct jscan_item *item,
    unsigned at, struct chat_tool *t)
{
	char where[48];

	snprintf(where, sizeof where, "functions[%u]", at);
	if (item->type != JSCAN_OBJECT)
		return chat_refuse(c, where);
	chat_function(item->value, t);
	return 0;
}

static int
chat_tool_list(struct chat_reader *c, struct slice list,
    int (*read)(struct chat_reader *c, const struct jscan_item *item,
	unsigned at, struct chat_tool *t))
{
	struct chat *chat = c->chat;
	struct jscan_iter it;
	struct jscan_item item;

	chat->tools =
	    pool_zalloc(c->pool, (jscan_count(list) + 1) * sizeof *chat->tools);
	if (list.n == 0)
		return 0;
	jscan_enter(&it, list);
	for (; jscan_element_next(&it, &item); chat->n_tools++)
		if (read(c, &item, chat->n_tools,
			&chat->tools[chat->n_tools]) != 0)
			return -1;
	return 0;
}

static int
chat_tools(struct chat_reader *c)
{
	struct slice tools = params_json(c->params, PARAM_tools);

	if (jscan_count(tools) > 0)
		return chat_tool_list(c, tools, chat_tool);
	return chat_tool_list(c, params_json(c->params, PARAM_functions),
	    chat_old_function);
}

static void
chat_choice_word(struct chat *chat, const struct jscan_item *item)
{
	if (jstr_says(item, SLICE("none")))
		chat->choice = CHOICE_NONE;
	else if (jstr_says(item, SLICE("auto")))
		chat->choice = CHOICE_AUTO;
	else
		chat->choice = CHOICE_REQUIRED;
}

static int
chat_choice(struct chat_reader *c)
{
	enum param_id id = params_has(c->params, PARAM_tool_choice)
	                       ? PARAM_tool_choice
	                       : PARAM_function_call;
	const struct param *v = params_at(c->params, id);
	struct slice object;

	if (v == NULL || v->item.type == JSCAN_NULL)
		return 0;
	if (v->item.type != JSCAN_OBJECT) {
		chat_choice_word(c->chat, &v->item);
		return 0;
	}
	object = v->item.value;
	if (id == PARAM_tool_choice)
		object = chat_json(object, SLICE("function"));
	if (object.n == 0 || *object.p != '{')
		return chat_refuse(c, "tool_choice");
	c->chat->choice = CHOICE_NAMED;
	c->chat->choice_name = chat_raw(object, SLICE("name"));
	return 0;
}

static void
chat_schema(struct chat *chat, struct slice format)
{
	struct slice schema = chat_json(format, SLICE("json_schema"));
	struct jscan_item strict;

	if (schema.n == 0 || *schema.p != '{')
		return;
	chat->schema = chat_json(schema, SLICE("schema"));
	if (chat->schema.n == 0 || *chat->schema.p != '{')
		chat->schema = SLICE("{}");
	chat->schema_name = chat_raw(schema, SLICE("name"));
	chat->schema_strict =
	    jscan_find(schema, SLICE("strict"), &strict) && jscan_true(&strict);
}

static enum chat_format
chat_format_of(const struct jscan_item *type)
{
	if (jstr_says(type, SLICE("json_object")))
		return FORMAT_JSON;
	if (jstr_says(type, SLICE("json_schema")))
		return FORMAT_SCHEMA;
	return FORMAT_TEXT;
}

static void
chat_format(struct chat_reader *c)
{
	const struct param *v = params_at(c->params, PARAM_response_format);
	struct chat *chat = c->chat;
	struct jscan_item type;

	if (v == NULL)
		return;
	if (v->item.type == JSCAN_STRING) {
		chat->format = chat_format_of(&v->item);
		return;
	}
	if (v->item.type != JSCAN_OBJECT ||
	    jscan_find(v->item.value, SLICE("type"), &type) != 1)
		return;
	chat->format = chat_format_of(&type);
	if (chat->format == FORMAT_SCHEMA)
		chat_schema(chat, v->item.value);
	/* Vertex's clients give the schema beside json_object. */
	if (chat->format == FORMAT_JSON)
		chat->schema =
		    chat_json(v->item.value, SLICE("response_schema"));
}

static void
chat_stops(struct chat_reader *c)
{
	const struct param *v = params_at(c->params, PARAM_stop);
	struct chat *chat = c->chat;
	struct jscan_iter it;
	struct jscan_item item;

	if (v == NULL || v->item.type == JSCAN_NULL)
		return;
	chat->stops = pool_alloc(c->pool,
	    (jscan_count(v->item.value) + 1) * sizeof *chat->stops);
	if (v->item.type == JSCAN_STRING) {
		chat->stops[chat->n_stops++] = jscan_text(&v->item);
		return;
	}
	jscan_enter(&it, v->item.value);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_STRING)
			chat->stops[chat->n_stops++] = jscan_text(&item);
}

static void
chat_effort(struct chat_reader *c)
{
	static const struct slice words[] = {
		[EFFORT_NONE] = SLICE("none"),
		[EFFORT_MINIMAL] = SLICE("minimal"),
		[EFFORT_LOW] = SLICE("low"),
		[EFFORT_MEDIUM] = SLICE("medium"),
		[EFFORT_HIGH] = SLICE("high"),
		[EFFORT_XHIGH] = SLICE("xhigh"),
		[EFFORT_MAX] = SLICE("max"),
	};
	const struct param *v = params_at(c->params, PARAM_reasoning_effort);

	if (v == NULL || v->item.type != JSCAN_STRING)
		return;
	c->chat->effort = EFFORT_OTHER;
	for (int i = EFFORT_NONE; i <= EFFORT_MAX; i++)
		if (jstr_says(&v->item, words[i]))
			c->chat->effort = (enum chat_effort)i;
}

int
chat_options(struct chat_reader *c)
{
	struct chat *chat = c->chat;

	if (chat_tools(c) != 0 || chat_choice(c) != 0)
		return -1;
	chat->one_call = params_has(c->params, PARAM_parallel_tool_calls) &&
	                 !params_bool(c->params, PARAM_parallel_tool_calls);
	chat_format(c);
	chat_stops(c);
	chat_effort(c);
	chat->thinking = params_json(c->params, PARAM_thinking);
	if (chat->thinking.n > 0 && *chat->thinking.p != '{')
		chat->thinking = SLICE("");
	return 0;
}
