/* anthropic_strict - what a strict schema may hold: spec/providers.md 4.3. */
#include "dialect/anthropic_priv.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define STRICT_TOOLS_MAX 20
#define STRICT_OPTIONAL_MAX 24
#define STRICT_UNIONS_MAX 16
#define STRICT_REF_DEPTH 32 /* of references in each other */
#define STRICT_VISITS 8000  /* values looked at in all tools */

/* A walk that follows references, to see whether one leads to itself. */
struct strict_walk {
	struct slice root;
	unsigned *visits, depth;
};

static bool
strict_is_listed(struct slice object, const struct jscan_item *property)
{
	struct jscan_iter it;
	struct jscan_item list, name;

	if (jscan_find(object, SLICE("required"), &list) != 1 ||
	    list.type != JSCAN_ARRAY)
		return false;
	jscan_enter(&it, list.value);
	while (jscan_element_next(&it, &name))
		if (name.type == JSCAN_STRING &&
		    jstr_same(jscan_text(&name), property->name))
			return true;
	return false;
}

static unsigned
strict_optional(struct slice object)
{
	struct jscan_iter it;
	struct jscan_item properties, property;
	unsigned n = 0;

	if (jscan_find(object, SLICE("properties"), &properties) != 1 ||
	    properties.type != JSCAN_OBJECT)
		return 0;
	jscan_enter(&it, properties.value);
	while (n <= STRICT_OPTIONAL_MAX && jscan_member_next(&it, &property))
		n += !strict_is_listed(object, &property);
	return n;
}

/* "anyOf", "oneOf", and several types in one. */
static bool
strict_is_union(const struct jscan_item *member)
{
	return member->type == JSCAN_ARRAY &&
	       (jstr_is(member, SLICE("anyOf")) ||
		   jstr_is(member, SLICE("oneOf")) ||
		   jstr_is(member, SLICE("type")));
}

static void
strict_count(struct anthropic_strict *s, const struct jscan_item *value)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (value->type != JSCAN_OBJECT && value->type != JSCAN_ARRAY)
		return;
	jscan_enter(&it, value->value);
	if (value->type == JSCAN_ARRAY) {
		while (jscan_element_next(&it, &item))
			strict_count(s, &item);
		return;
	}
	s->optional += strict_optional(value->value);
	while (jscan_member_next(&it, &item)) {
		s->unions += strict_is_union(&item);
		strict_count(s, &item);
	}
}

/* What "#/$defs/name" names; false: it is not there. */
static bool
strict_resolve(struct slice root, struct slice ref, struct jscan_item *at)
{
	struct slice step;
	const char *end;

	*at = (struct jscan_item){ .type = JSCAN_OBJECT, .value = root };
	if (ref.n == 0 || *ref.p != '#')
		return false;
	ref = slice_skip(ref, 1);
	while (ref.n > 0) {
		if (*ref.p != '/')
			return false;
		ref = slice_skip(ref, 1);
		end = ref.n > 0 ? memchr(ref.p, '/', ref.n) : NULL;
		step = (struct slice){ ref.p,
			end != NULL ? (size_t)(end - ref.p) : ref.n };
		if (at->type != JSCAN_OBJECT ||
		    jscan_find(at->value, step, at) != 1)
			return false;
		ref = slice_skip(ref, step.n);
	}
	return true;
}

static bool strict_recurs(struct strict_walk *w, const struct jscan_item *v);

static bool
strict_ref_recurs(struct strict_walk *w, const struct jscan_item *ref)
{
	struct jscan_item at;
	bool recurs;

	if (!strict_resolve(w->root, jscan_text(ref), &at))
		return false;
	if (++w->depth > STRICT_REF_DEPTH)
		return true;
	recurs = strict_recurs(w, &at);
	w->depth--;
	return recurs;
}

/* A schema that is too large to be looked through counts as recursive. */
static bool
strict_recurs(struct strict_walk *w, const struct jscan_item *v)
{
	struct jscan_iter it;
	struct jscan_item item;
	bool object = v->type == JSCAN_OBJECT;

	if (!object && v->type != JSCAN_ARRAY)
		return false;
	jscan_enter(&it, v->value);
	while (object ? jscan_member_next(&it, &item)
		      : jscan_element_next(&it, &item)) {
		if (++*w->visits > STRICT_VISITS)
			return true;
		if (object && item.type == JSCAN_STRING &&
		    jstr_is(&item, SLICE("$ref"))) {
			if (strict_ref_recurs(w, &item))
				return true;
		} else if (strict_recurs(w, &item)) {
			return true;
		}
	}
	return false;
}

bool
anthropic_is_strict(struct anthropic_strict *s, struct slice schema)
{
	struct jscan_item root = { .type = JSCAN_OBJECT, .value = schema };
	struct strict_walk w = { .root = schema, .visits = &s->visits };
	struct anthropic_strict with;
	struct jscan_item type;

	if (schema.n > 0) {
		if (jscan_find(schema, SLICE("type"), &type) == 1 &&
		    !jstr_says(&type, SLICE("object")))
			return false;
		if (strict_recurs(&w, &root))
			return false;
	}
	with = *s;
	with.tools++;
	if (schema.n > 0)
		strict_count(&with, &root);
	if (with.tools > STRICT_TOOLS_MAX ||
	    with.optional > STRICT_OPTIONAL_MAX ||
	    with.unions > STRICT_UNIONS_MAX)
		return false;
	*s = with;
	return true;
}
