#include <assert.h>
#include <endian.h>

#include "base/clock.h"
#include "base/decimal.h"
#include "net/server_priv.h"

/* Replies: one writev for head and body, one for each piece of a stream. */

enum { HEAD_REST_USUAL = 512 }; /* bytes, of what is known last */

/* Room for the lines that are written here; the handler's follow as given. */
struct head {
	char text[256];
	size_t len;
};

static void
head_add(struct head *h, const char *p, size_t n)
{
	assert(n <= sizeof(h->text) - h->len);
	memcpy(h->text + h->len, p, n);
	h->len += n;
}

static void
head_add_literal(struct head *h, struct slice s)
{
	head_add(h, s.p, s.n);
}

static void
head_add_number(struct head *h, uint64_t n)
{
	char room[DECIMAL_DIGITS];

	head_add_literal(h, decimal_write(n, room));
}

static void
date_refresh(struct server *s)
{
	int64_t now_s = now_real_us() / 1000000;

	if (now_s == s->date_s)
		return;
	s->date_s = now_s;
	memcpy(s->date, "Date: ", 6);
	now_http(now_real_us(), s->date + 6);
	memcpy(s->date + 6 + NOW_HTTP_SIZE - 1, "\r\n", 3);
}

static void
head_add_date(struct head *h, struct server *s)
{
	date_refresh(s);
	head_add(h, s->date, 6 + NOW_HTTP_SIZE - 1 + 2);
}

static void
head_add_status(struct head *h, unsigned status)
{
	head_add_literal(h, SLICE("HTTP/1.1 "));
	head_add_number(h, status);
	head_add_literal(h, SLICE(" "));
	head_add_literal(h, slice_str(http1_reason(status)));
	head_add_literal(h, SLICE("\r\n"));
}

static void
head_begin(struct head *h, struct server *s, unsigned status)
{
	h->len = 0;
	head_add_status(h, status);
	head_add_date(h, s);
}

static void
head_add_connection(struct head *h, bool close, unsigned minor)
{
	if (close)
		head_add_literal(h, SLICE("Connection: close\r\n"));
	else if (minor == 0)
		head_add_literal(h, SLICE("Connection: keep-alive\r\n"));
}

static void
head_add_length(struct head *h, uint64_t length)
{
	head_add_literal(h, SLICE("Content-Length: "));
	head_add_number(h, length);
	head_add_literal(h, SLICE("\r\n"));
}

static bool
has_no_length(unsigned status)
{
	return status < 200 || status == 204 || status == 304;
}

static size_t
pieces_bytes(const struct iovec *v, int count)
{
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += v[i].iov_len;
	return n;
}

/* For iov_base, which is never written through here. */
static struct iovec
piece(const char *p, size_t n)
{
	return (struct iovec){ (void *)(uintptr_t)p, n };
}

static struct iovec
piece_of(struct slice s)
{
	return piece(s.p, s.n);
}

static bool
reply_closes(const struct exchange *x)
{
	const struct server *s = x->server;

	return !x->keep_alive || s->draining || s->pressure == SERVER_CLOSING ||
	       x->session->requests >= s->set.requests || !body_can_skip(x);
}

static int
reply_write(struct exchange *x, const struct iovec *v, int count, bool now)
{
	struct conn *conn = x->session->conn;
	int r =
	    now ? conn_write_now(conn, v, count) : conn_write(conn, v, count);

	x->started = true;
	x->bytes_out += pieces_bytes(v, count);
	if (r == 0)
		session_arm(x->session);
	return r;
}

static void
reply_whole(struct exchange *x, unsigned status, struct slice headers,
    const struct iovec *body, int count, bool close)
{
	struct iovec v[EXCHANGE_PIECES_MAX + 8];
	struct head h;
	int n = 0;

	assert(count <= EXCHANGE_PIECES_MAX && !x->streams);
	head_begin(&h, x->server, status);
	if (!has_no_length(status))
		head_add_length(&h, pieces_bytes(body, count));
	head_add_connection(&h, close, x->minor);
	v[n++] = piece(h.text, h.len);
	v[n++] = piece_of(headers);
	v[n++] = piece("\r\n", 2);
	if (!x->head_only && !has_no_length(status))
		for (int i = 0; i < count; i++)
			v[n++] = body[i];
	reply_write(x, v, n, false);
	session_replied(x->session, close);
}

void
exchange_reply(struct exchange *x, unsigned status, struct slice headers,
    const struct iovec *body, int count)
{
	if (x->session != NULL && !x->finished)
		reply_whole(x, status, headers, body, count, reply_closes(x));
}

void
exchange_refuse(struct exchange *x, unsigned status, struct slice headers,
    const struct iovec *body, int count)
{
	if (x->session != NULL && !x->finished)
		reply_whole(x, status, headers, body, count, true);
}

void
reply_refusal(struct session *n, const struct err *e)
{
	struct server *s = n->server;
	struct iovec v[4];
	struct head h;

	sbuf_clear(&s->refusal_headers);
	sbuf_clear(&s->refusal_body);
	s->set.ops->refuse(s->set.ctx, e, &s->refusal_headers,
	    &s->refusal_body);
	head_begin(&h, s, (unsigned)err_status(e->kind));
	head_add_length(&h, s->refusal_body.len);
	head_add_connection(&h, true, 1);
	v[0] = piece(h.text, h.len);
	v[1] = piece_of(sbuf_slice(&s->refusal_headers));
	v[2] = piece("\r\n", 2);
	v[3] = piece_of(sbuf_slice(&s->refusal_body));
	conn_write(n->conn, v, n->x != NULL && n->x->head_only ? 3 : 4);
}

void
reply_continue(struct exchange *x)
{
	struct iovec v = piece_of(SLICE("HTTP/1.1 100 Continue\r\n\r\n"));

	conn_write(x->session->conn, &v, 1);
}

void
exchange_prepare(struct exchange *x, unsigned status, struct slice headers)
{
	struct head h;

	if (x->session == NULL || x->finished)
		return;
	assert(!x->streams);
	x->no_body = x->head_only || has_no_length(status);
	x->chunked = x->minor == 1;
	h.len = 0;
	head_add_status(&h, status);
	if (x->chunked && !has_no_length(status))
		head_add_literal(&h, SLICE("Transfer-Encoding: chunked\r\n"));
	sbuf_clear(&x->head_out);
	sbuf_reserve_exact(&x->head_out, h.len + headers.n + HEAD_REST_USUAL);
	sbuf_add(&x->head_out, h.text, h.len);
	sbuf_add_slice(&x->head_out, headers);
	date_refresh(x->server);
}

void
exchange_stream(struct exchange *x, struct slice headers)
{
	struct head h;

	if (x->session == NULL || x->finished)
		return;
	assert(!x->streams && x->head_out.len > 0);
	x->streams = true;
	if (!x->chunked && !x->no_body)
		x->keep_alive = false;
	if (reply_closes(x))
		x->keep_alive = false;
	h.len = 0;
	head_add_date(&h, x->server);
	head_add_connection(&h, !x->keep_alive, x->minor);
	sbuf_add(&x->head_out, h.text, h.len);
	sbuf_add_slice(&x->head_out, headers);
	sbuf_add(&x->head_out, "\r\n", 2);
}

#define CHUNK_LINE 16

/*
 * The line ahead of a chunk, its length known to be below 2^56.  It is made in
 * a register: a copy would wait for bytes that were stored one by one.
 */
static size_t
chunk_line(char to[CHUNK_LINE], size_t bytes)
{
	unsigned __int128 line = '\r' | '\n' << 8;
	size_t n = 2;

	do {
		line =
		    line << 8 | (unsigned char)"0123456789abcdef"[bytes % 16];
		n++;
	} while ((bytes /= 16) > 0);
	for (int half = 0; half < 2; half++, line >>= 64) {
		uint64_t eight = htole64((uint64_t)line);

		memcpy(to + 8 * half, &eight, sizeof eight);
	}
	return n;
}

/*
 * One chunk, and the last one when the stream ends with it.  Somebody looks at
 * a screen for the first: it does not wait for the end of the turn.
 */
static int
stream_write(struct exchange *x, const struct iovec *iov, int count, bool last)
{
	struct iovec v[EXCHANGE_PIECES_MAX + 8];
	size_t bytes = pieces_bytes(iov, count);
	bool framed = x->chunked && !x->no_body;
	bool first = x->head_out.len > 0;
	char line[CHUNK_LINE];
	int n = 0, r;

	assert(x->streams && count <= EXCHANGE_PIECES_MAX);
	if (first)
		v[n++] = piece_of(sbuf_slice(&x->head_out));
	if (framed && bytes > 0)
		v[n++] = piece(line, chunk_line(line, bytes));
	for (int i = 0; i < count && !x->no_body; i++)
		v[n++] = iov[i];
	if (framed && bytes > 0)
		v[n++] = piece("\r\n", 2);
	if (framed && last)
		v[n++] = piece("0\r\n\r\n", 5);
	r = n > 0 ? reply_write(x, v, n, first) : 1;
	if (first)
		sbuf_free(&x->head_out);
	return r;
}

int
exchange_write(struct exchange *x, const struct iovec *iov, int count)
{
	if (x->session == NULL || x->finished)
		return -1;
	return stream_write(x, iov, count, false);
}

void
exchange_end(struct exchange *x, const struct iovec *iov, int count)
{
	if (x->session == NULL || x->finished)
		return;
	stream_write(x, iov, count, true);
	session_replied(x->session, !x->keep_alive || reply_closes(x));
}
