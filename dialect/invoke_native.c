/*
 * invoke_native - Claude's events in Bedrock's frames, as Anthropic's own
 * clients read them: spec/providers.md 10.3.
 */
#include "dialect/invoke.h"
#include "dialect/invoke_priv.h"

#define METRICS SLICE("amazon-bedrock-invocationMetrics")

/* The members but Bedrock's own, on one line. */
static void
native_object(struct sbuf *raw, struct slice object)
{
	struct jscan_iter it;
	struct jscan_item item;
	size_t from = raw->len;
	bool more = false;

	sbuf_addc(raw, '{');
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (slice_eq(item.name, METRICS))
			continue;
		if (more)
			sbuf_addc(raw, ',');
		more = true;
		sbuf_add(raw, item.name.p - 1,
		    (size_t)(item.value.p + item.value.n - item.name.p + 1));
	}
	sbuf_addc(raw, '}');
	for (char *p = raw->data + from; from < raw->len; p++, from++)
		if (*p == '\n' || *p == '\r')
			*p = ' ';
}

void
invoke_native(const struct dialect_event *ev, struct sbuf *raw)
{
	struct sbuf inner = { 0 };
	struct jscan_item object, type;
	struct err e;

	if (!ev->exception && invoke_unwrap(ev, &inner, &e) == 1 &&
	    jscan_value(sbuf_slice(&inner), &object, &e) == 0 &&
	    object.type == JSCAN_OBJECT &&
	    jscan_find(object.value, SLICE("type"), &type) == 1 &&
	    type.type == JSCAN_STRING) {
		sbuf_adds(raw, "event: ");
		sbuf_add_slice(raw, jscan_text(&type));
		sbuf_adds(raw, "\ndata: ");
		native_object(raw, object.value);
		sbuf_adds(raw, "\n\n");
	}
	sbuf_free(&inner);
}
