/* in_gemini_turns - systemInstruction and contents. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"

static int
in_content_read(struct in_turn *t, const char *where, struct slice content)
{
	struct jscan_item parts;
	char base[IN_WHERE];

	snprintf(base, sizeof base, "%s.parts", where);
	camel_find(content, SLICE("parts"), &parts);
	if (parts.type != JSCAN_NULL && parts.type != JSCAN_OBJECT &&
	    in_expect(t->talk->x->e, base, &parts, JSCAN_ARRAY) != 0)
		return -1;
	if (t->role == ROLE_USER && in_gemini_parts(t, base, &parts, true) != 0)
		return -1;
	return in_gemini_parts(t, base, &parts, false);
}

static void
in_turn_write(struct in_turn *t)
{
	static const char *const words[] = { "user", "assistant", "system" };
	struct sbuf *chat = t->talk->x->chat;

	if (t->role == ROLE_USER && t->content.n == 0 && t->n_results > 0)
		return;
	ask_comma(chat);
	sbuf_addc(chat, '{');
	ask_text(chat, "role", slice_str(words[t->role]));
	in_content_end(&t->content, chat, t->calls.len > 0 ? "null" : "\"\"");
	if (t->role == ROLE_MODEL) {
		if (t->reasoning.len > 0)
			ask_text(chat, "reasoning_content",
			    sbuf_slice(&t->reasoning));
		in_add_array(chat, "reasoning_details", &t->details);
		in_add_array(chat, "tool_calls", &t->calls);
	}
	sbuf_addc(chat, '}');
}

/* Read and write one content of a role that is known. */
static int
in_turn_run(struct in_turn *t, const char *where, struct slice content)
{
	struct in_talk *talk = t->talk;
	int done;

	if (t->role == ROLE_MODEL && !talk->model_spoke)
		talk->first_call = talk->n_calls;
	talk->model_spoke = t->role == ROLE_MODEL;
	done = in_content_read(t, where, content);

	if (done == 0 && (t->role != ROLE_SYSTEM || t->content.n > 0))
		in_turn_write(t);
	sbuf_free(&t->content.parts);
	sbuf_free(&t->calls);
	sbuf_free(&t->details);
	sbuf_free(&t->reasoning);
	return done;
}

static int
in_role_of(struct in_gemini *x, struct slice content, const char *at,
    enum in_role *role_r)
{
	struct jscan_item role;
	char where[IN_WHERE];

	snprintf(where, sizeof where, "%.80s.role", at);
	*role_r = ROLE_USER;
	if (camel_find(content, SLICE("role"), &role) != 1)
		return 0;
	if (in_expect(x->e, where, &role, JSCAN_STRING) != 0)
		return -1;
	if (jstr_says(&role, SLICE("user")) ||
	    jstr_says(&role, SLICE("function")) || jstr_says(&role, SLICE("")))
		return 0;
	*role_r = ROLE_MODEL;
	if (jstr_says(&role, SLICE("model")))
		return 0;
	return in_unknown_role(x->e, x->in->pool, where, &role);
}

static int
in_content(struct in_talk *talk, const struct jscan_item *item, unsigned at)
{
	struct in_turn t = { .talk = talk, .at = at };
	struct err *e = talk->x->e;
	char where[IN_WHERE];

	snprintf(where, sizeof where, "contents[%u]", at);
	if (in_expect(e, where, item, JSCAN_OBJECT) != 0 ||
	    jscan_unique(item->value, where, e) != 0 ||
	    in_role_of(talk->x, item->value, where, &t.role) != 0)
		return -1;
	return in_turn_run(&t, where, item->value);
}

static int
in_system(struct in_talk *talk, const struct jscan_item *system)
{
	struct in_turn t = { .talk = talk, .role = ROLE_SYSTEM };
	struct slice name;
	char where[IN_WHERE];

	if (system->type == JSCAN_NULL)
		return 0;
	name = jstr_name(system, talk->x->in->pool);
	snprintf(where, sizeof where, "%.*s", SLICE_ARGS(name));
	if (in_expect(talk->x->e, where, system, JSCAN_OBJECT) != 0)
		return -1;
	return in_turn_run(&t, where, system->value);
}

static int
in_contents(struct in_talk *talk, const struct jscan_item *contents,
    const struct jscan_item *system)
{
	struct in_gemini *x = talk->x;
	struct jscan_iter it;
	struct jscan_item item;
	unsigned at = 0;

	ask_name(x->chat, "messages");
	sbuf_addc(x->chat, '[');
	if (in_system(talk, system) != 0)
		return -1;
	jscan_enter(&it, contents->value);
	for (; jscan_element_next(&it, &item); at++)
		if (in_content(talk, &item, at) != 0)
			return -1;
	sbuf_addc(x->chat, ']');
	return at > 0 ? 0 : in_value(x->e, "contents", "must not be empty");
}

int
in_gemini_turns(struct in_gemini *x, const struct jscan_item *contents,
    const struct jscan_item *system)
{
	struct in_talk talk = { .x = x };
	int done;

	if (contents->type == JSCAN_NULL)
		return in_missing(x->e, "contents");
	if (in_expect(x->e, "contents", contents, JSCAN_ARRAY) != 0)
		return -1;
	done = in_contents(&talk, contents, system);
	sbuf_free(&talk.calls);
	return done;
}
