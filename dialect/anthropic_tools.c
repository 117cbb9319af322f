/* anthropic_tools - tools, and a schema in place of one: 4.3, 4.6. */
#include "base/err.h"
#include "dialect/anthropic_priv.h"
#include "proto/jstr.h"

static const struct slice no_parameters =
    SLICE("{\"type\":\"object\",\"properties\":{}}");

bool
anthropic_is_forced(const struct ask *a, const struct anthropic_plan *plan)
{
	return plan->forced_tool ||
	       (a->chat.n_tools > 0 && (a->chat.choice == CHOICE_REQUIRED ||
					   a->chat.choice == CHOICE_NAMED));
}

static bool
tools_has(struct slice object, const char *name)
{
	struct jscan_item item;

	return jscan_find(object, slice_str(name), &item) == 1 &&
	       item.type != JSCAN_NULL;
}

/* An object's schema; it must say so. */
static void
tools_put_schema(struct sbuf *b, struct slice schema)
{
	struct jscan_iter it;
	struct jscan_item member;

	ask_name(b, "input_schema");
	if (schema.n > 0)
		jscan_enter(&it, schema);
	if (schema.n == 0 || jscan_member_next(&it, &member) == 0) {
		sbuf_add_slice(b, no_parameters);
	} else if (tools_has(schema, "type")) {
		sbuf_add_slice(b, schema);
	} else {
		sbuf_adds(b, "{\"type\":\"object\",");
		sbuf_add_slice(b, slice_skip(schema, 1));
	}
}

static int
tools_put(struct ask *a, const struct chat_tool *t,
    struct anthropic_strict *limits, struct sbuf *b, struct err *e)
{
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "name", t->name);
	if (t->description.n > 0)
		ask_text(b, "description", t->description);
	tools_put_schema(b, t->parameters);
	if (t->strict) {
		if (anthropic_is_strict(limits, t->parameters))
			ask_json(b, "strict", SLICE("true"));
		else if (ask_drop(a, SLICE("strict"), e) != 0)
			return -1;
	}
	ask_json(b, "cache_control", t->cache_control);
	sbuf_addc(b, '}');
	return 0;
}

/* Is it certain that the schema's values are objects? */
static bool
tools_is_object(struct slice schema)
{
	struct jscan_item type;

	if (jscan_find(schema, SLICE("type"), &type) == 1)
		return jstr_says(&type, SLICE("object"));
	return tools_has(schema, "properties");
}

/* Wrapped, its definitions still stand where its references look for them. */
static void
tools_put_wrapped(struct sbuf *b, struct slice schema)
{
	static const char *const roots[] = { "$defs", "definitions" };
	struct jscan_item item;

	sbuf_adds(b, "{\"type\":\"object\",\"properties\":{\"value\":");
	sbuf_add_slice(b, schema);
	sbuf_adds(b, "},\"required\":[\"value\"]");
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		if (jscan_find(schema, slice_str(roots[i]), &item) == 1)
			ask_json(b, roots[i], item.value);
	sbuf_addc(b, '}');
}

static void
tools_put_forced(struct ask *a, struct sbuf *b)
{
	ask_name(b, "tools");
	sbuf_adds(b, "[{\"name\":\"" CHATOUT_FORCED_NAME "\"");
	a->forced = FORCED_TOOL;
	if (tools_is_object(a->chat.schema)) {
		tools_put_schema(b, a->chat.schema);
	} else {
		a->forced = FORCED_WRAPPED;
		ask_name(b, "input_schema");
		tools_put_wrapped(b, a->chat.schema);
	}
	sbuf_adds(b, "}]");
}

int
anthropic_put_tools(struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b, struct err *e)
{
	struct anthropic_strict limits = { 0 };

	if (plan->forced_tool) {
		tools_put_forced(a, b);
		return 0;
	}
	if (a->chat.n_tools == 0)
		return 0;
	ask_name(b, "tools");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < a->chat.n_tools; i++)
		if (tools_put(a, &a->chat.tools[i], &limits, b, e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

void
anthropic_put_choice(const struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b)
{
	static const struct slice words[] = {
		[CHOICE_ABSENT] = SLICE("auto"),
		[CHOICE_AUTO] = SLICE("auto"),
		[CHOICE_NONE] = SLICE("none"),
		[CHOICE_REQUIRED] = SLICE("any"),
		[CHOICE_NAMED] = SLICE("tool"),
	};
	const struct chat *c = &a->chat;

	if (plan->forced_tool) {
		ask_json(b, "tool_choice",
		    SLICE("{\"type\":\"tool\",\"name\":\"" CHATOUT_FORCED_NAME
			  "\"}"));
		return;
	}
	if (c->n_tools == 0 || (c->choice == CHOICE_ABSENT && !c->one_call))
		return;
	ask_name(b, "tool_choice");
	sbuf_addc(b, '{');
	ask_text(b, "type", words[c->choice]);
	if (c->choice == CHOICE_NAMED)
		ask_text(b, "name", c->choice_name);
	if (c->one_call && c->choice != CHOICE_NONE)
		ask_json(b, "disable_parallel_tool_use", SLICE("true"));
	sbuf_addc(b, '}');
}
