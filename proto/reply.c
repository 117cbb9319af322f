#include "proto/reply.h"

#include <assert.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/relay.h"
#include "proto/relay_delta.h"

static int
reply_invalid(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_INVALID, "reply: %s", what);
}

static void
reply_read_choice(struct reply *r, const struct jscan_item *choice)
{
	struct jscan_item message, finish = { .type = JSCAN_NULL };
	bool tool_calls, refusal;
	struct slice word;
	unsigned bit;

	if (choice->type != JSCAN_OBJECT)
		return;
	jscan_find(choice->value, SLICE("finish_reason"), &finish);
	bit = relay_delta_finish(&finish, &word);
	/* A plain reply is finished, whether it says so or not. */
	r->finish |= bit != 0 ? bit : RELAY_STOP;
	if (jscan_find(choice->value, SLICE("message"), &message) == 0 ||
	    message.type != JSCAN_OBJECT)
		return;
	if (r->choices == 0)
		r->message = message.value;
	r->text_bytes += relay_delta_text(message.value, &tool_calls, &refusal);
	r->tool_calls = r->tool_calls || tool_calls;
	r->refusal = r->refusal || refusal;
}

static int
reply_read_choices(struct reply *r, const struct jscan_item *choices,
    struct err *e)
{
	struct jscan_iter it;
	struct jscan_item choice;

	if (choices->type != JSCAN_ARRAY)
		return reply_invalid(e, "choices that are no array");
	jscan_enter(&it, choices->value);
	while (jscan_element_next(&it, &choice) == 1) {
		reply_read_choice(r, &choice);
		r->choices++;
	}
	return r->choices > 0 ? 0 : reply_invalid(e, "no choice");
}

static struct slice
reply_text(const struct jscan_item *item)
{
	return item->type == JSCAN_STRING ? jscan_text(item) : SLICE("");
}

static void
reply_read_usage(struct reply *r, const struct jscan_item *item,
    uint32_t quirks)
{
	r->usage_json = item->value;
	if (usage_read(item->value, quirks, &r->usage))
		r->has_usage = true;
}

static bool
reply_is_error(const struct jscan_item *whole)
{
	struct jscan_item item;

	if (jscan_find(whole->value, SLICE("error"), &item) == 1 &&
	    item.type != JSCAN_NULL)
		return true;
	return jscan_find(whole->value, SLICE("object"), &item) == 1 &&
	       slice_eq(item.value, SLICE("\"error\""));
}

int
reply_read(struct slice body, uint32_t quirks, struct reply *r, struct err *e)
{
	struct jscan_item whole, item, choices = { .type = JSCAN_NULL };
	struct jscan_iter it;
	struct err why;

	*r = (struct reply){ .id = SLICE(""), .model = SLICE("") };
	if (jscan_value(body, &whole, &why) == -1)
		return reply_invalid(e, why.text);
	if (whole.type != JSCAN_OBJECT)
		return reply_invalid(e, "no object");
	r->body = whole.value;
	if (reply_is_error(&whole)) {
		relay_error_read(whole.value, 200, &r->error);
		return 0;
	}
	jscan_enter(&it, whole.value);
	while (jscan_member_next(&it, &item) == 1) {
		if (slice_eq(item.name, SLICE("id")))
			r->id = reply_text(&item);
		else if (slice_eq(item.name, SLICE("model")))
			r->model = reply_text(&item);
		else if (slice_eq(item.name, SLICE("usage")))
			reply_read_usage(r, &item, quirks);
		else if (slice_eq(item.name, SLICE("choices")))
			choices = item;
	}
	return reply_read_choices(r, &choices, e) == -1 ? -1 : 1;
}

/* The members that are put behind the last one of the provider. */
static void
reply_add_members(const struct reply *r, const struct reply_edit *edit,
    struct sbuf *b)
{
	if (edit->usage != NULL && r->usage_json.n == 0) {
		sbuf_adds(b, ",\"usage\":");
		usage_write(b, edit->usage);
	}
	if (edit->prompt_message.n > 0) {
		sbuf_adds(b, ",\"prompt_message\":");
		sbuf_add_slice(b, edit->prompt_message);
	}
	if (edit->breakdown.n > 0) {
		sbuf_adds(b, ",\"request_breakdown\":");
		sbuf_add_slice(b, edit->breakdown);
	}
	if (b->len > 0)
		sbuf_addc(b, '}');
}

size_t
reply_slices(const struct reply *r, const struct reply_edit *edit,
    struct sbuf *scratch, struct slice out[REPLY_SLICES])
{
	const char *from = r->body.p, *end = from + r->body.n;
	size_t n = 0, added;

	assert(r->choices > 0);
	sbuf_clear(scratch);
	reply_add_members(r, edit, scratch);
	added = scratch->len;
	if (edit->usage != NULL && r->usage_json.n > 0) {
		usage_write(scratch, edit->usage);
		out[n++] =
		    (struct slice){ from, (size_t)(r->usage_json.p - from) };
		out[n++] = slice_skip(sbuf_slice(scratch), added);
		from = r->usage_json.p + r->usage_json.n;
	}
	if (added > 0)
		end--;
	out[n++] = (struct slice){ from, (size_t)(end - from) };
	if (added > 0)
		out[n++] = (struct slice){ scratch->data, added };
	return n;
}
