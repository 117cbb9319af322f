#include "dialect/out_anthropic_priv.h"
#include "dialect/claude.h"

#include "dialect/mint.h"
#include "proto/relay_error.h"

static struct out_anthropic *
out_state(struct encode_ctx *x)
{
	return x->state;
}

void
out_anthropic_id(const struct encode_ctx *x, struct sbuf *out)
{
	char id[MINT_DIGITS];

	if (x->opts.name.n > 0) {
		ask_text(out, "id", x->opts.name);
		return;
	}
	mint_id(x->opts.id, sizeof x->opts.id, id);
	ask_name(out, "id");
	sbuf_adds(out, "\"msg_");
	sbuf_add(out, id, sizeof id);
	sbuf_addc(out, '"');
}

void
out_anthropic_usage(const struct usage_figures *f, bool delta, struct sbuf *out)
{
	ask_name(out, "usage");
	sbuf_addc(out, '{');
	ask_int(out, "input_tokens", f->prompt - f->cached - f->cache_write);
	ask_int(out, "cache_creation_input_tokens", f->cache_write);
	ask_int(out, "cache_read_input_tokens", f->cached);
	ask_int(out, "output_tokens", f->completion);
	ask_json(out, "server_tool_use", SLICE("null"));
	if (!delta)
		sbuf_adds(out, ",\"cache_creation\":null,"
			       "\"inference_geo\":null,\"service_tier\":null");
	sbuf_addc(out, '}');
}

/* Calls end a turn for tools, whatever word stands beside them. */
static const char *
out_stop_word(const struct out_anthropic *a, bool sequence)
{
	static const char *const words[] = {
		[OUT_NONE] = "end_turn",
		[OUT_STOP] = "end_turn",
		[OUT_LENGTH] = "max_tokens",
		[OUT_CALLS] = "tool_use",
		[OUT_FILTER] = "refusal",
	};

	if (a->finish != OUT_STOP)
		return words[a->finish];
	if (a->told_calls)
		return "tool_use";
	if (a->told_refusal)
		return "refusal";
	return sequence ? "stop_sequence" : "end_turn";
}

void
out_anthropic_stop(const struct out_anthropic *a, struct slice sequence,
    struct sbuf *out)
{
	const char *word = out_stop_word(a, sequence.n > 0);

	ask_text(out, "stop_reason", slice_str(word));
	if (strcmp(word, "stop_sequence") == 0)
		ask_text(out, "stop_sequence", sequence);
	else
		ask_json(out, "stop_sequence", SLICE("null"));
	sbuf_adds(out, ",\"stop_details\":null,\"container\":null");
}

bool
out_anthropic_is_own(const struct out_detail *d)
{
	return d->format.n == 0 || jstr_equal(d->format, SLICE(CLAUDE_FORMAT));
}

static void
out_begin(struct encode_ctx *x, struct slice model, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);
	/* Chat tells its figures at the end. */
	struct usage_figures none = { 0 };

	if (a->begun)
		return;
	a->begun = true;
	sbuf_adds(out, "event: message_start\ndata: "
		       "{\"type\":\"message_start\",\"message\":{");
	out_anthropic_id(x, out);
	sbuf_adds(out, ",\"type\":\"message\",\"role\":\"assistant\"");
	out_model(x, model, "model", out);
	sbuf_adds(out, ",\"content\":[],\"stop_reason\":null,"
		       "\"stop_sequence\":null,\"stop_details\":null,"
		       "\"container\":null");
	out_anthropic_usage(&none, false, out);
	sbuf_adds(out, "}}\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n");
}

/* Where it stopped is told beside the finish reason, or before it. */
static void
out_keep_stop(struct encode_ctx *x, struct slice sequence)
{
	if (sequence.n == 0)
		return;
	sbuf_clear(&x->kept[KEPT_STOP]);
	sbuf_add_slice(&x->kept[KEPT_STOP], sequence);
}

static void
out_anthropic_chunk(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);
	struct out_choices all;
	struct out_choice choice = { .index = 0 };
	struct out_chunk chunk;

	out_chunk_read(json, &chunk);
	out_begin(x, chunk.model, out);
	out_usage(&chunk, &a->usage);
	out_keep_stop(x, out_stop_sequence(&chunk, &choice));
	out_choices_enter(&all, chunk.choices, SLICE("delta"));
	while (out_choices_next(&all, &choice) == 1) {
		if (choice.index != 0)
			continue;
		out_anthropic_say(x, &choice, out);
		out_keep_stop(x, choice.stop_reason);
		if (choice.finish != OUT_NONE)
			a->finish = choice.finish;
	}
	out_choices_end(&all);
}

static void
out_anthropic_end(struct encode_ctx *x, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	/* Without a reason there is no end: the stream stays cut. */
	if (a->over || a->finish == OUT_NONE)
		return;
	a->over = true;
	out_anthropic_settle(x, true, out);
	sbuf_adds(out, "event: message_delta\ndata: "
		       "{\"type\":\"message_delta\",\"delta\":{");
	out_anthropic_stop(a, sbuf_slice(&x->kept[KEPT_STOP]), out);
	sbuf_addc(out, '}');
	out_anthropic_usage(&a->usage, true, out);
	sbuf_adds(out, "}\n\nevent: message_stop\n"
		       "data: {\"type\":\"message_stop\"}\n\n");
}

/* Ours are told as api.md 8.6 says, a provider's keeps type and code. */
static void
out_anthropic_error(struct encode_ctx *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out)
{
	bool ours = type.n == 0 || slice_eq(type, SLICE("respan_error"));

	(void)x;
	sbuf_adds(out, "event: error\ndata: {\"type\":\"error\",\"error\":{");
	ask_name(out, "type");
	sbuf_add_json(out, ours ? slice_str(relay_error_type(status)) : type);
	ask_name(out, "message");
	sbuf_add_json(out, message);
	if (!ours && code.n > 0) {
		ask_name(out, "code");
		sbuf_add_json(out, code);
	}
	sbuf_adds(out, "}}\n\n");
}

static void
out_anthropic_idle(struct encode_ctx *x, struct sbuf *out)
{
	bool begun = out_state(x)->begun;

	/* The first event of a stream has a ping behind it. */
	out_begin(x, SLICE(""), out);
	if (begun)
		sbuf_adds(out, "event: ping\ndata: {\"type\":\"ping\"}\n\n");
}

const struct encode_ops out_anthropic = {
	.state_size = sizeof(struct out_anthropic),
	.chunk = out_anthropic_chunk,
	.end = out_anthropic_end,
	.error = out_anthropic_error,
	.idle = out_anthropic_idle,
	.whole = out_anthropic_whole,
};
