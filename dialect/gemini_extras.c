/* gemini_extras - logprobs, and where an answer has its facts from. */
#include "base/sbuf.h"
#include "dialect/gemini_tell.h"
#include "proto/jnum.h"

#define CHUNKS_MAX 256 /* that an answer may refer to */

/* Comma, {"token":...,"logprob":...,"bytes":null without its last brace. */
static void
extras_token(struct sbuf *b, struct slice json)
{
	static const struct slice names[] = { SLICE("token"),
		SLICE("logProbability") };
	struct jscan_item at[2];

	gemini_members(json, names, 2, at);
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_json(b, "token",
	    at[0].type == JSCAN_STRING ? at[0].value : SLICE("\"\""));
	/* A number that is zero may be left out. */
	ask_json(b, "logprob",
	    at[1].type == JSCAN_NUMBER ? at[1].value : SLICE("0"));
	ask_json(b, "bytes", SLICE("null"));
}

/* The candidates for one place. */
static void
extras_top(struct sbuf *b, const struct jscan_item *top)
{
	struct jscan_item list, item;
	struct jscan_iter it;

	ask_name(b, "top_logprobs");
	sbuf_addc(b, '[');
	if (top->type == JSCAN_OBJECT &&
	    jscan_find(top->value, SLICE("candidates"), &list) == 1 &&
	    list.type == JSCAN_ARRAY) {
		jscan_enter(&it, list.value);
		while (jscan_element_next(&it, &item)) {
			if (item.type != JSCAN_OBJECT)
				continue;
			extras_token(b, item.value);
			sbuf_addc(b, '}');
		}
	}
	sbuf_addc(b, ']');
}

void
gemini_logprobs(struct chatout *o, struct slice json)
{
	static const struct slice names[] = { SLICE("chosenCandidates"),
		SLICE("topCandidates") };
	struct jscan_item at[2], chosen, top;
	struct jscan_iter chosen_it, top_it = { .p = NULL };
	struct sbuf b = { 0 };
	bool tops;

	gemini_members(json, names, 2, at);
	if (at[0].type != JSCAN_ARRAY)
		return;
	tops = at[1].type == JSCAN_ARRAY;
	if (tops)
		jscan_enter(&top_it, at[1].value);
	jscan_enter(&chosen_it, at[0].value);
	sbuf_adds(&b, "{\"content\":[");
	while (jscan_element_next(&chosen_it, &chosen)) {
		top.type = JSCAN_NULL;
		tops = tops && jscan_element_next(&top_it, &top);
		if (chosen.type != JSCAN_OBJECT)
			continue;
		extras_token(&b, chosen.value);
		extras_top(&b, &top);
		sbuf_addc(&b, '}');
	}
	sbuf_adds(&b, "],\"refusal\":null}");
	chatout_logprobs(o, sbuf_slice(&b));
	sbuf_free(&b);
}

static struct slice
extras_member(struct slice object, struct slice name, enum jscan_type type)
{
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1 || item.type != type)
		return SLICE("");
	return item.value;
}

/* A place in the text; 0 when there is none. */
static int64_t
extras_place(const struct tell *t, struct slice at, struct slice name)
{
	struct slice json = SLICE("");
	int64_t byte;

	if (at.n > 0)
		json = extras_member(at, name, JSCAN_NUMBER);
	if (json.n == 0 || jnum_int(json, &byte) != 1)
		return 0;
	return gemini_place(t, byte);
}

/* at: an object with startIndex and endIndex; JSON, or empty. */
static void
extras_citation(struct tell *t, struct slice url, struct slice title,
    struct slice at)
{
	struct sbuf b = { 0 };

	if (url.n == 0)
		return;
	sbuf_adds(&b, "{\"type\":\"url_citation\",\"url_citation\":{");
	ask_json(&b, "url", url);
	ask_json(&b, "title", title.n > 0 ? title : SLICE("\"\""));
	ask_int(&b, "start_index", extras_place(t, at, SLICE("startIndex")));
	ask_int(&b, "end_index", extras_place(t, at, SLICE("endIndex")));
	sbuf_adds(&b, "}}");
	chatout_annotation(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

/* One of groundingChunks: {"web":{"uri","title"}}, or of another kind. */
static void
extras_chunk(struct tell *t, struct slice chunk, struct slice at)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, chunk);
	if (jscan_member_next(&it, &item) == 1 && item.type == JSCAN_OBJECT)
		extras_citation(t,
		    extras_member(item.value, SLICE("uri"), JSCAN_STRING),
		    extras_member(item.value, SLICE("title"), JSCAN_STRING),
		    at);
}

static void
extras_chunk_at(struct tell *t, struct slice chunks,
    const struct jscan_item *index, struct slice at)
{
	struct jscan_iter it;
	struct jscan_item item;
	int64_t n;

	if (index->type != JSCAN_NUMBER || jnum_int(index->value, &n) != 1 ||
	    n < 0 || n >= CHUNKS_MAX)
		return;
	jscan_enter(&it, chunks);
	while (jscan_element_next(&it, &item))
		if (n-- == 0) {
			if (item.type == JSCAN_OBJECT)
				extras_chunk(t, item.value, at);
			return;
		}
}

/* One of groundingSupports: a segment of the text and its chunks. */
static void
extras_support(struct tell *t, struct slice chunks, struct slice support)
{
	struct slice at =
	    extras_member(support, SLICE("segment"), JSCAN_OBJECT);
	struct slice list =
	    extras_member(support, SLICE("groundingChunkIndices"), JSCAN_ARRAY);
	struct jscan_iter it;
	struct jscan_item item;

	if (list.n == 0)
		return;
	jscan_enter(&it, list);
	while (jscan_element_next(&it, &item))
		extras_chunk_at(t, chunks, &item, at);
}

/* A later chunk tells what an earlier one did, and more: enter it there. */
static void
extras_enter(struct jscan_iter *it, struct slice list, unsigned *told)
{
	struct jscan_item item;
	unsigned n = 0, skip;

	jscan_enter(it, list);
	while (jscan_element_next(it, &item))
		n++;
	skip = n >= *told ? *told : 0;
	*told = n;
	jscan_enter(it, list);
	while (skip-- > 0)
		jscan_element_next(it, &item);
}

static void
extras_grounding(struct tell *t, struct slice json)
{
	struct gemini_state *s = t->state;
	struct slice chunks =
	    extras_member(json, SLICE("groundingChunks"), JSCAN_ARRAY);
	struct slice supports =
	    extras_member(json, SLICE("groundingSupports"), JSCAN_ARRAY);
	struct jscan_iter it;
	struct jscan_item item;

	if (chunks.n == 0)
		return;
	extras_enter(&it, supports.n > 0 ? supports : chunks,
	    &s->grounded[t->out.at]);
	while (jscan_element_next(&it, &item))
		if (item.type != JSCAN_OBJECT)
			continue;
		else if (supports.n > 0)
			extras_support(t, chunks, item.value);
		else
			extras_chunk(t, item.value, SLICE(""));
}

/* "citationSources" at AI Studio, "citations" at Vertex. */
static void
extras_citations(struct tell *t, struct slice json)
{
	struct gemini_state *s = t->state;
	struct slice list =
	    extras_member(json, SLICE("citations"), JSCAN_ARRAY);
	struct jscan_iter it;
	struct jscan_item item;

	if (list.n == 0)
		list =
		    extras_member(json, SLICE("citationSources"), JSCAN_ARRAY);
	if (list.n == 0)
		return;
	extras_enter(&it, list, &s->cited[t->out.at]);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			extras_citation(t,
			    extras_member(item.value, SLICE("uri"),
				JSCAN_STRING),
			    extras_member(item.value, SLICE("title"),
				JSCAN_STRING),
			    item.value);
}

void
gemini_sources(struct tell *t, const struct jscan_item *grounding,
    const struct jscan_item *citations)
{
	struct sbuf b = { 0 };

	sbuf_addc(&b, '{');
	if (grounding->type == JSCAN_OBJECT) {
		extras_grounding(t, grounding->value);
		ask_json(&b, "groundingMetadata", grounding->value);
	}
	if (citations->type == JSCAN_OBJECT) {
		extras_citations(t, citations->value);
		ask_json(&b, "citationMetadata", citations->value);
	}
	sbuf_addc(&b, '}');
	if (b.len > 2)
		chatout_fields(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}
