/* in_responses_reasoning - reasoning that comes back: providers.md 9. */
#include "base/err.h"
#include "dialect/in_responses_priv.h"

/* Texts of a list of parts, behind the turn's reasoning. */
static void
reasoning_texts(struct in_responses_turn *t, struct slice item,
    struct slice name)
{
	struct jscan_item list, part;
	struct jscan_iter it;

	if (in_find(item, name, &list) != 1 || list.type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, list.value);
	while (jscan_element_next(&it, &part))
		if (part.type == JSCAN_OBJECT)
			sbuf_add_slice(&t->reasoning,
			    chat_raw(part.value, SLICE("text")));
}

static void
detail_open(struct sbuf *b, const char *type)
{
	if (b->len > 0)
		sbuf_addc(b, ',');
	sbuf_addc(b, '{');
	ask_text(b, "type", slice_str(type));
}

static void
detail_close(const struct in_responses *x, struct slice item, struct sbuf *b)
{
	struct slice id = chat_raw(item, SLICE("id"));

	if (id.n > 0)
		ask_text(b, "id", id);
	ask_text(b, "format", SLICE("openai-responses-v1"));
	ask_int(b, "index", x->turn.carried);
	sbuf_addc(b, '}');
}

/* Reasoning that a provider of Responses encrypted. */
static void
reasoning_theirs(struct in_responses *x, struct slice item,
    struct slice encrypted)
{
	struct sbuf *b = &x->turn.details;
	struct jscan_item summary, part;
	struct jscan_iter it;

	if (in_find(item, SLICE("summary"), &summary) == 1 &&
	    summary.type == JSCAN_ARRAY) {
		jscan_enter(&it, summary.value);
		while (jscan_element_next(&it, &part)) {
			if (part.type != JSCAN_OBJECT)
				continue;
			detail_open(b, "reasoning.summary");
			ask_text(b, "summary",
			    chat_raw(part.value, SLICE("text")));
			detail_close(x, item, b);
		}
	}
	detail_open(b, "reasoning.encrypted");
	ask_text(b, "data", encrypted);
	detail_close(x, item, b);
}

/* Details of any maker that out_responses.c has put there.  1, or 0. */
static int
reasoning_ours(struct in_responses *x, struct slice encrypted)
{
	struct slice text = jstr_decode(encrypted, x->in->pool);
	struct sbuf *b = &x->turn.details;
	struct jscan_item list, detail;
	struct jscan_iter it;
	struct err e;

	if (!slice_starts(text, SLICE("[{")) ||
	    jscan_value(text, &list, &e) != 0)
		return 0;
	jscan_enter(&it, list.value);
	while (jscan_element_next(&it, &detail)) {
		if (detail.type != JSCAN_OBJECT)
			continue;
		if (b->len > 0)
			sbuf_addc(b, ',');
		sbuf_add_slice(b, detail.value);
	}
	return 1;
}

void
in_responses_reasoning(struct in_responses *x, struct slice item)
{
	struct in_responses_turn *t = &x->turn;
	struct slice encrypted = chat_raw(item, SLICE("encrypted_content"));

	t->open = true;
	reasoning_texts(t, item, SLICE("summary"));
	reasoning_texts(t, item, SLICE("content"));
	if (encrypted.n > 0 && reasoning_ours(x, encrypted) == 0)
		reasoning_theirs(x, item, encrypted);
}
