#include "net/client_priv.h"

#include "base/clock.h"
#include "base/err.h"
#include "net/conn.h"

/* Bytes given to the connection at once: it copies what cannot go. */
#define CALL_PORTION ((size_t)256 * 1024)

/* The next bytes of head and body, CALL_PORTION of them at most. */
static int
call_portion(const struct call *c, struct iovec *iov, size_t *len_r)
{
	size_t skip = c->given, left = CALL_PORTION;
	int n = 0;

	for (unsigned i = 0; i <= c->req.body_n && left > 0; i++) {
		struct iovec from = { (void *)(uintptr_t)c->req.head.p,
			c->req.head.n };

		if (i > 0)
			from = c->req.body[i - 1];
		if (skip >= from.iov_len) {
			skip -= from.iov_len;
			continue;
		}
		from.iov_base = (char *)from.iov_base + skip;
		from.iov_len -= skip;
		skip = 0;
		if (from.iov_len > left)
			from.iov_len = left;
		left -= from.iov_len;
		iov[n++] = from;
	}
	*len_r = CALL_PORTION - left;
	return n;
}

/*
 * Give portions until so much waits that call_send() will be called again
 * when it has gone.
 */
void
call_send(struct call *c)
{
	struct iovec iov[1 + CALL_BODY_IOV_MAX];
	struct conn *conn = c->link->conn;
	size_t len;

	while (c->given < c->total && conn_pending(conn) < CONN_LOW_WATER) {
		int n = call_portion(c, iov, &len);
		int r = c->req.urgent ? conn_write_now(conn, iov, n)
		                      : conn_write(conn, iov, n);

		if (r == -1)
			return; /* the link's end follows */
		c->given += len;
	}
	call_look_sent(c);
}

/* The answer is whole.  A kept link is free before end() is called. */
static void
call_end(struct call *c, bool keep)
{
	struct client_link *link = c->link;

	call_look_sent(c);
	c->link = NULL;
	if (keep && c->sent && c->answer.keep_alive) {
		if (c->paused)
			conn_resume(link->conn);
		link_keep(link);
		link = NULL;
	}
	c->state = CALL_OVER;
	timer_set(&c->timer, TIMER_NEVER);
	c->ops->end(c->ctx);
	if (link != NULL)
		link_close(link);
	call_over(c);
}

static void
call_refuse(struct call *c, const struct err *why)
{
	bool large =
	    why->kind == ERR_HEADERS_TOO_LARGE || why->kind == ERR_URI_TOO_LONG;
	struct err e;

	err_set(&e, ERR_UPSTREAM_INVALID, "%s:%u: %s", c->target->host,
	    c->target->port, why->text);
	call_fail(c, large ? CALL_HEAD_TOO_LARGE : CALL_MALFORMED, &e);
}

static void
call_take_body(struct call *c, struct slice data)
{
	bool first = c->body_ms == 0;

	c->body_ms = now_mono_ms();
	c->ops->data(c->ctx, data);
	/* A small answer ends in this read and needs no deadline. */
	if (first && c->state == CALL_ACTIVE &&
	    c->answer.state != ANSWER_AT_END)
		call_arm(c);
}

void
call_take(struct call *c, struct slice in)
{
	struct slice data;
	struct err e;

	if (c->received == 0)
		c->first_byte_ms = now_mono_ms() - c->start_ms;
	c->received += in.n;
	while (c->state == CALL_ACTIVE) {
		switch (answer_next(&c->answer, &in, &data, &e)) {
		case ANSWER_MORE:
			return;
		case ANSWER_HEAD:
			c->ops->head(c->ctx, c->answer.head);
			break;
		case ANSWER_DATA:
			call_take_body(c, data);
			break;
		case ANSWER_END:
			/* What follows was not asked for. */
			call_end(c, in.n == 0);
			break;
		default:
			call_refuse(c, &e);
			break;
		}
	}
}

void
call_input_ended(struct call *c, bool clean)
{
	const char *reason = conn_reason(c->link->conn);
	struct err e;

	if (clean && answer_ends_by_close(&c->answer)) {
		call_end(c, false);
		return;
	}
	err_set(&e,
	    c->received == 0 ? ERR_UPSTREAM_CONNECT : ERR_UPSTREAM_INVALID,
	    "%s:%u: %s %s", c->target->host, c->target->port,
	    c->received == 0 ? "connection lost before an answer:"
			     : "the answer was cut:",
	    reason[0] != '\0' ? reason : "closed by the peer");
	call_fail(c, c->received == 0 ? CALL_LOST : CALL_CUT, &e);
}
