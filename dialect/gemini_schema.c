/* gemini_schema - JSON schemas for models that know OpenAPI's subset alone. */
#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/gemini_priv.h"
#include "proto/jstr.h"

#define SCHEMA_DEPTH 64
#define SCHEMA_REFS 1000          /* unfolded in one schema */
#define SCHEMA_SIZE (1024 * 1024) /* of what references unfold to */

struct schema_writer {
	struct ask *a;
	struct sbuf *b;
	struct err *e;
	struct slice root;
	struct slice refs[SCHEMA_DEPTH]; /* that are being unfolded */
	unsigned n_refs, unfolded, depth;
	size_t begin; /* of the schema in b */
	bool removed;
};

static int schema_object(struct schema_writer *w, struct slice schema,
    struct slice but);

static int
schema_refuse(struct schema_writer *w)
{
	return ask_refuse(w->a, w->e, "$ref");
}

/* Names that the subset lacks.  Those of references are unfolded anyhow. */
static bool
schema_is_removed(struct schema_writer *w, const struct jscan_item *item)
{
	static const struct slice silent[] = { SLICE("$defs"),
		SLICE("definitions"), SLICE("$ref") };
	static const struct slice named[] = { SLICE("additionalProperties"),
		SLICE("$schema"), SLICE("$id"), SLICE("$comment"),
		SLICE("default"), SLICE("title"), SLICE("patternProperties"),
		SLICE("if"), SLICE("then"), SLICE("else") };

	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
		if (jstr_is(item, silent[i]))
			return true;
	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (jstr_is(item, named[i])) {
			w->removed = true;
			return true;
		}
	return false;
}

/* One step of "#/$defs/Name": "~1" is a slash, "~0" a tilde. */
static struct slice
schema_step(struct pool *pool, struct slice *pointer)
{
	const char *end = memchr(pointer->p, '/', pointer->n);
	struct slice raw = { pointer->p,
		end != NULL ? (size_t)(end - pointer->p) : pointer->n };
	char *out = pool_alloc(pool, raw.n + 1);
	size_t n = 0;

	*pointer = slice_skip(*pointer, end != NULL ? raw.n + 1 : raw.n);
	for (size_t i = 0; i < raw.n; i++) {
		out[n++] = raw.p[i];
		if (raw.p[i] == '~' && i + 1 < raw.n &&
		    (raw.p[i + 1] == '0' || raw.p[i + 1] == '1'))
			out[n - 1] = raw.p[++i] == '1' ? '/' : '~';
	}
	return (struct slice){ out, n };
}

/* 1 with the schema that a reference names, 0. */
static int
schema_target(struct schema_writer *w, struct slice ref, struct slice *to_r)
{
	struct jscan_item item = { .value = w->root, .type = JSCAN_OBJECT };
	struct slice pointer = slice_skip(ref, 1);

	if (pointer.n > 0 && *pointer.p != '/')
		return 0;
	while (pointer.n > 0) {
		if (*pointer.p == '/')
			pointer = slice_skip(pointer, 1);
		if (item.type != JSCAN_OBJECT ||
		    jscan_find(item.value, schema_step(w->a->pool, &pointer),
			&item) != 1)
			return 0;
	}
	*to_r = item.value;
	return item.type == JSCAN_OBJECT;
}

/* A schema that is defined elsewhere stands where it is used. */
static int
schema_unfold(struct schema_writer *w, const struct jscan_item *item,
    struct slice beside)
{
	struct slice ref = SLICE(""), to;
	int done;

	if (item->type == JSCAN_STRING)
		ref = jstr_item(item, w->a->pool);
	if (ref.n == 0 || *ref.p != '#' || schema_target(w, ref, &to) != 1 ||
	    w->n_refs == SCHEMA_DEPTH || w->unfolded++ == SCHEMA_REFS ||
	    w->b->len - w->begin > SCHEMA_SIZE)
		return schema_refuse(w);
	for (unsigned i = 0; i < w->n_refs; i++)
		if (slice_eq(w->refs[i], ref))
			return schema_refuse(w);
	w->refs[w->n_refs++] = ref;
	done = schema_object(w, to, beside);
	w->n_refs--;
	return done;
}

static void
schema_type_word(struct schema_writer *w, const struct jscan_item *item)
{
	struct slice text = jstr_item(item, w->a->pool);
	char *upper = pool_alloc(w->a->pool, text.n + 1);

	for (size_t i = 0; i < text.n; i++)
		upper[i] = text.p[i] >= 'a' && text.p[i] <= 'z'
		               ? (char)(text.p[i] - 32)
		               : text.p[i];
	sbuf_add_json(w->b, (struct slice){ upper, text.n });
}

static bool
schema_is_null(const struct jscan_item *item)
{
	struct jscan_item type;

	if (item->type == JSCAN_OBJECT)
		return jscan_find(item->value, SLICE("type"), &type) == 1 &&
		       jstr_says(&type, SLICE("null"));
	return jstr_says(item, SLICE("null"));
}

/* Of an array: how many elements say null; *n_r others. */
static unsigned
schema_nulls(struct slice array, unsigned *n_r)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned nulls = 0;

	*n_r = 0;
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item))
		if (schema_is_null(&item))
			nulls++;
		else
			++*n_r;
	return nulls;
}

/* ["string","null"] is a nullable string; of several types each is a way. */
static void
schema_types(struct schema_writer *w, struct slice array)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned others, nulls = schema_nulls(array, &others);

	ask_name(w->b, others == 1 ? "type" : "anyOf");
	if (others != 1)
		sbuf_addc(w->b, '[');
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item)) {
		if (item.type != JSCAN_STRING || schema_is_null(&item))
			continue;
		if (others == 1) {
			schema_type_word(w, &item);
			break;
		}
		ask_comma(w->b);
		sbuf_adds(w->b, "{\"type\":");
		schema_type_word(w, &item);
		sbuf_addc(w->b, '}');
	}
	if (others != 1)
		sbuf_addc(w->b, ']');
	if (nulls > 0)
		ask_json(w->b, "nullable", SLICE("true"));
}

static int
schema_value(struct schema_writer *w, const struct jscan_item *item)
{
	int done = 0;

	if (item->type != JSCAN_OBJECT) {
		sbuf_add_slice(w->b, item->value);
		return 0;
	}
	if (w->depth == SCHEMA_DEPTH)
		return schema_refuse(w);
	w->depth++;
	sbuf_addc(w->b, '{');
	done = schema_object(w, item->value, SLICE(""));
	sbuf_addc(w->b, '}');
	w->depth--;
	return done;
}

static int
schema_any_of(struct schema_writer *w, struct slice array)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned others;

	if (schema_nulls(array, &others) > 0)
		ask_json(w->b, "nullable", SLICE("true"));
	ask_name(w->b, "anyOf");
	sbuf_addc(w->b, '[');
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item)) {
		if (schema_is_null(&item))
			continue;
		ask_comma(w->b);
		if (schema_value(w, &item) != 0)
			return -1;
	}
	sbuf_addc(w->b, ']');
	return 0;
}

static int
schema_properties(struct schema_writer *w, struct slice object)
{
	struct jscan_iter it;
	struct jscan_item item;

	ask_name(w->b, "properties");
	sbuf_addc(w->b, '{');
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		ask_comma(w->b);
		sbuf_addc(w->b, '"');
		sbuf_add_slice(w->b, item.name);
		sbuf_adds(w->b, "\":");
		if (schema_value(w, &item) != 0)
			return -1;
	}
	sbuf_addc(w->b, '}');
	return 0;
}

static int
schema_type(struct schema_writer *w, const struct jscan_item *item)
{
	if (item->type == JSCAN_ARRAY) {
		schema_types(w, item->value);
	} else if (item->type == JSCAN_STRING) {
		ask_name(w->b, "type");
		schema_type_word(w, item);
	}
	return 0;
}

static int
schema_member(struct schema_writer *w, const struct jscan_item *item)
{
	if (jstr_is(item, SLICE("type")))
		return schema_type(w, item);
	if (jstr_is(item, SLICE("const"))) {
		ask_name(w->b, "enum");
		sbuf_addc(w->b, '[');
		sbuf_add_slice(w->b, item->value);
		sbuf_addc(w->b, ']');
		return 0;
	}
	if (jstr_is(item, SLICE("properties")) && item->type == JSCAN_OBJECT)
		return schema_properties(w, item->value);
	if ((jstr_is(item, SLICE("anyOf")) || jstr_is(item, SLICE("oneOf"))) &&
	    item->type == JSCAN_ARRAY)
		return schema_any_of(w, item->value);
	ask_comma(w->b);
	sbuf_addc(w->b, '"');
	sbuf_add_slice(w->b, item->name);
	sbuf_adds(w->b, "\":");
	if (jstr_is(item, SLICE("items")))
		return schema_value(w, item);
	sbuf_add_slice(w->b, item->value);
	return 0;
}

/*
 * The members of a schema; of names that but (an object) has too, nothing:
 * what stands beside a reference wins over what it names.
 */
static int
schema_object(struct schema_writer *w, struct slice schema, struct slice but)
{
	struct jscan_iter it;
	struct jscan_item item, other;

	jscan_enter(&it, schema);
	while (jscan_member_next(&it, &item)) {
		if (jstr_is(&item, SLICE("$ref")) &&
		    schema_unfold(w, &item, schema) != 0)
			return -1;
		if (schema_is_removed(w, &item) ||
		    (but.n > 0 && jscan_find(but, item.name, &other) == 1))
			continue;
		if (schema_member(w, &item) != 0)
			return -1;
	}
	return 0;
}

int
gemini_schema(struct ask *a, struct slice schema, struct sbuf *b, struct err *e)
{
	struct schema_writer w = { .a = a,
		.b = b,
		.e = e,
		.root = schema,
		.begin = b->len };

	sbuf_addc(b, '{');
	if (schema_object(&w, schema, SLICE("")) != 0)
		return -1;
	sbuf_addc(b, '}');
	return w.removed ? ask_drop(a, SLICE("json_schema"), e) : 0;
}
