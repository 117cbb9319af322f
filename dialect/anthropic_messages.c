/* anthropic_messages - system and messages: spec/providers.md 4.1, 4.5, 9. */
#include "base/err.h"
#include "dialect/anthropic_priv.h"

#define CALL_ID_MAX 256
#define JSON_ONLY "Answer with one JSON object and nothing else."

/* A block begins: {"type":"NAME" */
static void
messages_open(struct sbuf *b, const char *type)
{
	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"");
	sbuf_adds(b, type);
	sbuf_addc(b, '"');
}

static void
messages_close(struct sbuf *b, const struct chat_part *p)
{
	ask_json(b, "cache_control", p->cache_control);
	sbuf_addc(b, '}');
}

static int
messages_refuse(struct ask *a, const struct chat_part *p, const char *what,
    struct err *e)
{
	return ask_refuse(a, e, "messages[%u].content[%u].%s", p->message,
	    p->at, what);
}

static void
messages_put_text(struct sbuf *b, const struct chat_part *p)
{
	messages_open(b, "text");
	ask_text(b, "text", p->text);
	messages_close(b, p);
}

static void
messages_put_base64(struct sbuf *b, const char *type, struct slice media_type,
    const struct chat_part *p)
{
	messages_open(b, type);
	sbuf_adds(b, ",\"source\":{\"type\":\"base64\"");
	ask_text(b, "media_type", media_type);
	ask_name(b, "data");
	sbuf_addc(b, '"');
	ask_data(b, &p->media);
	sbuf_adds(b, "\"}");
	messages_close(b, p);
}

static bool
messages_is_web(struct slice url)
{
	return slice_starts(url, SLICE("https://")) ||
	       slice_starts(url, SLICE("http://"));
}

static void
messages_put_url(struct sbuf *b, const char *type, const struct chat_part *p)
{
	messages_open(b, type);
	sbuf_adds(b, ",\"source\":{\"type\":\"url\",\"url\":");
	sbuf_add_json(b, p->media.url);
	sbuf_addc(b, '}');
	messages_close(b, p);
}

/* The type that the bytes show; else the one that is told, of those four. */
static struct slice
messages_image_type(const struct chat_media *m)
{
	static const struct slice types[] = { SLICE("image/png"),
		SLICE("image/jpeg"), SLICE("image/gif"), SLICE("image/webp") };
	struct slice shown = ask_image_type(m->data);

	for (size_t i = 0; shown.n == 0 && i < sizeof types / sizeof *types;
	     i++)
		if (slice_eq_nocase(m->type, types[i]))
			shown = types[i];
	return shown;
}

static int
messages_put_image(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_part *p, struct sbuf *b, struct err *e)
{
	struct slice type = messages_image_type(&p->media);

	if (p->media.data.n > 0 && type.n > 0)
		messages_put_base64(b, "image", type, p);
	else if (plan->form->takes_urls && messages_is_web(p->media.url))
		messages_put_url(b, "image", p);
	else
		return messages_refuse(a, p, "image_url", e);
	return 0;
}

static int
messages_put_file(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_part *p, struct sbuf *b, struct err *e)
{
	const struct chat_media *m = &p->media;

	if (m->id.n > 0)
		return messages_refuse(a, p, "file.file_id", e);
	if (m->data.n > 0 && slice_eq_nocase(m->type, SLICE("application/pdf")))
		messages_put_base64(b, "document", SLICE("application/pdf"), p);
	else if (plan->form->takes_urls && messages_is_web(m->url))
		messages_put_url(b, "document", p);
	else
		return messages_refuse(a, p, "file", e);
	return 0;
}

/* What its maker signed goes back as it came. */
static void
messages_put_thinking(struct sbuf *b, const struct chat_part *p)
{
	if (p->encrypted.n > 0) {
		messages_open(b, "redacted_thinking");
		ask_text(b, "data", p->encrypted);
	} else if (p->signature.n > 0) {
		messages_open(b, "thinking");
		ask_text(b, "thinking", p->text);
		ask_text(b, "signature", p->signature);
	} else {
		return;
	}
	sbuf_addc(b, '}');
}

static void
messages_put_call(struct ask *a, const struct chat_part *p, struct sbuf *b)
{
	messages_open(b, "tool_use");
	ask_text(b, "id", ask_safe_id(a, p->id, CALL_ID_MAX));
	ask_text(b, "name", p->name);
	ask_json(b, "input", p->arguments);
	messages_close(b, p);
}

static int messages_put_part(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_part *p, struct sbuf *b, struct err *e);

/* One plain text is a string; a list is one of blocks. */
static int
messages_put_content(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_part *result, struct sbuf *b, struct err *e)
{
	const struct chat_part *p = result->parts;

	if (result->n == 0 || (result->n == 1 && p->type == CHAT_TEXT &&
				  p->cache_control.n == 0)) {
		ask_text(b, "content", result->n > 0 ? p->text : SLICE(""));
		return 0;
	}
	ask_name(b, "content");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < result->n; i++)
		if ((p[i].type != CHAT_TEXT || p[i].text.n > 0) &&
		    messages_put_part(a, plan, &p[i], b, e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

static int
messages_put_result(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_part *p, struct sbuf *b, struct err *e)
{
	messages_open(b, "tool_result");
	ask_text(b, "tool_use_id", ask_safe_id(a, p->id, CALL_ID_MAX));
	if (messages_put_content(a, plan, p, b, e) != 0)
		return -1;
	if (p->failed)
		ask_json(b, "is_error", SLICE("true"));
	messages_close(b, p);
	return 0;
}

static int
messages_put_part(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_part *p, struct sbuf *b, struct err *e)
{
	switch (p->type) {
	case CHAT_TEXT:
		messages_put_text(b, p);
		return 0;
	case CHAT_IMAGE:
		return messages_put_image(a, plan, p, b, e);
	case CHAT_FILE:
		return messages_put_file(a, plan, p, b, e);
	case CHAT_THINKING:
		messages_put_thinking(b, p);
		return 0;
	case CHAT_CALL:
		messages_put_call(a, p, b);
		return 0;
	case CHAT_RESULT:
		return messages_put_result(a, plan, p, b, e);
	case CHAT_AUDIO:
		return messages_refuse(a, p, "input_audio", e);
	case CHAT_UNKNOWN:
		break;
	}
	return messages_refuse(a, p, "type", e);
}

static int
messages_put_turn(struct ask *a, const struct anthropic_plan *plan,
    const struct chat_message *m, struct sbuf *b, struct err *e)
{
	size_t before = b->len, empty;

	ask_comma(b);
	sbuf_adds(b, m->role == CHAT_USER
			 ? "{\"role\":\"user\",\"content\":["
			 : "{\"role\":\"assistant\",\"content\":[");
	empty = b->len;
	for (unsigned i = 0; i < m->n; i++)
		if (messages_put_part(a, plan, &m->parts[i], b, e) != 0)
			return -1;
	/* Thoughts without a signature were all that it had. */
	if (b->len == empty)
		b->len = before;
	else
		sbuf_adds(b, "]}");
	return 0;
}

int
anthropic_put_messages(struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b, struct err *e)
{
	ask_name(b, "messages");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < plan->turns.n; i++)
		if (messages_put_turn(a, plan, &plan->turns.turns[i], b, e) !=
		    0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

static bool
messages_is_marked(const struct turns *t)
{
	for (unsigned i = 0; i < t->n_system; i++)
		if (t->system[i]->cache_control.n > 0)
			return true;
	return false;
}

static void
messages_put_blocks(const struct turns *t, const struct chat_part *more,
    struct sbuf *b)
{
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < t->n_system; i++)
		messages_put_text(b, t->system[i]);
	if (more->text.n > 0)
		messages_put_text(b, more);
	sbuf_addc(b, ']');
}

static void
messages_put_joined(const struct turns *t, const struct chat_part *more,
    struct sbuf *b)
{
	sbuf_addc(b, '"');
	for (unsigned i = 0; i < t->n_system; i++) {
		if (i > 0)
			sbuf_adds(b, "\\n\\n");
		sbuf_add_slice(b, t->system[i]->text);
	}
	if (more->text.n > 0 && t->n_system > 0)
		sbuf_adds(b, "\\n\\n");
	sbuf_add_slice(b, more->text);
	sbuf_addc(b, '"');
}

void
anthropic_put_system(const struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b)
{
	const struct turns *t = &plan->turns;
	struct chat_part more = { .type = CHAT_TEXT };

	if (a->chat.format == FORMAT_JSON)
		more.text = SLICE(JSON_ONLY);
	if (t->n_system == 0 && more.text.n == 0)
		return;
	ask_name(b, "system");
	if (messages_is_marked(t))
		messages_put_blocks(t, &more, b);
	else
		messages_put_joined(t, &more, b);
}
