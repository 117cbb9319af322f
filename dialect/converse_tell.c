/*
 * converse_tell - what Bedrock's Converse answers: spec/providers.md 5 and 7.
 */
#include "base/err.h"
#include "dialect/converse_priv.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Words that mean anything but a normal stop. */
static const struct {
	struct slice word;
	enum chatout_finish how;
	bool is_fault; /* where nothing else was said: 5.3, row "error" */
} tell_stops[] = {
	{ SLICE("max_tokens"), CHATOUT_LENGTH, false },
	{ SLICE("model_context_window_exceeded"), CHATOUT_LENGTH, false },
	{ SLICE("guardrail_intervened"), CHATOUT_CONTENT_FILTER, false },
	{ SLICE("content_filtered"), CHATOUT_CONTENT_FILTER, false },
	{ SLICE("malformed_model_output"), CHATOUT_STOP, true },
	{ SLICE("malformed_tool_use"), CHATOUT_STOP, true },
};

static void
tell_keep_stop(struct tell *t, struct slice json)
{
	struct converse_state *st = t->state;
	struct slice word = chat_raw(json, SLICE("stopReason"));

	if (word.n >= sizeof st->stop)
		word.n = sizeof st->stop - 1;
	memcpy(st->stop, word.p, word.n);
	st->stop[word.n] = '\0';
}

static void
tell_finish(struct tell *t)
{
	struct converse_state *st = t->state;
	struct slice word = slice_str(st->stop);
	enum chatout_finish how = CHATOUT_STOP;

	converse_close(t);
	for (size_t i = 0; i < COUNT(tell_stops); i++) {
		if (!slice_eq(word, tell_stops[i].word))
			continue;
		how = tell_stops[i].how;
		if (tell_stops[i].is_fault && !chatout_has_content(&t->out)) {
			bedrock_fail(t, word,
			    SLICE("The model wrote what cannot be read."),
			    err_status(ERR_UPSTREAM_INVALID));
			return;
		}
	}
	chatout_finish(&t->out, how, word);
	t->complete = true;
}

/* What a guardrail did. */
static void
tell_trace(struct tell *t, struct slice json)
{
	struct slice trace;
	struct sbuf b = { 0 };

	if (!converse_find(json, SLICE("trace"), JSCAN_OBJECT, &trace))
		return;
	sbuf_adds(&b, "{\"trace\":");
	sbuf_add_slice(&b, trace);
	sbuf_addc(&b, '}');
	chatout_fields(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

static void
tell_metadata(struct tell *t, struct slice json)
{
	struct slice usage;

	if (converse_find(json, SLICE("usage"), JSCAN_OBJECT, &usage))
		bedrock_usage(t, usage);
	tell_trace(t, json);
}

int
converse_reply(struct tell *t, struct slice json, struct err *e)
{
	struct slice output, message, content;
	struct jscan_iter it;
	struct jscan_item block;

	if (!converse_find(json, SLICE("output"), JSCAN_OBJECT, &output) ||
	    !converse_find(output, SLICE("message"), JSCAN_OBJECT, &message))
		return err_set(e, ERR_UPSTREAM_INVALID,
		    "reply has no output.message");
	chatout_begin(&t->out);
	if (converse_find(message, SLICE("content"), JSCAN_ARRAY, &content)) {
		jscan_enter(&it, content);
		while (jscan_element_next(&it, &block))
			if (block.type == JSCAN_OBJECT &&
			    converse_whole(t, block.value, e) != 0)
				return -1;
	}
	tell_metadata(t, json);
	tell_keep_stop(t, json);
	tell_finish(t);
	return 0;
}

static int64_t
event_index(struct slice data)
{
	struct jscan_item item;
	int64_t n;

	if (jscan_find(data, SLICE("contentBlockIndex"), &item) == 1 &&
	    item.type == JSCAN_NUMBER && jnum_int(item.value, &n) == 1)
		return n;
	return -1;
}

static int
event_message_start(struct tell *t, struct slice data, struct err *e)
{
	(void)data;
	(void)e;
	chatout_begin(&t->out);
	return 0;
}

static int
event_block_start(struct tell *t, struct slice data, struct err *e)
{
	struct slice start;

	if (!converse_find(data, SLICE("start"), JSCAN_OBJECT, &start))
		return 0;
	return converse_start(t, start, event_index(data), e);
}

static int
event_block_delta(struct tell *t, struct slice data, struct err *e)
{
	struct slice delta;

	if (!converse_find(data, SLICE("delta"), JSCAN_OBJECT, &delta))
		return 0;
	return converse_delta(t, delta, event_index(data), e);
}

static int
event_block_stop(struct tell *t, struct slice data, struct err *e)
{
	(void)data;
	(void)e;
	converse_close(t);
	return 0;
}

/* Written when the figures came as well: they are the stream's last words. */
static int
event_message_stop(struct tell *t, struct slice data, struct err *e)
{
	struct converse_state *st = t->state;

	(void)e;
	converse_close(t);
	tell_keep_stop(t, data);
	if (st->metadata && st->stop[0] != '\0')
		tell_finish(t);
	return 0;
}

static int
event_metadata(struct tell *t, struct slice data, struct err *e)
{
	struct converse_state *st = t->state;

	(void)e;
	st->metadata = true;
	tell_metadata(t, data);
	if (st->stop[0] != '\0')
		tell_finish(t);
	return 0;
}

static const struct {
	struct slice name;
	int (*take)(struct tell *t, struct slice data, struct err *e);
} events[] = {
	{ SLICE("contentBlockDelta"), event_block_delta },
	{ SLICE("contentBlockStart"), event_block_start },
	{ SLICE("contentBlockStop"), event_block_stop },
	{ SLICE("messageStart"), event_message_start },
	{ SLICE("messageStop"), event_message_stop },
	{ SLICE("metadata"), event_metadata },
};

int
converse_take(struct tell *t, struct slice name, struct slice data,
    struct err *e)
{
	for (size_t i = 0; i < COUNT(events); i++)
		if (slice_eq(name, events[i].name))
			return events[i].take(t, data, e);
	return 0;
}

int
converse_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	if (ev->exception) {
		bedrock_exception(t, ev);
		return 0;
	}
	return converse_take(t, ev->name, ev->data, e);
}

void
converse_end(struct tell *t)
{
	struct converse_state *st = t->state;

	if (st->stop[0] != '\0')
		tell_finish(t);
}
