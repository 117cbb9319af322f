#include "dialect/out_gemini_priv.h"

#include "proto/errbody.h"

static struct out_gemini *
out_state(struct encode_ctx *x)
{
	return x->state;
}

static const char *
out_finish_word(enum out_finish finish)
{
	static const char *const words[] = {
		[OUT_NONE] = "STOP",
		[OUT_STOP] = "STOP",
		[OUT_LENGTH] = "MAX_TOKENS",
		[OUT_CALLS] = "STOP",
		[OUT_FILTER] = "SAFETY",
	};

	return words[finish];
}

static void
out_add_candidate(struct sbuf *out, const struct out_choice *choice,
    struct slice parts, const char *finish)
{
	ask_comma(out);
	sbuf_adds(out, "{\"content\":{\"role\":\"model\",\"parts\":[");
	sbuf_add_slice(out, parts);
	sbuf_adds(out, "]}");
	if (finish != NULL)
		ask_text(out, "finishReason", slice_str(finish));
	ask_int(out, "index", choice->index);
	out_gemini_logprobs(choice->logprobs, out);
	sbuf_addc(out, '}');
}

static void
out_usage_metadata(const struct usage_figures *f, struct sbuf *out)
{
	ask_name(out, "usageMetadata");
	sbuf_addc(out, '{');
	ask_int(out, "promptTokenCount", f->prompt);
	ask_int(out, "candidatesTokenCount", f->completion - f->reasoning);
	ask_int(out, "thoughtsTokenCount", f->reasoning);
	ask_int(out, "cachedContentTokenCount", f->cached);
	ask_int(out, "totalTokenCount", f->total);
	sbuf_addc(out, '}');
}

/* Behind the candidates: the first model that was named, and our id. */
static void
out_names(struct encode_ctx *x, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);

	if (!g->minted)
		mint_id(x->opts.id, sizeof x->opts.id, g->id);
	g->minted = true;
	out_model(x, sbuf_slice(&x->kept[KEPT_MODEL]), "modelVersion", out);
	ask_text(out, "responseId",
	    x->opts.name.n > 0 ? x->opts.name
			       : (struct slice){ g->id, sizeof g->id });
}

/* Around each object of a stream: an event, or an element. */
static void
out_open(struct encode_ctx *x, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);

	if (x->opts.family == ENCODE_GEMINI)
		sbuf_adds(out, "data: ");
	else
		sbuf_adds(out, g->begun || x->passed > 0 ? ",\r\n" : "[");
	g->begun = true;
}

static void
out_close(const struct encode_ctx *x, struct sbuf *out)
{
	if (x->opts.family == ENCODE_GEMINI)
		sbuf_adds(out, "\r\n\r\n");
}

static void
out_keep_model(struct encode_ctx *x, struct slice model)
{
	if (x->kept[KEPT_MODEL].len == 0)
		sbuf_add_slice(&x->kept[KEPT_MODEL], model);
}

static void
out_gemini_chunk(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);
	struct sbuf candidates = { 0 };
	struct out_choices all;
	struct out_choice choice;
	struct out_chunk chunk;

	out_chunk_read(json, &chunk);
	out_keep_model(x, chunk.model);
	out_usage(&chunk, &g->usage);
	out_choices_enter(&all, chunk.choices, SLICE("delta"));
	while (out_choices_next(&all, &choice) == 1) {
		struct out_candidate c = { .x = x, .choice = &choice };

		if (choice.index >= OUT_CANDIDATES)
			continue;
		out_gemini_said(&c);
		out_gemini_calls(&c);
		if (choice.finish != OUT_NONE)
			g->finish[choice.index] = choice.finish;
		if (c.parts.len > 0)
			out_add_candidate(&candidates, &choice,
			    sbuf_slice(&c.parts), NULL);
		sbuf_free(&c.parts);
	}
	out_choices_end(&all);
	if (candidates.len > 0) {
		out_open(x, out);
		sbuf_adds(out, "{\"candidates\":[");
		sbuf_add_slice(out, sbuf_slice(&candidates));
		sbuf_addc(out, ']');
		out_names(x, out);
		sbuf_addc(out, '}');
		out_close(x, out);
	}
	sbuf_free(&candidates);
}

/* The last chunk: reasons and usage. */
static void
out_gemini_end(struct encode_ctx *x, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);
	struct sbuf candidates = { 0 };

	for (unsigned i = 0; i < OUT_CANDIDATES; i++) {
		struct out_choice last = { .index = i };

		if (g->finish[i] != OUT_NONE)
			out_add_candidate(&candidates, &last,
			    SLICE("{\"text\":\"\"}"),
			    out_finish_word(g->finish[i]));
	}
	/* Without a reason there is no end: the stream stays cut. */
	if (candidates.len > 0 && !g->over) {
		out_open(x, out);
		sbuf_adds(out, "{\"candidates\":[");
		sbuf_add_slice(out, sbuf_slice(&candidates));
		sbuf_addc(out, ']');
		out_usage_metadata(&g->usage, out);
		out_names(x, out);
		sbuf_addc(out, '}');
		out_close(x, out);
		if (x->opts.family == ENCODE_GEMINI_ARRAY)
			sbuf_addc(out, ']');
		g->over = true;
	}
	sbuf_free(&candidates);
}

/* RESOURCE_EXHAUSTED: what Google itself says is passed on. */
static bool
out_is_status(struct slice code)
{
	for (size_t i = 0; i < code.n; i++)
		if ((code.p[i] < 'A' || code.p[i] > 'Z') && code.p[i] != '_')
			return false;
	return code.n > 0;
}

/* An array is left open: who reads it sees that it was cut. */
static void
out_gemini_error(struct encode_ctx *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out)
{
	(void)type;
	out_open(x, out);
	sbuf_adds(out, "{\"error\":{");
	ask_int(out, "code", status);
	ask_name(out, "message");
	sbuf_add_json(out, message);
	ask_text(out, "status",
	    out_is_status(code) ? code
				: slice_str(errbody_gemini_status(status)));
	sbuf_adds(out, "}}");
	out_close(x, out);
}

/* Blanks may stand between elements, comments between events. */
static void
out_gemini_idle(struct encode_ctx *x, struct sbuf *out)
{
	sbuf_adds(out,
	    x->opts.family == ENCODE_GEMINI ? ": keep-alive\r\n\r\n" : "\r\n");
}

static void
out_whole_candidate(struct encode_ctx *x, const struct out_choice *choice,
    struct sbuf *out)
{
	struct out_candidate c = { .x = x, .choice = choice };

	out_gemini_said(&c);
	out_gemini_whole_calls(&c);
	out_add_candidate(out, choice,
	    c.parts.len > 0 ? sbuf_slice(&c.parts) : SLICE("{\"text\":\"\"}"),
	    out_finish_word(choice->finish));
	sbuf_free(&c.parts);
}

static void
out_gemini_whole(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);
	struct out_choices all;
	struct out_choice choice;
	struct out_chunk chunk;

	out_chunk_read(json, &chunk);
	out_keep_model(x, chunk.model);
	out_usage(&chunk, &g->usage);
	sbuf_adds(out, "{\"candidates\":[");
	out_choices_enter(&all, chunk.choices, SLICE("message"));
	while (out_choices_next(&all, &choice) == 1)
		out_whole_candidate(x, &choice, out);
	out_choices_end(&all);
	sbuf_addc(out, ']');
	out_usage_metadata(&g->usage, out);
	out_names(x, out);
	sbuf_addc(out, '}');
}

const struct encode_ops out_gemini = {
	.state_size = sizeof(struct out_gemini),
	.chunk = out_gemini_chunk,
	.end = out_gemini_end,
	.error = out_gemini_error,
	.idle = out_gemini_idle,
	.whole = out_gemini_whole,
};
