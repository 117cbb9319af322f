/* anthropic_tell - replies and events: spec/providers.md 5 and 7. */
#include "base/err.h"
#include "dialect/anthropic.h"
#include "dialect/chat_priv.h"
#include "dialect/dialect.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

static const struct {
	struct slice word;
	enum chatout_finish finish;
} stops[] = {
	{ SLICE("max_tokens"), CHATOUT_LENGTH },
	{ SLICE("model_context_window_exceeded"), CHATOUT_LENGTH },
	{ SLICE("refusal"), CHATOUT_CONTENT_FILTER },
	/* end_turn, stop_sequence, pause_turn, tool_use, what is unknown. */
};

/* stop_reason and what explains it, where the message or its delta has it. */
static void
tell_stop(struct tell *t, struct slice object)
{
	struct anthropic_state *st = t->state;
	struct jscan_item item;
	struct slice word;

	if (jscan_find(object, SLICE("stop_reason"), &item) != 1 ||
	    item.type != JSCAN_STRING)
		return;
	word = jscan_text(&item);
	st->stopped = true;
	st->finish = CHATOUT_STOP;
	for (size_t i = 0; i < sizeof stops / sizeof *stops; i++)
		if (jstr_says(&item, stops[i].word))
			st->finish = stops[i].finish;
	st->refused = st->finish == CHATOUT_CONTENT_FILTER;
	if (word.n >= sizeof st->native)
		word.n = sizeof st->native - 1;
	memcpy(st->native, word.p, word.n);
	st->native[word.n] = '\0';
}

static void
tell_details(struct tell *t, struct slice object)
{
	struct sbuf b = { 0 };
	struct jscan_item item;

	if (jscan_find(object, SLICE("stop_details"), &item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return;
	sbuf_adds(&b, "{\"stop_details\":");
	sbuf_add_slice(&b, item.value);
	sbuf_addc(&b, '}');
	chatout_last_fields(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

static void
tell_finish(struct tell *t)
{
	struct anthropic_state *st = t->state;

	anthropic_close(t);
	if (st->refused)
		chatout_refused(&t->out);
	chatout_finish(&t->out, st->finish, slice_str(st->native));
}

static bool
tell_failed(struct tell *t, struct slice json)
{
	struct jscan_item item;

	if (jscan_find(json, SLICE("error"), &item) != 1 ||
	    item.type == JSCAN_NULL)
		return false;
	chatout_error(&t->out, json);
	t->failed = true;
	return true;
}

static int
tell_content(struct tell *t, const struct jscan_item *content, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item block;

	jscan_enter(&it, content->value);
	while (jscan_element_next(&it, &block)) {
		if (block.type != JSCAN_OBJECT)
			continue;
		if (anthropic_open(t, block.value, e) != 0)
			return -1;
		anthropic_close(t);
	}
	return 0;
}

int
anthropic_reply(struct tell *t, struct slice json, struct err *e)
{
	struct jscan_item item;

	if (tell_failed(t, json))
		return 0;
	if (jscan_find(json, SLICE("content"), &item) != 1 ||
	    item.type != JSCAN_ARRAY)
		return err_set(e, ERR_UPSTREAM_INVALID, "reply has no content");
	chatout_model(&t->out, chat_raw(json, SLICE("model")));
	chatout_begin(&t->out);
	if (tell_content(t, &item, e) != 0)
		return -1;
	tell_stop(t, json);
	tell_details(t, json);
	anthropic_take_usage(t, json, true);
	anthropic_take_metrics(t, json);
	tell_finish(t);
	t->complete = true;
	return 0;
}

/* Some answers are whole in their first event, but for message_stop. */
static int
tell_start(struct tell *t, struct slice event, struct err *e)
{
	struct anthropic_state *st = t->state;
	struct jscan_item message, item;

	if (st->started || jscan_find(event, SLICE("message"), &message) != 1 ||
	    message.type != JSCAN_OBJECT)
		return 0;
	st->started = true;
	chatout_model(&t->out, chat_raw(message.value, SLICE("model")));
	chatout_begin(&t->out);
	tell_stop(t, message.value);
	anthropic_take_usage(t, message.value, st->stopped);
	if (jscan_find(message.value, SLICE("content"), &item) != 1 ||
	    item.type != JSCAN_ARRAY)
		return 0;
	return tell_content(t, &item, e);
}

static int
tell_block_start(struct tell *t, struct slice event, struct err *e)
{
	struct jscan_item item;

	if (jscan_find(event, SLICE("content_block"), &item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return 0;
	return anthropic_open(t, item.value, e);
}

static int
tell_block_delta(struct tell *t, struct slice event, struct err *e)
{
	struct jscan_item item;

	if (jscan_find(event, SLICE("delta"), &item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return 0;
	return anthropic_delta(t, item.value, e);
}

static int
tell_block_stop(struct tell *t, struct slice event, struct err *e)
{
	(void)event;
	(void)e;
	anthropic_close(t);
	return 0;
}

static int
tell_message_delta(struct tell *t, struct slice event, struct err *e)
{
	struct jscan_item item;

	(void)e;
	anthropic_close(t);
	anthropic_take_usage(t, event, true);
	if (jscan_find(event, SLICE("delta"), &item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return 0;
	tell_stop(t, item.value);
	tell_details(t, item.value);
	return 0;
}

/* Without a stop_reason it is not the end of an answer but a cut. */
static int
tell_message_stop(struct tell *t, struct slice event, struct err *e)
{
	struct anthropic_state *st = t->state;

	(void)e;
	anthropic_take_metrics(t, event);
	if (!st->stopped)
		return 0;
	tell_finish(t);
	t->complete = true;
	return 0;
}

static int
tell_error(struct tell *t, struct slice event, struct err *e)
{
	(void)e;
	chatout_error(&t->out, event);
	t->failed = true;
	return 0;
}

static const struct {
	struct slice type;
	int (*tell)(struct tell *t, struct slice event, struct err *e);
} events[] = {
	{ SLICE("content_block_delta"), tell_block_delta },
	{ SLICE("content_block_start"), tell_block_start },
	{ SLICE("content_block_stop"), tell_block_stop },
	{ SLICE("message_start"), tell_start },
	{ SLICE("message_delta"), tell_message_delta },
	{ SLICE("message_stop"), tell_message_stop },
	{ SLICE("error"), tell_error },
};

int
anthropic_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct jscan_item type;

	if (jscan_find(ev->data, SLICE("type"), &type) == 1)
		for (size_t i = 0; i < sizeof events / sizeof *events; i++)
			if (jstr_says(&type, events[i].type))
				return events[i].tell(t, ev->data, e);
	/* No event of the grammar, but it may be what went wrong. */
	tell_failed(t, ev->data);
	return 0;
}
