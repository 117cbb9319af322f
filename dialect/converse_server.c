/*
 * converse_server - tools that ran at the provider's, and their results.
 *
 * They are no calls of the client's, who must not answer them: they stand in
 * provider_specific_fields.content_blocks, as Anthropic's do (5.2).
 */
#include "base/err.h"
#include "dialect/converse_priv.h"
#include "proto/jstr.h"

bool
converse_is_of_server(struct slice tool)
{
	return slice_eq(chat_raw(tool, SLICE("type")),
	    SLICE("server_tool_use"));
}

void
converse_keep(struct tell *t, struct slice block)
{
	struct sbuf b = { 0 };

	sbuf_adds(&b, "{\"content_blocks\":[");
	sbuf_add_slice(&b, block);
	sbuf_adds(&b, "]}");
	chatout_fields(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

/* Kept as an object that is still open. */
void
converse_open_server(struct tell *t, enum converse_block kind,
    struct slice start, int64_t index)
{
	struct converse_state *st = t->state;
	struct jscan_iter it;
	struct jscan_item item;

	converse_open(t, kind, index);
	sbuf_addc(&t->kept, '{');
	jscan_enter(&it, start);
	while (jscan_member_next(&it, &item)) {
		sbuf_addc(&t->kept, '"');
		sbuf_add_slice(&t->kept, item.name);
		sbuf_adds(&t->kept, "\":");
		sbuf_add_slice(&t->kept, item.value);
		sbuf_addc(&t->kept, ',');
	}
	st->fill_at = t->kept.len;
}

/* A piece of the input, which is JSON in a string. */
void
converse_fill(struct tell *t, struct slice input)
{
	jstr_add(&t->kept, input);
}

void
converse_fill_elements(struct tell *t, struct slice array)
{
	struct converse_state *st = t->state;
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item)) {
		if (t->kept.len > st->fill_at)
			sbuf_addc(&t->kept, ',');
		sbuf_add_slice(&t->kept, item.value);
	}
}

static void
server_close(struct tell *t, const char *head, const char *name,
    struct slice fill, const char *tail)
{
	struct converse_state *st = t->state;
	struct sbuf b = { 0 };

	sbuf_adds(&b, head);
	sbuf_add(&b, t->kept.data, st->fill_at);
	sbuf_adds(&b, name);
	sbuf_add_slice(&b, fill);
	sbuf_adds(&b, tail);
	converse_keep(t, sbuf_slice(&b));
	sbuf_free(&b);
}

static struct slice
server_filled(struct tell *t)
{
	struct converse_state *st = t->state;

	return slice_skip(sbuf_slice(&t->kept), st->fill_at);
}

void
converse_close_use(struct tell *t)
{
	struct slice input = server_filled(t);
	struct jscan_item item;
	struct err e;

	if (jscan_value(input, &item, &e) != 0)
		input = SLICE("{}");
	server_close(t, "{\"toolUse\":", "\"input\":", input, "}}");
}

void
converse_close_result(struct tell *t)
{
	server_close(t, "{\"toolResult\":", "\"content\":[", server_filled(t),
	    "]}}");
}
