/* out_read - a chat chunk or answer, read. */
#include <stddef.h>

#include "dialect/out_priv.h"
#include "proto/jnum.h"

/*
 * Chunks are read in one pass: a member's name gives its place in the struct
 * that is filled.  What is no string, array or object, as the row says, is
 * left out.
 */
struct out_row {
	struct slice name;
	enum jscan_type type;
	size_t at; /* of a struct slice */
};

#define ROW(struct_name, name, type, field)                                    \
	{                                                                      \
		SLICE(name), JSCAN_##type, offsetof(struct struct_name, field) \
	}
#define ROWS(rows) rows, sizeof rows / sizeof *rows

static void
out_take(const struct jscan_item *item, const struct out_row *rows, size_t n,
    void *to)
{
	struct slice *field;

	for (size_t i = 0; i < n; i++) {
		if (item->type != rows[i].type || !jstr_is(item, rows[i].name))
			continue;
		field = (struct slice *)(void *)((char *)to + rows[i].at);
		*field =
		    item->type == JSCAN_STRING ? jscan_text(item) : item->value;
		return;
	}
}

static void
out_take_all(struct slice object, const struct out_row *rows, size_t n,
    void *to)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item))
		out_take(&item, rows, n, to);
}

void
out_chunk_read(struct slice json, struct out_chunk *chunk_r)
{
	static const struct out_row rows[] = {
		ROW(out_chunk, "choices", ARRAY, choices),
		ROW(out_chunk, "model", STRING, model),
		ROW(out_chunk, "usage", OBJECT, usage),
		ROW(out_chunk, "provider_specific_fields", OBJECT, fields),
		ROW(out_chunk, "prompt_message", ARRAY, prompt),
	};

	*chunk_r = (struct out_chunk){ .choices = SLICE("[]") };
	out_take_all(json, ROWS(rows), chunk_r);
}

/* What a delta or a message says; some names are read into two places. */
struct out_said {
	struct slice text, parts, reasoning, plain_reasoning, refusal;
	struct slice details, images, calls, annotations;
};

static void
out_said_read(struct slice json, struct out_said *said_r)
{
	static const struct out_row rows[] = {
		ROW(out_said, "content", STRING, text),
		ROW(out_said, "content", ARRAY, parts),
		ROW(out_said, "reasoning_content", STRING, reasoning),
		ROW(out_said, "reasoning", STRING, plain_reasoning),
		ROW(out_said, "refusal", STRING, refusal),
		ROW(out_said, "reasoning_details", ARRAY, details),
		ROW(out_said, "images", ARRAY, images),
		ROW(out_said, "tool_calls", ARRAY, calls),
		ROW(out_said, "annotations", ARRAY, annotations),
	};

	*said_r = (struct out_said){ .text = SLICE("") };
	out_take_all(json, ROWS(rows), said_r);
	if (said_r->reasoning.n == 0)
		said_r->reasoning = said_r->plain_reasoning;
}

static unsigned
out_index(const struct jscan_item *item, unsigned absent)
{
	int64_t n;

	if (item->type != JSCAN_NUMBER || jnum_int(item->value, &n) != 1 ||
	    n < 0 || n > INT32_MAX)
		return absent;
	return (unsigned)n;
}

static enum out_finish
out_finish_of(const struct jscan_item *item)
{
	static const struct {
		struct slice word;
		enum out_finish finish;
	} words[] = {
		{ SLICE("stop"), OUT_STOP },
		{ SLICE("length"), OUT_LENGTH },
		{ SLICE("tool_calls"), OUT_CALLS },
		{ SLICE("function_call"), OUT_CALLS },
		{ SLICE("content_filter"), OUT_FILTER },
	};

	if (item->type != JSCAN_STRING)
		return OUT_NONE;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (jstr_says(item, words[i].word))
			return words[i].finish;
	return OUT_STOP;
}

static struct slice
out_array(struct slice object, struct slice name)
{
	struct slice json = chat_json(object, name);

	return json.n > 0 && *json.p == '[' ? json : SLICE("");
}

static struct slice
out_object(struct slice object, struct slice name)
{
	struct slice json = chat_json(object, name);

	return json.n > 0 && *json.p == '{' ? json : SLICE("{}");
}

void
out_choices_enter(struct out_choices *all, struct slice choices,
    struct slice member)
{
	*all = (struct out_choices){ .member = member };
	jscan_enter(&all->it, choices);
}

void
out_choices_end(struct out_choices *all)
{
	sbuf_free(&all->text);
	sbuf_free(&all->reasoning);
}

/* A part is text, or thoughts that are parts again (Mistral). */
static void
out_part(struct out_choices *all, struct slice part)
{
	struct slice thoughts = out_array(part, SLICE("thinking"));
	struct jscan_iter it;
	struct jscan_item item;

	sbuf_add_slice(&all->text, chat_raw(part, SLICE("text")));
	sbuf_add_slice(&all->reasoning, chat_raw(part, SLICE("thinking")));
	if (thoughts.n == 0)
		return;
	jscan_enter(&it, thoughts);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			sbuf_add_slice(&all->reasoning,
			    chat_raw(item.value, SLICE("text")));
}

/* The content of some is an array of parts. */
static void
out_parts(struct out_choices *all, struct slice parts,
    struct out_choice *choice)
{
	struct jscan_iter it;
	struct jscan_item item;

	sbuf_clear(&all->text);
	sbuf_clear(&all->reasoning);
	jscan_enter(&it, parts);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			out_part(all, item.value);
	choice->text = sbuf_slice(&all->text);
	if (choice->reasoning.n == 0)
		choice->reasoning = sbuf_slice(&all->reasoning);
}

/*
 * Some say their thoughts as details alone.  In a stream one that is signed
 * repeats what came before it.
 */
static void
out_thoughts(struct out_choices *all, struct out_choice *choice)
{
	bool whole = slice_eq(all->member, SLICE("message"));
	struct jscan_iter it;
	struct out_detail d;

	sbuf_clear(&all->reasoning);
	jscan_enter(&it, choice->details);
	while (out_detail_next(&it, &d) == 1)
		if (!d.encrypted && (whole || d.signature.n == 0))
			sbuf_add_slice(&all->reasoning, d.text);
	choice->reasoning = sbuf_slice(&all->reasoning);
}

/* The choice's own members; *said_r is that which it says. */
static void
out_choice_read(const struct out_choices *all, struct slice json,
    struct out_choice *choice_r, struct slice *said_r)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_OBJECT && jstr_is(&item, all->member))
			*said_r = item.value;
		else if (jstr_is(&item, SLICE("index")))
			choice_r->index = out_index(&item, all->n);
		else if (jstr_is(&item, SLICE("finish_reason")))
			choice_r->finish = out_finish_of(&item);
		else if (item.type == JSCAN_STRING &&
			 jstr_is(&item, SLICE("stop_reason")))
			choice_r->stop_reason = jscan_text(&item);
		else if (item.type == JSCAN_OBJECT &&
			 jstr_is(&item, SLICE("logprobs")))
			choice_r->logprobs =
			    out_array(item.value, SLICE("content"));
		else if (item.type == JSCAN_OBJECT &&
			 jstr_is(&item, SLICE("request_breakdown")))
			choice_r->breakdown = item.value;
	}
}

int
out_choices_next(struct out_choices *all, struct out_choice *choice_r)
{
	struct slice json = SLICE("{}");
	struct jscan_item item;
	struct out_said said;

	do {
		if (!jscan_element_next(&all->it, &item))
			return 0;
	} while (item.type != JSCAN_OBJECT);
	*choice_r = (struct out_choice){ .index = all->n };
	out_choice_read(all, item.value, choice_r, &json);
	all->n++;
	out_said_read(json, &said);
	choice_r->text = said.text;
	choice_r->reasoning = said.reasoning;
	choice_r->refusal = said.refusal;
	choice_r->details = said.details;
	choice_r->images = said.images;
	choice_r->calls = said.calls;
	choice_r->annotations = said.annotations;
	if (said.parts.n > 0)
		out_parts(all, said.parts, choice_r);
	if (choice_r->reasoning.n == 0 && choice_r->details.n > 0)
		out_thoughts(all, choice_r);
	return 1;
}

/* A call in its parts. */
struct out_call_said {
	struct slice id, function, extra;
};

static void
out_call_read(struct slice json, struct out_call *call_r)
{
	static const struct out_row rows[] = {
		ROW(out_call_said, "id", STRING, id),
		ROW(out_call_said, "function", OBJECT, function),
		ROW(out_call_said, "extra_content", OBJECT, extra),
	};
	static const struct out_row function_rows[] = {
		ROW(out_call, "name", STRING, name),
		ROW(out_call, "arguments", STRING, arguments),
	};
	struct out_call_said said = { .function = SLICE("{}") };
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item)) {
		if (jstr_is(&item, SLICE("index")))
			call_r->index = out_index(&item, call_r->index);
		else
			out_take(&item, ROWS(rows), &said);
	}
	call_r->id = said.id;
	out_take_all(said.function, ROWS(function_rows), call_r);
	if (said.extra.n > 0)
		call_r->signature =
		    chat_raw(out_object(said.extra, SLICE("google")),
			SLICE("thought_signature"));
}

int
out_call_next(struct jscan_iter *it, unsigned at, struct out_call *call_r)
{
	struct jscan_item item;

	if (!jscan_element_next(it, &item))
		return 0;
	*call_r = (struct out_call){ .index = at };
	if (item.type == JSCAN_OBJECT)
		out_call_read(item.value, call_r);
	return 1;
}

int
out_detail_next(struct jscan_iter *it, struct out_detail *detail_r)
{
	struct jscan_item item, type;

	do {
		if (!jscan_element_next(it, &item))
			return 0;
	} while (item.type != JSCAN_OBJECT);
	*detail_r =
	    (struct out_detail){ .text = chat_raw(item.value, SLICE("text")),
		    .signature = chat_raw(item.value, SLICE("signature")),
		    .data = chat_raw(item.value, SLICE("data")),
		    .id = chat_raw(item.value, SLICE("id")),
		    .format = chat_raw(item.value, SLICE("format")) };
	detail_r->encrypted =
	    jscan_find(item.value, SLICE("type"), &type) == 1 &&
	    jstr_says(&type, SLICE("reasoning.encrypted"));
	return 1;
}

void
out_usage(const struct out_chunk *chunk, struct usage_figures *f_r)
{
	struct usage u;

	if (chunk->usage.n > 0 && usage_read(chunk->usage, 0, &u) == 1)
		usage_sum(&u, f_r);
}

void
out_model(const struct encode_ctx *x, struct slice model, const char *name,
    struct sbuf *out)
{
	if (model.n > 0) {
		ask_text(out, name, model);
		return;
	}
	ask_name(out, name);
	sbuf_add_json(out, x->opts.model);
}

struct slice
out_stop_sequence(const struct out_chunk *chunk,
    const struct out_choice *choice)
{
	struct slice text = SLICE("");

	if (chunk->fields.n > 0)
		text = chat_raw(chunk->fields, SLICE("stop_sequence"));
	return text.n > 0 ? text : choice->stop_reason;
}

/* On one line: between the tokens of JSON a line's end is a blank. */
static void
out_flat(struct slice json, struct sbuf *out)
{
	size_t at = out->len;

	sbuf_add_slice(out, json);
	for (; at < out->len; at++)
		if (out->data[at] == '\n' || out->data[at] == '\r')
			out->data[at] = ' ';
}

void
out_arguments(struct slice raw, struct sbuf *out)
{
	struct sbuf quoted = { 0 };
	struct pool *pool = pool_new();
	struct jscan_item item = { .type = JSCAN_STRING, .escaped = true };

	sbuf_addc(&quoted, '"');
	sbuf_add_slice(&quoted, raw);
	sbuf_addc(&quoted, '"');
	item.value = sbuf_slice(&quoted);
	out_flat(chat_arguments(pool, &item), out);
	sbuf_free(&quoted);
	pool_free(&pool);
}
