#include "dialect/encode.h"
#include "proto/relay_frame.h"

static void
framed_chunk(struct encode_ctx *x, struct slice json, struct sbuf *out)
{
	sbuf_add_slice(out, x->opts.framing.field);
	sbuf_add_slice(out, json);
	sbuf_add_slice(out, x->opts.framing.delimiter);
}

static void
framed_end(struct encode_ctx *x, struct sbuf *out)
{
	if (x->opts.framing.ends)
		framed_chunk(x, SLICE("[DONE]"), out);
}

static void
framed_error(struct encode_ctx *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out)
{
	(void)status;
	sbuf_add_slice(out, x->opts.framing.field);
	relay_frame_error(out, message, type, code);
	sbuf_add_slice(out, x->opts.framing.delimiter);
}

/* A comment would be no frame. */
static void
framed_idle(struct encode_ctx *x, struct sbuf *out)
{
	(void)x;
	(void)out;
}

const struct encode_ops out_framed = {
	.chunk = framed_chunk,
	.end = framed_end,
	.error = framed_error,
	.idle = framed_idle,
};
