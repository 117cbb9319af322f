#include "dialect/chat.h"

#include "dialect/chat_priv.h"

struct slice
chat_member(const struct params *p, struct slice name)
{
	for (unsigned i = 0; i < p->body->n; i++)
		if (p->body_ids[i] == PARAM_UNKNOWN &&
		    jstr_is(&p->body->members[i], name) &&
		    p->body->members[i].type != JSCAN_NULL)
			return p->body->members[i].value;
	return SLICE("");
}

static enum chat_role
chat_role(struct slice message)
{
	static const struct {
		struct slice word;
		enum chat_role role;
	} roles[] = {
		{ SLICE("system"), CHAT_SYSTEM },
		{ SLICE("developer"), CHAT_SYSTEM },
		{ SLICE("assistant"), CHAT_ASSISTANT },
		{ SLICE("tool"), CHAT_TOOL },
		{ SLICE("function"), CHAT_TOOL },
	};
	struct jscan_item item;

	if (jscan_find(message, SLICE("role"), &item) == 1)
		for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
			if (jstr_says(&item, roles[i].word))
				return roles[i].role;
	return CHAT_USER;
}

/* A message of a tool is one part: its result. */
static int
chat_result(struct chat_reader *c, struct slice json, struct chat_message *m)
{
	struct chat_part *p = pool_zalloc(c->pool, sizeof *p);

	p->type = CHAT_RESULT;
	p->message = c->message;
	p->id = chat_raw(json, SLICE("tool_call_id"));
	p->name = chat_raw(json, SLICE("name"));
	p->cache_control = chat_json(json, SLICE("cache_control"));
	m->parts = p;
	m->n = 1;
	return chat_parts(c, chat_json(json, SLICE("content")), 0, &p->parts,
	    &p->n);
}

static int
chat_message(struct chat_reader *c, struct slice json, struct chat_message *m)
{
	m->role = chat_role(json);
	if (m->role == CHAT_TOOL)
		return chat_result(c, json, m);
	if (m->role == CHAT_ASSISTANT)
		return chat_assistant(c, json, m);
	return chat_parts(c, chat_json(json, SLICE("content")), 0, &m->parts,
	    &m->n);
}

static int
chat_messages(struct chat_reader *c)
{
	struct slice json = params_json(c->params, PARAM_messages);
	struct chat *chat = c->chat;
	unsigned n = jscan_count(json);
	struct jscan_iter it;
	struct jscan_item item;

	chat->messages = pool_zalloc(c->pool, (n + 1) * sizeof *chat->messages);
	if (n == 0)
		return 0;
	jscan_enter(&it, json);
	for (; jscan_element_next(&it, &item); chat->n++) {
		c->message = chat->n;
		if (chat_message(c, item.value, &chat->messages[chat->n]) != 0)
			return -1;
	}
	chat_match(chat, c->pool);
	return 0;
}

int
chat_read(const struct params *p, struct pool *pool, struct chat *chat_r,
    struct err *e)
{
	struct chat_reader c = { .params = p,
		.pool = pool,
		.e = e,
		.chat = chat_r };

	memset(chat_r, 0, sizeof *chat_r);
	if (chat_options(&c) != 0)
		return -1;
	return chat_messages(&c);
}
