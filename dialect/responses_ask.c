/* responses_ask - a chat request for OpenAI's Responses: providers.md 4, 9. */
#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/chat_priv.h"
#include "dialect/responses_priv.h"
#include "proto/jnum.h"

#define RESPONSES_LEAST_OUTPUT 16 /* a cap below is refused */

static const enum param_id carried_ids[] = { PARAM_temperature, PARAM_top_p,
	PARAM_max_tokens, PARAM_max_completion_tokens, PARAM_logprobs,
	PARAM_top_logprobs, PARAM_tools, PARAM_tool_choice,
	PARAM_parallel_tool_calls, PARAM_functions, PARAM_function_call,
	PARAM_response_format, PARAM_reasoning_effort, PARAM_thinking,
	PARAM_verbosity, PARAM_service_tier, PARAM_store, PARAM_user,
	PARAM_safety_identifier, PARAM_prompt_cache_key,
	PARAM_prompt_cache_retention, PARAM_COUNT };

static const struct ask_carried carried = { carried_ids, NULL };

static void
responses_path(const struct ask *a, struct sbuf *b)
{
	(void)a;
	sbuf_adds(b, "/responses");
}

/* "strict" is on when it is absent, in contrast to chat. */
static void
responses_tools(const struct ask *a, struct sbuf *b)
{
	if (a->chat.n_tools == 0)
		return;
	ask_name(b, "tools");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < a->chat.n_tools; i++) {
		const struct chat_tool *t = &a->chat.tools[i];

		ask_comma(b);
		sbuf_adds(b, "{\"type\":\"function\"");
		ask_text(b, "name", t->name);
		if (t->description.n > 0)
			ask_text(b, "description", t->description);
		ask_json(b, "parameters",
		    t->parameters.n > 0
			? t->parameters
			: SLICE("{\"type\":\"object\",\"properties\":{}}"));
		ask_json(b, "strict",
		    t->strict ? SLICE("true") : SLICE("false"));
		sbuf_addc(b, '}');
	}
	sbuf_addc(b, ']');
}

static void
responses_choice(const struct ask *a, struct sbuf *b)
{
	static const struct slice words[] = {
		[CHOICE_AUTO] = SLICE("auto"),
		[CHOICE_NONE] = SLICE("none"),
		[CHOICE_REQUIRED] = SLICE("required"),
	};

	if (a->chat.choice == CHOICE_NAMED) {
		ask_name(b, "tool_choice");
		sbuf_adds(b, "{\"type\":\"function\"");
		ask_text(b, "name", a->chat.choice_name);
		sbuf_addc(b, '}');
	} else if (a->chat.choice != CHOICE_ABSENT) {
		ask_text(b, "tool_choice", words[a->chat.choice]);
	}
	if (a->chat.one_call)
		ask_json(b, "parallel_tool_calls", SLICE("false"));
}

static void
responses_schema(const struct ask *a, struct sbuf *b)
{
	struct slice format = ask_value(a, PARAM_response_format);
	struct slice name = a->chat.schema_name;
	struct jscan_item item;

	sbuf_adds(b, "{\"type\":\"json_schema\"");
	ask_text(b, "name", name.n > 0 ? name : SLICE("response"));
	if (*format.p == '{' &&
	    jscan_dig(format, &item, "json_schema", "description",
		(char *)NULL) == 1 &&
	    item.type == JSCAN_STRING)
		ask_json(b, "description", item.value);
	ask_json(b, "schema",
	    a->chat.schema.n > 0 ? a->chat.schema : SLICE("{}"));
	ask_json(b, "strict",
	    a->chat.schema_strict ? SLICE("true") : SLICE("false"));
	sbuf_addc(b, '}');
}

static void
responses_text(const struct ask *a, struct sbuf *b)
{
	struct slice verbosity = ask_value(a, PARAM_verbosity);

	if (a->chat.format == FORMAT_TEXT && verbosity.n == 0)
		return;
	ask_name(b, "text");
	sbuf_addc(b, '{');
	if (a->chat.format != FORMAT_TEXT)
		ask_name(b, "format");
	if (a->chat.format == FORMAT_JSON)
		sbuf_adds(b, "{\"type\":\"json_object\"}");
	else if (a->chat.format == FORMAT_SCHEMA)
		responses_schema(a, b);
	ask_json(b, "verbosity", verbosity);
	sbuf_addc(b, '}');
}

/* The word for a budget, as providers.md 10.1 has it. */
static struct slice
responses_thinking(struct slice thinking)
{
	struct jscan_item item;
	int64_t budget;

	if (jscan_find(thinking, SLICE("type"), &item) == 1 &&
	    jstr_says(&item, SLICE("disabled")))
		return SLICE("none");
	if (jscan_find(thinking, SLICE("budget_tokens"), &item) != 1 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, &budget) != 1)
		return SLICE("medium");
	return budget < 2048    ? SLICE("low")
	       : budget < 12000 ? SLICE("medium")
	                        : SLICE("high");
}

/* The word for reasoning (raw); n 0: nobody asked for it. */
static struct slice
responses_effort(const struct ask *a)
{
	const struct param *v = params_at(a->params, PARAM_reasoning_effort);

	if (v != NULL && v->item.type == JSCAN_STRING)
		return jscan_text(&v->item);
	if (a->chat.thinking.n > 0)
		return responses_thinking(a->chat.thinking);
	return SLICE("");
}

static bool
responses_has_encrypted(const struct chat *c)
{
	for (unsigned i = 0; i < c->n; i++)
		for (unsigned k = 0; k < c->messages[i].n; k++)
			if (responses_is_ours(&c->messages[i].parts[k]))
				return true;
	return false;
}

/*
 * Its text comes as a summary, and what the client must bring back comes
 * encrypted; models that do not reason refuse to be asked for either.
 */
static void
responses_reasoning_wish(const struct ask *a, struct sbuf *b,
    struct sbuf *include)
{
	struct slice effort = responses_effort(a);
	bool thinks = effort.n > 0 && !slice_eq(effort, SLICE("none"));

	if (effort.n > 0) {
		ask_name(b, "reasoning");
		sbuf_addc(b, '{');
		ask_text(b, "effort", effort);
		if (thinks)
			ask_text(b, "summary", SLICE("auto"));
		sbuf_addc(b, '}');
	}
	if (thinks || (a->features & FEATURE_REASONING) != 0 ||
	    responses_has_encrypted(&a->chat))
		sbuf_adds(include, "\"reasoning.encrypted_content\"");
}

static void
responses_include(const struct ask *a, struct sbuf *b)
{
	struct sbuf include = { 0 };

	sbuf_addc(&include, '[');
	responses_reasoning_wish(a, b, &include);
	if (params_bool(a->params, PARAM_logprobs)) {
		ask_comma(&include);
		sbuf_adds(&include, "\"message.output_text.logprobs\"");
	}
	sbuf_addc(&include, ']');
	if (include.len > 2)
		ask_json(b, "include", sbuf_slice(&include));
	sbuf_free(&include);
}

/* Chat takes a smaller cap: it is raised here, and the hold with it. */
static int64_t
responses_cap(const struct ask *a)
{
	if (a->max_tokens <= 0 || a->max_tokens >= RESPONSES_LEAST_OUTPUT)
		return a->max_tokens;
	return RESPONSES_LEAST_OUTPUT;
}

static void
responses_scalars(const struct ask *a, struct sbuf *b)
{
	static const struct {
		enum param_id id;
		const char *name;
	} same[] = {
		{ PARAM_top_p, "top_p" },
		{ PARAM_top_logprobs, "top_logprobs" },
		{ PARAM_service_tier, "service_tier" },
		{ PARAM_user, "user" },
		{ PARAM_safety_identifier, "safety_identifier" },
		{ PARAM_prompt_cache_key, "prompt_cache_key" },
		{ PARAM_prompt_cache_retention, "prompt_cache_retention" },
	};

	if (a->output_asked > 0)
		ask_int(b, "max_output_tokens", a->output_asked);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		ask_json(b, same[i].name, ask_value(a, same[i].id));
	ask_json(b, "store",
	    params_bool(a->params, PARAM_store) ? SLICE("true")
						: SLICE("false"));
	if (params_bool(a->params, PARAM_store) && a->params->forward_metadata)
		ask_json(b, "metadata", params_json(a->params, PARAM_metadata));
	if (a->stream)
		ask_json(b, "stream", SLICE("true"));
}

/* Models that reason refuse it. */
static int
responses_temperature(struct ask *a, struct sbuf *b, struct err *e)
{
	struct slice value = ask_value(a, PARAM_temperature);

	if (value.n > 0 && (a->features & FEATURE_REASONING) != 0)
		return ask_drop(a, SLICE("temperature"), e);
	ask_json(b, "temperature", value);
	return 0;
}

static int
responses_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	if (ask_check(a, &carried, e) != 0)
		return -1;
	a->output_asked = responses_cap(a);
	sbuf_addc(b, '{');
	ask_name(b, "model");
	sbuf_add_json(b, a->model);
	if (responses_input(a, b, e) != 0 ||
	    responses_temperature(a, b, e) != 0)
		return -1;
	responses_scalars(a, b);
	responses_tools(a, b);
	responses_choice(a, b);
	responses_text(a, b);
	responses_include(a, b);
	sbuf_addc(b, '}');
	return 0;
}

const struct dialect dialect_responses = {
	.name = SLICE("responses"),
	.frames = FRAMES_SSE,
	.state_size = sizeof(struct responses_state),
	.path = responses_path,
	.ask = responses_ask,
	.reply = responses_reply,
	.event = responses_event,
};
