/* in_gemini_tools - functions, and which of them may be called. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"

/* Whether the choice is cut to some functions, and this is none of them. */
static bool
in_is_cut(const struct in_gemini *x, struct slice name)
{
	struct jscan_item names, one;
	struct jscan_iter it;
	bool any = false;

	if (x->calling.n == 0 ||
	    camel_find(x->calling, SLICE("allowedFunctionNames"), &names) !=
		1 ||
	    names.type != JSCAN_ARRAY)
		return false;
	jscan_enter(&it, names.value);
	while (jscan_element_next(&it, &one)) {
		any = true;
		if (one.type == JSCAN_STRING &&
		    jstr_same(jscan_text(&one), name))
			return false;
	}
	return any;
}

static void
in_function_write(struct in_gemini *x, struct slice f,
    const struct jscan_item *name)
{
	struct sbuf *b = x->chat;
	struct jscan_item item;

	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"function\",\"function\":{");
	ask_json(b, "name", name->value);
	if (camel_find(f, SLICE("description"), &item) == 1)
		ask_json(b, "description", item.value);
	if (camel_find(f, SLICE("parametersJsonSchema"), &item) == 1) {
		ask_json(b, "parameters", item.value);
	} else if (camel_find(f, SLICE("parameters"), &item) == 1 &&
		   item.type == JSCAN_OBJECT) {
		ask_name(b, "parameters");
		in_gemini_schema(b, item.value);
	}
	sbuf_adds(b, "}}");
}

static int
in_function(struct in_gemini *x, const struct jscan_item *f, const char *where)
{
	struct jscan_item name;
	char at[IN_WHERE];

	if (in_expect(x->e, where, f, JSCAN_OBJECT) != 0)
		return -1;
	snprintf(at, sizeof at, "%.80s.name", where);
	if (camel_find(f->value, SLICE("name"), &name) != 1)
		return in_missing(x->e, at);
	if (in_expect(x->e, at, &name, JSCAN_STRING) != 0)
		return -1;
	if (in_is_cut(x, jscan_text(&name)))
		return 0;
	if (!x->has_tools) {
		ask_name(x->chat, "tools");
		sbuf_addc(x->chat, '[');
	}
	x->has_tools = true;
	in_function_write(x, f->value, &name);
	return 0;
}

static int
in_functions(struct in_gemini *x, const struct jscan_item *list,
    const char *where)
{
	struct in_gemini_many many;
	struct jscan_item f;
	char at[IN_WHERE];

	in_gemini_enter(&many, list);
	for (unsigned i = 0; in_gemini_next(&many, &f); i++) {
		snprintf(at, sizeof at, "%.60s[%u]", where, i);
		if (in_function(x, &f, at) != 0)
			return -1;
	}
	return 0;
}

/* Whatever is no function is a tool of Google's. */
static int
in_tool(struct in_gemini *x, const struct jscan_item *tool, unsigned at)
{
	struct jscan_iter it;
	struct jscan_item item;
	struct slice name;
	char where[IN_WHERE];

	snprintf(where, sizeof where, "tools[%u]", at);
	if (in_expect(x->e, where, tool, JSCAN_OBJECT) != 0 ||
	    jscan_unique(tool->value, where, x->e) != 0)
		return -1;
	jscan_enter(&it, tool->value);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_NULL)
			continue;
		name = jstr_name(&item, x->in->pool);
		snprintf(where, sizeof where, "tools[%u].%.*s", at,
		    SLICE_ARGS(name));
		if (!camel_is(&item, SLICE("functionDeclarations")))
			in_own_tool(x->in, where, name);
		else if (in_functions(x, &item, where) != 0)
			return -1;
	}
	return 0;
}

int
in_gemini_tools(struct in_gemini *x, const struct jscan_item *tools)
{
	struct in_gemini_many many;
	struct jscan_item tool;

	if (tools->type == JSCAN_NULL)
		return 0;
	if (tools->type != JSCAN_OBJECT &&
	    in_expect(x->e, "tools", tools, JSCAN_ARRAY) != 0)
		return -1;
	in_gemini_enter(&many, tools);
	for (unsigned at = 0; in_gemini_next(&many, &tool); at++)
		if (in_tool(x, &tool, at) != 0)
			return -1;
	if (x->has_tools)
		sbuf_addc(x->chat, ']');
	return 0;
}

/* The only function that may be called; n 0: there are none or several. */
static struct slice
in_named(const struct in_gemini *x)
{
	struct jscan_item names, one, other;
	struct jscan_iter it;

	if (camel_find(x->calling, SLICE("allowedFunctionNames"), &names) !=
		1 ||
	    names.type != JSCAN_ARRAY)
		return SLICE("");
	jscan_enter(&it, names.value);
	if (!jscan_element_next(&it, &one) || one.type != JSCAN_STRING ||
	    jscan_element_next(&it, &other))
		return SLICE("");
	return jscan_text(&one);
}

int
in_gemini_choice(struct in_gemini *x)
{
	static const struct {
		struct slice mode;
		const char *word;
	} modes[] = {
		{ SLICE("NONE"), "none" },
		{ SLICE("AUTO"), "auto" },
		{ SLICE("VALIDATED"), "auto" },
		{ SLICE("ANY"), "required" },
	};
	struct jscan_item mode;
	struct slice name;

	if (x->calling.n == 0 || !x->has_tools ||
	    camel_find(x->calling, SLICE("mode"), &mode) != 1)
		return 0;
	name = in_named(x);
	if (jstr_says(&mode, SLICE("ANY")) && name.n > 0) {
		ask_name(x->chat, "tool_choice");
		sbuf_adds(x->chat, "{\"type\":\"function\",\"function\":{");
		ask_text(x->chat, "name", name);
		sbuf_adds(x->chat, "}}");
		return 0;
	}
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (jstr_says(&mode, modes[i].mode))
			ask_text(x->chat, "tool_choice",
			    slice_str(modes[i].word));
	return 0;
}
