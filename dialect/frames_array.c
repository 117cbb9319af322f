/*
 * frames_array - a stream that is one JSON array: [{...},\r\n{...}].
 *
 * Where an element ends is all that is looked for; whether it is JSON, the
 * caller finds out.
 */
#include "base/err.h"
#include "dialect/dialect.h"

/* Whether this byte of an element is its last. */
static bool
array_step(struct frames_array *a, char c)
{
	if (a->escaped) {
		a->escaped = false;
	} else if (a->in_text) {
		a->escaped = c == '\\';
		a->in_text = c != '"';
	} else if (c == '"') {
		a->in_text = true;
	} else if (c == '{' || c == '[') {
		a->depth++;
	} else if (c == '}' || c == ']') {
		return --a->depth == 0;
	}
	return false;
}

/* Drop what stands between elements.  1 at one, 0 at the end, or -1. */
static int
array_seek(struct slice *in, struct err *e)
{
	static const char between[] = " \t\r\n,[]";

	while (in->n > 0) {
		if (*in->p == '{')
			return 1;
		if (memchr(between, *in->p, sizeof between - 1) == NULL)
			return err_set(e, ERR_UPSTREAM_STREAM,
			    "stream is no array of objects");
		slice_take(in);
	}
	return 0;
}

int
frames_next_element(struct frames *f, struct slice *in,
    struct dialect_event *ev_r, struct err *e)
{
	struct slice element;
	bool whole = false;
	size_t n = 0;
	int at = 1;

	if (f->handed_out)
		sbuf_clear(&f->held);
	f->handed_out = false;
	if (f->array.depth == 0)
		at = array_seek(in, e);
	if (at != 1)
		return at;
	while (n < in->n && !whole)
		whole = array_step(&f->array, in->p[n++]);
	if (f->held.len + n > SSE_EVENT_MAX)
		return err_set(e, ERR_UPSTREAM_STREAM, "element too long");
	element = (struct slice){ in->p, n };
	*in = slice_skip(*in, n);
	if (f->held.len > 0 || !whole) {
		sbuf_add_slice(&f->held, element);
		element = sbuf_slice(&f->held);
	}
	if (!whole)
		return 0;
	f->handed_out = f->held.len > 0;
	*ev_r = (struct dialect_event){ .data = element, .raw = element };
	return 1;
}
