/* out_anthropic_events - the events of one content block. */
#include "dialect/out_anthropic_priv.h"

static struct out_anthropic *
out_state(struct encode_ctx *x)
{
	return x->state;
}

static void
out_block_start(struct encode_ctx *x, enum out_block block, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	a->block = block;
	a->told_thinking = false;
	sbuf_adds(out, "event: content_block_start\ndata: "
		       "{\"type\":\"content_block_start\",\"index\":");
	sbuf_add_u64(out, a->index);
	sbuf_adds(out, ",\"content_block\":{");
}

static void
out_block_started(struct sbuf *out)
{
	sbuf_adds(out, "}}\n\n");
}

/* The delta's type and member; what follows is text between quotes. */
static void
out_delta(struct encode_ctx *x, const char *type, const char *member,
    struct sbuf *out)
{
	sbuf_adds(out, "event: content_block_delta\ndata: "
		       "{\"type\":\"content_block_delta\",\"index\":");
	sbuf_add_u64(out, out_state(x)->index);
	sbuf_adds(out, ",\"delta\":{\"type\":\"");
	sbuf_adds(out, type);
	sbuf_adds(out, "\",\"");
	sbuf_adds(out, member);
	sbuf_adds(out, "\":\"");
}

static void
out_delta_end(struct sbuf *out)
{
	sbuf_adds(out, "\"}}\n\n");
}

static void
out_block_delta(struct encode_ctx *x, const char *type, const char *member,
    struct slice raw, struct sbuf *out)
{
	out_delta(x, type, member, out);
	sbuf_add_slice(out, raw);
	out_delta_end(out);
}

void
out_block_close(struct encode_ctx *x, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	if (a->block == BLOCK_NONE)
		return;
	if (a->block == BLOCK_CALL && a->wrapped)
		out_block_delta(x, "input_json_delta", "partial_json",
		    SLICE("\\\"}"), out);
	sbuf_adds(out, "event: content_block_stop\ndata: "
		       "{\"type\":\"content_block_stop\",\"index\":");
	sbuf_add_u64(out, a->index++);
	sbuf_adds(out, "}\n\n");
	a->block = BLOCK_NONE;
}

void
out_block_text(struct encode_ctx *x, struct slice raw, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	if (a->block != BLOCK_TEXT) {
		out_block_close(x, out);
		out_block_start(x, BLOCK_TEXT, out);
		sbuf_adds(out,
		    "\"type\":\"text\",\"text\":\"\",\"citations\":[]");
		out_block_started(out);
	}
	out_block_delta(x, "text_delta", "text", raw, out);
}

static void
out_block_think(struct encode_ctx *x, struct sbuf *out)
{
	if (out_state(x)->block == BLOCK_THINKING)
		return;
	out_block_close(x, out);
	out_block_start(x, BLOCK_THINKING, out);
	sbuf_adds(out, "\"type\":\"thinking\",\"thinking\":\"\","
		       "\"signature\":\"\"");
	out_block_started(out);
}

void
out_block_thinking(struct encode_ctx *x, struct slice raw, struct sbuf *out)
{
	out_block_think(x, out);
	out_state(x)->told_thinking = true;
	out_block_delta(x, "thinking_delta", "thinking", raw, out);
}

void
out_block_call(struct encode_ctx *x, unsigned call, struct slice id,
    struct slice name, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	out_block_close(x, out);
	out_block_start(x, BLOCK_CALL, out);
	a->told_calls = true;
	a->call = call;
	a->args = (struct calltext){ .depth = 0 };
	a->wrapped = false;
	a->opened[call / 8] |= (unsigned char)(1 << call % 8);
	sbuf_adds(out, "\"type\":\"tool_use\"");
	ask_text(out, "id", id);
	ask_text(out, "name", name);
	sbuf_adds(out, ",\"input\":{},\"caller\":{\"type\":\"direct\"}");
	out_block_started(out);
}

/* Arguments that are no object are the text of one's only member. */
void
out_block_arguments(struct encode_ctx *x, struct slice raw, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);
	bool begun = a->args.begun;

	if (raw.n == 0)
		return;
	calltext_feed(&a->args, raw);
	if (!begun && a->args.begun && !a->args.is_object) {
		a->wrapped = true;
		out_block_delta(x, "input_json_delta", "partial_json",
		    SLICE("{\\\"_raw\\\":\\\""), out);
	}
	out_delta(x, "input_json_delta", "partial_json", out);
	if (a->wrapped)
		sbuf_add_json_part(out, raw);
	else
		sbuf_add_slice(out, raw);
	out_delta_end(out);
}

void
out_block_redacted(struct encode_ctx *x, struct slice data, struct sbuf *out)
{
	out_block_close(x, out);
	out_block_start(x, BLOCK_THINKING, out);
	sbuf_adds(out, "\"type\":\"redacted_thinking\"");
	ask_text(out, "data", data);
	out_block_started(out);
	out_block_close(x, out);
}

void
out_block_signature(struct encode_ctx *x, struct slice signature,
    struct sbuf *out)
{
	out_block_think(x, out);
	out_block_delta(x, "signature_delta", "signature", signature, out);
	out_block_close(x, out);
}
