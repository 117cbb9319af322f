/* converse_tools - tools, and a schema in place of one: 4.3, 4.6, 4.8. */
#include "base/err.h"
#include "dialect/ask_schema.h"
#include "dialect/converse_ask_priv.h"

bool
converse_is_forced(const struct ask *a, const struct converse_plan *plan)
{
	return plan->forced ||
	       (plan->sends_tools && (a->chat.choice == CHOICE_REQUIRED ||
					 a->chat.choice == CHOICE_NAMED));
}

static int
tools_put(struct ask *a, const struct chat_tool *t, struct sbuf *b,
    struct err *e)
{
	if (t->strict && ask_drop(a, SLICE("strict"), e) != 0)
		return -1;
	ask_comma(b);
	sbuf_adds(b, "{\"toolSpec\":{");
	ask_text(b, "name", t->name);
	if (t->description.n > 0)
		ask_text(b, "description", t->description);
	ask_name(b, "inputSchema");
	sbuf_adds(b, "{\"json\":");
	ask_schema(b, t->parameters);
	sbuf_adds(b, "}}}");
	converse_put_cache_point(t->cache_control, b);
	return 0;
}

static void
tools_put_forced(struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "{\"toolSpec\":{\"name\":\"" CHATOUT_FORCED_NAME
		     "\",\"inputSchema\":{\"json\":");
	a->forced = ask_forced_schema(b, a->chat.schema);
	sbuf_adds(b, "}}}");
}

static void
tools_put_choice(const struct ask *a, const struct converse_plan *plan,
    struct sbuf *b)
{
	static const char *const words[] = {
		[CHOICE_AUTO] = "{\"auto\":{}}",
		[CHOICE_REQUIRED] = "{\"any\":{}}",
	};
	const struct chat *c = &a->chat;

	if (plan->forced) {
		ask_json(b, "toolChoice",
		    SLICE("{\"tool\":{\"name\":\"" CHATOUT_FORCED_NAME "\"}}"));
	} else if (c->choice == CHOICE_NAMED) {
		ask_name(b, "toolChoice");
		sbuf_adds(b, "{\"tool\":{");
		ask_text(b, "name", c->choice_name);
		sbuf_adds(b, "}}");
	} else if (c->choice != CHOICE_ABSENT) {
		ask_json(b, "toolChoice", slice_str(words[c->choice]));
	}
}

void
converse_put_one_call(const struct ask *a, const struct converse_plan *plan,
    struct sbuf *b)
{
	static const struct slice words[] = {
		[CHOICE_ABSENT] = SLICE("auto"),
		[CHOICE_AUTO] = SLICE("auto"),
		[CHOICE_REQUIRED] = SLICE("any"),
		[CHOICE_NAMED] = SLICE("tool"),
	};

	if (!a->chat.one_call || !plan->sends_tools || plan->forced)
		return;
	ask_json(b, "tool_choice", SLICE("{"));
	ask_text(b, "type", words[a->chat.choice]);
	if (a->chat.choice == CHOICE_NAMED)
		ask_text(b, "name", a->chat.choice_name);
	ask_json(b, "disable_parallel_tool_use", SLICE("true"));
	sbuf_addc(b, '}');
}

int
converse_put_tools(struct ask *a, const struct converse_plan *plan,
    struct sbuf *b, struct err *e)
{
	if (!plan->sends_tools)
		return 0;
	ask_json(b, "toolConfig", SLICE("{\"tools\":["));
	if (plan->forced)
		tools_put_forced(a, b);
	for (unsigned i = 0; !plan->forced && i < a->chat.n_tools; i++)
		if (tools_put(a, &a->chat.tools[i], b, e) != 0)
			return -1;
	sbuf_addc(b, ']');
	tools_put_choice(a, plan, b);
	sbuf_addc(b, '}');
	return 0;
}
