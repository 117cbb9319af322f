/* anthropic_tools - tools, and a schema in place of one: 4.3, 4.6. */
#include "base/err.h"
#include "dialect/anthropic_priv.h"
#include "dialect/ask_schema.h"

bool
anthropic_is_forced(const struct ask *a, const struct anthropic_plan *plan)
{
	return plan->forced_tool ||
	       (a->chat.n_tools > 0 && (a->chat.choice == CHOICE_REQUIRED ||
					   a->chat.choice == CHOICE_NAMED));
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
	ask_name(b, "input_schema");
	ask_schema(b, t->parameters);
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

static void
tools_put_forced(struct ask *a, struct sbuf *b)
{
	ask_name(b, "tools");
	sbuf_adds(b, "[{\"name\":\"" CHATOUT_FORCED_NAME "\"");
	ask_name(b, "input_schema");
	a->forced = ask_forced_schema(b, a->chat.schema);
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
