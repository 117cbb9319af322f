#include "proto/canon.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/canon_priv.h"
#include "proto/jscan_find.h"
#include "proto/jstr.h"

#define FEW 32 /* members that need no memory, and sort by insertion */

/* A member of an open object; those of all open objects form a stack. */
struct canon_member {
	const char *name; /* NULL: at from of names */
	size_t name_len, name_at;
	size_t from, to; /* as it was written, in the buffer */
};

struct canon {
	struct canon_out out;
	struct canon_member *members;
	size_t n, cap;
	struct sbuf names; /* of members whose names have escapes */
	struct canon_member few[FEW];
};

static const char *canon_value(struct canon *c, const char *p, const char *end);

static void
canon_start(struct canon *c, struct sbuf *b, size_t n)
{
	sbuf_reserve(b, n + 2 * CANON_ROOM);
	c->out =
	    (struct canon_out){ b->data + b->len, b->data + b->cap - 1, b };
	c->members = c->few;
	c->n = 0;
	c->cap = FEW;
	c->names = (struct sbuf){ 0 };
}

static size_t
canon_at(const struct canon *c)
{
	return (size_t)(c->out.p - c->out.b->data);
}

static void
canon_end(struct canon *c)
{
	c->out.b->len = canon_at(c);
	*c->out.p = '\0';
	if (c->members != c->few)
		free(c->members);
	sbuf_free(&c->names);
}

char *
canon_grow(struct canon_out *out, char *p, size_t n)
{
	struct sbuf *b = out->b;

	b->len = (size_t)(p - b->data);
	sbuf_reserve(b, n);
	out->limit = b->data + b->cap - 1;
	return b->data + b->len;
}

/* Room for n bytes. */
static char *
canon_space(struct canon_out *out, size_t n)
{
	if ((size_t)(out->limit - out->p) < n)
		out->p = canon_grow(out, out->p, n);
	return out->p;
}

void
canon_copy(struct canon_out *out, const char *p, size_t n)
{
	memcpy(canon_space(out, n), p, n);
	out->p += n;
}

static inline void
canon_byte(struct canon *c, char byte)
{
	c->out.p = canon_room(&c->out, c->out.p);
	*c->out.p++ = byte;
}

static inline const char *
canon_blanks(const char *p)
{
	while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
		p++;
	return p;
}

static struct slice
canon_name(const struct canon *c, const struct canon_member *m)
{
	return (struct slice){ m->name != NULL ? m->name
					       : c->names.data + m->name_at,
		m->name_len };
}

static int
canon_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = 0;

	if (n > 0)
		order = *a.p != *b.p ? (unsigned char)*a.p - (unsigned char)*b.p
		                     : memcmp(a.p, b.p, n);
	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Twins stay as they came: what was written first lies first. */
static int
canon_compare(const void *va, const void *vb, void *arg)
{
	const struct canon_member *a = va, *b = vb;
	int order = canon_order(canon_name(arg, a), canon_name(arg, b));

	return order != 0 ? order : (a->from > b->from) - (a->from < b->from);
}

static void
canon_sort(struct canon *c, struct canon_member *m, size_t n)
{
	struct canon_member held;
	size_t i, j;

	if (n > FEW) {
		qsort_r(m, n, sizeof *m, canon_compare, c);
		return;
	}
	for (i = 1; i < n; i++) {
		held = m[i];
		for (j = i; j > 0 && canon_compare(&m[j - 1], &held, c) > 0;
		     j--)
			m[j] = m[j - 1];
		m[j] = held;
	}
}

/*
 * Put what was written since from into order: a sorted copy is made behind
 * it and moved back.
 */
static void
canon_arrange(struct canon *c, size_t from, size_t base)
{
	size_t len = canon_at(c) - from, i, n;
	char *text, *to;

	canon_sort(c, c->members + base, c->n - base);
	to = canon_space(&c->out, len + 1);
	text = c->out.b->data;
	for (i = base; i < c->n; i++) {
		n = c->members[i].to - c->members[i].from;
		memcpy(to, text + c->members[i].from, n);
		to += n;
		*to++ = ',';
	}
	memcpy(text + from, c->out.p, len);
}

static void
canon_decode_name(struct canon *c, struct canon_member *m)
{
	m->name_at = c->names.len;
	jstr_add(&c->names, (struct slice){ m->name, m->name_len });
	m->name_len = c->names.len - m->name_at;
	m->name = NULL;
}

/* Write a name; what is needed to sort by it goes into m. */
static const char *
canon_member_name(struct canon *c, struct canon_member *m, const char *p,
    const char *end)
{
	const char *at = p + 1;
	int n = -1;

	m->name = at;
	if (end - at >= JSCAN_FIND_ROOM)
		n = jscan_find_checked_word(at);
	if (n >= 0) {
		m->name_len = (size_t)n;
		c->out.p = canon_room(&c->out, c->out.p);
		memcpy(c->out.p, p, JSCAN_FIND_ROOM);
		c->out.p[n + 1] = '"';
		c->out.p += n + 2;
		return at + n + 1;
	}
	p = canon_string(&c->out, p, end);
	m->name_len = (size_t)(p - at) - 1;
	if (memchr(at, '\\', m->name_len) != NULL)
		canon_decode_name(c, m);
	return p;
}

static struct canon_member *
canon_push(struct canon *c)
{
	if (c->n == c->cap) {
		struct canon_member *more =
		    xcalloc(2 * c->cap, sizeof *c->members);

		memcpy(more, c->members, c->n * sizeof *more);
		if (c->members != c->few)
			free(c->members);
		c->members = more;
		c->cap *= 2;
	}
	return &c->members[c->n++];
}

/* True when the last member belongs before the one ahead of it. */
static bool
canon_steps_back(const struct canon *c, size_t base)
{
	const struct canon_member *last = &c->members[c->n - 1];

	return c->n > base + 1 &&
	       canon_order(canon_name(c, last - 1), canon_name(c, last)) > 0;
}

static const char *
canon_member(struct canon *c, const char *p, const char *end, size_t base,
    bool *unsorted)
{
	struct canon_member *m = canon_push(c);
	size_t at = c->n - 1;

	m->from = canon_at(c);
	p = canon_blanks(canon_member_name(c, m, p, end));
	assert(*p == ':');
	*unsorted |= canon_steps_back(c, base);
	canon_byte(c, ':');
	p = canon_value(c, canon_blanks(p + 1), end);
	c->members[at].to = canon_at(c);
	return p;
}

static const char *
canon_object(struct canon *c, const char *p, const char *end)
{
	size_t base = c->n, names = c->names.len, from;
	bool unsorted = false;

	canon_byte(c, '{');
	from = canon_at(c);
	for (p = canon_blanks(p + 1); *p != '}'; p = canon_blanks(p)) {
		if (*p == ',') {
			canon_byte(c, ',');
			p = canon_blanks(p + 1);
		}
		p = canon_member(c, p, end, base, &unsorted);
	}
	if (unsorted)
		canon_arrange(c, from, base);
	canon_byte(c, '}');
	c->n = base;
	c->names.len = names;
	return p + 1;
}

static const char *
canon_array(struct canon *c, const char *p, const char *end)
{
	canon_byte(c, '[');
	for (p = canon_blanks(p + 1); *p != ']'; p = canon_blanks(p)) {
		if (*p == ',') {
			canon_byte(c, ',');
			p = canon_blanks(p + 1);
		}
		p = canon_value(c, p, end);
	}
	canon_byte(c, ']');
	return p + 1;
}

static const char *
canon_word(struct canon *c, const char *p)
{
	size_t n = *p == 'f' ? 5 : 4;

	canon_copy(&c->out, p, n);
	return p + n;
}

/* Recursion ends: jscan lets no more than JSCAN_DEPTH levels pass. */
static const char *
canon_value(struct canon *c, const char *p, const char *end)
{
	switch (jscan_type_of(*p)) {
	case JSCAN_NUMBER:
		return canon_number(&c->out, p, end);
	case JSCAN_STRING:
		return canon_string(&c->out, p, end);
	case JSCAN_ARRAY:
		return canon_array(c, p, end);
	case JSCAN_OBJECT:
		return canon_object(c, p, end);
	default:
		return canon_word(c, p);
	}
}

void
canon_write(struct sbuf *b, struct slice json)
{
	struct canon c;

	canon_start(&c, b, json.n);
	canon_value(&c, canon_blanks(json.p), json.p + json.n);
	canon_end(&c);
}

static void
canon_item(struct canon *c, const struct jscan_item *item)
{
	const char *name = item->name.p;
	size_t n = item->name.n;

	if (item->name_escaped) {
		canon_string(&c->out, name - 1, name + n + 1);
	} else {
		canon_byte(c, '"');
		canon_copy(&c->out, name, n);
		canon_byte(c, '"');
	}
	canon_byte(c, ':');
	canon_value(c, item->value.p, item->value.p + item->value.n);
}

/* Here from tells the place in items, and thus which of two came first. */
static void
canon_sort_items(struct canon *c, const struct jscan_item *items, size_t n)
{
	struct canon_member *m;

	for (size_t i = 0; i < n; i++) {
		m = canon_push(c);
		*m = (struct canon_member){ .name = items[i].name.p,
			.name_len = items[i].name.n,
			.from = i };
		if (items[i].name_escaped)
			canon_decode_name(c, m);
	}
	canon_sort(c, c->members, n);
}

void
canon_write_members(struct sbuf *b, const struct jscan_item *items, size_t n)
{
	struct canon c;
	size_t len = 0, i;

	for (i = 0; i < n; i++)
		len += items[i].name.n + items[i].value.n + 4;
	canon_start(&c, b, len);
	canon_sort_items(&c, items, n);
	canon_byte(&c, '{');
	for (i = 0; i < n; i++) {
		if (i > 0 && slice_eq(canon_name(&c, &c.members[i - 1]),
				 canon_name(&c, &c.members[i])))
			continue;
		if (i > 0)
			canon_byte(&c, ',');
		canon_item(&c, &items[c.members[i].from]);
	}
	canon_byte(&c, '}');
	canon_end(&c);
}
