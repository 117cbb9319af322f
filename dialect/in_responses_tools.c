/* in_responses_tools - tools of Responses, those that chat has, too. */
#include <stdio.h>

#include "dialect/in_responses_priv.h"

/* A function, which chat wraps; its own tools nobody else has. */
static int
tools_one(struct in_responses *x, unsigned at, struct slice tool,
    struct sbuf *b)
{
	static const char *const names[] = { "name", "description",
		"parameters", "strict" };
	struct jscan_item item;
	char name[IN_WHERE];

	snprintf(name, sizeof name, "tools[%u].type", at);
	if (in_find(tool, SLICE("type"), &item) != 1)
		return in_missing(x->e, name);
	if (!jstr_says(&item, SLICE("function"))) {
		in_own_tool(x->in, name, jscan_text(&item));
		return 0;
	}
	snprintf(name, sizeof name, "tools[%u].name", at);
	if (in_find(tool, SLICE("name"), &item) != 1)
		return in_missing(x->e, name);
	if (in_expect(x->e, name, &item, JSCAN_STRING) != 0)
		return -1;
	x->functions = true;
	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"function\",\"function\":{");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (in_find(tool, slice_str(names[i]), &item) == 1)
			ask_json(b, names[i], item.value);
	sbuf_adds(b, "}}");
	return 0;
}

static int
tools_all(struct in_responses *x, const struct jscan_item *item, struct sbuf *b)
{
	struct jscan_iter it;
	struct jscan_item tool;
	char where[IN_WHERE];

	jscan_enter(&it, item->value);
	for (unsigned i = 0; jscan_element_next(&it, &tool); i++) {
		snprintf(where, sizeof where, "tools[%u]", i);
		if (in_expect(x->e, where, &tool, JSCAN_OBJECT) != 0 ||
		    tools_one(x, i, tool.value, b) != 0)
			return -1;
	}
	return 0;
}

int
in_responses_tools(struct in_responses *x, const struct jscan_item *item)
{
	struct sbuf b = { 0 };
	int done;

	if (in_expect(x->e, "tools", item, JSCAN_ARRAY) != 0)
		return -1;
	sbuf_addc(&b, '[');
	done = tools_all(x, item, &b);
	sbuf_addc(&b, ']');
	if (done == 0 && x->functions)
		ask_json(x->chat, "tools", sbuf_slice(&b));
	sbuf_free(&b);
	return done;
}

/* Behind the tools: a choice among those that nobody else has is theirs. */
int
in_responses_choice(struct in_responses *x)
{
	const struct jscan_item *choice =
	    in_responses_find(x, SLICE("tool_choice"));
	struct jscan_item type, name;

	if (choice->type == JSCAN_OBJECT &&
	    in_find(choice->value, SLICE("type"), &type) == 1) {
		if (!jstr_says(&type, SLICE("function"))) {
			in_own_kind(x->in, "tool_choice");
			return 0;
		}
		if (in_find(choice->value, SLICE("name"), &name) != 1)
			return in_missing(x->e, "tool_choice.name");
		ask_name(x->chat, "tool_choice");
		sbuf_adds(x->chat, "{\"type\":\"function\",\"function\":{");
		ask_json(x->chat, "name", name.value);
		sbuf_adds(x->chat, "}}");
		return 0;
	}
	if (choice->type != JSCAN_NULL &&
	    (x->functions || x->in->own_kind_only[0] == '\0'))
		return in_responses_copy(x, choice);
	return 0;
}
