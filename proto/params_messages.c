#include "proto/params_priv.h"

#include "base/err.h"
#include "base/pool.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

/*
 * One walk over the messages: roles and kinds of content are checked, and what
 * the hold needs is counted (spec/money.md 5).
 */

static bool
params_is_role(struct slice role)
{
	static const struct slice roles[] = { { "user", 4 }, { "assistant", 9 },
		{ "system", 6 }, { "tool", 4 }, { "developer", 9 },
		{ "function", 8 }, { "none", 4 } };

	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (slice_eq(role, roles[i]))
			return true;
	return false;
}

/* The bytes of base64 in a data: URL, or 0. */
static size_t
params_data_url(const struct jscan_item *url)
{
	struct slice raw = jscan_text(url);
	const char *comma;

	if (!slice_starts(raw, SLICE("data:")))
		return 0;
	comma = memchr(raw.p, ',', raw.n);
	return comma == NULL ? 0 : raw.n - (size_t)(comma + 1 - raw.p);
}

/* {"image_url":{"url":"..."}}, or the string itself. */
static void
params_part_image(struct params_messages *m, const struct jscan_item *part)
{
	struct jscan_item url;

	m->images++;
	if (!jscan_find(part->value, SLICE("image_url"), &url))
		return;
	if (url.type == JSCAN_OBJECT &&
	    !jscan_find(url.value, SLICE("url"), &url))
		return;
	if (url.type == JSCAN_STRING)
		m->media_bytes += params_data_url(&url);
}

/* {"input_audio":{"data":"..."}}, {"file":{"file_data":"..."}} */
static void
params_part_data(struct params_messages *m, const struct jscan_item *part,
    struct slice kind, struct slice member)
{
	struct jscan_item data;

	if (jscan_find(part->value, kind, &data) && data.type == JSCAN_OBJECT &&
	    jscan_find(data.value, member, &data) && data.type == JSCAN_STRING)
		m->media_bytes += jscan_text(&data).n;
}

static bool
params_is_text_part(struct slice type)
{
	static const struct slice kinds[] = { { "text", 4 }, { "refusal", 7 },
		{ "thinking", 8 } };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (jstr_equal(type, kinds[i]))
			return true;
	return false;
}

static void
params_part(struct params_messages *m, const struct jscan_item *part)
{
	struct jscan_item type;
	struct slice raw;

	if (part->type != JSCAN_OBJECT ||
	    !jscan_find(part->value, SLICE("type"), &type) ||
	    type.type != JSCAN_STRING)
		return;
	raw = jscan_text(&type);
	if (params_is_text_part(raw))
		return;
	if (jstr_equal(raw, SLICE("image_url"))) {
		params_part_image(m, part);
	} else if (jstr_equal(raw, SLICE("input_audio"))) {
		m->audios++;
		params_part_data(m, part, raw, SLICE("data"));
	} else {
		m->documents++;
		params_part_data(m, part, raw, SLICE("file_data"));
	}
}

/* The members of a message that we interpret. */
struct params_message {
	struct jscan_item role, content; /* name.p NULL: absent */
};

static int
params_message_split(struct params_ctx *c, struct jscan_iter *it, unsigned i,
    struct params_message *m)
{
	struct jscan_item item, *to;

	m->role.name.p = m->content.name.p = NULL;
	while (jscan_member_next(it, &item)) {
		if (jstr_is(&item, SLICE("role")))
			to = &m->role;
		else if (jstr_is(&item, SLICE("content")))
			to = &m->content;
		else
			continue;
		if (to->name.p != NULL) {
			params_enter_nth(c, SLICE("messages"), i);
			return params_twice(c, item.name);
		}
		*to = item;
	}
	return 0;
}

/* Only a fault needs to know where it was; so the prefix is set here. */
static int
params_message_fault(struct params_ctx *c, const struct params_message *m,
    unsigned i)
{
	struct slice role;

	params_enter_nth(c, SLICE("messages"), i);
	if (m->role.name.p == NULL || m->role.type == JSCAN_NULL)
		return params_missing(c, "role");
	if (params_expect(c, SLICE("role"), &m->role, JSCAN_STRING) != 0)
		return -1;
	role = jstr_item(&m->role, c->pool);
	if (params_is_role(role))
		return params_type(c, SLICE("content"), "string or array",
		    &m->content);
	role = utf8_cut(role, 64);
	return params_value(c, SLICE("role"), "unknown role '%.*s'",
	    SLICE_ARGS(role));
}

static bool
params_message_fits(struct params_ctx *c, const struct params_message *m)
{
	if (m->role.name.p == NULL || m->role.type != JSCAN_STRING)
		return false;
	if (!params_is_role(jstr_item(&m->role, c->pool)))
		return false;
	return m->content.name.p == NULL || m->content.type == JSCAN_NULL ||
	       m->content.type == JSCAN_STRING ||
	       m->content.type == JSCAN_ARRAY;
}

static int
params_message(struct params_ctx *c, struct jscan_iter *message, unsigned i)
{
	struct params_messages *all = &c->p->messages;
	struct params_message m;
	struct jscan_item part;
	struct jscan_iter it;

	if (params_message_split(c, message, i, &m) != 0)
		return -1;
	if (!params_message_fits(c, &m))
		return params_message_fault(c, &m, i);
	if (m.content.name.p == NULL || m.content.type == JSCAN_NULL)
		return 0;
	if (jstr_equal(jscan_text(&m.role), SLICE("user")))
		all->last_user = m.content;
	if (m.content.type != JSCAN_ARRAY)
		return 0;
	jscan_enter(&it, m.content.value);
	while (jscan_element_next(&it, &part))
		params_part(all, &part);
	return 0;
}

int
params_check_messages(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct params_messages *all = &c->p->messages;
	struct jscan_item other;
	struct jscan_iter it, message;
	enum jscan_type type;

	if (params_expect(c, row->name, &v->item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, v->item.value);
	for (; jscan_step_in(&it, &message, &type); all->n++) {
		if (type != JSCAN_OBJECT) {
			jscan_element_next(&it, &other);
			return params_type_nth(c, row->name, all->n, "object",
			    &other);
		}
		if (params_message(c, &message, all->n) != 0)
			return -1;
		jscan_leave(&it, &message);
	}
	if (all->n == 0)
		return params_value(c, row->name, "must not be empty");
	return 0;
}

/* The text of a part, or an empty slice. */
static struct slice
params_part_text(const struct jscan_item *part, struct pool *pool)
{
	struct jscan_item text;

	if (part->type == JSCAN_OBJECT &&
	    jscan_find(part->value, SLICE("text"), &text) &&
	    text.type == JSCAN_STRING)
		return jstr_item(&text, pool);
	return (struct slice){ "", 0 };
}

struct slice
params_last_user_text(const struct params *p, struct pool *pool)
{
	const struct jscan_item *content = &p->messages.last_user;
	struct jscan_item part;
	struct jscan_iter it;
	struct slice text;
	char *out;
	size_t n = 0;

	if (content->value.p == NULL)
		return (struct slice){ "", 0 };
	if (content->type == JSCAN_STRING)
		return jstr_item(content, pool);
	out = pool_alloc(pool, content->value.n);
	jscan_enter(&it, content->value);
	while (jscan_element_next(&it, &part)) {
		text = params_part_text(&part, pool);
		memcpy(out + n, text.p, text.n);
		n += text.n;
	}
	return (struct slice){ out, n };
}
