/* ollama_options - what stands beside the messages. */
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/ollama_priv.h"
#include "proto/jstr.h"

static int
ollama_tools(struct ask *a, struct sbuf *b, struct err *e)
{
	const struct chat *c = &a->chat;
	bool strict = false;

	if (c->choice == CHOICE_REQUIRED || c->choice == CHOICE_NAMED)
		return ask_refuse(a, e, "tool_choice");
	if (c->n_tools == 0 || c->choice == CHOICE_NONE)
		return 0;
	ask_name(b, "tools");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < c->n_tools; i++) {
		ask_function(b, &c->tools[i]);
		strict |= c->tools[i].strict;
	}
	sbuf_addc(b, ']');
	return strict ? ask_drop(a, SLICE("strict"), e) : 0;
}

static void
ollama_format(const struct chat *c, struct sbuf *b)
{
	if (c->schema.n > 0)
		ask_json(b, "format", c->schema);
	else if (c->format == FORMAT_JSON)
		ask_json(b, "format", SLICE("\"json\""));
}

/* The provider's own word wins. */
static int
ollama_think(struct ask *a, struct sbuf *b, struct err *e)
{
	struct slice own = chat_member(a->params, SLICE("think")), named;
	int64_t budget;
	int on = ask_thinking(a, &budget, &named);

	if (own.n > 0)
		ask_json(b, "think", own);
	else if (on >= 0)
		ask_json(b, "think", on == 1 ? SLICE("true") : SLICE("false"));
	else if (named.n > 0)
		return ask_drop(a, named, e);
	return 0;
}

/* What the client said in OpenAI's words. */
static void
ollama_common(const struct ask *a, struct sbuf *b)
{
	static const struct {
		enum param_id id;
		const char *name;
	} numbers[] = {
		{ PARAM_temperature, "temperature" },
		{ PARAM_top_p, "top_p" },
		{ PARAM_seed, "seed" },
		{ PARAM_frequency_penalty, "frequency_penalty" },
		{ PARAM_presence_penalty, "presence_penalty" },
	};

	if (a->max_tokens > 0)
		ask_int(b, "num_predict", a->max_tokens);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ask_json(b, numbers[i].name, ask_value(a, numbers[i].id));
	ask_json(b, "top_k", chat_member(a->params, SLICE("top_k")));
	ask_stops(a, b, "stop");
}

static bool
ollama_is_said(struct slice said, const struct jscan_item *member)
{
	struct jscan_item item;
	struct jscan_iter it;

	jscan_enter(&it, said);
	while (jscan_member_next(&it, &item))
		if (jstr_same(item.name, member->name))
			return true;
	return false;
}

/* And in Ollama's, as far as nothing is said twice. */
static void
ollama_own(struct sbuf *b, struct slice own)
{
	struct sbuf said = { 0 };
	struct jscan_item item;
	struct jscan_iter it;

	sbuf_add_slice(&said, sbuf_slice(b));
	sbuf_addc(&said, '}');
	jscan_enter(&it, own);
	while (jscan_member_next(&it, &item)) {
		if (ollama_is_said(sbuf_slice(&said), &item))
			continue;
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, item.name);
		sbuf_adds(b, "\":");
		sbuf_add_slice(b, item.value);
	}
	sbuf_free(&said);
}

int
ollama_options(struct ask *a, struct sbuf *b, struct err *e)
{
	struct slice own = chat_member(a->params, SLICE("options"));
	struct sbuf options = { 0 };

	if (ollama_tools(a, b, e) != 0 || ollama_think(a, b, e) != 0)
		return -1;
	ollama_format(&a->chat, b);
	sbuf_addc(&options, '{');
	ollama_common(a, &options);
	if (own.n > 0 && *own.p == '{')
		ollama_own(&options, own);
	sbuf_addc(&options, '}');
	if (options.len > 2)
		ask_json(b, "options", sbuf_slice(&options));
	sbuf_free(&options);
	ask_json(b, "keep_alive", chat_member(a->params, SLICE("keep_alive")));
	return 0;
}
