/* chat_assistant - calls of tools and reasoning that comes back. */
#include <stdio.h>

#include "base/sbuf.h"
#include "dialect/chat_priv.h"
#include "proto/jnum.h"

struct slice
chat_arguments(struct pool *pool, const struct jscan_item *item)
{
	struct jscan_item whole;
	struct slice text, copy;
	struct sbuf b = { 0 };
	struct err e;

	if (item->type == JSCAN_OBJECT)
		return item->value;
	if (item->type != JSCAN_STRING)
		return SLICE("{}");
	text = jstr_item(item, pool);
	if (jscan_value(text, &whole, &e) == 0 && whole.type == JSCAN_OBJECT)
		return whole.value;
	if (text.n == 0 || slice_eq(text, SLICE("null")))
		return SLICE("{}");
	/* What was cut, or is no object: nothing of it gets lost. */
	sbuf_adds(&b, "{\"_raw\":\"");
	sbuf_add_slice(&b, jscan_text(item));
	sbuf_adds(&b, "\"}");
	copy = pool_copy(pool, sbuf_slice(&b));
	sbuf_free(&b);
	return copy;
}

static void
chat_call_fill(struct chat_reader *c, struct slice function,
    struct chat_part *p)
{
	struct jscan_item arguments = { .type = JSCAN_NULL };

	p->type = CHAT_CALL;
	if (function.n > 0 && *function.p == '{') {
		p->name = chat_raw(function, SLICE("name"));
		if (jscan_find(function, SLICE("arguments"), &arguments) != 1)
			arguments.type = JSCAN_NULL;
	}
	p->arguments = chat_arguments(c->pool, &arguments);
}

/* Providers insist on ids; the same request always gets the same. */
static struct slice
chat_mint(struct chat_reader *c, unsigned at)
{
	char id[32];

	snprintf(id, sizeof id, "call_%u_%u", c->message, at);
	return pool_copy(c->pool, slice_str(id));
}

static int
chat_call(struct chat_reader *c, const struct jscan_item *item, unsigned at,
    struct chat_part *p)
{
	struct slice extra, google;
	char where[64];

	snprintf(where, sizeof where, "messages[%u].tool_calls[%u]", c->message,
	    at);
	if (item->type != JSCAN_OBJECT)
		return err_param(c->e, ERR_INVALID_TYPE, where,
		    "Invalid type for '%s': expected object, got %s.", where,
		    jscan_type_name(item));
	if (chat_json(item->value, SLICE("custom")).n > 0)
		return err_param(c->e, ERR_UNSUPPORTED_PARAMETER, where,
		    "Parameter '%s' is not supported by this provider.", where);
	chat_call_fill(c, chat_json(item->value, SLICE("function")), p);
	p->id = chat_raw(item->value, SLICE("id"));
	if (p->id.n == 0)
		p->id = chat_mint(c, at);
	p->cache_control = chat_json(item->value, SLICE("cache_control"));
	extra = chat_json(item->value, SLICE("extra_content"));
	google = extra.n > 0 && *extra.p == '{'
	             ? chat_json(extra, SLICE("google"))
	             : SLICE("");
	if (google.n > 0 && *google.p == '{')
		p->signature = chat_raw(google, SLICE("thought_signature"));
	return 0;
}

/* The old form: one call, no id. */
static void
chat_function_call(struct chat_reader *c, struct slice json,
    struct chat_part *p)
{
	char id[32];

	snprintf(id, sizeof id, "call_fn_%u", c->message);
	chat_call_fill(c, json, p);
	p->id = pool_copy(c->pool, slice_str(id));
}

/* One of reasoning_details (providers.md 9). */
static void
chat_detail(struct slice json, struct chat_part *p)
{
	struct jscan_item index;

	p->type = CHAT_THINKING;
	if (jscan_find(json, SLICE("index"), &index) == 1 &&
	    index.type == JSCAN_NUMBER && jnum_int(index.value, &p->index) != 1)
		p->index = 0;
	p->format = chat_raw(json, SLICE("format"));
	p->text = chat_raw(json, SLICE("text"));
	if (p->text.n == 0)
		p->text = chat_raw(json, SLICE("summary"));
	p->signature = chat_raw(json, SLICE("signature"));
	p->encrypted = chat_raw(json, SLICE("data"));
	p->id = chat_raw(json, SLICE("id"));
}

static void
chat_details(struct slice details, struct chat_part **to)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (details.n == 0 || *details.p != '[')
		return;
	jscan_enter(&it, details);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			chat_detail(item.value, (*to)++);
}

static int
chat_calls(struct chat_reader *c, struct slice calls, struct chat_part **to)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (calls.n == 0 || *calls.p != '[')
		return 0;
	jscan_enter(&it, calls);
	for (unsigned at = 0; jscan_element_next(&it, &item); at++)
		if (chat_call(c, &item, at, (*to)++) != 0)
			return -1;
	return 0;
}

int
chat_assistant(struct chat_reader *c, struct slice message,
    struct chat_message *m)
{
	struct slice calls = chat_json(message, SLICE("tool_calls"));
	struct slice old = chat_json(message, SLICE("function_call"));
	struct slice details = chat_json(message, SLICE("reasoning_details"));
	struct slice refusal = chat_raw(message, SLICE("refusal"));
	unsigned n_details = jscan_count(details), n_content;
	struct chat_part *content, *to;

	if (chat_parts(c, chat_json(message, SLICE("content")), 0, &content,
		&n_content) != 0)
		return -1;
	m->parts = to = pool_zalloc(c->pool,
	    (n_details + n_content + jscan_count(calls) + 3) * sizeof *to);
	m->reasoning = chat_raw(message, SLICE("reasoning_content"));
	if (m->reasoning.n == 0)
		m->reasoning = chat_raw(message, SLICE("reasoning"));
	/* Reasoning stands first: its maker insists. */
	chat_details(details, &to);
	memcpy(to, content, n_content * sizeof *to);
	to += n_content;
	if (refusal.n > 0)
		*to++ =
		    (struct chat_part){ .type = CHAT_TEXT, .text = refusal };
	if (chat_calls(c, calls, &to) != 0)
		return -1;
	if (old.n > 0)
		chat_function_call(c, old, to++);
	m->n = (unsigned)(to - m->parts);
	for (unsigned i = 0; i < m->n; i++)
		m->parts[i].message = c->message;
	return 0;
}
