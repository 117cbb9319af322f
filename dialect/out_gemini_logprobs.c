/* out_gemini_logprobs - how probable each token was. */
#include "dialect/out_gemini_priv.h"

static void
out_token(struct slice token, struct sbuf *out)
{
	ask_comma(out);
	sbuf_addc(out, '{');
	ask_text(out, "token", chat_raw(token, SLICE("token")));
	ask_json(out, "logProbability", chat_json(token, SLICE("logprob")));
	sbuf_addc(out, '}');
}

/* Each object of an array of tokens to write(). */
static void
out_tokens(struct slice tokens, void (*write)(struct slice, struct sbuf *),
    struct sbuf *out)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (tokens.n == 0 || *tokens.p != '[')
		return;
	jscan_enter(&it, tokens);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			write(item.value, out);
}

static void
out_top(struct slice token, struct sbuf *out)
{
	ask_comma(out);
	sbuf_adds(out, "{\"candidates\":[");
	out_tokens(chat_json(token, SLICE("top_logprobs")), out_token, out);
	sbuf_adds(out, "]}");
}

void
out_gemini_logprobs(struct slice tokens, struct sbuf *out)
{
	if (tokens.n == 0)
		return;
	ask_name(out, "logprobsResult");
	sbuf_adds(out, "{\"chosenCandidates\":[");
	out_tokens(tokens, out_token, out);
	sbuf_adds(out, "],\"topCandidates\":[");
	out_tokens(tokens, out_top, out);
	sbuf_adds(out, "]}");
}
