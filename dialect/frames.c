#include "dialect/frames.h"

#include "base/err.h"
#include "dialect/aws_frame.h"
#include "dialect/dialect.h"
#include "proto/jscan.h"

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
	sbuf_free(&f->made);
}

static void
frames_take_sse(const struct sse_event *sse, struct dialect_event *ev_r)
{
	*ev_r = (struct dialect_event){ .name = sse->name,
		.data = sse->data,
		.raw = sse->raw };
}

/* No event begins with a bracket. */
static bool
frames_is_array(struct frames *f, struct slice in)
{
	if (!f->begun && in.n > 0) {
		f->begun = true;
		f->array.is = *in.p == '[';
	}
	return f->array.is;
}

static int
frames_next_sse(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e)
{
	struct sse_event sse;
	int got;

	if (frames_is_array(f, *in))
		return frames_next_element(f, in, ev_r, e);
	got = sse_next(&f->sse, in, &sse, e);
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

/* An exception is told as JSON, whatever its payload is. */
static struct slice
frames_exception(struct frames *f, struct slice payload, struct slice message)
{
	struct jscan_item item;
	struct err e;

	if (jscan_value(payload, &item, &e) == 0 && item.type == JSCAN_OBJECT)
		return payload;
	sbuf_clear(&f->made);
	sbuf_adds(&f->made, "{\"message\":");
	sbuf_add_json(&f->made, message.n > 0 ? message : payload);
	sbuf_addc(&f->made, '}');
	return sbuf_slice(&f->made);
}

static int
frames_take_aws(struct frames *f, struct slice raw, struct dialect_event *ev_r,
    struct err *e)
{
	struct aws_frame frame;

	if (aws_frame_read(raw, &frame, e) != 0)
		return -1;
	*ev_r = (struct dialect_event){ .raw = raw };
	if (slice_eq(frame.message_type, SLICE("event"))) {
		ev_r->name = frame.event_type;
		ev_r->data = frame.payload;
		return 1;
	}
	ev_r->exception = slice_eq(frame.message_type, SLICE("exception")) ||
	                  slice_eq(frame.message_type, SLICE("error"));
	if (!ev_r->exception)
		return 1;
	ev_r->name = frame.exception_type.n > 0 ? frame.exception_type
	                                        : frame.error_code;
	ev_r->data = frames_exception(f, frame.payload, frame.error_message);
	return 1;
}

/* Move what is missing up to n bytes to the held ones. */
static bool
frames_hold(struct frames *f, struct slice *in, size_t n)
{
	size_t more = n > f->held.len ? n - f->held.len : 0;

	more = more < in->n ? more : in->n;
	sbuf_add(&f->held, in->p, more);
	*in = slice_skip(*in, more);
	return f->held.len >= n;
}

static int
frames_next_aws(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e)
{
	struct slice raw = *in;
	size_t total = 0;
	int sized;

	if (f->handed_out)
		sbuf_clear(&f->held);
	f->handed_out = false;
	if (f->held.len > 0) {
		frames_hold(f, in, AWS_FRAME_PRELUDE);
		raw = sbuf_slice(&f->held);
	}
	sized = aws_frame_size(raw, &total, e);
	if (sized == 1 && f->held.len == 0 && in->n >= total) {
		*in = slice_skip(*in, total);
		return frames_take_aws(f, (struct slice){ raw.p, total }, ev_r,
		    e);
	}
	if (sized == 1 && frames_hold(f, in, total)) {
		f->handed_out = true;
		return frames_take_aws(f, sbuf_slice(&f->held), ev_r, e);
	}
	if (sized == 0)
		frames_hold(f, in, AWS_FRAME_PRELUDE);
	return sized == -1 ? -1 : 0;
}

int
frames_next(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e)
{
	static int (*const next[])(struct frames *, struct slice *,
	    struct dialect_event *, struct err *) = {
		[FRAMES_SSE] = frames_next_sse,
		[FRAMES_LINES] = frames_next_line,
		[FRAMES_AWS] = frames_next_aws,
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

bool
frames_is_cut(const struct frames *f)
{
	return f->how == FRAMES_AWS && !f->handed_out && f->held.len > 0;
}
