/*
 * invoke_native - Claude's own events, out of their frames, as Anthropic
 * streams them: spec/providers.md 10.3.
 */
#include "base/err.h"
#include "dialect/invoke_priv.h"
#include "proto/jstr.h"

/* The bytes of json from one place to another, on one line. */
static void
native_add(struct sbuf *b, const char *from, const char *to)
{
	for (; from < to; from++)
		sbuf_addc(b, *from == '\n' || *from == '\r' ? ' ' : *from);
}

static bool
native_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* An object without one of its members, every other byte as it was. */
static void
native_without(struct sbuf *b, struct slice json, const struct jscan_item *item)
{
	const char *from = item->name.p - 1;
	const char *to = item->value.p + item->value.n;
	const char *before = from;

	while (native_is_blank(before[-1]))
		before--;
	if (before[-1] == ',') {
		from = before - 1;
	} else {
		while (native_is_blank(*to))
			to++;
		to += *to == ',';
	}
	native_add(b, json.p, from);
	native_add(b, to, json.p + json.n);
}

static void
native_write(struct sbuf *b, struct slice json)
{
	struct slice type = chat_raw(json, SLICE("type"));
	struct jscan_item metrics;

	if (type.n > 0) {
		sbuf_adds(b, "event: ");
		sbuf_add_slice(b, type);
		sbuf_addc(b, '\n');
	}
	sbuf_adds(b, "data: ");
	if (jscan_find(json, SLICE("amazon-bedrock-invocationMetrics"),
		&metrics) == 1)
		native_without(b, json, &metrics);
	else
		native_add(b, json.p, json.p + json.n);
	sbuf_adds(b, "\n\n");
}

void
invoke_native(const struct dialect_event *ev, struct sbuf *raw)
{
	struct sbuf inner = { 0 };
	struct jscan_item item;
	struct err e;

	if (invoke_unwrap(ev, &inner, &e) == 1 &&
	    jscan_value(sbuf_slice(&inner), &item, &e) == 0 &&
	    item.type == JSCAN_OBJECT)
		native_write(raw, item.value);
	sbuf_free(&inner);
}
