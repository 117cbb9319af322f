#include "dialect/aws_frame.h"

#include <stdint.h>

#include "base/crc32.h"
#include "base/err.h"

enum aws_type { AWS_BYTES = 6, AWS_STRING = 7, AWS_TYPES = 10 };

/* Bytes of a value; those of AWS_BYTES and AWS_STRING follow a length. */
static const unsigned char aws_sizes[AWS_TYPES] = {
	[0] = 0, /* true */
	[1] = 0, /* false */
	[2] = 1, /* byte */
	[3] = 2, /* short */
	[4] = 4, /* integer */
	[5] = 8, /* long */
	[AWS_BYTES] = 2,
	[AWS_STRING] = 2,
	[8] = 8,  /* timestamp */
	[9] = 16, /* UUID */
};

static int
aws_frame_fault(struct err *e, const char *what)
{
	return err_set(e, ERR_UPSTREAM_STREAM, "event stream: %s", what);
}

static uint32_t
aws_frame_u32(const char *bytes)
{
	const unsigned char *p = (const unsigned char *)bytes;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

int
aws_frame_size(struct slice in, size_t *total_r, struct err *e)
{
	uint32_t total, headers;

	if (in.n < AWS_FRAME_PRELUDE)
		return 0;
	if (crc32_of(in.p, 8) != aws_frame_u32(in.p + 8))
		return aws_frame_fault(e, "wrong checksum of a prelude");
	total = aws_frame_u32(in.p);
	headers = aws_frame_u32(in.p + 4);
	if (total < AWS_FRAME_MIN || total > AWS_FRAME_MAX)
		return aws_frame_fault(e, "frame too long or too short");
	if (headers > total - AWS_FRAME_MIN)
		return aws_frame_fault(e, "headers longer than their frame");
	*total_r = total;
	return 1;
}

static void
aws_frame_keep(struct aws_frame *f, struct slice name, struct slice value)
{
	const struct {
		struct slice name;
		struct slice *value;
	} kept[] = {
		{ SLICE(":event-type"), &f->event_type },
		{ SLICE(":message-type"), &f->message_type },
		{ SLICE(":exception-type"), &f->exception_type },
		{ SLICE(":error-code"), &f->error_code },
		{ SLICE(":error-message"), &f->error_message },
	};

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (slice_eq(name, kept[i].name))
			*kept[i].value = value;
}

/* The first n bytes of *in; false when it is shorter. */
static bool
aws_frame_cut(struct slice *in, size_t n, struct slice *cut_r)
{
	if (in->n < n)
		return false;
	*cut_r = (struct slice){ in->p, n };
	*in = slice_skip(*in, n);
	return true;
}

static bool
aws_frame_value(struct slice *in, unsigned type, struct slice *value_r)
{
	const unsigned char *p;

	if (type >= AWS_TYPES || !aws_frame_cut(in, aws_sizes[type], value_r))
		return false;
	if (type != AWS_BYTES && type != AWS_STRING)
		return true;
	p = (const unsigned char *)value_r->p;
	return aws_frame_cut(in, (size_t)p[0] << 8 | p[1], value_r);
}

static bool
aws_frame_header(struct slice *in, struct aws_frame *f)
{
	struct slice name, value;
	unsigned type;

	/* The type's byte is cut with the name. */
	if (!aws_frame_cut(in, (size_t)(unsigned char)slice_take(in) + 1,
		&name))
		return false;
	type = (unsigned char)name.p[--name.n];
	if (!aws_frame_value(in, type, &value))
		return false;
	if (type == AWS_STRING)
		aws_frame_keep(f, name, value);
	return true;
}

int
aws_frame_read(struct slice frame, struct aws_frame *f_r, struct err *e)
{
	size_t body = frame.n - 4;
	struct slice headers = { frame.p + AWS_FRAME_PRELUDE,
		aws_frame_u32(frame.p + 4) };

	if (crc32_of(frame.p, body) != aws_frame_u32(frame.p + body))
		return aws_frame_fault(e, "wrong checksum of a frame");
	*f_r = (struct aws_frame){
		.payload = { headers.p + headers.n,
		    body - AWS_FRAME_PRELUDE - headers.n },
	};
	while (headers.n > 0)
		if (!aws_frame_header(&headers, f_r))
			return aws_frame_fault(e, "malformed header");
	return 0;
}
