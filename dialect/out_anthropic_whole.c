/* out_anthropic_whole - an answer that is no stream. */
#include "dialect/out_anthropic_priv.h"

static void
out_thinking(struct slice text, struct slice signature, struct sbuf *out)
{
	ask_comma(out);
	sbuf_adds(out, "{\"type\":\"thinking\"");
	ask_text(out, "thinking", text);
	ask_text(out, "signature", signature);
	sbuf_addc(out, '}');
}

static void
out_redacted(struct slice data, struct sbuf *out)
{
	ask_comma(out);
	sbuf_adds(out, "{\"type\":\"redacted_thinking\"");
	ask_text(out, "data", data);
	sbuf_addc(out, '}');
}

/* Details that are signed; without them the plain text is one block. */
static void
out_details(const struct out_choice *choice, struct sbuf *out)
{
	struct slice text = choice->reasoning;
	struct jscan_iter it;
	struct out_detail d;
	bool told = false;

	jscan_enter(&it, choice->details.n > 0 ? choice->details : SLICE("[]"));
	while (out_detail_next(&it, &d) == 1) {
		if (!out_anthropic_is_own(&d))
			continue;
		if (d.encrypted && d.data.n > 0)
			out_redacted(d.data, out);
		if (d.encrypted || (d.signature.n == 0 && text.n > 0))
			continue;
		/* One that has the signature alone is of the text before. */
		out_thinking(d.text.n > 0 || told ? d.text : text, d.signature,
		    out);
		told = true;
	}
	if (!told && text.n > 0)
		out_thinking(text, SLICE(""), out);
}

/* citations: the schema demands them, and clients refuse a null there. */
static void
out_text(struct slice text, struct sbuf *out)
{
	if (text.n == 0)
		return;
	ask_comma(out);
	sbuf_adds(out, "{\"type\":\"text\"");
	ask_text(out, "text", text);
	ask_json(out, "citations", SLICE("[]"));
	sbuf_addc(out, '}');
}

static void
out_calls(struct out_anthropic *a, struct slice calls, struct sbuf *out)
{
	struct jscan_iter it;
	struct out_call call;
	unsigned at = 0;

	if (calls.n == 0)
		return;
	jscan_enter(&it, calls);
	while (out_call_next(&it, at++, &call) == 1) {
		a->told_calls = true;
		ask_comma(out);
		sbuf_adds(out, "{\"type\":\"tool_use\"");
		ask_text(out, "id", call.id);
		ask_text(out, "name", call.name);
		ask_name(out, "input");
		out_arguments(call.arguments, out);
		sbuf_adds(out, ",\"caller\":{\"type\":\"direct\"}}");
	}
}

static void
out_content(struct out_anthropic *a, const struct out_choice *choice,
    struct sbuf *out)
{
	ask_name(out, "content");
	sbuf_addc(out, '[');
	out_details(choice, out);
	out_text(choice->text.n > 0 ? choice->text : choice->refusal, out);
	out_calls(a, choice->calls, out);
	sbuf_addc(out, ']');
	a->told_refusal = choice->refusal.n > 0;
	a->finish = choice->finish;
}

void
out_anthropic_whole(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_anthropic *a = x->state;
	struct out_choice choice = { .finish = OUT_STOP };
	struct out_choices all;
	struct out_chunk chunk;

	out_chunk_read(json, &chunk);
	out_choices_enter(&all, chunk.choices, SLICE("message"));
	out_choices_next(&all, &choice);
	out_usage(&chunk, &a->usage);
	sbuf_addc(out, '{');
	out_anthropic_id(x, out);
	sbuf_adds(out, ",\"type\":\"message\",\"role\":\"assistant\"");
	out_model(x, chunk.model, "model", out);
	out_content(a, &choice, out);
	out_anthropic_stop(a, out_stop_sequence(&chunk, &choice), out);
	out_anthropic_usage(&a->usage, false, out);
	sbuf_addc(out, '}');
	out_choices_end(&all);
}
