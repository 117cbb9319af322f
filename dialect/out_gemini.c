#include "dialect/out_gemini_priv.h"

#include "dialect/mint.h"
#include "proto/errbody.h"

static struct out_gemini *
out_state(struct encode_ctx *x)
{
	return x->state;
}

/* What one candidate is in this chunk; it is opened when there is a part. */
struct out_candidate {
	struct encode_ctx *x;
	const struct out_choice *choice;
	struct sbuf parts;
};

static void
out_part_text(struct out_candidate *c, struct slice raw, bool thought)
{
	if (raw.n == 0)
		return;
	ask_comma(&c->parts);
	sbuf_addc(&c->parts, '{');
	ask_text(&c->parts, "text", raw);
	if (thought)
		ask_json(&c->parts, "thought", SLICE("true"));
	sbuf_addc(&c->parts, '}');
}

/* Signatures of texts stand on a part of their own, as Google's do. */
static void
out_part_signatures(struct out_candidate *c)
{
	struct jscan_iter it;
	struct out_detail d;

	if (c->choice->details.n == 0)
		return;
	jscan_enter(&it, c->choice->details);
	while (out_detail_next(&it, &d) == 1) {
		if (!d.encrypted || d.id.n > 0 || d.data.n == 0 ||
		    !jstr_equal(d.format, SLICE("google-gemini-v1")))
			continue;
		ask_comma(&c->parts);
		sbuf_adds(&c->parts, "{\"text\":\"\"");
		ask_text(&c->parts, "thoughtSignature", d.data);
		sbuf_addc(&c->parts, '}');
	}
}

/* "data:image/png;base64,..." of an image part. */
static void
out_part_image(struct out_candidate *c, struct slice part)
{
	struct slice image = chat_json(part, SLICE("image_url")), url, type;
	const char *semicolon, *comma;

	if (image.n == 0 || *image.p != '{')
		return;
	url = chat_raw(image, SLICE("url"));
	if (!slice_starts(url, SLICE("data:")))
		return;
	type = slice_skip(url, 5);
	comma = memchr(type.p, ',', type.n);
	if (comma == NULL)
		return;
	url = slice_skip(url, (size_t)(comma + 1 - url.p));
	type.n = (size_t)(comma - type.p);
	semicolon = memchr(type.p, ';', type.n);
	if (semicolon != NULL)
		type.n = (size_t)(semicolon - type.p);
	ask_comma(&c->parts);
	sbuf_adds(&c->parts, "{\"inlineData\":{");
	ask_text(&c->parts, "mimeType", type);
	ask_text(&c->parts, "data", url);
	sbuf_adds(&c->parts, "}}");
}

static void
out_part_images(struct out_candidate *c)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (c->choice->images.n == 0)
		return;
	jscan_enter(&it, c->choice->images);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			out_part_image(c, item.value);
}

static void
out_part_call(struct out_candidate *c, const struct out_call *call)
{
	struct sbuf *b = &c->parts;

	ask_comma(b);
	sbuf_adds(b, "{\"functionCall\":{");
	if (call->id.n > 0)
		ask_text(b, "id", call->id);
	ask_text(b, "name", call->name);
	ask_name(b, "args");
	out_arguments(call->arguments, b);
	sbuf_addc(b, '}');
	if (call->signature.n > 0)
		ask_text(b, "thoughtSignature", call->signature);
	sbuf_addc(b, '}');
}

static void
out_said(struct out_candidate *c)
{
	const struct out_choice *choice = c->choice;
	struct out_gemini *g = out_state(c->x);
	unsigned char bit =
	    (unsigned char)(1 << choice->index % OUT_CANDIDATES % 8);
	unsigned char *told = &g->told_text[choice->index % OUT_CANDIDATES / 8];

	out_part_text(c, choice->reasoning, true);
	out_part_text(c, choice->text, false);
	if (choice->text.n > 0)
		*told |= bit;
	if ((*told & bit) == 0)
		out_part_text(c, choice->refusal, false);
	out_part_images(c);
}

/*
 * A call is told whole: its pieces wait in a log, whose numbers are these and
 * LOG_KINDS times the place of the call.
 */
enum { LOG_ID, LOG_NAME, LOG_ARGUMENTS, LOG_SIGNATURE, LOG_KINDS };

static struct out_gemini_call *
out_call_at(struct out_gemini *g, unsigned candidate, unsigned index)
{
	struct out_gemini_call *call;

	for (unsigned i = 0; i < g->n_calls; i++)
		if (g->calls[i].candidate == candidate &&
		    g->calls[i].index == index)
			return &g->calls[i];
	if (g->n_calls == OUT_GEMINI_CALLS)
		return NULL;
	call = &g->calls[g->n_calls++];
	*call =
	    (struct out_gemini_call){ .candidate = candidate, .index = index };
	return call;
}

/* The pieces of one call, put together. */
static void
out_gather(struct out_candidate *c, unsigned place)
{
	struct slice rest = sbuf_slice(&c->x->kept[KEPT_LOG]), text;
	struct out_call call = { .index = 0 };
	struct sbuf arguments = { 0 };
	unsigned tag;

	while (calltext_next(&rest, &tag, &text) == 1) {
		if (tag / LOG_KINDS != place)
			continue;
		if (tag % LOG_KINDS == LOG_ARGUMENTS)
			sbuf_add_slice(&arguments, text);
		else if (tag % LOG_KINDS == LOG_ID)
			call.id = text;
		else if (tag % LOG_KINDS == LOG_NAME)
			call.name = text;
		else
			call.signature = text;
	}
	call.arguments = sbuf_slice(&arguments);
	out_part_call(c, &call);
	sbuf_free(&arguments);
}

/* Calls in their order, as far as they are complete; or all that there are. */
static void
out_tell_calls(struct out_candidate *c, bool all)
{
	struct out_gemini *g = out_state(c->x);
	bool waits = false;

	for (unsigned i = 0; i < g->n_calls; i++) {
		struct out_gemini_call *call = &g->calls[i];

		if (call->candidate == c->choice->index && !call->told &&
		    (all || call->args.complete)) {
			out_gather(c, i);
			call->told = true;
		}
		waits |= !call->told;
	}
	if (!waits)
		sbuf_clear(&c->x->kept[KEPT_LOG]);
}

static void
out_log_call(struct out_candidate *c, const struct out_call *call)
{
	struct out_gemini *g = out_state(c->x);
	struct sbuf *log = &c->x->kept[KEPT_LOG];
	struct out_gemini_call *at =
	    out_call_at(g, c->choice->index, call->index);
	unsigned tag;

	if (at == NULL || at->told)
		return;
	tag = LOG_KINDS * (unsigned)(at - g->calls);
	if (call->id.n > 0)
		calltext_log(log, LOG_ID + tag, call->id);
	if (call->name.n > 0)
		calltext_log(log, LOG_NAME + tag, call->name);
	if (call->signature.n > 0)
		calltext_log(log, LOG_SIGNATURE + tag, call->signature);
	if (call->arguments.n > 0)
		calltext_log(log, LOG_ARGUMENTS + tag, call->arguments);
	calltext_feed(&at->args, call->arguments);
}

static void
out_calls(struct out_candidate *c)
{
	struct jscan_iter it;
	struct out_call call;
	unsigned at = 0;

	if (c->choice->calls.n > 0) {
		jscan_enter(&it, c->choice->calls);
		while (out_call_next(&it, at++, &call) == 1)
			out_log_call(c, &call);
	}
	out_tell_calls(c, c->choice->finish != OUT_NONE);
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
out_add_candidate(struct sbuf *out, unsigned index, struct slice parts,
    const char *finish)
{
	ask_comma(out);
	sbuf_adds(out, "{\"content\":{\"role\":\"model\",\"parts\":[");
	sbuf_add_slice(out, parts);
	sbuf_adds(out, "]}");
	if (finish != NULL)
		ask_text(out, "finishReason", slice_str(finish));
	ask_int(out, "index", index);
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

/* Behind the candidates. */
static void
out_names(const struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	char id[MINT_DIGITS];

	mint_id(x->opts.id, sizeof x->opts.id, id);
	out_model(x, json, "modelVersion", out);
	ask_text(out, "responseId", (struct slice){ id, sizeof id });
}

/* Around each object of a stream: an event, or an element. */
static void
out_open(struct encode_ctx *x, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);

	if (x->opts.family == ENCODE_GEMINI)
		sbuf_adds(out, "data: ");
	else
		sbuf_adds(out, g->begun ? ",\r\n" : "[");
	g->begun = true;
}

static void
out_close(const struct encode_ctx *x, struct sbuf *out)
{
	if (x->opts.family == ENCODE_GEMINI)
		sbuf_adds(out, "\r\n\r\n");
}

static void
out_keep_model(struct encode_ctx *x, struct slice json)
{
	struct slice model = chat_raw(json, SLICE("model"));

	if (x->kept[KEPT_MODEL].len == 0 && model.n > 0) {
		sbuf_adds(&x->kept[KEPT_MODEL], "{\"model\":\"");
		sbuf_add_slice(&x->kept[KEPT_MODEL], model);
		sbuf_adds(&x->kept[KEPT_MODEL], "\"}");
	}
}

static void
out_gemini_chunk(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_gemini *g = out_state(x);
	struct sbuf candidates = { 0 };
	struct out_choices all;
	struct out_choice choice;

	out_keep_model(x, json);
	out_usage(json, &g->usage);
	out_choices_enter(&all, json, SLICE("delta"));
	while (out_choices_next(&all, &choice) == 1) {
		struct out_candidate c = { .x = x, .choice = &choice };

		if (choice.index >= OUT_CANDIDATES)
			continue;
		out_said(&c);
		out_part_signatures(&c);
		out_calls(&c);
		if (choice.finish != OUT_NONE)
			g->finish[choice.index] = choice.finish;
		if (c.parts.len > 0)
			out_add_candidate(&candidates, choice.index,
			    sbuf_slice(&c.parts), NULL);
		sbuf_free(&c.parts);
	}
	out_choices_end(&all);
	if (candidates.len > 0) {
		out_open(x, out);
		sbuf_adds(out, "{\"candidates\":[");
		sbuf_add_slice(out, sbuf_slice(&candidates));
		sbuf_addc(out, ']');
		out_names(x, json, out);
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
	struct slice named = sbuf_slice(&x->kept[KEPT_MODEL]);
	struct sbuf candidates = { 0 };

	for (unsigned i = 0; i < OUT_CANDIDATES; i++)
		if (g->finish[i] != OUT_NONE)
			out_add_candidate(&candidates, i,
			    SLICE("{\"text\":\"\"}"),
			    out_finish_word(g->finish[i]));
	/* Without a reason there is no end: the stream stays cut. */
	if (candidates.len > 0 && !g->over) {
		out_open(x, out);
		sbuf_adds(out, "{\"candidates\":[");
		sbuf_add_slice(out, sbuf_slice(&candidates));
		sbuf_addc(out, ']');
		out_usage_metadata(&g->usage, out);
		out_names(x, named.n > 0 ? named : SLICE("{}"), out);
		sbuf_addc(out, '}');
		out_close(x, out);
		if (x->opts.family == ENCODE_GEMINI_ARRAY)
			sbuf_addc(out, ']');
		g->over = true;
	}
	sbuf_free(&candidates);
}

/* An array is left open: who reads it sees that it was cut. */
static void
out_gemini_error(struct encode_ctx *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out)
{
	(void)type;
	(void)code;
	out_open(x, out);
	sbuf_adds(out, "{\"error\":{");
	ask_int(out, "code", status);
	ask_name(out, "message");
	sbuf_add_json(out, message);
	ask_text(out, "status", slice_str(errbody_gemini_status(status)));
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
	struct jscan_iter it;
	struct out_call call;
	unsigned at = 0;

	out_said(&c);
	out_part_signatures(&c);
	jscan_enter(&it, choice->calls.n > 0 ? choice->calls : SLICE("[]"));
	while (out_call_next(&it, at++, &call) == 1)
		out_part_call(&c, &call);
	out_add_candidate(out, choice->index,
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

	out_usage(json, &g->usage);
	sbuf_adds(out, "{\"candidates\":[");
	out_choices_enter(&all, json, SLICE("message"));
	while (out_choices_next(&all, &choice) == 1)
		out_whole_candidate(x, &choice, out);
	out_choices_end(&all);
	sbuf_addc(out, ']');
	out_usage_metadata(&g->usage, out);
	out_names(x, json, out);
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
