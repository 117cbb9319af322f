/* native_value - what is sent for a member of a request in its own dialect. */
#include "dialect/native_priv.h"

#include "base/decimal.h"
#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/camel.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/params.h"

#define NATIVE_MAX_TOKENS 4096 /* Anthropic demands a cap */

static struct slice
native_take(const struct native *x, struct sbuf *b)
{
	struct slice copy = pool_copy(x->pool, sbuf_slice(b));

	sbuf_free(b);
	return copy;
}

static struct slice
native_nothing(const struct native *x, const struct jscan_item *item)
{
	(void)x;
	(void)item;
	return NATIVE_NOTHING;
}

static struct slice
native_model(const struct native *x, const struct jscan_item *item)
{
	struct sbuf b = { 0 };

	if (item != NULL && jstr_says(item, x->opts->model))
		return item->value;
	sbuf_add_json(&b, x->opts->model);
	return native_take(x, &b);
}

static struct slice
native_decimal(const struct native *x, int64_t value)
{
	char room[DECIMAL_DIGITS];

	return pool_copy(x->pool, decimal_write((uint64_t)value, room));
}

/* The client's cap, ours, or n 0; 100.0 is sent as 100. */
static struct slice
native_cap(const struct native *x, const struct jscan_item *item)
{
	int64_t value;

	if (x->opts->put_max_tokens > 0)
		return native_decimal(x, x->opts->put_max_tokens);
	if (item == NULL)
		return NATIVE_NOTHING;
	if (item->type == JSCAN_NUMBER && !jnum_is_plain(item->value) &&
	    jnum_int(item->value, &value) == 1 && value > 0 &&
	    value < INT64_MAX)
		return native_decimal(x, value);
	return item->value;
}

static struct slice
native_max_tokens(const struct native *x, const struct jscan_item *item)
{
	struct slice cap;

	if (x->opts->counts)
		return item != NULL ? item->value : NATIVE_NOTHING;
	cap = native_cap(x, item);
	return cap.p != NULL ? cap : native_decimal(x, NATIVE_MAX_TOKENS);
}

/* All but user_id is Respan's. */
static struct slice
native_metadata(const struct native *x, const struct jscan_item *item)
{
	struct jscan_iter it;
	struct jscan_item member, user = { .type = JSCAN_NULL };
	struct sbuf b = { 0 };
	unsigned n = 0;

	if (item == NULL || x->metadata.n == 0)
		return NATIVE_NOTHING;
	jscan_enter(&it, x->metadata);
	for (; jscan_member_next(&it, &member); n++)
		if (jstr_is(&member, SLICE("user_id")))
			user = member;
	if (user.type == JSCAN_NULL)
		return NATIVE_NOTHING;
	if (n == 1 && item->type == JSCAN_OBJECT)
		return item->value;
	sbuf_adds(&b, "{\"user_id\":");
	sbuf_add_slice(&b, user.value);
	sbuf_addc(&b, '}');
	return native_take(x, &b);
}

static struct slice
native_version(const struct native *x, const struct jscan_item *item)
{
	if (item != NULL)
		return item->value;
	return x->opts->kind == KIND_VERTEX_CLAUDE
	           ? SLICE("\"vertex-2023-10-16\"")
	           : SLICE("\"bedrock-2023-05-31\"");
}

/* "a, b" as ["a","b"]. */
static struct slice
native_betas(const struct native *x, const struct jscan_item *item)
{
	struct slice rest = x->opts->betas, one;
	struct sbuf b = { 0 };

	if (item != NULL || rest.n == 0)
		return item != NULL ? item->value : NATIVE_NOTHING;
	while (rest.n > 0) {
		const char *comma = memchr(rest.p, ',', rest.n);

		one = rest;
		one.n = comma != NULL ? (size_t)(comma - rest.p) : rest.n;
		rest = slice_skip(rest, one.n + (comma != NULL));
		while (one.n > 0 && (*one.p == ' ' || *one.p == '\t'))
			one = slice_skip(one, 1);
		while (one.n > 0 &&
		       (one.p[one.n - 1] == ' ' || one.p[one.n - 1] == '\t'))
			one.n--;
		if (one.n == 0)
			continue;
		sbuf_addc(&b, b.len > 0 ? ',' : '[');
		sbuf_add_json(&b, one);
	}
	if (b.len == 0)
		return NATIVE_NOTHING;
	sbuf_addc(&b, ']');
	return native_take(x, &b);
}

/* The member of that name: null only when none of its spellings has more. */
static bool
native_find(struct slice object, struct slice camel, struct jscan_item *item_r)
{
	struct jscan_iter it;
	struct jscan_item item;
	bool found = false;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (!camel_is(&item, camel) ||
		    (found && item.type == JSCAN_NULL))
			continue;
		*item_r = item;
		found = true;
	}
	return found;
}

/* {"a":1} with one member more. */
static void
native_append(struct sbuf *b, struct slice object, struct slice value)
{
	struct jscan_iter it;
	struct jscan_item first;

	jscan_enter(&it, object);
	sbuf_add(b, object.p, object.n - 1);
	if (jscan_member_next(&it, &first))
		sbuf_addc(b, ',');
	sbuf_adds(b, "\"maxOutputTokens\":");
	sbuf_add_slice(b, value);
	sbuf_addc(b, '}');
}

/* The cap of Gemini's models is a member of a member. */
static struct slice
native_generation(const struct native *x, const struct jscan_item *item)
{
	struct slice object = item != NULL ? item->value : SLICE("{}"), value;
	struct jscan_item cap;
	struct sbuf b = { 0 };
	bool there;

	if (item != NULL && item->type != JSCAN_OBJECT)
		return item->value;
	there = native_find(object, SLICE("maxOutputTokens"), &cap);
	value = native_cap(x, there ? &cap : NULL);
	if (value.p == NULL || (there && value.p == cap.value.p))
		return item != NULL ? item->value : NATIVE_NOTHING;
	if (!there) {
		native_append(&b, object, value);
		return native_take(x, &b);
	}
	sbuf_add(&b, object.p, (size_t)(cap.value.p - object.p));
	sbuf_add_slice(&b, value);
	sbuf_add_slice(&b,
	    slice_skip(object, (size_t)(cap.value.p - object.p) + cap.value.n));
	return native_take(x, &b);
}

/* Responses keeps what it can hold, with an answer that it keeps. */
static struct slice
native_stored_metadata(const struct native *x, const struct jscan_item *item)
{
	struct jscan_item object;
	struct err ignored;

	if (item == NULL || !x->stored)
		return NATIVE_NOTHING;
	object = *item;
	if (item->type == JSCAN_STRING &&
	    jscan_value(jstr_item(item, x->pool), &object, &ignored) != 0)
		return NATIVE_NOTHING;
	return object.type == JSCAN_OBJECT &&
	               params_metadata_fits(object.value, x->pool)
	           ? object.value
	           : NATIVE_NOTHING;
}

/* Respan's has a prompt_id; any other is OpenAI's own. */
static struct slice
native_prompt(const struct native *x, const struct jscan_item *item)
{
	struct jscan_item id;

	(void)x;
	if (item == NULL || item->type != JSCAN_OBJECT ||
	    jscan_find(item->value, SLICE("prompt_id"), &id) == 1)
		return NATIVE_NOTHING;
	return item->value;
}

#define NATIVE_RESPONSES                                                       \
	{                                                                      \
		{ SLICE("model"), native_model },                              \
		    { SLICE("metadata"), native_stored_metadata },             \
		    { SLICE("prompt"), native_prompt },                        \
		    { SLICE("max_output_tokens"), native_cap },                \
	}

const struct native_rule native_rules[KINDS][NATIVE_RULES] = {
	[KIND_OPENAI] = NATIVE_RESPONSES,
	[KIND_AZURE] = NATIVE_RESPONSES,
	[KIND_ANTHROPIC] = {
	    { SLICE("model"), native_model },
	    { SLICE("metadata"), native_metadata },
	    { SLICE("max_tokens"), native_max_tokens },
	},
	[KIND_VERTEX_CLAUDE] = {
	    { SLICE("model"), native_nothing },
	    { SLICE("metadata"), native_metadata },
	    { SLICE("max_tokens"), native_max_tokens },
	    { SLICE("anthropic_version"), native_version },
	},
	[KIND_BEDROCK_INVOKE] = {
	    { SLICE("model"), native_nothing },
	    { SLICE("stream"), native_nothing },
	    { SLICE("metadata"), native_metadata },
	    { SLICE("max_tokens"), native_max_tokens },
	    { SLICE("anthropic_version"), native_version },
	    { SLICE("anthropic_beta"), native_betas },
	},
	[KIND_GEMINI] = {
	    { SLICE("metadata"), native_nothing },
	    { SLICE("generationConfig"), native_generation },
	},
	[KIND_VERTEX_GEMINI] = {
	    { SLICE("metadata"), native_nothing },
	    { SLICE("generationConfig"), native_generation },
	},
};
