/* in_anthropic_options - tools, their choice, reasoning, the answer's shape. */
#include <stdio.h>

#include "dialect/in_anthropic_priv.h"
#include "proto/jnum.h"

/* What a function of chat has no member for. */
static void
in_tool_rest(struct in_anthropic *x, struct slice tool)
{
	static const struct slice known[] = { SLICE("type"), SLICE("name"),
		SLICE("description"), SLICE("input_schema"), SLICE("strict"),
		SLICE("cache_control") };
	struct jscan_iter it;
	struct jscan_item item;
	size_t i;

	jscan_enter(&it, tool);
	while (jscan_member_next(&it, &item)) {
		for (i = 0; i < sizeof known / sizeof *known; i++)
			if (jstr_is(&item, known[i]))
				break;
		if (i == sizeof known / sizeof *known &&
		    item.type != JSCAN_NULL)
			in_leave(x->in, jstr_name(&item, x->in->pool));
	}
}

static void
in_tool_write(struct in_anthropic *x, struct slice tool,
    const struct jscan_item *name)
{
	struct sbuf *b = x->chat;
	struct jscan_item item;

	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"function\",\"function\":{");
	ask_json(b, "name", name->value);
	if (in_find(tool, SLICE("description"), &item) == 1)
		ask_json(b, "description", item.value);
	if (in_find(tool, SLICE("input_schema"), &item) == 1)
		ask_json(b, "parameters", item.value);
	if (in_is_true(tool, SLICE("strict")))
		ask_json(b, "strict", SLICE("true"));
	sbuf_addc(b, '}');
	if (in_find(tool, SLICE("cache_control"), &item) == 1)
		ask_json(b, "cache_control", item.value);
	sbuf_addc(b, '}');
}

static int
in_tool(struct in_anthropic *x, const struct jscan_item *tool, unsigned at)
{
	struct jscan_item item;
	char where[IN_WHERE];

	snprintf(where, sizeof where, "tools[%u]", at);
	if (in_expect(x->e, where, tool, JSCAN_OBJECT) != 0 ||
	    jscan_unique(tool->value, where, x->e) != 0)
		return -1;
	snprintf(where, sizeof where, "tools[%u].type", at);
	if (in_find(tool->value, SLICE("type"), &item) == 1 &&
	    !jstr_says(&item, SLICE("custom"))) {
		in_own_tool(x->in, where, jscan_text(&item));
		return 0;
	}
	snprintf(where, sizeof where, "tools[%u].name", at);
	if (in_find(tool->value, SLICE("name"), &item) != 1)
		return in_missing(x->e, where);
	if (in_expect(x->e, where, &item, JSCAN_STRING) != 0)
		return -1;
	if (!x->has_tools) {
		ask_name(x->chat, "tools");
		sbuf_addc(x->chat, '[');
	}
	x->has_tools = true;
	in_tool_write(x, tool->value, &item);
	in_tool_rest(x, tool->value);
	return 0;
}

int
in_anthropic_tools(struct in_anthropic *x, const struct jscan_item *tools)
{
	struct jscan_iter it;
	struct jscan_item tool;

	if (tools->type == JSCAN_NULL)
		return 0;
	if (in_expect(x->e, "tools", tools, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, tools->value);
	for (unsigned at = 0; jscan_element_next(&it, &tool); at++)
		if (in_tool(x, &tool, at) != 0)
			return -1;
	if (x->has_tools)
		sbuf_addc(x->chat, ']');
	return 0;
}

static void
in_choice_write(struct in_anthropic *x, const struct jscan_item *type,
    struct slice choice)
{
	static const struct {
		struct slice type, word;
	} words[] = {
		{ SLICE("auto"), SLICE("auto") },
		{ SLICE("any"), SLICE("required") },
		{ SLICE("none"), SLICE("none") },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (jstr_says(type, words[i].type)) {
			ask_text(x->chat, "tool_choice", words[i].word);
			return;
		}
	if (!jstr_says(type, SLICE("tool"))) {
		in_own_kind(x->in, "tool_choice.type");
		return;
	}
	ask_name(x->chat, "tool_choice");
	sbuf_adds(x->chat, "{\"type\":\"function\",\"function\":{");
	ask_text(x->chat, "name", chat_raw(choice, SLICE("name")));
	sbuf_adds(x->chat, "}}");
}

/* Chat has no choice without functions; server tools are told elsewhere. */
int
in_anthropic_choice(struct in_anthropic *x, const struct jscan_item *choice)
{
	struct jscan_item type;
	bool forced;

	if (choice->type == JSCAN_NULL)
		return 0;
	if (choice->type == JSCAN_STRING) {
		ask_json(x->chat, "tool_choice", choice->value);
		return 0;
	}
	if (choice->type != JSCAN_OBJECT)
		return in_type(x->e, "tool_choice", "string or object", choice);
	if (jscan_unique(choice->value, "tool_choice", x->e) != 0)
		return -1;
	if (in_find(choice->value, SLICE("type"), &type) != 1)
		return in_missing(x->e, "tool_choice.type");
	forced =
	    jstr_says(&type, SLICE("any")) || jstr_says(&type, SLICE("tool"));
	if (!x->has_tools)
		return forced && x->in->own_kind_only[0] == '\0'
		           ? in_value(x->e, "tool_choice", "requires tools")
		           : 0;
	in_choice_write(x, &type, choice->value);
	if (in_is_true(choice->value, SLICE("disable_parallel_tool_use")))
		ask_json(x->chat, "parallel_tool_calls", SLICE("false"));
	return 0;
}

/* An effort that nobody names is a high one. */
static int64_t
in_budget(struct slice thinking)
{
	struct jscan_item budget;
	int64_t n;

	if (in_find(thinking, SLICE("budget_tokens"), &budget) != 1 ||
	    budget.type != JSCAN_NUMBER || jnum_int(budget.value, &n) != 1)
		return INT64_MAX;
	return n > 0 ? n : 1;
}

static void
in_effort(struct in_anthropic *x, struct slice thinking,
    const struct jscan_item *effort)
{
	struct jscan_item type;

	in_find(thinking, SLICE("type"), &type);
	if (jstr_says(&type, SLICE("disabled")))
		return;
	if (effort->type == JSCAN_STRING)
		ask_json(x->chat, "reasoning_effort", effort->value);
	else if (jstr_says(&type, SLICE("enabled")) ||
		 jstr_says(&type, SLICE("adaptive")))
		in_add_effort(x->chat, in_budget(thinking));
}

static void
in_format(struct in_anthropic *x, const struct jscan_item *format)
{
	struct jscan_item type, schema;

	if (format->type != JSCAN_OBJECT ||
	    in_find(format->value, SLICE("type"), &type) != 1 ||
	    !jstr_says(&type, SLICE("json_schema")) ||
	    in_find(format->value, SLICE("schema"), &schema) != 1 ||
	    schema.type != JSCAN_OBJECT) {
		in_own_kind(x->in, "output_config.format");
		return;
	}
	ask_name(x->chat, "response_format");
	sbuf_adds(x->chat, "{\"type\":\"json_schema\",\"json_schema\":"
			   "{\"name\":\"output\",\"schema\":");
	sbuf_add_slice(x->chat, schema.value);
	sbuf_adds(x->chat, "}}");
}

/* Members of output_config; its type is not checked (api.md 5.2). */
static void
in_config(struct in_anthropic *x, const struct jscan_item *config,
    struct jscan_item *effort_r)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (config->type != JSCAN_OBJECT) {
		if (config->type != JSCAN_NULL)
			in_leave(x->in, SLICE("output_config"));
		return;
	}
	jscan_enter(&it, config->value);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_NULL)
			continue;
		if (jstr_is(&item, SLICE("effort")))
			*effort_r = item;
		else if (jstr_is(&item, SLICE("format")))
			in_format(x, &item);
		else
			in_leave(x->in, SLICE("output_config"));
	}
}

int
in_anthropic_reasoning(struct in_anthropic *x,
    const struct jscan_item *thinking, const struct jscan_item *config)
{
	struct jscan_item effort = { .type = JSCAN_NULL };

	if (thinking->type != JSCAN_NULL &&
	    in_expect(x->e, "thinking", thinking, JSCAN_OBJECT) != 0)
		return -1;
	in_config(x, config, &effort);
	in_effort(x,
	    thinking->type == JSCAN_OBJECT ? thinking->value : SLICE("{}"),
	    &effort);
	return 0;
}
