#include "proto/sse.h"

#include <string.h>

#include "base/err.h"

#define MARK_DONE 4

void
sse_init(struct sse *s)
{
	*s = (struct sse){ .at_line = true };
}

void
sse_fini(struct sse *s)
{
	sbuf_free(&s->held);
	sbuf_free(&s->joined);
}

/* Nothing of the last event is needed any more. */
static void
sse_forget(struct sse *s)
{
	sbuf_free(&s->held);
	sbuf_free(&s->joined);
	s->handed_out = false;
}

/* Drop a byte order mark at the start, which may come in pieces. */
static void
sse_skip_mark(struct sse *s, struct slice *in)
{
	static const char mark[] = "\xef\xbb\xbf";

	while (s->mark < 3 && in->n > 0 && in->p[0] == mark[s->mark]) {
		slice_take(in);
		s->mark++;
	}
	if (in->n == 0)
		return;
	/* It was none after all: its bytes belong to the first line. */
	if (s->mark > 0 && s->mark < 3) {
		sbuf_add(&s->held, mark, s->mark);
		s->at_line = false;
	}
	s->mark = MARK_DONE;
}

/* Where the line that begins at p ends; *lf caches the next '\n'. */
static const char *
sse_line_end(const char *p, const char *end, const char **lf)
{
	const char *stop, *cr;

	if (*lf == NULL || *lf < p) {
		*lf = memchr(p, '\n', (size_t)(end - p));
		if (*lf == NULL)
			*lf = end;
	}
	stop = *lf;
	cr = memchr(p, '\r', (size_t)(stop - p));
	return cr != NULL ? cr : stop;
}

/*
 * How many bytes of in belong to the block that is being read; *whole_r says
 * that an empty line ends it there.
 */
static size_t
sse_measure(struct sse *s, struct slice in, bool *whole_r)
{
	const char *p = in.p, *end = in.p + in.n, *lf = NULL, *stop;

	*whole_r = false;
	while (p < end) {
		if (s->after_cr && *p == '\n') {
			s->after_cr = false;
			p++;
			continue;
		}
		s->after_cr = false;
		stop = sse_line_end(p, end, &lf);
		if (stop == end) {
			s->at_line = false;
			return in.n;
		}
		*whole_r = s->at_line && stop == p;
		s->at_line = true;
		s->after_cr = *stop == '\r';
		p = stop + 1;
		if (*whole_r)
			break;
	}
	return (size_t)(p - in.p);
}

/* The next line of a block, without its end. */
static struct slice
sse_line(struct slice *block, const char **lf)
{
	const char *end = block->p + block->n;
	const char *stop = sse_line_end(block->p, end, lf);
	struct slice line = { block->p, (size_t)(stop - block->p) };

	if (stop < end && *stop == '\r' && stop + 1 < end && stop[1] == '\n')
		stop++;
	if (stop < end)
		stop++;
	*block = (struct slice){ stop, (size_t)(end - stop) };
	return line;
}

static struct slice
sse_value(struct slice line, size_t name)
{
	struct slice value = slice_skip(line, name);

	if (value.n > 0)
		value = slice_skip(value, 1);
	if (value.n > 0 && value.p[0] == ' ')
		value = slice_skip(value, 1);
	return value;
}

static bool
sse_is_field(struct slice line, struct slice name)
{
	return slice_starts(line, name) &&
	       (line.n == name.n || line.p[name.n] == ':');
}

static void
sse_add_data(struct sse *s, struct sse_event *ev, struct slice value, bool more)
{
	if (!more) {
		ev->data = value;
		return;
	}
	if (s->joined.len == 0)
		sbuf_add_slice(&s->joined, ev->data);
	sbuf_addc(&s->joined, '\n');
	sbuf_add_slice(&s->joined, value);
	ev->data = sbuf_slice(&s->joined);
}

static struct slice
sse_trim(struct slice s)
{
	while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
		s.n--;
	return s;
}

/* Read the fields of a whole block.  False when it has no data. */
static bool
sse_read_block(struct sse *s, struct slice block, struct sse_event *ev)
{
	struct slice left = block, line;
	const char *lf = NULL;
	unsigned fields = 0, lines = 0;

	*ev = (struct sse_event){ .raw = block, .name = SLICE("") };
	while (left.n > 0) {
		line = sse_line(&left, &lf);
		if (line.n == 0 || line.p[0] == ':')
			continue;
		if (fields++ == 0 && line.p[0] == '{') {
			ev->bare = true;
			ev->data = sse_trim((struct slice){ line.p,
			    (size_t)(block.p + block.n - line.p) });
			return true;
		}
		if (sse_is_field(line, SLICE("data")))
			sse_add_data(s, ev, sse_value(line, 4), lines++ > 0);
		else if (sse_is_field(line, SLICE("event")))
			ev->name = sse_value(line, 5);
	}
	ev->plain = lines == 1 && block.n == ev->data.n + 8 &&
	            slice_starts(block, SLICE("data: ")) &&
	            memcmp(block.p + block.n - 2, "\n\n", 2) == 0;
	return lines > 0;
}

/* The usual case at one glance: "data: …\n\n" whole in the input. */
static bool
sse_take_plain(struct slice *in, struct sse_event *ev)
{
	const char *lf;
	size_t line;

	if (in->n < 8 || memcmp(in->p, "data: ", 6) != 0)
		return false;
	lf = memchr(in->p, '\n', in->n - 1);
	if (lf == NULL || lf[1] != '\n')
		return false;
	line = (size_t)(lf - in->p);
	if (line + 2 > SSE_EVENT_MAX || memchr(in->p, '\r', line) != NULL)
		return false;
	*ev = (struct sse_event){ .raw = { in->p, line + 2 },
		.name = SLICE(""),
		.data = { in->p + 6, line - 6 },
		.plain = true,
		.borrowed = true };
	*in = slice_skip(*in, line + 2);
	return true;
}

static int
sse_too_long(struct err *e)
{
	return err_set(e, ERR_UPSTREAM_STREAM,
	    "sse: event of more than %d bytes", SSE_EVENT_MAX);
}

int
sse_next(struct sse *s, struct slice *in, struct sse_event *ev_r, struct err *e)
{
	struct slice block;
	size_t n;
	bool whole;

	if (s->handed_out)
		sse_forget(s);
	if (s->mark != MARK_DONE)
		sse_skip_mark(s, in);
	while (in->n > 0) {
		if (s->held.len == 0 && !s->after_cr && s->at_line &&
		    sse_take_plain(in, ev_r))
			return 1;
		if (s->held.len == 0 && s->after_cr && in->p[0] == '\n') {
			s->after_cr = false;
			slice_take(in);
			continue;
		}
		n = sse_measure(s, *in, &whole);
		if (s->held.len + n > SSE_EVENT_MAX)
			return sse_too_long(e);
		block = (struct slice){ in->p, n };
		*in = slice_skip(*in, n);
		if (s->held.len > 0 || !whole) {
			sbuf_add_slice(&s->held, block);
			block = sbuf_slice(&s->held);
		}
		if (!whole)
			return 0;
		if (sse_read_block(s, block, ev_r)) {
			ev_r->borrowed = s->held.len == 0 && s->joined.len == 0;
			s->handed_out = true;
			return 1;
		}
		sse_forget(s);
	}
	return 0;
}

int
sse_end(struct sse *s, struct sse_event *ev_r)
{
	if (s->handed_out)
		sse_forget(s);
	if (s->held.len == 0)
		return 0;
	s->handed_out = true;
	return sse_read_block(s, sbuf_slice(&s->held), ev_r);
}
