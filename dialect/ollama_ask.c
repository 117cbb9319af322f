/* ollama_ask - a chat request in Ollama's own words: providers.md 4. */
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "dialect/ollama_priv.h"

static const enum param_id ollama_ids[] = { PARAM_max_tokens,
	PARAM_max_completion_tokens, PARAM_temperature, PARAM_top_p, PARAM_stop,
	PARAM_seed, PARAM_frequency_penalty, PARAM_presence_penalty,
	PARAM_tools, PARAM_tool_choice, PARAM_functions, PARAM_function_call,
	PARAM_response_format, PARAM_reasoning_effort, PARAM_thinking,
	PARAM_COUNT };
/* Why this kind exists: they have no other way in. */
static const char *const ollama_members[] = { "options", "keep_alive", "think",
	"top_k", NULL };
static const struct ask_carried ollama_carried = { ollama_ids, ollama_members };

static void
ollama_path(const struct ask *a, struct sbuf *b)
{
	(void)a;
	sbuf_adds(b, "/api/chat");
}

/* Why a part cannot be said: images have a name of their own. */
static int
ollama_refuse_part(struct ask *a, const struct chat_part *p, struct err *e)
{
	return ask_refuse(a, e, "messages[%u].content[%u]%s", p->message, p->at,
	    p->type == CHAT_IMAGE ? ".image_url" : "");
}

/* Texts are joined as if each were a paragraph. */
static void
ollama_texts(struct sbuf *b, const struct chat_message *m)
{
	bool any = false;

	ask_name(b, "content");
	sbuf_addc(b, '"');
	for (unsigned i = 0; i < m->n; i++) {
		if (m->parts[i].type != CHAT_TEXT)
			continue;
		if (any && m->parts[i].text.n > 0)
			sbuf_adds(b, "\\n\\n");
		sbuf_add_slice(b, m->parts[i].text);
		any |= m->parts[i].text.n > 0;
	}
	sbuf_addc(b, '"');
}

static void
ollama_images(struct sbuf *b, const struct chat_message *m)
{
	bool open = false;

	for (unsigned i = 0; i < m->n; i++) {
		if (m->parts[i].type != CHAT_IMAGE)
			continue;
		if (!open) {
			ask_name(b, "images");
			sbuf_addc(b, '[');
		}
		open = true;
		ask_comma(b);
		sbuf_addc(b, '"');
		ask_data(b, &m->parts[i].media);
		sbuf_addc(b, '"');
	}
	if (open)
		sbuf_addc(b, ']');
}

static void
ollama_calls(struct sbuf *b, const struct chat_message *m)
{
	bool open = false;

	for (unsigned i = 0; i < m->n; i++) {
		if (m->parts[i].type != CHAT_CALL)
			continue;
		if (!open) {
			ask_name(b, "tool_calls");
			sbuf_addc(b, '[');
		}
		open = true;
		ask_comma(b);
		sbuf_adds(b, "{\"function\":{");
		ask_text(b, "name", m->parts[i].name);
		ask_json(b, "arguments", m->parts[i].arguments);
		sbuf_adds(b, "}}");
	}
	if (open)
		sbuf_addc(b, ']');
}

/* Images must be here: nobody fetches them. */
static int
ollama_check_parts(struct ask *a, const struct chat_message *m, struct err *e)
{
	const struct chat_part *p;

	for (unsigned i = 0; i < m->n; i++) {
		p = &m->parts[i];
		if (p->type == CHAT_AUDIO || p->type == CHAT_FILE ||
		    (p->type == CHAT_IMAGE &&
			(m->role != CHAT_USER || p->media.data.n == 0)))
			return ollama_refuse_part(a, p, e);
	}
	return 0;
}

/* The message of a tool is its result's parts. */
static int
ollama_message(struct ask *a, struct sbuf *b, const struct chat_message *m,
    struct err *e)
{
	static const struct slice roles[] = {
		[CHAT_SYSTEM] = SLICE("system"),
		[CHAT_USER] = SLICE("user"),
		[CHAT_ASSISTANT] = SLICE("assistant"),
		[CHAT_TOOL] = SLICE("tool"),
	};
	struct chat_message said = *m;

	if (m->role == CHAT_TOOL) {
		said.parts = m->parts->parts;
		said.n = m->parts->n;
	}
	if (ollama_check_parts(a, &said, e) != 0)
		return -1;
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "role", roles[m->role]);
	if (m->role == CHAT_TOOL && m->parts->name.n > 0)
		ask_text(b, "tool_name", m->parts->name);
	ollama_texts(b, &said);
	ollama_images(b, &said);
	ollama_calls(b, &said);
	sbuf_addc(b, '}');
	return 0;
}

static int
ollama_messages(struct ask *a, struct sbuf *b, struct err *e)
{
	ask_name(b, "messages");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < a->chat.n; i++)
		if (ollama_message(a, b, &a->chat.messages[i], e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

static int
ollama_ask(struct ask *a, struct sbuf *b, struct err *e)
{
	if (ask_check(a, &ollama_carried, e) != 0)
		return -1;
	sbuf_addc(b, '{');
	ask_name(b, "model");
	sbuf_add_json(b, a->model);
	if (ollama_messages(a, b, e) != 0 || ollama_options(a, b, e) != 0)
		return -1;
	/* Absent, it would be true. */
	ask_json(b, "stream", a->stream ? SLICE("true") : SLICE("false"));
	sbuf_addc(b, '}');
	return 0;
}

const struct dialect ollama_dialect = {
	.name = SLICE("ollama"),
	.frames = FRAMES_LINES,
	.wants_bytes = true,
	.path = ollama_path,
	.ask = ollama_ask,
	.reply = ollama_reply,
	.event = ollama_event,
};
