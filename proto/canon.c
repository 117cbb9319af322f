#include "proto/canon.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: doubles count by ones below */

/* A member on its way to its place; members of open objects form a stack. */
struct canon_member {
	struct slice name; /* as text; p NULL: len bytes of names at off */
	size_t off;
	size_t order; /* in the text, to keep twins as they came */
	struct jscan_item item;
};

struct canon {
	struct sbuf *out;
	const struct canon_rule *rules;
	size_t nrules;
	struct canon_member *members;
	size_t n, cap;
	struct sbuf names; /* of members whose names have escapes */
	struct sbuf text;  /* of a string that has escapes */
};

static void canon_value(struct canon *c, const struct jscan_item *item,
    bool top);

static void
canon_text(struct sbuf *b, struct slice text)
{
	const char *p = text.p, *end = p + text.n, *from = p;
	unsigned char byte;

	sbuf_addc(b, '"');
	for (; p < end; p++) {
		byte = (unsigned char)*p;
		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		sbuf_add(b, from, (size_t)(p - from));
		from = p + 1;
		if (byte < 0x20)
			sbuf_addf(b, "\\u%04x", byte);
		else
			sbuf_addf(b, "\\%c", byte);
	}
	sbuf_add(b, from, (size_t)(p - from));
	sbuf_addc(b, '"');
}

static void
canon_string(struct canon *c, const struct jscan_item *item)
{
	/* Without escapes the spelling is the shortest there is. */
	if (!item->escaped) {
		sbuf_add_slice(c->out, item->value);
		return;
	}
	sbuf_clear(&c->text);
	jstr_add(&c->text, jscan_text(item));
	canon_text(c->out, sbuf_slice(&c->text));
}

void
canon_number(struct sbuf *b, struct slice number)
{
	char text[512], out[64];
	double value;
	int digits = 1;

	if (jnum_is_plain(number)) {
		sbuf_add_slice(b,
		    slice_eq(number, SLICE("-0")) ? SLICE("0") : number);
		return;
	}
	if (number.n >= sizeof text) {
		sbuf_add_slice(b, number);
		return;
	}
	memcpy(text, number.p, number.n);
	text[number.n] = '\0';
	value = strtod(text, NULL);
	if (isinf(value)) {
		sbuf_add_slice(b, number);
	} else if (fabs(value) < EXACT_MAX && trunc(value) == value) {
		sbuf_addf(b, "%lld", (long long)value);
	} else {
		do
			snprintf(out, sizeof out, "%.*g", digits, value);
		while (strtod(out, NULL) != value && digits++ < 17);
		sbuf_adds(b, out);
	}
}

static struct slice
canon_name(const struct canon *c, const struct canon_member *m)
{
	if (m->name.p != NULL)
		return m->name;
	return (struct slice){ c->names.data + m->off, m->name.n };
}

static int
canon_compare(const void *va, const void *vb, void *arg)
{
	const struct canon_member *a = va, *b = vb;
	struct slice na = canon_name(arg, a), nb = canon_name(arg, b);
	int order = memcmp(na.p, nb.p, na.n < nb.n ? na.n : nb.n);

	if (order == 0)
		order = (na.n > nb.n) - (na.n < nb.n);
	return order != 0 ? order
	                  : (a->order > b->order) - (a->order < b->order);
}

/* Apply the rules.  False when the member is left out. */
static bool
canon_rename(const struct canon *c, struct canon_member *m)
{
	struct slice name = canon_name(c, m);
	size_t i;

	for (i = 0; i < c->nrules; i++) {
		if (!slice_eq(name, c->rules[i].name))
			continue;
		m->name = c->rules[i].as;
		return m->name.n > 0;
	}
	return true;
}

static void
canon_push(struct canon *c, const struct jscan_item *item, size_t order,
    bool top)
{
	struct canon_member m = { .name = item->name,
		.order = order,
		.item = *item };

	if (item->name_escaped) {
		m.off = c->names.len;
		jstr_add(&c->names, item->name);
		m.name = (struct slice){ NULL, c->names.len - m.off };
	}
	if (top && !canon_rename(c, &m))
		return;
	if (c->n == c->cap) {
		c->cap = c->cap > 0 ? 2 * c->cap : 64;
		c->members = xrealloc(c->members, c->cap * sizeof *c->members);
	}
	c->members[c->n++] = m;
}

static void
canon_member(struct canon *c, size_t at, bool first)
{
	struct jscan_item item = c->members[at].item;

	if (!first)
		sbuf_addc(c->out, ',');
	canon_text(c->out, canon_name(c, &c->members[at]));
	sbuf_addc(c->out, ':');
	canon_value(c, &item, false);
}

static void
canon_object(struct canon *c, const struct jscan_item *object, bool top)
{
	size_t base = c->n, names = c->names.len, i, order = 0;
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, object->value);
	while (jscan_member_next(&it, &item) == 1)
		canon_push(c, &item, order++, top);
	if (c->n > base)
		qsort_r(c->members + base, c->n - base, sizeof *c->members,
		    canon_compare, c);
	sbuf_addc(c->out, '{');
	for (i = base; i < c->n; i++) {
		if (top && i > base &&
		    slice_eq(canon_name(c, &c->members[i - 1]),
			canon_name(c, &c->members[i])))
			continue;
		canon_member(c, i, i == base);
	}
	sbuf_addc(c->out, '}');
	c->n = base;
	c->names.len = names;
}

static void
canon_array(struct canon *c, const struct jscan_item *array)
{
	struct jscan_iter it;
	struct jscan_item item;
	bool first = true;

	sbuf_addc(c->out, '[');
	jscan_enter(&it, array->value);
	while (jscan_element_next(&it, &item) == 1) {
		if (!first)
			sbuf_addc(c->out, ',');
		first = false;
		canon_value(c, &item, false);
	}
	sbuf_addc(c->out, ']');
}

/* Recursion ends: jscan lets no more than JSCAN_DEPTH levels pass. */
static void
canon_value(struct canon *c, const struct jscan_item *item, bool top)
{
	switch (item->type) {
	case JSCAN_NULL:
	case JSCAN_BOOL:
		sbuf_add_slice(c->out, item->value);
		break;
	case JSCAN_NUMBER:
		canon_number(c->out, item->value);
		break;
	case JSCAN_STRING:
		canon_string(c, item);
		break;
	case JSCAN_ARRAY:
		canon_array(c, item);
		break;
	case JSCAN_OBJECT:
		canon_object(c, item, top);
		break;
	}
}

int
canon_write(struct sbuf *b, struct slice json, const struct canon_rule *rules,
    size_t nrules, struct err *e)
{
	struct canon c = { .out = b, .rules = rules, .nrules = nrules };
	struct jscan_item item;

	if (jscan_value(json, &item, e) == -1)
		return -1;
	sbuf_reserve(b, json.n);
	canon_value(&c, &item, true);
	free(c.members);
	sbuf_free(&c.names);
	sbuf_free(&c.text);
	return 0;
}
