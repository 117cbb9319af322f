/* out_read - a chat chunk or answer, read. */
#include "dialect/out_priv.h"
#include "proto/jnum.h"

static unsigned
out_index(struct slice object, unsigned absent)
{
	struct jscan_item item;
	int64_t n;

	if (jscan_find(object, SLICE("index"), &item) != 1 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, &n) != 1 ||
	    n < 0 || n > INT32_MAX)
		return absent;
	return (unsigned)n;
}

static enum out_finish
out_finish_of(struct slice choice)
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
	struct jscan_item item;

	if (jscan_find(choice, SLICE("finish_reason"), &item) != 1 ||
	    item.type != JSCAN_STRING)
		return OUT_NONE;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (jstr_says(&item, words[i].word))
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
out_choices_enter(struct out_choices *all, struct slice json,
    struct slice member)
{
	struct slice array = out_array(json, SLICE("choices"));

	*all = (struct out_choices){ .member = member };
	jscan_enter(&all->it, array.n > 0 ? array : SLICE("[]"));
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

int
out_choices_next(struct out_choices *all, struct out_choice *choice_r)
{
	struct jscan_item item;
	struct slice said, parts;

	do {
		if (!jscan_element_next(&all->it, &item))
			return 0;
	} while (item.type != JSCAN_OBJECT);
	said = out_object(item.value, all->member);
	*choice_r =
	    (struct out_choice){ .index = out_index(item.value, all->n++),
		    .text = chat_raw(said, SLICE("content")),
		    .reasoning = chat_raw(said, SLICE("reasoning_content")),
		    .refusal = chat_raw(said, SLICE("refusal")),
		    .details = out_array(said, SLICE("reasoning_details")),
		    .images = out_array(said, SLICE("images")),
		    .calls = out_array(said, SLICE("tool_calls")),
		    .finish = out_finish_of(item.value),
		    .stop_reason = chat_raw(item.value, SLICE("stop_reason")) };
	if (choice_r->reasoning.n == 0)
		choice_r->reasoning = chat_raw(said, SLICE("reasoning"));
	parts = out_array(said, SLICE("content"));
	if (parts.n > 0)
		out_parts(all, parts, choice_r);
	if (choice_r->reasoning.n == 0 && choice_r->details.n > 0)
		out_thoughts(all, choice_r);
	return 1;
}

int
out_call_next(struct jscan_iter *it, unsigned at, struct out_call *call_r)
{
	struct jscan_item item;
	struct slice function, google;

	if (!jscan_element_next(it, &item))
		return 0;
	*call_r = (struct out_call){ .index = at };
	if (item.type != JSCAN_OBJECT)
		return 1;
	function = out_object(item.value, SLICE("function"));
	google = out_object(out_object(item.value, SLICE("extra_content")),
	    SLICE("google"));
	*call_r = (struct out_call){ .index = out_index(item.value, at),
		.id = chat_raw(item.value, SLICE("id")),
		.name = chat_raw(function, SLICE("name")),
		.arguments = chat_raw(function, SLICE("arguments")),
		.signature = chat_raw(google, SLICE("thought_signature")) };
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

bool
out_usage(struct slice json, struct usage_figures *f_r)
{
	struct slice object = chat_json(json, SLICE("usage"));
	struct usage u;

	if (object.n == 0 || usage_read(object, 0, &u) != 1)
		return false;
	usage_sum(&u, f_r);
	return true;
}

void
out_model(const struct encode_ctx *x, struct slice json, const char *name,
    struct sbuf *out)
{
	struct slice model = chat_raw(json, SLICE("model"));

	if (model.n > 0) {
		ask_text(out, name, model);
		return;
	}
	ask_name(out, name);
	sbuf_add_json(out, x->opts.model);
}

struct slice
out_stop_sequence(struct slice json, const struct out_choice *choice)
{
	struct slice fields =
	    out_object(json, SLICE("provider_specific_fields"));
	struct slice text = chat_raw(fields, SLICE("stop_sequence"));

	return text.n > 0 ? text : choice->stop_reason;
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
	sbuf_add_slice(out, chat_arguments(pool, &item));
	sbuf_free(&quoted);
	pool_free(&pool);
}
