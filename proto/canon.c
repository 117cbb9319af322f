#include "proto/canon.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/canon_priv.h"
#include "proto/jscan_find.h"
#include "proto/jstr.h"
#include "proto/record.h"

#define FEW 32 /* members that need no memory, and sort by insertion */

/* A member of an open object; those of all open objects form a stack. */
struct canon_member {
	const char *name; /* NULL: at from of names */
	size_t name_len, name_at;
	size_t from, to; /* as it was written, in the buffer */
};

/*
 * Objects of an array are much alike: {"role": "user", "content": "..."}.
 * Where the first member belongs behind the second, and the second is a
 * string, all but that string follows from the bytes ahead of it.
 */
#define FRAME_BEFORE 32
#define FRAME_BEHIND 64

struct canon_frame {
	struct slice head; /* from the brace to the quote that opens it */
	size_t before_n, behind_n;
	char before[FRAME_BEFORE], behind[FRAME_BEHIND]; /* as written */
};

struct canon {
	struct canon_out out;
	struct canon_member *members;
	size_t n, cap;
	struct sbuf names;   /* of members whose names have escapes */
	unsigned last_frame; /* the one met last */
	bool secret;         /* a credential was named */
	struct canon_frame frames[2];
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
	c->last_frame = 0;
	c->secret = false;
	c->frames[0].head.n = c->frames[1].head.n = 0;
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

/* Between tokens that have passed the scan all these bytes are blanks. */
static inline const char *
canon_blanks(const char *p)
{
	while ((unsigned char)*p <= ' ')
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

/*
 * A member whose name and value are short strings without escapes waits, as
 * the "role" ahead of the "content", for those that belong before it: what
 * need not be moved when it is written costs less.
 */
struct canon_held {
	struct slice name, value; /* name.p NULL: none */
};

/* An object that is being written. */
struct canon_object {
	size_t base; /* where its members begin on the stack */
	bool unsorted;
	struct canon_held held;
	const char *value; /* of the last member that did not wait */
	size_t value_at;   /* where it was written */
};

static struct canon_member *
canon_push(struct canon *c)
{
	struct canon_member *more;

	if (c->n == c->cap) {
		more = xcalloc(2 * c->cap, sizeof *more);
		memcpy(more, c->members, c->n * sizeof *more);
		if (c->members != c->few)
			free(c->members);
		c->members = more;
		c->cap *= 2;
	}
	return &c->members[c->n++];
}

static inline void
canon_note_name(struct canon *c, struct slice name)
{
	if (record_is_credential(name))
		c->secret = true;
}

/* The next member begins here in the buffer. */
static struct canon_member *
canon_begin(struct canon *c, const struct canon_object *o, struct slice name)
{
	struct canon_member *m;

	if (c->n > o->base)
		canon_byte(c, ',');
	m = canon_push(c);
	m->name = name.p;
	m->name_len = name.n;
	m->from = canon_at(c);
	canon_note_name(c, name);
	return m;
}

/* The last member belongs before the one ahead of it? */
static inline void
canon_notice(const struct canon *c, struct canon_object *o)
{
	const struct canon_member *last = &c->members[c->n - 1];

	if (c->n > o->base + 1 &&
	    canon_order(canon_name(c, last - 1), canon_name(c, last)) > 0)
		o->unsorted = true;
}

/* A short string, quotes included; it is read as far as one look goes. */
static inline char *
canon_short_string(char *out, struct slice text)
{
	memcpy(out, text.p - 1, JSCAN_FIND_ROOM);
	out[text.n + 1] = '"';
	return out + text.n + 2;
}

static void
canon_write_held(struct canon *c, struct canon_object *o,
    const struct canon_held *held)
{
	struct canon_member *m = canon_begin(c, o, held->name);
	char *out = canon_room(&c->out, c->out.p);

	canon_notice(c, o);
	out = canon_short_string(out, held->name);
	*out++ = ':';
	c->out.p = canon_short_string(out, held->value);
	m->to = canon_at(c);
}

static void
canon_let_go(struct canon *c, struct canon_object *o)
{
	if (o->held.name.p != NULL)
		canon_write_held(c, o, &o->held);
	o->held.name.p = NULL;
}

/* The text of a short string without escapes at p. */
static inline bool
canon_is_word(const char *p, const char *end, struct slice *text_r)
{
	int n = -1;

	if (*p == '"' && end - p > JSCAN_FIND_ROOM)
		n = jscan_find_checked_word(p + 1);
	*text_r = (struct slice){ p + 1, (size_t)n };
	return n >= 0;
}

static inline const char *
canon_behind(struct slice text)
{
	return text.p + text.n + 1;
}

/* From behind a name to its value. */
static inline const char *
canon_colon(const char *p)
{
	p = canon_blanks(p);
	assert(*p == ':');
	return canon_blanks(p + 1);
}

static const char *
canon_long_name(struct canon *c, struct canon_object *o, const char *p,
    const char *end)
{
	struct canon_member *m;

	canon_let_go(c, o);
	m = canon_begin(c, o, (struct slice){ p + 1, 0 });
	p = canon_string(&c->out, p, end);
	m->name_len = (size_t)(p - m->name) - 1;
	if (memchr(m->name, '\\', m->name_len) != NULL)
		canon_decode_name(c, m);
	canon_note_name(c, canon_name(c, m));
	return p;
}

static const char *
canon_member(struct canon *c, struct canon_object *o, const char *p,
    const char *end)
{
	struct canon_held it;
	bool first;
	size_t at;

	if (!canon_is_word(p, end, &it.name)) {
		p = canon_colon(canon_long_name(c, o, p, end));
	} else {
		first = o->held.name.p != NULL &&
		        canon_order(o->held.name, it.name) > 0;
		p = canon_colon(canon_behind(it.name));
		if (!first)
			canon_let_go(c, o);
		if (!first && canon_is_word(p, end, &it.value)) {
			o->held = it;
			return canon_behind(it.value);
		}
		canon_begin(c, o, it.name);
		c->out.p =
		    canon_short_string(canon_room(&c->out, c->out.p), it.name);
	}
	canon_notice(c, o);
	at = c->n - 1;
	canon_byte(c, ':');
	o->value = p;
	o->value_at = canon_at(c);
	p = canon_value(c, p, end);
	c->members[at].to = canon_at(c);
	return p;
}

static struct canon_frame *
canon_frame_of(struct canon *c, struct slice rest)
{
	for (unsigned i = 0; i < 2; i++) {
		struct canon_frame *f = &c->frames[c->last_frame ^= 1];

		if (f->head.n > 0 && slice_starts(rest, f->head))
			return f;
	}
	return NULL;
}

/* What is said is often short: one look does. */
static inline const char *
canon_any_string(struct canon *c, const char *p, const char *end)
{
	struct slice text;

	if (!canon_is_word(p, end, &text))
		return canon_string(&c->out, p, end);
	c->out.p = canon_short_string(canon_room(&c->out, c->out.p), text);
	return canon_behind(text);
}

/* NULL when more than the string follows the head: nothing is written then. */
static const char *
canon_framed(struct canon *c, const struct canon_frame *f, const char *p,
    const char *end)
{
	size_t from = canon_at(c);
	char *out = canon_room(&c->out, c->out.p);

	memcpy(out, f->before, FRAME_BEFORE);
	c->out.p = out + f->before_n;
	p = canon_blanks(canon_any_string(c, p + f->head.n - 1, end));
	if (*p != '}') {
		c->out.p = c->out.b->data + from;
		return NULL;
	}
	out = canon_room(&c->out, c->out.p);
	memcpy(out, f->behind, FRAME_BEHIND);
	c->out.p = out + f->behind_n;
	return p + 1;
}

/* Of the object at p, written from there to the end of the buffer. */
static void
canon_frame_keep(struct canon *c, const struct canon_object *o, const char *p,
    size_t from)
{
	const char *text = c->out.b->data;
	size_t behind = c->members[o->base].to;
	struct canon_frame *f;

	if (o->value_at - from > FRAME_BEFORE ||
	    canon_at(c) - behind > FRAME_BEHIND)
		return;
	f = &c->frames[c->last_frame ^= 1];
	f->head = (struct slice){ p, (size_t)(o->value + 1 - p) };
	f->before_n = o->value_at - from;
	f->behind_n = canon_at(c) - behind;
	memcpy(f->before, text + from, f->before_n);
	memcpy(f->behind, text + behind, f->behind_n);
}

/* One member that was written, a string, and behind it one that waited. */
static inline bool
canon_is_frame(const struct canon *c, const struct canon_object *o)
{
	return o->held.name.p != NULL && c->n == o->base + 1 &&
	       o->value > o->held.name.p && *o->value == '"';
}

static const char *
canon_object(struct canon *c, const char *p, const char *end)
{
	struct canon_object o = { .base = c->n };
	size_t names = c->names.len, from;
	const char *at = p;
	bool frame;

	canon_byte(c, '{');
	from = canon_at(c);
	for (p = canon_blanks(p + 1); *p != '}'; p = canon_blanks(p)) {
		if (*p == ',')
			p = canon_blanks(p + 1);
		p = canon_member(c, &o, p, end);
	}
	frame = canon_is_frame(c, &o);
	canon_let_go(c, &o);
	if (o.unsorted)
		canon_arrange(c, from, o.base);
	canon_byte(c, '}');
	if (frame)
		canon_frame_keep(c, &o, at, from - 1);
	c->n = o.base;
	c->names.len = names;
	return p + 1;
}

static const char *
canon_element(struct canon *c, const char *p, const char *end)
{
	const struct canon_frame *f = NULL;
	const char *behind = NULL;

	if (*p == '{')
		f = canon_frame_of(c, (struct slice){ p, (size_t)(end - p) });
	if (f != NULL)
		behind = canon_framed(c, f, p, end);
	return behind != NULL ? behind : canon_value(c, p, end);
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
		p = canon_element(c, p, end);
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
		canon_note_name(c, canon_name(c, m));
	}
	canon_sort(c, c->members, n);
}

bool
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
	return c.secret;
}
