/*
 * invoke_tell - what Bedrock's invoke answers: spec/providers.md 7.2.
 *
 * Which family it is shows in what it says: Claude's events have a type,
 * Nova's a name as their only member, and the others are plain.
 */
#include "base/err.h"
#include "dialect/invoke_priv.h"
#include "proto/base64.h"
#include "proto/jstr.h"

static int
invoke_fault(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_STREAM, "invoke: %s", what);
}

int
invoke_unwrap(const struct dialect_event *ev, struct sbuf *inner, struct err *e)
{
	struct slice bytes = chat_raw(ev->data, SLICE("bytes"));
	const char *reason;
	size_t n;

	sbuf_clear(inner);
	if (bytes.n == 0)
		return 0;
	/* The text without escapes, and what it stands for over it. */
	jstr_add(inner, bytes);
	if (base64_read(sbuf_slice(inner), inner->data, &n, &reason) != 1)
		return invoke_fault(e, reason);
	inner->len = n;
	return 1;
}

/* The event of Nova's that is the only member; metrics may stand beside it. */
static int
invoke_nova(struct tell *t, struct slice json, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item))
		if (item.type == JSCAN_OBJECT && !item.name_escaped &&
		    converse_take(t, item.name, item.value, e) != 0)
			return -1;
	return 0;
}

static bool
invoke_is_nova(struct slice json)
{
	static const struct slice names[] = { SLICE("contentBlockDelta"),
		SLICE("contentBlockStart"), SLICE("contentBlockStop"),
		SLICE("messageStart"), SLICE("messageStop"),
		SLICE("metadata") };
	struct slice object;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (converse_find(json, names[i], JSCAN_OBJECT, &object))
			return true;
	return false;
}

static int
invoke_inner(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct invoke_state *st = t->state;
	struct jscan_item item;

	if (jscan_find(ev->data, SLICE("type"), &item) == 1 ||
	    jscan_find(ev->data, SLICE("error"), &item) == 1)
		return anthropic_event(t, ev, e);
	if (invoke_is_nova(ev->data))
		return invoke_nova(t, ev->data, e);
	invoke_other(t, ev->data);
	if (st->measured && st->stop[0] != '\0')
		invoke_finish(t);
	return 0;
}

int
invoke_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct dialect_event own = { .raw = ev->raw };
	struct jscan_item item;
	struct sbuf inner = { 0 };
	int done;

	if (ev->exception) {
		bedrock_exception(t, ev);
		return 0;
	}
	done = invoke_unwrap(ev, &inner, e);
	if (done == 1) {
		done = jscan_value(sbuf_slice(&inner), &item, e);
		if (done == 0 && item.type != JSCAN_OBJECT)
			done = invoke_fault(e, "event is no object");
		own.data = item.value;
		if (done == 0)
			done = invoke_inner(t, &own, e);
	}
	sbuf_free(&inner);
	return done;
}

int
invoke_reply(struct tell *t, struct slice json, struct err *e)
{
	struct slice value;

	if (converse_find(json, SLICE("content"), JSCAN_ARRAY, &value) ||
	    converse_find(json, SLICE("error"), JSCAN_OBJECT, &value))
		return anthropic_reply(t, json, e);
	if (converse_find(json, SLICE("output"), JSCAN_OBJECT, &value))
		return converse_reply(t, json, e);
	if (!invoke_other_reply(t, json))
		return err_set(e, ERR_UPSTREAM_INVALID, "reply of no family");
	invoke_finish(t);
	return 0;
}
