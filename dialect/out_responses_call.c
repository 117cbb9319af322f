/*
 * out_responses_call - calls of tools.  The pieces of calls that come in turns
 * wait until the open one is whole.
 */
#include "base/err.h"
#include "dialect/out_responses_priv.h"

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
out_signature(struct encode_ctx *x, const struct out_call *call)
{
	struct sbuf *details = &x->kept[KEPT_DETAILS];

	if (call->signature.n == 0 ||
	    (details->len > 0 &&
		memmem(details->data, details->len, call->signature.p,
		    call->signature.n) != NULL))
		return;
	out_responses_add(details, SLICE("{\"type\":\"reasoning.encrypted\","
					 "\"format\":\"google-gemini-v1\""));
	ask_text(details, "data", call->signature);
	ask_text(details, "id", call->id);
	sbuf_addc(details, '}');
}

static void
out_open_call(struct encode_ctx *x, const struct out_call *call)
{
	struct out_responses *s = x->state;
	struct sbuf members = { 0 };

	s->call = call->index;
	s->called[call->index / 64] |= UINT64_C(1) << call->index % 64;
	/* At the start of a buffer no comma is wanted: "{" is what it sees. */
	ask_text(&members, "call_id", call->id);
	ask_text(&members, "name", call->name);
	out_responses_open(x, ITEM_CALL, sbuf_slice(&members));
	sbuf_free(&members);
	out_signature(x, call);
}

/* One piece of a call; json is all of it, for when it must wait. */
static void
out_piece(struct encode_ctx *x, const struct out_call *call, struct slice json)
{
	struct out_responses *s = x->state;
	struct sbuf *waiting = &x->kept[KEPT_WAITING];
	unsigned index = call->index;
	bool open = s->item == ITEM_CALL && s->call == index;

	if (index >= OUT_RESPONSES_CALLS ||
	    (!open && (s->called[index / 64] >> index % 64 & 1) != 0))
		return;
	if (!open && s->item == ITEM_CALL &&
	    (waiting->len > 0 || !out_call_is_whole(x))) {
		out_responses_add(waiting, json);
		return;
	}
	if (!open) {
		out_responses_close(x);
		out_open_call(x, call);
	}
	out_responses_arguments(x, call->arguments);
	if (open && waiting->len > 0 && out_call_is_whole(x))
		out_responses_waiting(x);
}

void
out_responses_calls(struct encode_ctx *x, struct slice calls)
{
	struct jscan_iter it, here;
	struct jscan_item item;
	struct out_call call;

	if (calls.n == 0)
		return;
	jscan_enter(&it, calls);
	here = it;
	for (unsigned at = 0; jscan_element_next(&it, &item); at++) {
		out_call_next(&here, at, &call);
		if (item.type == JSCAN_OBJECT)
			out_piece(x, &call, item.value);
	}
}

/* The turn of those that wait, until none does; the last one stays open. */
void
out_responses_waiting(struct encode_ctx *x)
{
	struct sbuf *waiting = &x->kept[KEPT_WAITING];
	struct sbuf round = { 0 };

	while (waiting->len > 0) {
		sbuf_clear(&round);
		sbuf_addc(&round, '[');
		sbuf_add_slice(&round, sbuf_slice(waiting));
		sbuf_addc(&round, ']');
		out_responses_close(x);
		sbuf_clear(waiting);
		out_responses_calls(x, sbuf_slice(&round));
	}
	sbuf_free(&round);
}
