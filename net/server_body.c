#include "base/clock.h"
#include "base/xmem.h"
#include "net/server_priv.h"

/*
 * A request's body, joined into one buffer.  The buffer grows as bytes come
 * and not as Content-Length says: a number costs a client nothing.
 */

enum {
	GROW_BYTES = 64 * 1024,
	DIRECT_BYTES = 16 * 1024,
	LARGE_BYTES = 32 * 1024, /* a body for which the next read is short */
	SHORT_BYTES = 4 * 1024,  /* a head, and little of the body */
};

static int
too_large(struct err *e, size_t max)
{
	return err_set(e, ERR_TOO_LARGE, "The request body exceeds %zu bytes.",
	    max);
}

static uint64_t
body_deadline(const struct exchange *x, uint64_t bytes)
{
	const struct server_settings *set = &x->server->set;

	return x->began_ns / 1000000 + set->body_ms +
	       bytes * 1000 / set->body_rate;
}

int
body_begin(struct exchange *x, bool bytes_are_here, struct err *e)
{
	if (x->kind == HTTP1_BODY_LENGTH && x->content_length > x->max_body)
		return too_large(e, x->max_body);
	x->body_state = BODY_READING;
	x->body_ms = body_deadline(x,
	    x->kind == HTTP1_BODY_LENGTH ? x->content_length : 0);
	if (x->kind == HTTP1_BODY_NONE)
		return 0;
	if (x->kind == HTTP1_BODY_CHUNKED) {
		x->chunks = xmalloc(sizeof *x->chunks);
		http1_chunks_start(x->chunks);
	}
	if (x->expects && !bytes_are_here)
		reply_continue(x);
	x->expects = false;
	session_arm(x->session);
	return 0;
}

/* Where conn_read_into() has put the bytes, there is nothing to copy. */
static void
body_add(struct exchange *x, struct slice bytes)
{
	struct sbuf *b = &x->body;

	x->received += bytes.n;
	if (x->finished)
		return;
	/* Nearly all come whole, and a stream keeps them while it lasts. */
	if (b->data == NULL)
		sbuf_reserve_exact(b, bytes.n);
	if (bytes.p != b->data + b->len) {
		sbuf_add_slice(b, bytes);
		return;
	}
	b->len += bytes.n;
	b->data[b->len] = '\0';
}

static int
feed_length(struct exchange *x, struct slice *in)
{
	uint64_t left = x->content_length - x->received;
	size_t n = in->n < left ? in->n : (size_t)left;

	body_add(x, (struct slice){ in->p, n });
	*in = slice_skip(*in, n);
	return n == left;
}

static int
feed_chunked(struct exchange *x, struct slice *in, struct err *e)
{
	struct slice data;
	int r;

	while ((r = http1_chunks_next(x->chunks, in, &data, e)) ==
	       HTTP1_CHUNK_DATA) {
		if (data.n > x->max_body - x->received)
			return too_large(e, x->max_body);
		body_add(x, data);
	}
	x->body_ms = body_deadline(x, x->received);
	return r < 0 ? -1 : r == HTTP1_CHUNK_END;
}

int
body_feed(struct exchange *x, struct slice *in, struct err *e)
{
	size_t before = in->n;
	int r = 1;

	if (x->kind == HTTP1_BODY_LENGTH)
		r = feed_length(x, in);
	else if (x->kind == HTTP1_BODY_CHUNKED)
		r = feed_chunked(x, in, e);
	x->bytes_in += before - in->n;
	return r;
}

void
body_read_direct(struct exchange *x)
{
	uint64_t left = x->content_length - x->received;
	size_t room = x->body.len > GROW_BYTES ? x->body.len : GROW_BYTES;

	if (x->kind != HTTP1_BODY_LENGTH || x->finished || left < DIRECT_BYTES)
		return;
	sbuf_reserve(&x->body, room < left ? room : (size_t)left);
	room = x->body.cap - x->body.len - 1;
	if (room > left)
		room = (size_t)left;
	conn_read_into(x->session->conn, x->body.data + x->body.len, room);
}

/*
 * A client that sent a large body will send another: its head is read alone,
 * so that the body goes to its buffer and not through the scratch.
 */
void
body_expect_next(const struct exchange *x)
{
	bool large =
	    x->kind == HTTP1_BODY_LENGTH && x->content_length >= LARGE_BYTES;

	conn_read_most(x->session->conn, large ? SHORT_BYTES : 0);
}

bool
body_can_skip(const struct exchange *x)
{
	if (x->kind == HTTP1_BODY_NONE || x->body_state == BODY_WHOLE)
		return true;
	return !x->expects && x->kind == HTTP1_BODY_LENGTH &&
	       x->content_length - x->received <= SKIP_BYTES;
}
