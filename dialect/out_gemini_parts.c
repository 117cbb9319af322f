/* out_gemini_parts - what a choice says, as parts of a candidate. */
#include "dialect/out_gemini_priv.h"

static struct out_gemini *
out_state(struct encode_ctx *x)
{
	return x->state;
}

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

void
out_gemini_said(struct out_candidate *c)
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
	out_part_signatures(c);
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

void
out_gemini_calls(struct out_candidate *c)
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

void
out_gemini_whole_calls(struct out_candidate *c)
{
	struct jscan_iter it;
	struct out_call call;
	unsigned at = 0;

	if (c->choice->calls.n == 0)
		return;
	jscan_enter(&it, c->choice->calls);
	while (out_call_next(&it, at++, &call) == 1)
		out_part_call(c, &call);
}
