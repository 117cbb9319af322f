/*
 * out_responses_call - calls of tools.  The pieces of calls that come in turns
 * wait until the open one is whole.
 */
#include "base/err.h"
#include "dialect/ask.h"
#include "dialect/chat_priv.h"
#include "dialect/out_responses_priv.h"
#include "proto/jnum.h"

/* Is the open call's JSON whole, so that nothing of it can follow? */
static bool
out_call_is_whole(const struct encode_ctx *x)
{
	struct sbuf text = { 0 };
	struct jscan_item whole;
	struct err e;
	bool is;

	jstr_add(&text, sbuf_slice(&x->kept[KEPT_TEXT]));
	is = jscan_value(sbuf_slice(&text), &whole, &e) == 0;
	sbuf_free(&text);
	return is;
}

/* Gemini's signature of a call, when reasoning_details lacked it. */
static void
out_signature(struct encode_ctx *x, struct slice call)
{
	struct sbuf *details = &x->kept[KEPT_DETAILS];
	struct jscan_item signature;

	if (jscan_dig(call, &signature, "extra_content", "google",
		"thought_signature", (char *)NULL) == 0 ||
	    signature.type != JSCAN_STRING ||
	    (details->len > 0 &&
		memmem(details->data, details->len, signature.value.p,
		    signature.value.n) != NULL))
		return;
	out_responses_add(details, SLICE("{\"type\":\"reasoning.encrypted\","
					 "\"format\":\"google-gemini-v1\""));
	ask_json(details, "data", signature.value);
	ask_text(details, "id", chat_raw(call, SLICE("id")));
	sbuf_addc(details, '}');
}

static void
out_open_call(struct encode_ctx *x, struct slice call, unsigned index)
{
	struct out_responses *s = x->state;
	struct slice function = chat_json(call, SLICE("function"));
	struct sbuf members = { 0 };

	s->call = index;
	s->called[index / 64] |= UINT64_C(1) << index % 64;
	/* At the start of a buffer no comma is wanted: "{" is what it sees. */
	sbuf_adds(&members, "\"call_id\":\"");
	sbuf_add_slice(&members, chat_raw(call, SLICE("id")));
	sbuf_adds(&members, "\",\"name\":\"");
	if (function.n > 0 && *function.p == '{')
		sbuf_add_slice(&members, chat_raw(function, SLICE("name")));
	sbuf_addc(&members, '"');
	out_responses_open(x, ITEM_CALL, sbuf_slice(&members));
	sbuf_free(&members);
	out_signature(x, call);
}

unsigned
out_responses_index(struct slice call, unsigned position)
{
	struct jscan_item item;
	int64_t index;

	if (jscan_find(call, SLICE("index"), &item) != 1 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, &index) != 1 ||
	    index < 0)
		return position;
	return index < OUT_RESPONSES_CALLS ? (unsigned)index
	                                   : OUT_RESPONSES_CALLS;
}

static void
out_call(struct encode_ctx *x, struct slice call, unsigned index)
{
	struct out_responses *s = x->state;
	struct sbuf *waiting = &x->kept[KEPT_WAITING];
	struct jscan_item arguments;
	bool open = s->item == ITEM_CALL && s->call == index;

	if (index >= OUT_RESPONSES_CALLS ||
	    (!open && (s->called[index / 64] >> index % 64 & 1) != 0))
		return;
	if (!open && s->item == ITEM_CALL &&
	    (waiting->len > 0 || !out_call_is_whole(x))) {
		out_responses_add(waiting, call);
		return;
	}
	if (!open) {
		out_responses_close(x);
		out_open_call(x, call, index);
	}
	if (jscan_dig(call, &arguments, "function", "arguments",
		(char *)NULL) == 1 &&
	    arguments.type == JSCAN_STRING)
		out_responses_arguments(x, jscan_text(&arguments));
	if (open && waiting->len > 0 && out_call_is_whole(x))
		out_responses_waiting(x);
}

void
out_responses_calls(struct encode_ctx *x, const struct jscan_item *calls)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned position = 0;

	if (calls->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, calls->value);
	for (; jscan_element_next(&it, &item); position++)
		if (item.type == JSCAN_OBJECT)
			out_call(x, item.value,
			    out_responses_index(item.value, position));
}

/* The turn of those that wait, until none does; the last one stays open. */
void
out_responses_waiting(struct encode_ctx *x)
{
	struct sbuf *waiting = &x->kept[KEPT_WAITING];
	struct sbuf round = { 0 };
	struct jscan_item all = { .type = JSCAN_ARRAY };

	while (waiting->len > 0) {
		sbuf_clear(&round);
		sbuf_addc(&round, '[');
		sbuf_add_slice(&round, sbuf_slice(waiting));
		sbuf_addc(&round, ']');
		out_responses_close(x);
		sbuf_clear(waiting);
		all.value = sbuf_slice(&round);
		out_responses_calls(x, &all);
	}
	sbuf_free(&round);
}
