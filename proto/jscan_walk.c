#include "proto/jscan.h"

#include <assert.h>
#include <stdarg.h>

#include "proto/jscan_find.h"
#include "proto/jstr.h"

/*
 * Here the text is known to be JSON: each loop ends at a byte that must come,
 * and nothing but the vector loops needs to know where the text ends.
 */

/* Any other byte begins no value. */
const unsigned char jscan_types[128] = {
	['{'] = JSCAN_OBJECT,
	['['] = JSCAN_ARRAY,
	['"'] = JSCAN_STRING,
	['t'] = JSCAN_BOOL,
	['f'] = JSCAN_BOOL,
	['n'] = JSCAN_NULL,
	['-'] = JSCAN_NUMBER,
	['0'] = JSCAN_NUMBER,
	['1'] = JSCAN_NUMBER,
	['2'] = JSCAN_NUMBER,
	['3'] = JSCAN_NUMBER,
	['4'] = JSCAN_NUMBER,
	['5'] = JSCAN_NUMBER,
	['6'] = JSCAN_NUMBER,
	['7'] = JSCAN_NUMBER,
	['8'] = JSCAN_NUMBER,
	['9'] = JSCAN_NUMBER,
};

static inline const char *
jscan_walk_blanks(const char *p)
{
	while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
		p++;
	return p;
}

/* From anywhere in a string to behind its closing quote. */
static const char *
jscan_walk_rest(const char *p, const char *end, bool *escaped_r)
{
	for (;; p += 2) {
		p = jscan_find_quote(p, end);
		assert(p < end);
		if (*p == '"')
			return p + 1;
		*escaped_r = true;
	}
}

/* From an opening quote to behind the closing one. */
static inline const char *
jscan_walk_string(const char *p, const char *end, bool *escaped_r)
{
	int n = -1;

	*escaped_r = false;
	p++;
	if (end - p >= JSCAN_FIND_ROOM)
		n = jscan_find_checked_word(p);
	return n >= 0 ? p + n + 1 : jscan_walk_rest(p, end, escaped_r);
}

/* From an opening bracket to behind its match. */
static const char *
jscan_walk_container(const char *p, const char *end)
{
	unsigned depth = 0;
	bool escaped;

	for (;;) {
		p = jscan_find_bracket(p, end);
		assert(p < end);
		if (*p == '"') {
			p = jscan_walk_string(p, end, &escaped);
			continue;
		}
		if (*p == '[' || *p == '{')
			depth++;
		else
			depth--;
		p++;
		if (depth == 0)
			return p;
	}
}

static const char *
jscan_walk_scalar(const char *p, const char *end)
{
	while (p < end && *p != ',' && *p != ']' && *p != '}' &&
	       (unsigned char)*p > ' ')
		p++;
	return p;
}

static void
jscan_walk_value(struct jscan_iter *it, struct jscan_item *item_r)
{
	const char *at = it->p;

	item_r->escaped = false;
	item_r->type = jscan_type_of(*at);
	if (item_r->type == JSCAN_STRING)
		it->p = jscan_walk_string(at, it->end, &item_r->escaped);
	else if (item_r->type >= JSCAN_ARRAY)
		it->p = jscan_walk_container(at, it->end);
	else
		it->p = jscan_walk_scalar(at, it->end);
	item_r->value = (struct slice){ at, (size_t)(it->p - at) };
}

void
jscan_enter(struct jscan_iter *it, struct slice value)
{
	assert(value.n >= 2 && (*value.p == '{' || *value.p == '['));
	it->p = value.p + 1;
	it->end = value.p + value.n;
}

/* Move on to the next value; 0 at the closing bracket. */
static int
jscan_walk_next(struct jscan_iter *it)
{
	it->p = jscan_walk_blanks(it->p);
	if (*it->p == ',')
		it->p = jscan_walk_blanks(it->p + 1);
	return *it->p != '}' && *it->p != ']';
}

int
jscan_member_next(struct jscan_iter *it, struct jscan_item *item_r)
{
	const char *at;

	if (!jscan_walk_next(it))
		return 0;
	at = it->p;
	it->p = jscan_walk_string(at, it->end, &item_r->name_escaped);
	item_r->name = (struct slice){ at + 1, (size_t)(it->p - at) - 2 };
	it->p = jscan_walk_blanks(it->p);
	assert(*it->p == ':');
	it->p = jscan_walk_blanks(it->p + 1);
	jscan_walk_value(it, item_r);
	return 1;
}

int
jscan_element_next(struct jscan_iter *it, struct jscan_item *item_r)
{
	if (!jscan_walk_next(it))
		return 0;
	item_r->name = (struct slice){ NULL, 0 };
	item_r->name_escaped = false;
	jscan_walk_value(it, item_r);
	return 1;
}

unsigned
jscan_count(struct slice array)
{
	struct jscan_iter it;
	struct jscan_item item;
	unsigned n = 0;

	if (array.n == 0 || *array.p != '[')
		return 0;
	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item))
		n++;
	return n;
}

int
jscan_find(struct slice object, struct slice name, struct jscan_item *item_r)
{
	struct jscan_iter it;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, item_r))
		if (jstr_is(item_r, name))
			return 1;
	return 0;
}

int
jscan_dig(struct slice object, struct jscan_item *item_r, ...)
{
	const char *name;
	va_list names;
	int found = 1;

	*item_r = (struct jscan_item){ .value = object, .type = JSCAN_OBJECT };
	va_start(names, item_r);
	while (found && (name = va_arg(names, const char *)) != NULL)
		found = item_r->type == JSCAN_OBJECT &&
		        jscan_find(item_r->value, slice_str(name), item_r);
	va_end(names);
	return found;
}

const char *
jscan_type_name(const struct jscan_item *item)
{
	static const char *const names[] = { "null", "boolean", "number",
		"string", "array", "object" };

	if (item->type != JSCAN_NUMBER)
		return names[item->type];
	for (size_t i = 0; i < item->value.n; i++)
		if (strchr(".eE", item->value.p[i]) != NULL)
			return "number";
	return "integer";
}
