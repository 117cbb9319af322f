#include "proto/params_priv.h"

#include <assert.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/jscan_read.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

/*
 * The messages are read while they are scanned: roles and kinds of content are
 * checked, and what the hold needs is counted (spec/money.md 5).  A fault is
 * told later, in its turn among those of other parameters.
 */

enum params_role {
	ROLE_UNKNOWN,
	ROLE_USER,
	ROLE_DEVELOPER,
	ROLE_OTHER,
};

static enum params_role
params_role(const struct jscan_item *role)
{
	static const struct slice others[] = { { "assistant", 9 },
		{ "system", 6 }, { "tool", 4 }, { "function", 8 },
		{ "none", 4 } };

	if (role->value.p == NULL)
		return ROLE_UNKNOWN;
	if (jstr_says(role, SLICE("user")))
		return ROLE_USER;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (jstr_says(role, others[i]))
			return ROLE_OTHER;
	return jstr_says(role, SLICE("developer")) ? ROLE_DEVELOPER
	                                           : ROLE_UNKNOWN;
}

/* The members of a message that we interpret. */
struct params_message {
	struct jscan_item role, content; /* value.p NULL: absent */
	enum params_role kind;           /* of role */
};

/*
 * Nearly all messages begin with the same bytes as the one before the last:
 * {"role": "user", "content": " in one spelling or another.  Such a head is
 * read once.
 */
struct params_head {
	struct slice text; /* from the brace to the quote that opens content */
	struct slice name; /* of content */
	struct jscan_item role;
	enum params_role kind;
};

struct params_heads {
	struct params_head two[2];
	unsigned last; /* the one seen last */
};

static const struct params_head *
params_head_of(struct params_heads *heads, const struct jscan_reader *s)
{
	struct slice rest = { s->p, (size_t)(s->end - s->p) };

	for (unsigned i = 0; i < 2; i++) {
		heads->last ^= 1;
		if (heads->two[heads->last].text.n > 0 &&
		    slice_starts(rest, heads->two[heads->last].text))
			return &heads->two[heads->last];
	}
	return NULL;
}

/* At the content of a message that began at that place. */
static void
params_head_keep(struct params_heads *heads, const char *at,
    const struct jscan_reader *s, const struct params_message *m)
{
	enum params_role kind = params_role(&m->role);

	if (kind == ROLE_UNKNOWN || m->content.value.p != NULL ||
	    s->name_escaped || !slice_eq(s->name, SLICE("content")))
		return;
	heads->last ^= 1;
	heads->two[heads->last] = (struct params_head){
		.text = { at, (size_t)(s->p + 1 - at) },
		.name = s->name,
		.role = m->role,
		.kind = kind,
	};
}

/* Only the first fault is told; the rest is but scanned. */
static void
params_messages_fault(struct params_messages *all,
    enum params_messages_fault fault, const struct jscan_item *item)
{
	if (all->fault != MESSAGES_FINE)
		return;
	all->fault = fault;
	all->fault_at = all->n;
	all->fault_item = *item;
}

static bool
params_is_content(const struct jscan_item *content)
{
	return content->value.p == NULL || content->type == JSCAN_NULL ||
	       content->type == JSCAN_STRING || content->type == JSCAN_ARRAY;
}

static void
params_message_judge(struct params_messages *all,
    const struct params_message *m)
{
	enum params_role kind =
	    m->kind != ROLE_UNKNOWN ? m->kind : params_role(&m->role);

	if (kind == ROLE_UNKNOWN)
		params_messages_fault(all, MESSAGES_ROLE, &m->role);
	else if (!params_is_content(&m->content))
		params_messages_fault(all, MESSAGES_CONTENT, &m->content);
	else if (m->content.value.p != NULL && m->content.type != JSCAN_NULL &&
		 kind == ROLE_USER)
		all->last_user = m->content;
	else if (kind == ROLE_DEVELOPER)
		all->developers++;
}

/* The parts of a message's content, which is an array. */
static int
params_parts_scan(struct jscan_reader *s, struct params_messages *all,
    struct jscan_item *content_r)
{
	const char *at = s->p;
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s))
		if (params_part_scan(s, all) != 0)
			return -1;
	content_r->type = JSCAN_ARRAY;
	content_r->value = (struct slice){ at, (size_t)(s->p - at) };
	return more;
}

static int
params_other_scan(struct jscan_reader *s, struct params_messages *all)
{
	struct jscan_item other;

	all->reasonings += jscan_read_is(s, SLICE("reasoning_content"));
	return jscan_read_item(s, &other);
}

static int
params_member_scan(struct jscan_reader *s, struct params_messages *all,
    struct params_message *m)
{
	struct jscan_item other, *to;

	if (jscan_read_is(s, SLICE("role")))
		to = &m->role;
	else if (jscan_read_is(s, SLICE("content")))
		to = &m->content;
	else
		return params_other_scan(s, all);
	if (to->value.p != NULL) {
		other = (struct jscan_item){ .name = s->name };
		params_messages_fault(all, MESSAGES_TWICE, &other);
	}
	if (to == &m->content && jscan_read_sees(s, '['))
		return params_parts_scan(s, all, to);
	return jscan_read_item(s, to);
}

/* The members of a message from the one at hand; m has what was read before. */
static int
params_members_scan(struct jscan_reader *s, struct params_messages *all,
    struct params_message *m, struct params_heads *heads, const char *at,
    int more)
{
	for (; more > 0; more = jscan_read_next(s)) {
		if (jscan_read_sees(s, '"'))
			params_head_keep(heads, at, s, m);
		if (params_member_scan(s, all, m) != 0)
			return -1;
	}
	if (more == 0)
		params_message_judge(all, m);
	return more;
}

/*
 * A message with a known head; most end behind their content.  What the user
 * said is written where it belongs: to copy it would cost more than to read it.
 */
static int
params_message_alike(struct jscan_reader *s, struct params_messages *all,
    struct params_heads *heads, const struct params_head *head)
{
	const char *at = s->p;
	struct params_message m;
	struct jscan_item other, *content = &other;

	if (head->kind == ROLE_USER)
		content = &all->last_user;
	s->p += head->text.n - 1;
	if (jscan_read_string(s, head->name, content) != 0)
		return -1;
	if (!jscan_read_sees(s, '}')) {
		m = (struct params_message){ head->role, *content, head->kind };
		jscan_read_enter(s);
		return params_members_scan(s, all, &m, heads, at,
		    jscan_read_next(s));
	}
	s->p++;
	all->developers += head->kind == ROLE_DEVELOPER;
	return 0;
}

static int
params_message_scan(struct jscan_reader *s, struct params_messages *all,
    struct params_heads *heads)
{
	struct params_message m = { .kind = ROLE_UNKNOWN };
	const char *at = s->p;

	return params_members_scan(s, all, &m, heads, at, jscan_read_open(s));
}

/* An element that is no message. */
static int
params_message_other(struct jscan_reader *s, struct params_messages *all)
{
	struct jscan_item item;

	if (jscan_read_item(s, &item) != 0)
		return -1;
	params_messages_fault(all, MESSAGES_ELEMENT, &item);
	return 0;
}

static inline int
params_element_scan(struct jscan_reader *s, struct params_messages *all,
    struct params_heads *heads)
{
	const struct params_head *head;

	if (!jscan_read_sees(s, '{'))
		return params_message_other(s, all);
	head = params_head_of(heads, s);
	return head != NULL ? params_message_alike(s, all, heads, head)
	                    : params_message_scan(s, all, heads);
}

int
params_messages_scan(struct jscan_reader *s, struct jscan_item *item_r,
    void *arg)
{
	struct params_messages *all = arg;
	struct params_heads heads = { .last = 0 };
	const char *at = s->p;
	int more;

	item_r->name = s->name;
	item_r->name_escaped = s->name_escaped;
	*all = (struct params_messages){ .n = 0 };
	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (params_element_scan(s, all, &heads) != 0)
			return -1;
		all->n++;
	}
	item_r->type = JSCAN_ARRAY;
	item_r->escaped = false;
	item_r->value = (struct slice){ at, (size_t)(s->p - at) };
	return more;
}

static int
params_tell_role(struct params_ctx *c, const struct jscan_item *item)
{
	struct slice role;

	if (item->value.p == NULL || item->type == JSCAN_NULL)
		return params_missing(c, "role");
	if (params_expect(c, SLICE("role"), item, JSCAN_STRING) != 0)
		return -1;
	role = utf8_cut(jstr_item(item, c->pool), 64);
	return params_value(c, SLICE("role"), "unknown role '%.*s'",
	    SLICE_ARGS(role));
}

static int
params_tell_fault(struct params_ctx *c, const struct params_messages *all)
{
	const struct jscan_item *item = &all->fault_item;
	struct slice name = SLICE("messages");

	if (all->fault == MESSAGES_ELEMENT)
		return params_type_nth(c, name, all->fault_at, "object", item);
	params_enter_nth(c, name, all->fault_at);
	if (all->fault == MESSAGES_TWICE)
		return params_twice(c, item->name);
	if (all->fault == MESSAGES_CONTENT)
		return params_type(c, SLICE("content"), "string or array",
		    item);
	return params_tell_role(c, item);
}

/* Messages that came in a container have passed the scan, but unread. */
static void
params_messages_again(struct slice json, struct params_messages *all_r)
{
	struct jscan_reader s;
	struct jscan_item item;
	int done;

	jscan_read_start(&s, json);
	done = params_messages_scan(&s, &item, all_r);
	assert(done == 0);
}

int
params_check_messages(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct params_messages *all = &c->p->messages;
	const struct jscan_body *body = c->source->body;

	if (params_expect(c, row->name, &v->item, JSCAN_ARRAY) != 0)
		return -1;
	if (v->place == PLACE_BODY && body->messages != NULL)
		*all = *body->messages;
	else
		params_messages_again(v->item.value, all);
	if (all->fault != MESSAGES_FINE)
		return params_tell_fault(c, all);
	if (all->n == 0)
		return params_value(c, row->name, "must not be empty");
	return 0;
}

int
params_body(struct slice text, struct pool *pool, struct jscan_body *body_r,
    struct err *e)
{
	struct params_messages *all = pool_alloc(pool, sizeof *all);
	struct jscan_hook hook = { .name = SLICE("messages"),
		.first = '[',
		.read = params_messages_scan,
		.arg = all };

	all->n = 0;
	if (jscan_body_hooked(text, &hook, pool, body_r, e) != 0)
		return -1;
	if (hook.used)
		body_r->messages = all;
	return 0;
}
