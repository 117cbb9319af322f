#include "dialect/in_gemini_priv.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
in_gemini_enter(struct in_gemini_many *m, const struct jscan_item *item)
{
	m->one = *item;
	m->alone = item->type == JSCAN_OBJECT;
	if (item->type == JSCAN_ARRAY)
		jscan_enter(&m->it, item->value);
}

int
in_gemini_next(struct in_gemini_many *m, struct jscan_item *item_r)
{
	if (m->one.type == JSCAN_ARRAY)
		return jscan_element_next(&m->it, item_r);
	*item_r = m->one;
	if (!m->alone)
		return 0;
	m->alone = false;
	return 1;
}

/* The members that are read together with others. */
static const struct slice in_gemini_read[] = {
	SLICE("contents"),
	SLICE("systemInstruction"),
	SLICE("tools"),
	SLICE("toolConfig"),
	SLICE("generationConfig"),
};

static void
in_gemini_copy(struct in_gemini *x, const struct jscan_item *item)
{
	ask_comma(x->chat);
	sbuf_addc(x->chat, '"');
	sbuf_add_slice(x->chat, item->name);
	sbuf_adds(x->chat, "\":");
	sbuf_add_slice(x->chat, item->value);
}

static int
in_gemini_member(struct in_gemini *x, const struct jscan_item *item)
{
	struct slice name = jstr_name(item, x->in->pool);
	enum param_id id = params_find(name);

	if (item->type == JSCAN_NULL || in_merge_is_container(item))
		return 0;
	for (size_t i = 0; i < COUNT(in_gemini_read); i++)
		if (camel_is(item, in_gemini_read[i]))
			return 0;
	if (id == PARAM_prompt)
		return in_unsupported(x->e, "prompt");
	if (id == PARAM_metadata ||
	    (params_is_ours(id) && params_knows(DIALECT_GEMINI, id)))
		in_gemini_copy(x, item);
	else if (camel_is(item, SLICE("cachedContent")))
		in_own_input(x->in, pool_copy(x->in->pool, name).p);
	else
		in_leave(x->in, name);
	return 0;
}

static const struct jscan_item *
in_gemini_find(const struct in_merge *m, struct slice camel)
{
	static const struct jscan_item absent = { .type = JSCAN_NULL };

	for (unsigned i = 0; i < m->n; i++)
		if (m->items[i].type != JSCAN_NULL &&
		    camel_is(&m->items[i], camel))
			return &m->items[i];
	return &absent;
}

/* Name of a member as the client wrote it, with a NUL behind. */
static const char *
in_gemini_spelt(struct in_gemini *x, const struct jscan_item *item)
{
	return pool_copy(x->in->pool, jstr_name(item, x->in->pool)).p;
}

static int
in_gemini_config(struct in_gemini *x, const struct jscan_item *config)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (config->type == JSCAN_NULL)
		return 0;
	if (in_expect(x->e, in_gemini_spelt(x, config), config, JSCAN_OBJECT) !=
	    0)
		return -1;
	jscan_enter(&it, config->value);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_NULL)
			continue;
		if (camel_is(&item, SLICE("functionCallingConfig")) &&
		    item.type == JSCAN_OBJECT)
			x->calling = item.value;
		else
			in_leave(x->in, jstr_name(config, x->in->pool));
	}
	return 0;
}

/* What the path says, and what the counting of tokens wraps. */
static void
in_gemini_path(struct in_gemini *x)
{
	if (x->in->model.n > 0) {
		ask_name(x->chat, "model");
		sbuf_add_json(x->chat, x->in->model);
	}
	if (x->in->stream)
		ask_json(x->chat, "stream", SLICE("true"));
}

/* Which of two spellings a provider heeds is not for us to guess. */
static int
in_gemini_twice(struct in_gemini *x, const struct in_merge *m)
{
	const char *name;

	for (size_t i = 0; i < COUNT(in_gemini_read); i++)
		for (unsigned k = 0; k < m->n; k++) {
			const struct jscan_item *item = &m->items[k];

			if (item->type == JSCAN_NULL ||
			    !camel_is(item, in_gemini_read[i]) ||
			    in_gemini_find(m, in_gemini_read[i]) == item)
				continue;
			name = in_gemini_spelt(x, item);
			return err_param(x->e, ERR_DUPLICATE_PARAMETER, name,
			    "Duplicate parameter: '%s'.", name);
		}
	return 0;
}

static int
in_gemini_members(struct in_gemini *x, const struct in_merge *m)
{
	if (in_gemini_twice(x, m) != 0)
		return -1;
	for (unsigned i = 0; i < m->n; i++)
		if (in_gemini_member(x, &m->items[i]) != 0)
			return -1;
	for (unsigned i = 0; i < m->n_dropped; i++)
		in_leave(x->in, m->dropped[i]);
	return 0;
}

/* countTokens may have the whole request as one member. */
static int
in_gemini_body(struct inbound *in, struct jscan_body *inner,
    const struct jscan_body **body_r, struct err *e)
{
	*body_r = in->body;
	for (unsigned i = 0; i < in->body->n; i++) {
		const struct jscan_item *m = &in->body->members[i];

		if (m->type != JSCAN_OBJECT ||
		    !camel_is(m, SLICE("generateContentRequest")))
			continue;
		*body_r = inner;
		return jscan_body(m->value, in->pool, inner, e);
	}
	return 0;
}

int
inbound_gemini(struct inbound *in, struct sbuf *chat, struct err *e)
{
	struct in_gemini x = { .in = in, .chat = chat, .e = e };
	struct in_merge m;
	struct jscan_body inner;
	const struct jscan_body *body;

	if (in_gemini_body(in, &inner, &body, e) != 0 ||
	    in_merge(DIALECT_GEMINI, body, in->headers, in->pool, &m, e) != 0)
		return -1;
	sbuf_addc(chat, '{');
	in_gemini_path(&x);
	if (in_gemini_turns(&x, in_gemini_find(&m, SLICE("contents")),
		in_gemini_find(&m, SLICE("systemInstruction"))) != 0 ||
	    in_gemini_config(&x, in_gemini_find(&m, SLICE("toolConfig"))) !=
		0 ||
	    in_gemini_tools(&x, in_gemini_find(&m, SLICE("tools"))) != 0 ||
	    in_gemini_choice(&x) != 0 ||
	    in_gemini_generation(&x,
		in_gemini_find(&m, SLICE("generationConfig"))) != 0 ||
	    in_gemini_members(&x, &m) != 0)
		return -1;
	sbuf_addc(chat, '}');
	return 0;
}
