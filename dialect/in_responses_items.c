/* in_responses_items - instructions and input, as the messages of chat. */
#include <stdio.h>

#include "dialect/chat_priv.h"
#include "dialect/in_responses_priv.h"

struct in_item {
	struct in_responses *x;
	unsigned at;
	struct slice json;
};

static void
item_where(const struct in_item *i, const char *member, char where[IN_WHERE])
{
	snprintf(where, IN_WHERE, "input[%u].%s", i->at, member);
}

static void
turn_free(struct in_responses_turn *t)
{
	sbuf_free(&t->content.parts);
	sbuf_free(&t->reasoning);
	sbuf_free(&t->details);
	sbuf_free(&t->calls);
	*t = (struct in_responses_turn){ .open = false };
}

static void
turn_list(struct sbuf *chat, const char *name, const struct sbuf *elements)
{
	if (elements->len == 0)
		return;
	ask_name(chat, name);
	sbuf_addc(chat, '[');
	sbuf_add_slice(chat, sbuf_slice(elements));
	sbuf_addc(chat, ']');
}

/* The assistant has said what it had to say. */
static void
turn_end(struct in_responses *x)
{
	struct in_responses_turn *t = &x->turn;

	if (!t->open)
		return;
	ask_comma(x->chat);
	sbuf_adds(x->chat, "{\"role\":\"assistant\"");
	in_content_end(&t->content, x->chat, "null");
	if (t->reasoning.len > 0)
		ask_text(x->chat, "reasoning_content",
		    sbuf_slice(&t->reasoning));
	turn_list(x->chat, "reasoning_details", &t->details);
	turn_list(x->chat, "tool_calls", &t->calls);
	sbuf_addc(x->chat, '}');
	turn_free(t);
}

static int
item_assistant(const struct in_item *i, const struct jscan_item *content)
{
	struct in_responses_turn *t = &i->x->turn;
	char where[IN_WHERE];

	item_where(i, "content", where);
	t->open = true;
	if (t->content.n == 0)
		t->carried++;
	return in_responses_content(i->x, where, content, &t->content);
}

static int
item_message(const struct in_item *i)
{
	static const char *const roles[] = { "user", "system", "developer" };
	struct in_content c = { .n = 0 };
	struct jscan_item role, content;
	char where[IN_WHERE];
	const char *word = NULL;

	item_where(i, "role", where);
	if (in_find(i->json, SLICE("role"), &role) != 1)
		return in_missing(i->x->e, where);
	in_find(i->json, SLICE("content"), &content);
	if (jstr_says(&role, SLICE("assistant")))
		return item_assistant(i, &content);
	for (size_t k = 0; k < sizeof roles / sizeof *roles; k++)
		if (jstr_says(&role, slice_str(roles[k])))
			word = roles[k];
	if (word == NULL)
		return in_value(i->x->e, where, "unknown role");
	item_where(i, "content", where);
	if (in_responses_content(i->x, where, &content, &c) != 0) {
		sbuf_free(&c.parts);
		return -1;
	}
	turn_end(i->x);
	ask_comma(i->x->chat);
	sbuf_addc(i->x->chat, '{');
	ask_text(i->x->chat, "role", slice_str(word));
	in_content_end(&c, i->x->chat, "\"\"");
	sbuf_addc(i->x->chat, '}');
	return 0;
}

/* Raw text of a member that must be there.  0 or -1. */
static int
item_needs(const struct in_item *i, const char *name, struct slice *raw_r)
{
	struct jscan_item item;
	char where[IN_WHERE];

	item_where(i, name, where);
	if (in_find(i->json, slice_str(name), &item) != 1)
		return in_missing(i->x->e, where);
	if (in_expect(i->x->e, where, &item, JSCAN_STRING) != 0)
		return -1;
	*raw_r = jscan_text(&item);
	return 0;
}

static int
item_call(const struct in_item *i)
{
	struct in_responses_turn *t = &i->x->turn;
	struct slice id, name, arguments;
	struct sbuf *b = &t->calls;

	if (item_needs(i, "call_id", &id) != 0 ||
	    item_needs(i, "name", &name) != 0 ||
	    item_needs(i, "arguments", &arguments) != 0)
		return -1;
	t->open = true;
	t->carried++;
	if (b->len > 0)
		sbuf_addc(b, ',');
	sbuf_addc(b, '{');
	ask_text(b, "id", id);
	ask_text(b, "type", SLICE("function"));
	sbuf_adds(b, ",\"function\":{");
	ask_text(b, "name", name);
	ask_text(b, "arguments", arguments);
	sbuf_adds(b, "}}");
	return 0;
}

static int
item_result(const struct in_item *i)
{
	struct in_content c = { .n = 0 };
	struct jscan_item output;
	struct slice id;
	char where[IN_WHERE];

	item_where(i, "output", where);
	if (item_needs(i, "call_id", &id) != 0)
		return -1;
	if (in_find(i->json, SLICE("output"), &output) != 1)
		return in_missing(i->x->e, where);
	if (in_responses_content(i->x, where, &output, &c) != 0) {
		sbuf_free(&c.parts);
		return -1;
	}
	turn_end(i->x);
	ask_comma(i->x->chat);
	sbuf_adds(i->x->chat, "{\"role\":\"tool\"");
	ask_text(i->x->chat, "tool_call_id", id);
	in_content_end(&c, i->x->chat, "\"\"");
	sbuf_addc(i->x->chat, '}');
	return 0;
}

static int
item_reasoning(const struct in_item *i)
{
	in_responses_reasoning(i->x, i->json);
	return 0;
}

static const struct {
	struct slice type;
	int (*read)(const struct in_item *i);
} item_types[] = {
	{ SLICE("message"), item_message },
	{ SLICE("function_call"), item_call },
	{ SLICE("function_call_output"), item_result },
	{ SLICE("reasoning"), item_reasoning },
};

static int
item_read(const struct in_item *i)
{
	struct jscan_item type;
	char where[IN_WHERE];

	item_where(i, "type", where);
	/* A message need not say that it is one. */
	if (in_find(i->json, SLICE("type"), &type) != 1)
		return item_message(i);
	for (size_t k = 0; k < sizeof item_types / sizeof *item_types; k++)
		if (jstr_says(&type, item_types[k].type))
			return item_types[k].read(i);
	in_own_input(i->x->in, where);
	return 0;
}

static void
messages_text(struct in_responses *x, const char *role, struct slice raw)
{
	ask_comma(x->chat);
	sbuf_addc(x->chat, '{');
	ask_text(x->chat, "role", slice_str(role));
	ask_text(x->chat, "content", raw);
	sbuf_addc(x->chat, '}');
}

static int
messages_items(struct in_responses *x, const struct jscan_item *input)
{
	struct in_item i = { .x = x };
	struct jscan_iter it;
	struct jscan_item item;
	char where[IN_WHERE];

	jscan_enter(&it, input->value);
	for (; jscan_element_next(&it, &item); i.at++) {
		snprintf(where, sizeof where, "input[%u]", i.at);
		i.json = item.value;
		if (in_expect(x->e, where, &item, JSCAN_OBJECT) != 0 ||
		    item_read(&i) != 0)
			return -1;
	}
	if (i.at == 0)
		return in_value(x->e, "input", "must not be empty");
	turn_end(x);
	return 0;
}

static int
messages_input(struct in_responses *x)
{
	const struct jscan_item *input = in_responses_find(x, SLICE("input"));
	int done;

	if (input->type == JSCAN_STRING) {
		messages_text(x, "user", jscan_text(input));
		return 0;
	}
	if (input->type != JSCAN_ARRAY)
		return in_type(x->e, "input", "string or array", input);
	done = messages_items(x, input);
	turn_free(&x->turn);
	return done;
}

int
in_responses_messages(struct in_responses *x)
{
	const struct jscan_item *instructions =
	    in_responses_find(x, SLICE("instructions"));
	bool given = in_responses_find(x, SLICE("input"))->type != JSCAN_NULL;
	bool prompt = in_responses_find(x, SLICE("prompt"))->type != JSCAN_NULL;
	size_t before;

	if (!given && !prompt)
		return in_missing(x->e, "input");
	ask_name(x->chat, "messages");
	sbuf_addc(x->chat, '[');
	before = x->chat->len;
	if (instructions->type == JSCAN_STRING)
		messages_text(x, "system", jscan_text(instructions));
	if (given && messages_input(x) != 0)
		return -1;
	/* What only its own kind understands leaves no message at all. */
	if (x->chat->len == before)
		messages_text(x, "user", SLICE(""));
	sbuf_addc(x->chat, ']');
	return 0;
}
