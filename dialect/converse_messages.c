/*
 * converse_messages - system and messages: spec/providers.md 4.1, 4.6, 4.8, 9.
 */
#include "base/err.h"
#include "dialect/converse_ask_priv.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define CALL_ID_MAX 64
#define JSON_ONLY "Answer with one JSON object and nothing else."

void
converse_put_cache_point(struct slice cache_control, struct sbuf *b)
{
	struct jscan_item ttl;

	if (cache_control.n == 0)
		return;
	ask_comma(b);
	sbuf_adds(b, "{\"cachePoint\":{\"type\":\"default\"");
	if (*cache_control.p == '{' &&
	    jscan_find(cache_control, SLICE("ttl"), &ttl) == 1 &&
	    jstr_says(&ttl, SLICE("1h")))
		ask_text(b, "ttl", SLICE("1h"));
	sbuf_adds(b, "}}");
}

static void
messages_put_text(struct slice raw, struct sbuf *b)
{
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "text", raw);
	sbuf_addc(b, '}');
}

/* What its maker signed goes back as it came. */
static void
messages_put_thinking(const struct chat_part *p, struct sbuf *b)
{
	if (p->encrypted.n > 0) {
		ask_comma(b);
		sbuf_adds(b, "{\"reasoningContent\":{");
		ask_text(b, "redactedContent", p->encrypted);
		sbuf_adds(b, "}}");
	} else if (p->signature.n > 0) {
		ask_comma(b);
		sbuf_adds(b, "{\"reasoningContent\":{\"reasoningText\":{");
		ask_text(b, "text", p->text);
		ask_text(b, "signature", p->signature);
		sbuf_adds(b, "}}}");
	}
}

static void
messages_put_call(struct ask *a, const struct chat_part *p, struct sbuf *b)
{
	ask_comma(b);
	sbuf_adds(b, "{\"toolUse\":{");
	ask_text(b, "toolUseId", ask_safe_id(a, p->id, CALL_ID_MAX));
	ask_text(b, "name", p->name);
	ask_json(b, "input", p->arguments);
	sbuf_adds(b, "}}");
}

/* A call nobody could make now, since no tools are sent. */
static void
messages_put_told_call(const struct chat_part *p, struct sbuf *b)
{
	ask_comma(b);
	sbuf_adds(b, "{\"text\":\"[tool call ");
	sbuf_add_slice(b, p->id);
	sbuf_adds(b, "] ");
	sbuf_add_slice(b, p->name);
	sbuf_addc(b, ' ');
	sbuf_add_json_part(b, p->arguments);
	sbuf_adds(b, "\"}");
}

static struct slice
messages_no_result(const struct chat_part *p)
{
	return p->failed ? SLICE("no result") : SLICE("");
}

static int
messages_put_result(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e)
{
	const struct chat_part *part = p->parts;

	ask_comma(b);
	sbuf_adds(b, "{\"toolResult\":{");
	ask_text(b, "toolUseId", ask_safe_id(a, p->id, CALL_ID_MAX));
	ask_name(b, "content");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < p->n; i++) {
		if (part[i].type != CHAT_TEXT) {
			if (converse_put_media(a, &part[i], b, e) != 0)
				return -1;
		} else if (part[i].text.n > 0) {
			messages_put_text(part[i].text, b);
		}
	}
	if (b->data[b->len - 1] == '[')
		messages_put_text(messages_no_result(p), b);
	sbuf_addc(b, ']');
	if (p->failed)
		ask_text(b, "status", SLICE("error"));
	sbuf_adds(b, "}}");
	return 0;
}

/* The result of such a call; its images stand behind the text. */
static int
messages_put_told_result(struct ask *a, const struct chat_part *p,
    struct sbuf *b, struct err *e)
{
	ask_comma(b);
	sbuf_adds(b, "{\"text\":\"[tool result ");
	sbuf_add_slice(b, p->id);
	sbuf_adds(b, "] ");
	for (unsigned i = 0; i < p->n; i++)
		if (p->parts[i].type == CHAT_TEXT)
			sbuf_add_slice(b, p->parts[i].text);
	if (p->n == 0)
		sbuf_add_slice(b, messages_no_result(p));
	sbuf_adds(b, "\"}");
	for (unsigned i = 0; i < p->n; i++)
		if (p->parts[i].type != CHAT_TEXT &&
		    converse_put_media(a, &p->parts[i], b, e) != 0)
			return -1;
	return 0;
}

static int
messages_put_part(struct ask *a, const struct converse_plan *plan,
    const struct chat_part *p, struct sbuf *b, struct err *e)
{
	switch (p->type) {
	case CHAT_TEXT:
		messages_put_text(p->text, b);
		return 0;
	case CHAT_THINKING:
		messages_put_thinking(p, b);
		return 0;
	case CHAT_CALL:
		if (plan->sends_tools)
			messages_put_call(a, p, b);
		else
			messages_put_told_call(p, b);
		return 0;
	case CHAT_RESULT:
		return plan->sends_tools ? messages_put_result(a, p, b, e)
		                         : messages_put_told_result(a, p, b, e);
	default:
		return converse_put_media(a, p, b, e);
	}
}

/* A result is marked as a whole: nothing inside it can be. */
static struct slice
messages_mark(const struct chat_part *p)
{
	struct slice mark = p->cache_control;

	for (unsigned i = 0; p->type == CHAT_RESULT && i < p->n; i++)
		if (mark.n == 0)
			mark = p->parts[i].cache_control;
	return mark;
}

static int
messages_put_turn(struct ask *a, const struct converse_plan *plan,
    const struct chat_message *m, struct sbuf *b, struct err *e)
{
	size_t before = b->len, empty;

	ask_comma(b);
	sbuf_adds(b, m->role == CHAT_USER
			 ? "{\"role\":\"user\",\"content\":["
			 : "{\"role\":\"assistant\",\"content\":[");
	empty = b->len;
	for (unsigned i = 0; i < m->n; i++) {
		if (messages_put_part(a, plan, &m->parts[i], b, e) != 0)
			return -1;
		converse_put_cache_point(messages_mark(&m->parts[i]), b);
	}
	/* Thoughts without a signature were all that it had. */
	if (b->len == empty)
		b->len = before;
	else
		sbuf_adds(b, "]}");
	return 0;
}

int
converse_put_messages(struct ask *a, const struct converse_plan *plan,
    struct sbuf *b, struct err *e)
{
	const struct turns *t = &plan->turns;

	ask_name(b, "messages");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < t->n; i++)
		if (messages_put_turn(a, plan, &t->turns[i], b, e) != 0)
			return -1;
	sbuf_addc(b, ']');
	return 0;
}

void
converse_put_system(const struct ask *a, const struct converse_plan *plan,
    struct sbuf *b)
{
	const struct turns *t = &plan->turns;

	if (t->n_system == 0 && a->chat.format != FORMAT_JSON)
		return;
	ask_name(b, "system");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < t->n_system; i++) {
		messages_put_text(t->system[i]->text, b);
		converse_put_cache_point(t->system[i]->cache_control, b);
	}
	if (a->chat.format == FORMAT_JSON)
		messages_put_text(SLICE(JSON_ONLY), b);
	sbuf_addc(b, ']');
}
