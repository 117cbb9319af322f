/* out_responses_item - events about the items and parts of an answer. */
#include "dialect/ask.h"
#include "dialect/out_responses_priv.h"
#include "proto/jscan.h"

void
out_responses_add(struct sbuf *b, struct slice element)
{
	if (b->len > 0)
		sbuf_addc(b, ',');
	sbuf_add_slice(b, element);
}

struct sbuf *
out_responses_event(struct encode_ctx *x, const char *type)
{
	struct out_responses *s = x->state;

	sbuf_adds(s->b, "event: ");
	sbuf_adds(s->b, type);
	sbuf_adds(s->b, "\ndata: {\"type\":\"");
	sbuf_adds(s->b, type);
	sbuf_adds(s->b, "\",\"sequence_number\":");
	sbuf_add_u64(s->b, x->passed + s->sequence++);
	return s->b;
}

void
out_responses_event_end(struct encode_ctx *x)
{
	struct out_responses *s = x->state;

	sbuf_adds(s->b, "}\n\n");
}

/* An event about the open item. */
struct sbuf *
out_responses_item_event(struct encode_ctx *x, const char *type)
{
	struct out_responses *s = x->state;
	struct sbuf *b = out_responses_event(x, type);

	ask_text(b, "item_id", slice_str(s->id));
	ask_int(b, "output_index", s->output_index);
	return b;
}

static const struct {
	const char *added, *delta, *done, *closed;
	const char *index, *type, *member;
} part_types[] = {
	[PART_SUMMARY] = { "response.reasoning_summary_part.added",
	    "response.reasoning_summary_text.delta",
	    "response.reasoning_summary_text.done",
	    "response.reasoning_summary_part.done", "summary_index",
	    "summary_text", "text" },
	[PART_TEXT] = { "response.content_part.added",
	    "response.output_text.delta", "response.output_text.done",
	    "response.content_part.done", "content_index", "output_text",
	    "text" },
	[PART_REFUSAL] = { "response.content_part.added",
	    "response.refusal.delta", "response.refusal.done",
	    "response.content_part.done", "content_index", "refusal",
	    "refusal" },
};

struct sbuf *
out_responses_part_event(struct encode_ctx *x, const char *type)
{
	struct out_responses *s = x->state;
	struct sbuf *b = out_responses_item_event(x, type);

	ask_int(b, part_types[s->part].index, s->parts);
	return b;
}

static void
out_array(struct sbuf *b, const char *name, struct slice elements)
{
	ask_name(b, name);
	sbuf_addc(b, '[');
	sbuf_add_slice(b, elements);
	sbuf_addc(b, ']');
}

/* The open part as it stands. */
static void
out_part(struct encode_ctx *x, struct sbuf *b)
{
	struct out_responses *s = x->state;

	sbuf_addc(b, '{');
	ask_text(b, "type", slice_str(part_types[s->part].type));
	ask_text(b, part_types[s->part].member,
	    sbuf_slice(&x->kept[KEPT_TEXT]));
	if (s->part == PART_TEXT) {
		out_array(b, "annotations", sbuf_slice(&x->kept[KEPT_NOTES]));
		out_array(b, "logprobs", sbuf_slice(&x->kept[KEPT_LOGPROBS]));
	}
	sbuf_addc(b, '}');
}

static void
out_close_part(struct encode_ctx *x)
{
	struct out_responses *s = x->state;
	struct sbuf *b;

	if (s->part == PART_NONE)
		return;
	b = out_responses_part_event(x, part_types[s->part].done);
	ask_text(b, part_types[s->part].member,
	    sbuf_slice(&x->kept[KEPT_TEXT]));
	if (s->part == PART_TEXT)
		out_array(b, "logprobs", sbuf_slice(&x->kept[KEPT_LOGPROBS]));
	out_responses_event_end(x);
	b = out_responses_part_event(x, part_types[s->part].closed);
	ask_name(b, "part");
	out_part(x, b);
	out_responses_event_end(x);
	if (x->kept[KEPT_ITEM].len > 0)
		sbuf_addc(&x->kept[KEPT_ITEM], ',');
	out_part(x, &x->kept[KEPT_ITEM]);
	s->parts++;
	s->part = PART_NONE;
}

void
out_responses_open_part(struct encode_ctx *x, enum out_part part)
{
	struct out_responses *s = x->state;

	out_close_part(x);
	s->part = part;
	s->notes = 0;
	sbuf_clear(&x->kept[KEPT_TEXT]);
	sbuf_clear(&x->kept[KEPT_NOTES]);
	sbuf_clear(&x->kept[KEPT_LOGPROBS]);
	ask_name(out_responses_part_event(x, part_types[part].added), "part");
	out_part(x, s->b);
	out_responses_event_end(x);
}

void
out_responses_say(struct encode_ctx *x, struct slice raw)
{
	struct out_responses *s = x->state;
	struct sbuf *b = out_responses_part_event(x, part_types[s->part].delta);

	ask_text(b, "delta", raw);
	if (s->part == PART_TEXT)
		ask_json(b, "logprobs", SLICE("[]"));
	out_responses_event_end(x);
	sbuf_add_slice(&x->kept[KEPT_TEXT], raw);
}

/*
 * The details of reasoning, whoever made them, as the text that a client gives
 * back and does not look into: in_responses.c takes them out again.
 */
static void
out_encrypted(struct encode_ctx *x, struct sbuf *b)
{
	struct sbuf *details = &x->kept[KEPT_DETAILS];

	if (details->len == 0)
		return;
	ask_name(b, "encrypted_content");
	sbuf_adds(b, "\"[");
	sbuf_add_json_part(b, sbuf_slice(details));
	sbuf_adds(b, "]\"");
}

/* The open item; status: of one that is over, else it has just begun. */
static void
out_item(struct encode_ctx *x, const char *status, struct sbuf *b)
{
	struct out_responses *s = x->state;
	struct slice elements = sbuf_slice(&x->kept[KEPT_ITEM]);

	sbuf_addc(b, '{');
	ask_text(b, "id", slice_str(s->id));
	if (s->item == ITEM_REASONING) {
		ask_text(b, "type", SLICE("reasoning"));
		out_array(b, "summary", elements);
		if (status != NULL)
			out_encrypted(x, b);
	} else if (s->item == ITEM_MESSAGE) {
		ask_text(b, "type", SLICE("message"));
		ask_text(b, "role", SLICE("assistant"));
		out_array(b, "content", elements);
	} else {
		ask_text(b, "type", SLICE("function_call"));
		ask_text(b, "arguments", sbuf_slice(&x->kept[KEPT_TEXT]));
		sbuf_addc(b, ',');
		sbuf_add_slice(b, elements);
	}
	ask_text(b, "status",
	    status != NULL ? slice_str(status) : SLICE("in_progress"));
	sbuf_addc(b, '}');
}

static void
out_item_told(struct encode_ctx *x, const char *type, const char *status)
{
	struct out_responses *s = x->state;
	struct sbuf *b = out_responses_event(x, type);

	ask_int(b, "output_index", s->output_index);
	ask_name(b, "item");
	out_item(x, status, b);
	out_responses_event_end(x);
}

void
out_responses_arguments(struct encode_ctx *x, struct slice raw)
{
	if (raw.n == 0)
		return;
	ask_text(out_responses_item_event(x,
		     "response.function_call_arguments.delta"),
	    "delta", raw);
	out_responses_event_end(x);
	sbuf_add_slice(&x->kept[KEPT_TEXT], raw);
}

static void
out_call_done(struct encode_ctx *x)
{
	struct out_responses *s = x->state;
	struct jscan_item name;
	struct sbuf *b, item = { 0 };

	if (x->kept[KEPT_TEXT].len == 0 && !s->cut)
		out_responses_arguments(x, SLICE("{}"));
	b = out_responses_item_event(x,
	    "response.function_call_arguments.done");
	sbuf_addf(&item, "{%s}", x->kept[KEPT_ITEM].data);
	if (jscan_find(sbuf_slice(&item), SLICE("name"), &name) == 1)
		ask_json(b, "name", name.value);
	ask_text(b, "arguments", sbuf_slice(&x->kept[KEPT_TEXT]));
	out_responses_event_end(x);
	sbuf_free(&item);
}

void
out_responses_close(struct encode_ctx *x)
{
	struct out_responses *s = x->state;
	bool incomplete =
	    (s->cut || s->filtered) && x->kept[KEPT_WAITING].len == 0;
	const char *status = incomplete ? "incomplete" : "completed";
	struct sbuf *output = &x->kept[KEPT_OUTPUT];

	if (s->item == ITEM_NONE)
		return;
	out_close_part(x);
	if (s->item == ITEM_CALL)
		out_call_done(x);
	out_item_told(x, "response.output_item.done", status);
	if (output->len > 0)
		sbuf_addc(output, ',');
	out_item(x, status, output);
	if (s->item == ITEM_REASONING)
		sbuf_clear(&x->kept[KEPT_DETAILS]);
	sbuf_clear(&x->kept[KEPT_TEXT]);
	sbuf_clear(&x->kept[KEPT_ITEM]);
	s->item = ITEM_NONE;
	s->parts = 0;
	s->output_index++;
}

/* members: of a call, beside its arguments. */
void
out_responses_open(struct encode_ctx *x, enum out_item item,
    struct slice members)
{
	static const char *const prefixes[] = {
		[ITEM_REASONING] = "rs_",
		[ITEM_MESSAGE] = "msg_",
		[ITEM_CALL] = "fc_",
	};
	struct out_responses *s = x->state;
	struct sbuf id = { 0 };

	out_responses_id(x, prefixes[item], s->output_index, &id);
	memcpy(s->id, id.data, id.len + 1);
	sbuf_free(&id);
	s->item = item;
	sbuf_add_slice(&x->kept[KEPT_ITEM], members);
	out_item_told(x, "response.output_item.added", NULL);
}
