#include "dialect/in_anthropic_priv.h"

#define NANO INT64_C(1000000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_TOKENS_ABSENT 4096 /* api.md 5.1 */

typedef int in_anthropic_fn(struct in_anthropic *x,
    const struct jscan_item *item);

/* The same in chat, under the same name: proto/params checks it. */
static int
in_anthropic_same(struct in_anthropic *x, const struct jscan_item *item)
{
	ask_comma(x->chat);
	sbuf_addc(x->chat, '"');
	sbuf_add_slice(x->chat, item->name);
	sbuf_adds(x->chat, "\":");
	sbuf_add_slice(x->chat, item->value);
	return 0;
}

/* Half of what chat allows. */
static int
in_anthropic_temperature(struct in_anthropic *x, const struct jscan_item *item)
{
	static const struct in_bounds bounds = { false, 0, NANO,
		"must be between 0 and 1" };

	if (in_number(x->e, "temperature", item, &bounds) != 0)
		return -1;
	return in_anthropic_same(x, item);
}

static bool
in_anthropic_is_strings(const struct jscan_item *array, unsigned *n_r)
{
	struct jscan_iter it;
	struct jscan_item item;

	*n_r = 0;
	if (array->type != JSCAN_ARRAY)
		return false;
	jscan_enter(&it, array->value);
	for (; jscan_element_next(&it, &item); ++*n_r)
		if (item.type != JSCAN_STRING)
			return false;
	return true;
}

static int
in_anthropic_stops(struct in_anthropic *x, const struct jscan_item *item)
{
	unsigned n;

	if (!in_anthropic_is_strings(item, &n))
		in_own_kind(x->in, "stop_sequences");
	else if (n > 0)
		ask_json(x->chat, "stop", item->value);
	return 0;
}

/* The words of the two for one thing; any other word is the same. */
static int
in_anthropic_tier(struct in_anthropic *x, const struct jscan_item *item)
{
	if (!jstr_says(item, SLICE("standard_only")))
		return in_anthropic_same(x, item);
	ask_text(x->chat, "service_tier", SLICE("default"));
	return 0;
}

static int
in_anthropic_left(struct in_anthropic *x, const struct jscan_item *item)
{
	in_leave(x->in, jstr_name(item, x->in->pool));
	return 0;
}

/* Their tools are run by Anthropic. */
static int
in_anthropic_servers(struct in_anthropic *x, const struct jscan_item *item)
{
	x->in->runs_tools = true;
	return in_anthropic_left(x, item);
}

/* Written with another member, or read before. */
static int
in_anthropic_elsewhere(struct in_anthropic *x, const struct jscan_item *item)
{
	(void)x;
	(void)item;
	return 0;
}

static const struct {
	struct slice name;
	in_anthropic_fn *read;
} in_anthropic_members[] = {
	{ SLICE("messages"), in_anthropic_elsewhere },
	{ SLICE("system"), in_anthropic_elsewhere },
	{ SLICE("metadata"), in_anthropic_elsewhere },
	{ SLICE("tools"), in_anthropic_elsewhere },
	{ SLICE("tool_choice"), in_anthropic_elsewhere },
	{ SLICE("thinking"), in_anthropic_elsewhere },
	{ SLICE("output_config"), in_anthropic_elsewhere },
	{ SLICE("model"), in_anthropic_same },
	{ SLICE("stream"), in_anthropic_same },
	{ SLICE("max_tokens"), in_anthropic_same },
	{ SLICE("temperature"), in_anthropic_temperature },
	{ SLICE("top_p"), in_anthropic_same },
	{ SLICE("top_k"), in_anthropic_same },
	{ SLICE("stop_sequences"), in_anthropic_stops },
	{ SLICE("service_tier"), in_anthropic_tier },
	{ SLICE("mcp_servers"), in_anthropic_servers },
};

static const struct jscan_item *
in_anthropic_find(const struct in_anthropic *x, struct slice name)
{
	static const struct jscan_item absent = { .type = JSCAN_NULL };

	for (unsigned i = 0; i < x->merged.n; i++)
		if (jstr_is(&x->merged.items[i], name))
			return &x->merged.items[i];
	return &absent;
}

/* Respan's parameters go on; what means nothing to anybody else is left. */
static int
in_anthropic_other(struct in_anthropic *x, const struct jscan_item *item)
{
	enum param_id id = params_find(jstr_name(item, x->in->pool));

	if (id == PARAM_prompt)
		return in_unsupported(x->e, "prompt");
	if (params_is_ours(id) && params_knows(DIALECT_ANTHROPIC, id))
		return in_anthropic_same(x, item);
	return in_anthropic_left(x, item);
}

static int
in_anthropic_member(struct in_anthropic *x, const struct jscan_item *item)
{
	if (item->type == JSCAN_NULL || in_merge_is_container(item))
		return 0;
	for (size_t i = 0; i < COUNT(in_anthropic_members); i++)
		if (jstr_is(item, in_anthropic_members[i].name))
			return in_anthropic_members[i].read(x, item);
	return in_anthropic_other(x, item);
}

/* Of Anthropic's metadata the user is a chat member, the rest is Respan's. */
static bool
in_anthropic_is_tag(const struct jscan_item *item)
{
	return !jstr_is(item, SLICE("user_id")) &&
	       !jstr_is(item, SLICE("extra_headers")) &&
	       !in_merge_is_container(item);
}

static void
in_anthropic_tags(struct in_anthropic *x)
{
	struct jscan_iter it;
	struct jscan_item item;
	bool any = false;

	jscan_enter(&it, x->merged.metadata);
	while (jscan_member_next(&it, &item)) {
		if (!in_anthropic_is_tag(&item))
			continue;
		if (!any) {
			ask_name(x->chat, "metadata");
			sbuf_addc(x->chat, '{');
		}
		in_anthropic_same(x, &item);
		any = true;
	}
	if (any)
		sbuf_addc(x->chat, '}');
}

static void
in_anthropic_metadata(struct in_anthropic *x)
{
	struct slice metadata = x->merged.metadata;
	struct jscan_item item;

	ask_json(x->chat, "metadata", x->merged.own_metadata);
	if (metadata.n == 0)
		return;
	if (in_find(metadata, SLICE("user_id"), &item) == 1) {
		if (item.type == JSCAN_STRING)
			ask_json(x->chat, "user", item.value);
		else
			in_leave(x->in, SLICE("metadata.user_id"));
	}
	if (in_find(metadata, SLICE("extra_headers"), &item) == 1 &&
	    in_anthropic_find(x, SLICE("extra_headers"))->type == JSCAN_NULL)
		ask_json(x->chat, "extra_headers", item.value);
	if (x->merged.own_metadata.n == 0)
		in_anthropic_tags(x);
}

static int
in_anthropic_members_read(struct in_anthropic *x)
{
	for (unsigned i = 0; i < x->merged.n; i++)
		if (in_anthropic_member(x, &x->merged.items[i]) != 0)
			return -1;
	if (in_anthropic_find(x, SLICE("max_tokens"))->type == JSCAN_NULL)
		ask_int(x->chat, "max_tokens", MAX_TOKENS_ABSENT);
	for (unsigned i = 0; i < x->merged.n_dropped; i++)
		in_leave(x->in, x->merged.dropped[i]);
	in_anthropic_metadata(x);
	return 0;
}

int
inbound_anthropic(struct inbound *in, struct sbuf *chat, struct err *e)
{
	struct in_anthropic x = { .in = in, .chat = chat, .e = e };

	if (in_merge(DIALECT_ANTHROPIC, in->body, in->headers, in->pool,
		&x.merged, e) != 0)
		return -1;
	sbuf_addc(chat, '{');
	if (in_anthropic_messages(&x, in_anthropic_find(&x, SLICE("messages")),
		in_anthropic_find(&x, SLICE("system"))) != 0 ||
	    in_anthropic_tools(&x, in_anthropic_find(&x, SLICE("tools"))) !=
		0 ||
	    in_anthropic_choice(&x,
		in_anthropic_find(&x, SLICE("tool_choice"))) != 0 ||
	    in_anthropic_reasoning(&x, in_anthropic_find(&x, SLICE("thinking")),
		in_anthropic_find(&x, SLICE("output_config"))) != 0 ||
	    in_anthropic_members_read(&x) != 0)
		return -1;
	sbuf_addc(chat, '}');
	return 0;
}
