#include "dialect/frames.h"

#include "base/err.h"
#include "dialect/dialect.h"

void
frames_init(struct frames *f, enum dialect_frames how)
{
	memset(f, 0, sizeof *f);
	f->how = how;
	sse_init(&f->sse);
}

void
frames_fini(struct frames *f)
{
	sse_fini(&f->sse);
	sbuf_free(&f->held);
}

static void
frames_take_sse(const struct sse_event *sse, struct dialect_event *ev_r)
{
	*ev_r = (struct dialect_event){ .name = sse->name,
		.data = sse->data,
		.raw = sse->raw };
}

static int
frames_next_sse(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e)
{
	struct sse_event sse;
	int got = sse_next(&f->sse, in, &sse, e);

	if (got == 1)
		frames_take_sse(&sse, ev_r);
	return got;
}

/* A line without its end, which may have been of two bytes. */
static void
frames_take_line(struct slice line, struct dialect_event *ev_r)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	*ev_r = (struct dialect_event){ .data = line, .raw = line };
}

static int
frames_next_line(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e)
{
	const char *end = in->n > 0 ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - in->p) : in->n;

	if (f->handed_out)
		sbuf_clear(&f->held);
	f->handed_out = false;
	if (f->held.len + n > SSE_EVENT_MAX)
		return err_set(e, ERR_UPSTREAM_STREAM, "line too long");
	if (end == NULL || f->held.len > 0)
		sbuf_add(&f->held, in->p, n);
	if (end == NULL) {
		*in = slice_skip(*in, n);
		return 0;
	}
	f->handed_out = f->held.len > 0;
	frames_take_line(f->handed_out ? sbuf_slice(&f->held)
				       : (struct slice){ in->p, n },
	    ev_r);
	*in = slice_skip(*in, n + 1);
	return 1;
}

int
frames_next(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e)
{
	static int (*const next[])(struct frames *, struct slice *,
	    struct dialect_event *, struct err *) = {
		[FRAMES_SSE] = frames_next_sse,
		[FRAMES_LINES] = frames_next_line,
	};

	return next[f->how](f, in, ev_r, e);
}

int
frames_end(struct frames *f, struct dialect_event *ev_r)
{
	struct sse_event sse;

	if (f->how == FRAMES_SSE) {
		if (sse_end(&f->sse, &sse) != 1)
			return 0;
		frames_take_sse(&sse, ev_r);
		return 1;
	}
	if (f->how != FRAMES_LINES || f->handed_out || f->held.len == 0)
		return 0;
	f->handed_out = true;
	frames_take_line(sbuf_slice(&f->held), ev_r);
	return 1;
}
