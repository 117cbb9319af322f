/*
 * out_responses_logprob - how probable a token was.  Chat may leave its bytes
 * out, Responses may not.
 */
#include "dialect/out_responses_priv.h"
#include "proto/jstr.h"

static void
logprob_bytes(struct slice token, struct slice given, struct sbuf *out)
{
	struct sbuf text = { 0 };

	if (given.n > 0 && *given.p == '[') {
		ask_json(out, "bytes", given);
		return;
	}
	jstr_add(&text, token);
	ask_name(out, "bytes");
	sbuf_addc(out, '[');
	for (size_t i = 0; i < text.len; i++) {
		if (i > 0)
			sbuf_addc(out, ',');
		sbuf_add_u64(out, (unsigned char)text.data[i]);
	}
	sbuf_addc(out, ']');
	sbuf_free(&text);
}

/* The object without its last brace. */
static void
logprob_open(struct slice json, struct sbuf *out)
{
	struct slice token = chat_raw(json, SLICE("token"));

	ask_comma(out);
	sbuf_addc(out, '{');
	ask_text(out, "token", token);
	ask_json(out, "logprob", chat_json(json, SLICE("logprob")));
	logprob_bytes(token, chat_json(json, SLICE("bytes")), out);
}

void
out_responses_logprob(struct slice json, struct sbuf *out)
{
	struct slice top = chat_json(json, SLICE("top_logprobs"));
	struct jscan_iter it;
	struct jscan_item item;

	logprob_open(json, out);
	ask_name(out, "top_logprobs");
	sbuf_addc(out, '[');
	if (top.n > 0 && *top.p == '[') {
		jscan_enter(&it, top);
		while (jscan_element_next(&it, &item))
			if (item.type == JSCAN_OBJECT) {
				logprob_open(item.value, out);
				sbuf_addc(out, '}');
			}
	}
	sbuf_adds(out, "]}");
}
