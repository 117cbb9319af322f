/*
 * out_responses - chat chunks as the events of OpenAI's Responses:
 * spec/providers.md 10.4, spec/api.md 8.3 and 8.6.
 *
 * One item is open at a time.  What belongs to another one closes it; only the
 * pieces of calls that come in turns wait for theirs.  A whole reply is told
 * in the same way, and the last response is taken of it.
 */
#include "dialect/out_responses_priv.h"

static void
out_response_event(struct encode_ctx *x, const char *type, bool over)
{
	struct sbuf *b = out_responses_event(x, type);

	ask_name(b, "response");
	out_responses_object(x, over, b);
	sbuf_addc(b, '}');
	out_responses_event_end(x);
}

static void
out_begin(struct encode_ctx *x)
{
	struct out_responses *s = x->state;

	if (s->begun)
		return;
	s->begun = true;
	out_response_event(x, "response.created", false);
	out_response_event(x, "response.in_progress", false);
}

/* The item that words belong to, but for those of calls. */
static void
out_need_item(struct encode_ctx *x, enum out_item item)
{
	struct out_responses *s = x->state;

	if (s->item == item)
		return;
	out_responses_waiting(x);
	out_responses_close(x);
	out_responses_open(x, item, SLICE(""));
}

static void
out_need_part(struct encode_ctx *x, enum out_part part)
{
	struct out_responses *s = x->state;

	out_need_item(x, part == PART_SUMMARY ? ITEM_REASONING : ITEM_MESSAGE);
	if (s->part != part)
		out_responses_open_part(x, part);
}

static void
out_words(struct encode_ctx *x, enum out_part part, struct slice raw)
{
	if (raw.n == 0)
		return;
	out_need_part(x, part);
	out_responses_say(x, raw);
}

static void
out_detail(struct encode_ctx *x, const struct jscan_item *item)
{
	if (item->type == JSCAN_OBJECT)
		out_responses_add(&x->kept[KEPT_DETAILS], item->value);
}

/* {"type":"url_citation","url_citation":{...}} without its inner brackets. */
static void
out_annotation(struct encode_ctx *x, const struct jscan_item *item)
{
	static const struct {
		const char *name;
		struct slice absent;
	} members[] = {
		{ "url", SLICE("\"\"") },
		{ "title", SLICE("\"\"") },
		{ "start_index", SLICE("0") },
		{ "end_index", SLICE("0") },
	};
	struct out_responses *s = x->state;
	struct jscan_item inner, value;
	struct sbuf note = { 0 }, *b;

	if (item->type != JSCAN_OBJECT ||
	    jscan_find(item->value, SLICE("url_citation"), &inner) != 1 ||
	    inner.type != JSCAN_OBJECT)
		return;
	sbuf_adds(&note, "{\"type\":\"url_citation\"");
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		ask_json(&note, members[i].name,
		    jscan_find(inner.value, slice_str(members[i].name),
			&value) == 1 &&
			    value.type != JSCAN_NULL
			? value.value
			: members[i].absent);
	sbuf_addc(&note, '}');
	out_need_part(x, PART_TEXT);
	b = out_responses_part_event(x,
	    "response.output_text.annotation.added");
	ask_int(b, "annotation_index", s->notes++);
	ask_json(b, "annotation", sbuf_slice(&note));
	out_responses_event_end(x);
	out_responses_add(&x->kept[KEPT_NOTES], sbuf_slice(&note));
	sbuf_free(&note);
}

static void
out_elements(struct encode_ctx *x, struct slice array,
    void (*take)(struct encode_ctx *x, const struct jscan_item *item))
{
	struct jscan_iter it;
	struct jscan_item item;

	if (array.n == 0)
		return;
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item))
		take(x, &item);
}

static void
out_logprob(struct encode_ctx *x, const struct jscan_item *item)
{
	struct out_responses *s = x->state;

	if (s->part == PART_TEXT && item->type == JSCAN_OBJECT)
		out_responses_logprob(item->value, &x->kept[KEPT_LOGPROBS]);
}

/* A delta, or a message. */
static void
out_message(struct encode_ctx *x, const struct out_choice *said)
{
	out_words(x, PART_SUMMARY, said->reasoning);
	out_elements(x, said->details, out_detail);
	out_words(x, PART_TEXT, said->text);
	out_words(x, PART_REFUSAL, said->refusal);
	out_elements(x, said->annotations, out_annotation);
	out_responses_calls(x, said->calls);
	out_elements(x, said->logprobs, out_logprob);
}

/* All items are done; an answer without a word has an empty one. */
static void
out_finish(struct encode_ctx *x, enum out_finish how)
{
	struct out_responses *s = x->state;

	s->over = true;
	out_responses_waiting(x);
	s->cut = how == OUT_LENGTH;
	s->filtered = how == OUT_FILTER;
	if (s->output_index == 0 && s->item == ITEM_NONE)
		out_need_part(x, PART_TEXT);
	out_responses_close(x);
	if (x->kept[KEPT_DETAILS].len == 0)
		return;
	out_responses_open(x, ITEM_REASONING, SLICE(""));
	out_responses_close(x);
}

/* What stands beside the choices, and is told later. */
static void
out_beside(struct encode_ctx *x, const struct out_chunk *chunk)
{
	struct out_responses *s = x->state;

	if (x->kept[KEPT_MODEL].len == 0)
		sbuf_add_slice(&x->kept[KEPT_MODEL], chunk->model);
	if (x->kept[KEPT_PROMPT].len == 0)
		sbuf_add_slice(&x->kept[KEPT_PROMPT], chunk->prompt);
	if (chunk->usage.n > 0)
		s->has_usage |= usage_read(chunk->usage, 0, &s->usage) == 1;
}

/* The first choice alone: there is no place for another. */
static void
out_said(struct encode_ctx *x, const struct out_chunk *chunk,
    const struct out_choice *said)
{
	struct out_responses *s = x->state;

	/* No part of the answer: api.md 7.5. */
	if (said->breakdown.n > 0) {
		sbuf_add_slice(&x->kept[KEPT_BREAKDOWN], said->breakdown);
		return;
	}
	out_beside(x, chunk);
	out_begin(x);
	if (said->index > 0 || s->over)
		return;
	out_message(x, said);
	if (said->finish != OUT_NONE || s->whole)
		out_finish(x, said->finish);
}

static void
out_chunk(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_responses *s = x->state;
	struct out_choices all;
	struct out_choice said;
	struct out_chunk chunk;
	unsigned n = 0;

	s->b = out;
	out_chunk_read(json, &chunk);
	out_choices_enter(&all, chunk.choices,
	    s->whole ? SLICE("message") : SLICE("delta"));
	for (; out_choices_next(&all, &said); n++)
		out_said(x, &chunk, &said);
	out_choices_end(&all);
	if (n == 0)
		out_beside(x, &chunk);
	if (n == 0)
		out_begin(x);
}

static void
out_end(struct encode_ctx *x, struct sbuf *out)
{
	struct out_responses *s = x->state;

	s->b = out;
	out_begin(x);
	out_response_event(x,
	    s->cut || s->filtered ? "response.incomplete"
				  : "response.completed",
	    true);
	if (x->kept[KEPT_BREAKDOWN].len == 0)
		return;
	ask_json(out_responses_event(x, "response.request_breakdown"),
	    "request_breakdown", sbuf_slice(&x->kept[KEPT_BREAKDOWN]));
	out_responses_event_end(x);
}

static void
out_error(struct encode_ctx *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out)
{
	struct out_responses *s = x->state;
	struct sbuf *b;

	(void)status;
	(void)type;
	s->b = out;
	b = out_responses_event(x, "error");
	ask_name(b, "code");
	if (code.n > 0)
		sbuf_add_json(b, code);
	else
		sbuf_adds(b, "null");
	ask_name(b, "message");
	sbuf_add_json(b, message);
	ask_json(b, "param", SLICE("null"));
	out_responses_event_end(x);
}

static void
out_whole(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_responses *s = x->state;
	struct sbuf events = { 0 };

	s->whole = true;
	out_chunk(x, json, &events);
	sbuf_free(&events);
	out_responses_object(x, true, out);
	sbuf_addc(out, '}');
}

const struct encode_ops encode_responses = {
	.state_size = sizeof(struct out_responses),
	.chunk = out_chunk,
	.end = out_end,
	.error = out_error,
	.whole = out_whole,
};
