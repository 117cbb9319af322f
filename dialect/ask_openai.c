/* ask_openai - what dialects share that took over much of OpenAI's form. */
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

void
ask_function(struct sbuf *b, const struct chat_tool *tool)
{
	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"function\",\"function\":{");
	ask_text(b, "name", tool->name);
	if (tool->description.n > 0)
		ask_text(b, "description", tool->description);
	ask_json(b, "parameters",
	    tool->parameters.n > 0
		? tool->parameters
		: SLICE("{\"type\":\"object\",\"properties\":{}}"));
	sbuf_adds(b, "}}");
}

void
ask_stops(const struct ask *a, struct sbuf *b, const char *name)
{
	if (a->chat.n_stops == 0)
		return;
	ask_name(b, name);
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < a->chat.n_stops; i++) {
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, a->chat.stops[i]);
		sbuf_addc(b, '"');
	}
	sbuf_addc(b, ']');
}

/* Anthropic's form: {"type":"enabled","budget_tokens":n}, or "disabled". */
static int
ask_thinking_object(struct slice json, int64_t *budget_r)
{
	struct jscan_item item;

	if (jscan_find(json, SLICE("budget_tokens"), &item) != 1 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, budget_r) != 1 ||
	    *budget_r < 0)
		*budget_r = 0;
	return jscan_find(json, SLICE("type"), &item) != 1 ||
	       !jstr_says(&item, SLICE("disabled"));
}

int
ask_thinking(const struct ask *a, int64_t *budget_r, struct slice *named_r)
{
	bool effort = a->chat.effort != EFFORT_ABSENT;

	*budget_r = 0;
	*named_r = SLICE("");
	if (!effort && a->chat.thinking.n == 0)
		return -1;
	if (a->features != 0 && (a->features & FEATURE_REASONING) == 0) {
		*named_r =
		    effort ? SLICE("reasoning_effort") : SLICE("thinking");
		return -1;
	}
	if (a->chat.thinking.n > 0)
		return ask_thinking_object(a->chat.thinking, budget_r);
	return a->chat.effort != EFFORT_NONE;
}

struct slice
ask_media_type(const struct chat_media *m)
{
	struct slice seen = ask_image_type(m->data);

	return seen.n > 0 ? seen : m->type;
}
