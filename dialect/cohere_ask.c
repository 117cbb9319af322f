/* cohere_ask - a chat request in the words of Cohere's v2: providers.md 4. */
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/cohere_priv.h"
#include "dialect/dialect.h"

#define COHERE_PENALTY_MAX 1000000000 /* 1, in 10^-9 */

static const enum param_id cohere_ids[] = { PARAM_max_tokens,
	PARAM_max_completion_tokens, PARAM_temperature, PARAM_top_p, PARAM_stop,
	PARAM_seed, PARAM_frequency_penalty, PARAM_presence_penalty,
	PARAM_logprobs, PARAM_top_logprobs, PARAM_tools, PARAM_tool_choice,
	PARAM_functions, PARAM_function_call, PARAM_response_format,
	PARAM_reasoning_effort, PARAM_thinking, PARAM_COUNT };
static const char *const cohere_members[] = { "top_k", NULL };
static const struct ask_carried cohere_carried = { cohere_ids, cohere_members };

static void
cohere_path(const struct ask *a, struct sbuf *b)
{
	(void)a;
	sbuf_adds(b, "/v2/chat");
}

static int
cohere_image(struct ask *a, struct sbuf *b, const struct chat_part *p,
    struct err *e)
{
	struct slice type = ask_media_type(&p->media);

	if (p->media.url.n == 0 && (p->media.data.n == 0 || type.n == 0))
		return ask_refuse(a, e, "messages[%u].content[%u].image_url",
		    p->message, p->at);
	sbuf_adds(b, "{\"type\":\"image_url\",\"image_url\":{\"url\":\"");
	if (p->media.url.n > 0) {
		sbuf_add_json_part(b, p->media.url);
	} else {
		sbuf_adds(b, "data:");
		sbuf_add_json_part(b, type);
		sbuf_adds(b, ";base64,");
		ask_data(b, &p->media);
	}
	sbuf_adds(b, "\"}}");
	return 0;
}

static int
cohere_part(struct ask *a, struct sbuf *b, const struct chat_part *p,
    struct err *e)
{
	ask_comma(b);
	if (p->type == CHAT_IMAGE)
		return cohere_image(a, b, p, e);
	if (p->type != CHAT_TEXT)
		return ask_refuse(a, e, "messages[%u].content[%u]", p->message,
		    p->at);
	sbuf_adds(b, "{\"type\":\"text\"");
	ask_text(b, "text", p->text);
	sbuf_addc(b, '}');
	return 0;
}

static int
cohere_only_text(struct ask *a, const struct chat_part *parts, unsigned n,
    struct err *e)
{
	for (unsigned i = 0; i < n; i++)
		if (parts[i].type != CHAT_TEXT)
			return ask_refuse(a, e, "messages[%u].content[%u]",
			    parts[i].message, parts[i].at);
	return 0;
}

/* One text is a string, as nearly everybody sends it. */
static int
cohere_content(struct ask *a, struct sbuf *b, const struct chat_part *parts,
    unsigned n, struct err *e)
{
	if (n == 0 || (n == 1 && parts->type == CHAT_TEXT)) {
		ask_text(b, "content", n > 0 ? parts->text : SLICE(""));
		return 0;
	}
	ask_name(b, "content");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < n; i++)
		if (cohere_part(a, b, &parts[i], e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

static void
cohere_call(struct sbuf *b, const struct chat_part *call)
{
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "id", call->id);
	sbuf_adds(b, ",\"type\":\"function\",\"function\":{");
	ask_text(b, "name", call->name);
	ask_name(b, "arguments");
	sbuf_add_json(b, call->arguments);
	sbuf_adds(b, "}}");
}

static void
cohere_calls(struct sbuf *b, const struct chat_message *m)
{
	ask_name(b, "tool_calls");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < m->n; i++)
		if (m->parts[i].type == CHAT_CALL)
			cohere_call(b, &m->parts[i]);
	sbuf_addc(b, ']');
}

/* All texts as one, unless there is none. */
static void
cohere_plan(struct sbuf *b, const struct chat_part *parts, unsigned n)
{
	unsigned said = 0;

	while (said < n && parts[said].text.n == 0)
		said++;
	if (said == n)
		return;
	ask_name(b, "tool_plan");
	sbuf_addc(b, '"');
	for (unsigned i = said; i < n; i++)
		sbuf_add_slice(b, parts[i].text);
	sbuf_addc(b, '"');
}

/* What is said beside calls is the plan.  Reasoning is nobody's but ours. */
static int
cohere_assistant(struct ask *a, struct sbuf *b, const struct chat_message *m,
    struct err *e)
{
	unsigned from = 0, to;

	while (from < m->n && m->parts[from].type == CHAT_THINKING)
		from++;
	for (to = from; to < m->n && m->parts[to].type != CHAT_CALL;)
		to++;
	if (to == m->n)
		return cohere_content(a, b, m->parts + from, to - from, e);
	if (cohere_only_text(a, m->parts + from, to - from, e) != 0)
		return -1;
	cohere_plan(b, m->parts + from, to - from);
	cohere_calls(b, m);
	return 0;
}

static int
cohere_result(struct ask *a, struct sbuf *b, const struct chat_message *m,
    struct err *e)
{
	const struct chat_part *result = m->parts;

	ask_text(b, "tool_call_id", result->id);
	if (cohere_only_text(a, result->parts, result->n, e) != 0)
		return -1;
	return cohere_content(a, b, result->parts, result->n, e);
}

static int
cohere_message(struct ask *a, struct sbuf *b, const struct chat_message *m,
    struct err *e)
{
	static const struct slice roles[] = {
		[CHAT_SYSTEM] = SLICE("system"),
		[CHAT_USER] = SLICE("user"),
		[CHAT_ASSISTANT] = SLICE("assistant"),
		[CHAT_TOOL] = SLICE("tool"),
	};
	int done;

	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "role", roles[m->role]);
	if (m->role == CHAT_TOOL)
		done = cohere_result(a, b, m, e);
	else if (m->role == CHAT_ASSISTANT)
		done = cohere_assistant(a, b, m, e);
	else
		done = cohere_content(a, b, m->parts, m->n, e);
	sbuf_addc(b, '}');
	return done;
}

static int
cohere_messages(struct ask *a, struct sbuf *b, struct err *e)
{
	ask_name(b, "messages");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < a->chat.n; i++)
		if (cohere_message(a, b, &a->chat.messages[i], e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

/* A figure that Cohere holds to 0 ... 1. */
static int
cohere_penalty(struct ask *a, struct sbuf *b, enum param_id id,
    const char *name, struct err *e)
{
	int64_t value = params_number(a->params, id, 0);

	if (value >= 0 && value <= COHERE_PENALTY_MAX) {
		ask_json(b, name, ask_value(a, id));
		return 0;
	}
	ask_json(b, name, value < 0 ? SLICE("0") : SLICE("1"));
	return ask_drop(a, params_name(id), e);
}

static void
cohere_numbers(const struct ask *a, struct sbuf *b)
{
	static const struct {
		enum param_id id;
		const char *name;
	} numbers[] = {
		{ PARAM_temperature, "temperature" },
		{ PARAM_top_p, "p" },
		{ PARAM_seed, "seed" },
	};

	if (a->max_tokens > 0)
		ask_int(b, "max_tokens", a->max_tokens);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ask_json(b, numbers[i].name, ask_value(a, numbers[i].id));
	ask_json(b, "k", chat_member(a->params, SLICE("top_k")));
}

static int
cohere_scalars(struct ask *a, struct sbuf *b, struct err *e)
{
	cohere_numbers(a, b);
	ask_stops(a, b, "stop_sequences");
	if (cohere_penalty(a, b, PARAM_frequency_penalty, "frequency_penalty",
		e) != 0 ||
	    cohere_penalty(a, b, PARAM_presence_penalty, "presence_penalty",
		e) != 0)
		return -1;
	if (params_number(a->params, PARAM_top_logprobs, 0) > 0)
		return ask_refuse(a, e, "top_logprobs");
	if (params_bool(a->params, PARAM_logprobs))
		ask_json(b, "logprobs", SLICE("true"));
	if (a->stream)
		ask_json(b, "stream", SLICE("true"));
	return 0;
}

static int
cohere_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	if (ask_check(a, &cohere_carried, e) != 0)
		return -1;
	sbuf_addc(b, '{');
	ask_name(b, "model");
	sbuf_add_json(b, a->model);
	if (cohere_messages(a, b, e) != 0 || cohere_options(a, b, e) != 0 ||
	    cohere_scalars(a, b, e) != 0)
		return -1;
	sbuf_addc(b, '}');
	return 0;
}

const struct dialect cohere_dialect = {
	.name = SLICE("cohere"),
	.frames = FRAMES_SSE,
	.state_size = sizeof(struct cohere),
	.path = cohere_path,
	.ask = cohere_ask,
	.reply = cohere_reply,
	.event = cohere_event,
};
