/* in_anthropic_turns - system and messages. */
#include <stdio.h>

#include "dialect/in_anthropic_priv.h"

static int
in_content_read(struct in_turn *t, const struct jscan_item *content,
    enum in_role role)
{
	if (content->type == JSCAN_STRING)
		in_content_text(&t->content, jscan_text(content), SLICE(""));
	else if (content->type != JSCAN_ARRAY && content->type != JSCAN_NULL)
		return in_type(t->x->e, t->where, "string or array", content);
	if (content->type != JSCAN_ARRAY)
		return 0;
	if (role == ROLE_USER &&
	    in_anthropic_blocks(t, content->value, role, true) != 0)
		return -1;
	return in_anthropic_blocks(t, content->value, role, false);
}

static void
in_turn_write(struct in_turn *t, enum in_role role)
{
	static const char *const words[] = { "user", "assistant", "system" };
	struct sbuf *chat = t->x->chat;

	/* Results alone are messages of tools, and no user's. */
	if (role == ROLE_USER && t->content.n == 0 && t->n_results > 0)
		return;
	ask_comma(chat);
	sbuf_addc(chat, '{');
	ask_text(chat, "role", slice_str(words[role]));
	in_content_end(&t->content, chat, t->calls.len > 0 ? "null" : "\"\"");
	if (t->reasoning.len > 0)
		ask_text(chat, "reasoning_content", sbuf_slice(&t->reasoning));
	in_add_array(chat, "reasoning_details", &t->details);
	in_add_array(chat, "tool_calls", &t->calls);
	sbuf_addc(chat, '}');
}

static int
in_role_of(struct in_anthropic *x, const struct jscan_item *item,
    const char *where, enum in_role *role_r)
{
	static const struct {
		struct slice word;
		enum in_role role;
	} roles[] = {
		{ SLICE("user"), ROLE_USER },
		{ SLICE("assistant"), ROLE_ASSISTANT },
		{ SLICE("system"), ROLE_SYSTEM },
		{ SLICE("developer"), ROLE_SYSTEM },
		{ SLICE("tool"), ROLE_USER },
		{ SLICE("function"), ROLE_USER },
		{ SLICE("none"), ROLE_USER },
	};

	if (item->type == JSCAN_NULL)
		return in_missing(x->e, where);
	if (in_expect(x->e, where, item, JSCAN_STRING) != 0)
		return -1;
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (jstr_says(item, roles[i].word)) {
			*role_r = roles[i].role;
			return 0;
		}
	return in_unknown_role(x->e, x->in->pool, where, item);
}

static int
in_message(struct in_anthropic *x, const struct jscan_item *item, unsigned at)
{
	struct in_turn t = { .x = x };
	struct jscan_item member;
	enum in_role role = ROLE_USER;
	char where[IN_WHERE];
	int done;

	snprintf(where, sizeof where, "messages[%u]", at);
	if (in_expect(x->e, where, item, JSCAN_OBJECT) != 0 ||
	    jscan_unique(item->value, where, x->e) != 0)
		return -1;
	snprintf(where, sizeof where, "messages[%u].role", at);
	in_find(item->value, SLICE("role"), &member);
	if (in_role_of(x, &member, where, &role) != 0)
		return -1;
	snprintf(t.where, sizeof t.where, "messages[%u].content", at);
	in_find(item->value, SLICE("content"), &member);
	done = in_content_read(&t, &member, role);
	if (done == 0)
		in_turn_write(&t, role);
	sbuf_free(&t.content.parts);
	sbuf_free(&t.calls);
	sbuf_free(&t.details);
	sbuf_free(&t.reasoning);
	return done;
}

/* The system's member is a message like one of that role. */
static int
in_system(struct in_anthropic *x, const struct jscan_item *system)
{
	struct in_turn t = { .x = x, .where = "system" };
	int done;

	if (system->type == JSCAN_NULL)
		return 0;
	done = in_content_read(&t, system, ROLE_SYSTEM);
	if (done == 0 && t.content.n > 0)
		in_turn_write(&t, ROLE_SYSTEM);
	sbuf_free(&t.content.parts);
	return done;
}

int
in_anthropic_messages(struct in_anthropic *x, const struct jscan_item *messages,
    const struct jscan_item *system)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned at = 0;

	if (messages->type == JSCAN_NULL)
		return in_missing(x->e, "messages");
	if (in_expect(x->e, "messages", messages, JSCAN_ARRAY) != 0)
		return -1;
	ask_name(x->chat, "messages");
	sbuf_addc(x->chat, '[');
	if (in_system(x, system) != 0)
		return -1;
	jscan_enter(&it, messages->value);
	for (; jscan_element_next(&it, &item); at++)
		if (in_message(x, &item, at) != 0)
			return -1;
	sbuf_addc(x->chat, ']');
	return at > 0 ? 0 : in_value(x->e, "messages", "must not be empty");
}
