/*
 * converse_ask - requests for Bedrock's Converse: spec/providers.md 4.
 *
 * One body for the models of all makers.  What only Claude has goes into
 * additionalModelRequestFields, where nobody but the model looks.
 */
#include "base/err.h"
#include "dialect/claude.h"
#include "dialect/converse_ask_priv.h"
#include "dialect/converse_priv.h"

#define CARRIED_BY_ALL                                                         \
	PARAM_max_tokens, PARAM_max_completion_tokens, PARAM_temperature,      \
	    PARAM_top_p, PARAM_stop, PARAM_tools, PARAM_tool_choice,           \
	    PARAM_functions, PARAM_function_call, PARAM_response_format

static const enum param_id carried_ids[] = { CARRIED_BY_ALL, PARAM_COUNT };
static const struct ask_carried carried = { carried_ids, NULL };

static const enum param_id claude_ids[] = { CARRIED_BY_ALL,
	PARAM_parallel_tool_calls, PARAM_reasoning_effort, PARAM_thinking,
	PARAM_COUNT };
static const char *const claude_members[] = { "top_k", NULL };
static const struct ask_carried claude_carried = { claude_ids, claude_members };

static bool
ask_is_claude(struct slice model)
{
	return memmem(model.p, model.n, "claude", 6) != NULL;
}

/* A schema has no form of its own here: it takes the place of the tools. */
static int
ask_plan_tools(struct ask *a, struct converse_plan *plan, struct err *e)
{
	bool own = a->chat.n_tools > 0 && a->chat.choice != CHOICE_NONE;

	plan->forced = a->chat.format == FORMAT_SCHEMA;
	plan->sends_tools = own || plan->forced;
	return own && plan->forced ? ask_refuse(a, e, "response_format") : 0;
}

/* An answer that was begun: only Claude goes on with it. */
static int
ask_check_last(struct ask *a, const struct converse_plan *plan, struct err *e)
{
	const struct turns *t = &plan->turns;

	if (plan->is_claude || t->n == 0 ||
	    t->turns[t->n - 1].role != CHAT_ASSISTANT)
		return 0;
	return ask_refuse(a, e, "messages[%u]", a->chat.n - 1);
}

static int
ask_plan(struct ask *a, struct converse_plan *plan, struct err *e)
{
	/* Reasoning goes to its maker alone. */
	static const struct turns_rules claude = { .trim_last = true,
		.thinking = SLICE(CLAUDE_FORMAT) };
	static const struct turns_rules others = { .trim_last = true,
		.thinking = SLICE("none") };

	plan->is_claude = ask_is_claude(a->model);
	if (ask_check(a, plan->is_claude ? &claude_carried : &carried, e) !=
		0 ||
	    ask_plan_tools(a, plan, e) != 0)
		return -1;
	turns_make(&a->chat, plan->is_claude ? &claude : &others, a->pool,
	    a->params, &plan->turns);
	if (ask_check_last(a, plan, e) != 0)
		return -1;
	return converse_think(a, plan, e);
}

static int
ask_put_stops(struct ask *a, const struct converse_plan *plan, struct sbuf *b,
    struct err *e)
{
	bool begun = false;

	for (unsigned i = 0; i < a->chat.n_stops; i++) {
		/* Nobody takes an empty one, Claude none of blanks. */
		if (a->chat.stops[i].n == 0 ||
		    (plan->is_claude && claude_is_blank(a, a->chat.stops[i]))) {
			if (ask_drop(a, SLICE("stop"), e) != 0)
				return -1;
			continue;
		}
		if (!begun)
			ask_json(b, "stopSequences", SLICE("["));
		begun = true;
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, a->chat.stops[i]);
		sbuf_addc(b, '"');
	}
	sbuf_adds(b, begun ? "]" : "");
	return 0;
}

static int
ask_put_inference(struct ask *a, const struct converse_plan *plan,
    const struct claude_samplers *s, struct sbuf *b, struct err *e)
{
	size_t before = b->len, empty;

	ask_json(b, "inferenceConfig", SLICE("{"));
	empty = b->len;
	if (plan->max_tokens > 0)
		ask_int(b, "maxTokens", plan->max_tokens);
	ask_json(b, "temperature", s->temperature);
	ask_json(b, "topP", s->top_p);
	if (ask_put_stops(a, plan, b, e) != 0)
		return -1;
	if (b->len == empty)
		b->len = before;
	else
		sbuf_addc(b, '}');
	return 0;
}

static void
ask_put_reasoning(const struct converse_plan *plan, struct sbuf *b)
{
	if (!plan->thinks)
		return;
	ask_json(b, "reasoning_config", plan->thinking);
	if (plan->budget == 0)
		return;
	ask_name(b, "reasoning_config");
	sbuf_addf(b, "{\"type\":\"enabled\",\"budget_tokens\":%lld}",
	    (long long)plan->budget);
}

static void
ask_put_additional(const struct ask *a, const struct converse_plan *plan,
    const struct claude_samplers *s, struct sbuf *b)
{
	size_t before = b->len, empty;

	if (!plan->is_claude)
		return;
	ask_json(b, "additionalModelRequestFields", SLICE("{"));
	empty = b->len;
	ask_json(b, "top_k", s->top_k);
	ask_put_reasoning(plan, b);
	converse_put_one_call(a, plan, b);
	if (b->len == empty)
		b->len = before;
	else
		sbuf_addc(b, '}');
}

static int
converse_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	struct converse_plan plan = { 0 };
	struct claude_samplers samplers;

	if (ask_plan(a, &plan, e) != 0 ||
	    claude_samplers(a, plan.thinks, &samplers, e) != 0)
		return -1;
	a->output_asked = plan.max_tokens;
	sbuf_addc(b, '{');
	converse_put_system(a, &plan, b);
	if (ask_put_inference(a, &plan, &samplers, b, e) != 0 ||
	    converse_put_messages(a, &plan, b, e) != 0 ||
	    converse_put_tools(a, &plan, b, e) != 0)
		return -1;
	ask_put_additional(a, &plan, &samplers, b);
	sbuf_addc(b, '}');
	return 0;
}

/* The model's id, or the ARN of a profile, is one segment. */
static void
converse_path(const struct ask *a, struct sbuf *b)
{
	sbuf_adds(b, "/model/");
	ask_segment(b, a->model, "");
	sbuf_adds(b, a->stream ? "/converse-stream" : "/converse");
}

const struct dialect converse_dialect = {
	.name = SLICE("bedrock"),
	.frames = FRAMES_AWS,
	.state_size = sizeof(struct converse_state),
	.wants_bytes = true,
	.path = converse_path,
	.ask = converse_ask,
	.reply = converse_reply,
	.event = converse_event,
	.end = converse_end,
};
