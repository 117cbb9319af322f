/* responses_input - a conversation as items of OpenAI's Responses. */
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/chat_priv.h"
#include "dialect/responses_priv.h"

#define CALL_ID_MAX 64

static int
responses_refuse_part(struct ask *a, const struct chat_part *p, struct err *e)
{
	return ask_refuse(a, e, "messages[%u].content[%u]", p->message, p->at);
}

/* "name":"data:type;base64,..." */
static void
responses_data(struct sbuf *b, const char *name, struct slice type,
    const struct chat_media *m)
{
	ask_name(b, name);
	sbuf_adds(b, "\"data:");
	sbuf_add_slice(b, type);
	sbuf_adds(b, ";base64,");
	ask_data(b, m);
	sbuf_addc(b, '"');
}

static void
responses_image(const struct chat_part *p, struct sbuf *b)
{
	const struct chat_media *m = &p->media;

	sbuf_adds(b, "{\"type\":\"input_image\"");
	if (m->data.n > 0) {
		responses_data(b, "image_url",
		    m->type.n > 0 ? m->type : SLICE("image/png"), m);
	} else {
		ask_name(b, "image_url");
		sbuf_add_json(b, m->url);
	}
	ask_text(b, "detail", m->detail.n > 0 ? m->detail : SLICE("auto"));
	sbuf_addc(b, '}');
}

static void
responses_file(const struct chat_part *p, struct sbuf *b)
{
	const struct chat_media *m = &p->media;

	sbuf_adds(b, "{\"type\":\"input_file\"");
	if (m->name.n > 0)
		ask_text(b, "filename", m->name);
	if (m->data.n > 0)
		responses_data(b, "file_data", m->type, m);
	else
		ask_text(b, "file_id", m->id);
	sbuf_addc(b, '}');
}

static int
responses_part(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e)
{
	ask_comma(b);
	switch (p->type) {
	case CHAT_TEXT:
		sbuf_adds(b, "{\"type\":\"input_text\"");
		ask_text(b, "text", p->text);
		sbuf_addc(b, '}');
		return 0;
	case CHAT_IMAGE:
		responses_image(p, b);
		return 0;
	case CHAT_FILE:
		responses_file(p, b);
		return 0;
	default:
		return responses_refuse_part(a, p, e);
	}
}

/* A string when it is one text or none, else a list. */
static int
responses_content(struct ask *a, const char *name,
    const struct chat_part *parts, unsigned n, struct sbuf *b, struct err *e)
{
	if (n == 0 || (n == 1 && parts->type == CHAT_TEXT)) {
		ask_text(b, name, n > 0 ? parts->text : SLICE(""));
		return 0;
	}
	ask_name(b, name);
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < n; i++)
		if (responses_part(a, &parts[i], b, e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

static int
responses_message(struct ask *a, const struct chat_message *m, struct sbuf *b,
    struct err *e)
{
	bool developer = (a->quirks & QUIRK_DEV_ROLE) != 0 &&
	                 (a->features & FEATURE_NO_DEVELOPER) == 0;

	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "role",
	    m->role != CHAT_SYSTEM ? SLICE("user")
	    : developer            ? SLICE("developer")
				   : SLICE("system"));
	if (responses_content(a, "content", m->parts, m->n, b, e) != 0)
		return -1;
	sbuf_addc(b, '}');
	return 0;
}

static struct slice
responses_call_id(struct ask *a, struct slice id)
{
	return id.n <= CALL_ID_MAX ? id : ask_safe_id(a, id, CALL_ID_MAX);
}

static int
responses_result(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e)
{
	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"function_call_output\"");
	ask_text(b, "call_id", responses_call_id(a, p->id));
	if (responses_content(a, "output", p->parts, p->n, b, e) != 0)
		return -1;
	sbuf_addc(b, '}');
	return 0;
}

static void
responses_call_item(struct ask *a, const struct chat_part *p, struct sbuf *b)
{
	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"function_call\"");
	ask_text(b, "call_id", responses_call_id(a, p->id));
	ask_text(b, "name", p->name);
	ask_name(b, "arguments");
	sbuf_add_json(b, p->arguments);
	sbuf_addc(b, '}');
}

/* All texts of an assistant's message are one: chat says them as one. */
static int
responses_say(struct ask *a, const struct chat_message *m, struct sbuf *b,
    struct err *e)
{
	ask_comma(b);
	sbuf_adds(b, "{\"role\":\"assistant\",\"content\":\"");
	for (unsigned i = 0; i < m->n; i++) {
		const struct chat_part *p = &m->parts[i];

		if (p->type == CHAT_TEXT)
			sbuf_add_slice(b, p->text);
		else if (p->type != CHAT_THINKING && p->type != CHAT_CALL)
			return responses_refuse_part(a, p, e);
	}
	sbuf_adds(b, "\"}");
	return 0;
}

/* Ours, and of the same item as the part that ends it. */
static bool
responses_is_of(const struct chat_part *p, const struct chat_part *end)
{
	return p->type == CHAT_THINKING &&
	       jstr_equal(p->format, SLICE(RESPONSES_FORMAT)) &&
	       jstr_same(p->id, end->id) && p->index == end->index;
}

bool
responses_is_ours(const struct chat_part *p)
{
	return p->encrypted.n > 0 && responses_is_of(p, p);
}

/* parts[at] is what was encrypted; the texts of its summary lie before it. */
static void
responses_reasoning(const struct chat_message *m, unsigned at, struct sbuf *b)
{
	const struct chat_part *p = &m->parts[at];

	ask_comma(b);
	sbuf_adds(b, "{\"type\":\"reasoning\"");
	if (p->id.n > 0)
		ask_text(b, "id", p->id);
	ask_name(b, "summary");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < at; i++) {
		if (!responses_is_of(&m->parts[i], p) ||
		    m->parts[i].encrypted.n > 0)
			continue;
		ask_comma(b);
		sbuf_adds(b, "{\"type\":\"summary_text\"");
		ask_text(b, "text", m->parts[i].text);
		sbuf_addc(b, '}');
	}
	sbuf_addc(b, ']');
	ask_text(b, "encrypted_content", p->encrypted);
	sbuf_addc(b, '}');
}

/*
 * The reasoning that stood before the item of that number, and behind the last
 * one whatever is left: OpenAI refuses reasoning that nothing follows.
 */
static void
responses_reasoning_of(const struct chat_message *m, unsigned item, bool last,
    struct sbuf *b)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct chat_part *p = &m->parts[i];
		bool here = p->index == item || (last && p->index > item) ||
		            (item == 0 && p->index < 0);

		if (here && responses_is_ours(p))
			responses_reasoning(m, i, b);
	}
}

static int
responses_assistant(struct ask *a, const struct chat_message *m, struct sbuf *b,
    struct err *e)
{
	unsigned words = 0, empty = 0, calls = 0, item = 0;

	for (unsigned i = 0; i < m->n; i++) {
		enum chat_part_type type = m->parts[i].type;

		calls += type == CHAT_CALL;
		words += type != CHAT_CALL && type != CHAT_THINKING;
		empty += type == CHAT_TEXT && m->parts[i].text.n == 0;
	}
	/* "" beside calls is nobody's word: no item that they followed. */
	if (words > (calls > 0 ? empty : 0)) {
		responses_reasoning_of(m, item++, calls == 0, b);
		if (responses_say(a, m, b, e) != 0)
			return -1;
	}
	for (unsigned i = 0; i < m->n; i++) {
		if (m->parts[i].type != CHAT_CALL)
			continue;
		responses_reasoning_of(m, item++, --calls == 0, b);
		responses_call_item(a, &m->parts[i], b);
	}
	return 0;
}

int
responses_input(struct ask *a, struct sbuf *b, struct err *e)
{
	const struct chat_message *m;
	int done = 0;

	ask_name(b, "input");
	sbuf_addc(b, '[');
	for (unsigned i = 0; done == 0 && i < a->chat.n; i++) {
		m = &a->chat.messages[i];
		if (m->role == CHAT_ASSISTANT)
			done = responses_assistant(a, m, b, e);
		else if (m->role == CHAT_TOOL)
			done = responses_result(a, m->parts, b, e);
		else
			done = responses_message(a, m, b, e);
	}
	sbuf_addc(b, ']');
	return done;
}
