/*
 * out_responses - chat chunks as the events of OpenAI's Responses:
 * spec/providers.md 10.4, spec/api.md 8.3 and 8.6.
 *
 * One item is open at a time.  What belongs to another one closes it; only the
 * pieces of calls that come in turns wait for theirs.  A whole reply is told
 * in the same way, and the last response is taken of it.
 */
#include "dialect/ask.h"
#include "dialect/chat_priv.h"
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
out_words(struct encode_ctx *x, enum out_part part,
    const struct jscan_item *item)
{
	if (item->type != JSCAN_STRING || item->value.n == 2)
		return;
	out_need_part(x, part);
	out_responses_say(x, item);
}

/* Mistral: content is a list of parts, and thoughts are such a list too. */
static void
out_content(struct encode_ctx *x, enum out_part part,
    const struct jscan_item *item)
{
	struct jscan_iter it;
	struct jscan_item element, inner;

	if (item->type == JSCAN_STRING)
		out_words(x, part, item);
	if (item->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, item->value);
	while (jscan_element_next(&it, &element)) {
		if (element.type != JSCAN_OBJECT)
			continue;
		if (jscan_find(element.value, SLICE("text"), &inner) == 1)
			out_words(x, part, &inner);
		else if (part == PART_TEXT &&
			 jscan_find(element.value, SLICE("thinking"), &inner) ==
			     1)
			out_content(x, PART_SUMMARY, &inner);
	}
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
out_elements(struct encode_ctx *x, const struct jscan_item *array,
    void (*take)(struct encode_ctx *x, const struct jscan_item *item))
{
	struct jscan_iter it;
	struct jscan_item item;

	if (array->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, array->value);
	while (jscan_element_next(&it, &item))
		take(x, &item);
}

static void
out_logprob(struct encode_ctx *x, const struct jscan_item *item)
{
	struct out_responses *s = x->state;

	if (s->part == PART_TEXT)
		out_responses_add(&x->kept[KEPT_LOGPROBS], item->value);
}

enum {
	WORD_REASONING,
	WORD_REASONING_TOO,
	WORD_DETAILS,
	WORD_CONTENT,
	WORD_REFUSAL,
	WORD_ANNOTATIONS,
	WORD_CALLS,
	WORDS
};

/* A delta, or a message: the same members. */
static void
out_message(struct encode_ctx *x, struct slice object)
{
	static const struct slice names[WORDS] = {
		[WORD_REASONING] = SLICE("reasoning_content"),
		[WORD_REASONING_TOO] = SLICE("reasoning"),
		[WORD_DETAILS] = SLICE("reasoning_details"),
		[WORD_CONTENT] = SLICE("content"),
		[WORD_REFUSAL] = SLICE("refusal"),
		[WORD_ANNOTATIONS] = SLICE("annotations"),
		[WORD_CALLS] = SLICE("tool_calls"),
	};
	struct jscan_item words[WORDS] = { 0 }, item;
	struct jscan_iter it;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item))
		for (int i = 0; i < WORDS; i++)
			if (jstr_is(&item, names[i]))
				words[i] = item;
	out_words(x, PART_SUMMARY,
	    words[WORD_REASONING].type == JSCAN_STRING
		? &words[WORD_REASONING]
		: &words[WORD_REASONING_TOO]);
	out_elements(x, &words[WORD_DETAILS], out_detail);
	out_content(x, PART_TEXT, &words[WORD_CONTENT]);
	out_words(x, PART_REFUSAL, &words[WORD_REFUSAL]);
	out_elements(x, &words[WORD_ANNOTATIONS], out_annotation);
	out_responses_calls(x, &words[WORD_CALLS]);
}

/* All items are done; an answer without a word has an empty one. */
static void
out_finish(struct encode_ctx *x, const struct jscan_item *reason)
{
	struct out_responses *s = x->state;

	s->over = true;
	out_responses_waiting(x);
	s->cut = jstr_says(reason, SLICE("length"));
	s->filtered = jstr_says(reason, SLICE("content_filter"));
	if (s->output_index == 0 && s->item == ITEM_NONE)
		out_need_part(x, PART_TEXT);
	out_responses_close(x);
	if (x->kept[KEPT_DETAILS].len == 0)
		return;
	out_responses_open(x, ITEM_REASONING, SLICE(""));
	out_responses_close(x);
}

static void
out_choice(struct encode_ctx *x, struct slice choice)
{
	struct out_responses *s = x->state;
	struct jscan_item item;

	if (s->over)
		return;
	/* Perplexity has both, in replies as in chunks. */
	if (jscan_find(choice, s->whole ? SLICE("message") : SLICE("delta"),
		&item) == 1 &&
	    item.type == JSCAN_OBJECT)
		out_message(x, item.value);
	if (jscan_dig(choice, &item, "logprobs", "content", (char *)NULL) == 1)
		out_elements(x, &item, out_logprob);
	if (jscan_find(choice, SLICE("finish_reason"), &item) == 1 &&
	    (item.type == JSCAN_STRING || s->whole))
		out_finish(x, &item);
}

/* What stands beside the choices, and is told later. */
static void
out_beside(struct encode_ctx *x, const struct jscan_item *item)
{
	struct out_responses *s = x->state;

	if (jstr_is(item, SLICE("model")) && item->type == JSCAN_STRING &&
	    x->kept[KEPT_MODEL].len == 0)
		sbuf_add_slice(&x->kept[KEPT_MODEL], jscan_text(item));
	else if (jstr_is(item, SLICE("usage")) && item->type == JSCAN_OBJECT)
		s->has_usage |= usage_read(item->value, 0, &s->usage) == 1;
	else if (jstr_is(item, SLICE("prompt_message")) &&
		 x->kept[KEPT_PROMPT].len == 0)
		sbuf_add_slice(&x->kept[KEPT_PROMPT], item->value);
	else if (jstr_is(item, SLICE("request_breakdown")))
		sbuf_add_slice(&x->kept[KEPT_BREAKDOWN], item->value);
}

/* The chunk of request_breakdown is no part of the answer: api.md 7.5. */
static bool
out_is_breakdown(struct encode_ctx *x, struct slice json, struct slice choice)
{
	struct jscan_item item;

	if (jscan_find(json, SLICE("id"), &item) != 1 ||
	    !jstr_says(&item, SLICE("request_breakdown")))
		return false;
	if (jscan_find(choice, SLICE("request_breakdown"), &item) == 1)
		out_beside(x, &item);
	return true;
}

/* The first choice: there is no place for another.  n 0: not here. */
static struct slice
out_first_choice(struct slice json)
{
	struct jscan_item choices, item;
	struct jscan_iter it;

	if (jscan_find(json, SLICE("choices"), &choices) != 1 ||
	    choices.type != JSCAN_ARRAY)
		return SLICE("");
	jscan_enter(&it, choices.value);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT &&
		    out_responses_index(item.value, 0) == 0)
			return item.value;
	return SLICE("");
}

static void
out_chunk(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	struct out_responses *s = x->state;
	struct slice choice = out_first_choice(json);
	struct jscan_item item;
	struct jscan_iter it;

	s->b = out;
	if (choice.n > 0 && out_is_breakdown(x, json, choice))
		return;
	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item))
		out_beside(x, &item);
	out_begin(x);
	if (choice.n > 0)
		out_choice(x, choice);
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
	ask_json(out, "request_breakdown",
	    sbuf_slice(&x->kept[KEPT_BREAKDOWN]));
	sbuf_addc(out, '}');
}

const struct encode_ops encode_responses = {
	.state_size = sizeof(struct out_responses),
	.chunk = out_chunk,
	.end = out_end,
	.error = out_error,
	.whole = out_whole,
};
