/* gemini_ask - a request to Gemini, at Google AI Studio or at Vertex. */
#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/gemini_priv.h"
#include "dialect/gemini_tell.h"

static const enum param_id gemini_params[] = { PARAM_temperature, PARAM_top_p,
	PARAM_max_tokens, PARAM_max_completion_tokens, PARAM_n, PARAM_stop,
	PARAM_frequency_penalty, PARAM_presence_penalty, PARAM_logprobs,
	PARAM_top_logprobs, PARAM_seed, PARAM_tools, PARAM_tool_choice,
	PARAM_functions, PARAM_function_call, PARAM_response_format,
	PARAM_reasoning_effort, PARAM_thinking, PARAM_COUNT };
static const char *const gemini_others[] = { "top_k", NULL };
static const struct ask_carried gemini_carried = { gemini_params,
	gemini_others };

static void
gemini_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/models/");
	ask_segment(b, a->model, "");
	sbuf_adds(b,
	    a->stream ? ":streamGenerateContent?alt=sse" : ":generateContent");
}

static void
gemini_vertex_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/projects/");
	ask_segment(b, a->project, "");
	sbuf_adds(b, "/locations/");
	ask_segment(b, a->location, "");
	sbuf_adds(b, "/publishers/google");
	gemini_path(a, b);
}

/* Older models refuse an object without properties. */
static bool
gemini_has_parameters(const struct ask *a, const struct chat_tool *t)
{
	struct jscan_item item;
	struct jscan_iter it;

	if (t->parameters.n == 0 || !(a->features & FEATURE_OLD_SCHEMA))
		return t->parameters.n > 0;
	if (jscan_find(t->parameters, SLICE("properties"), &item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return false;
	jscan_enter(&it, item.value);
	return jscan_member_next(&it, &item) == 1;
}

static int
gemini_tool(struct ask *a, const struct chat_tool *t, struct sbuf *b,
    struct err *e)
{
	if (t->strict && ask_drop(a, SLICE("strict"), e) != 0)
		return -1;
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "name", t->name);
	if (t->description.n > 0)
		ask_text(b, "description", t->description);
	if (gemini_has_parameters(a, t)) {
		if (!(a->features & FEATURE_OLD_SCHEMA)) {
			ask_json(b, "parametersJsonSchema", t->parameters);
		} else {
			ask_name(b, "parameters");
			if (gemini_schema(a, t->parameters, b, e) != 0)
				return -1;
		}
	}
	sbuf_addc(b, '}');
	return 0;
}

static void
gemini_tool_config(const struct chat *c, struct sbuf *b)
{
	static const char *const modes[] = {
		[CHOICE_NONE] = "NONE",
		[CHOICE_AUTO] = "AUTO",
		[CHOICE_REQUIRED] = "ANY",
		[CHOICE_NAMED] = "ANY",
	};

	if (c->choice == CHOICE_ABSENT)
		return;
	ask_name(b, "toolConfig");
	sbuf_adds(b, "{\"functionCallingConfig\":{");
	ask_text(b, "mode", slice_str(modes[c->choice]));
	if (c->choice == CHOICE_NAMED) {
		ask_name(b, "allowedFunctionNames");
		sbuf_adds(b, "[\"");
		sbuf_add_slice(b, c->choice_name);
		sbuf_adds(b, "\"]");
	}
	sbuf_adds(b, "}}");
}

static int
gemini_tools(struct ask *a, struct sbuf *b, struct err *e)
{
	const struct chat *c = &a->chat;

	if (c->n_tools == 0)
		return 0;
	ask_name(b, "tools");
	sbuf_adds(b, "[{\"functionDeclarations\":[");
	for (unsigned i = 0; i < c->n_tools; i++)
		if (gemini_tool(a, &c->tools[i], b, e) != 0)
			return -1;
	sbuf_adds(b, "]}]");
	gemini_tool_config(c, b);
	return 0;
}

static int
gemini_body(struct ask *a, bool urls, struct sbuf *b, struct err *e)
{
	if (ask_check(a, &gemini_carried, e) != 0)
		return -1;
	sbuf_addc(b, '{');
	if (gemini_contents(a, urls, b, e) != 0 || gemini_tools(a, b, e) != 0 ||
	    gemini_config(a, b, e) != 0)
		return -1;
	sbuf_addc(b, '}');
	return 0;
}

static int
gemini_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	return gemini_body(a, false, b, e);
}

static int
gemini_vertex_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	return gemini_body(a, true, b, e);
}

const struct dialect dialect_gemini = {
	.name = { "gemini", 6 },
	.frames = FRAMES_SSE,
	.state_size = sizeof(struct gemini_state),
	.wants_bytes = true,
	.path = gemini_path,
	.ask = gemini_ask,
	.reply = gemini_reply,
	.event = gemini_event,
	.end = gemini_end,
};

const struct dialect dialect_vertex_gemini = {
	.name = { "vertex-gemini", 13 },
	.frames = FRAMES_SSE,
	.state_size = sizeof(struct gemini_state),
	.path = gemini_vertex_path,
	.ask = gemini_vertex_ask,
	.reply = gemini_reply,
	.event = gemini_event,
	.end = gemini_end,
};
