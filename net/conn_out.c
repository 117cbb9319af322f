#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xmem.h"
#include "net/conn_priv.h"
#include "net/outbox.h"

/*
 * The sending half of a connection.  Nothing is buffered as long as the
 * socket takes everything at once, which is nearly always.
 */

enum { COPY_MAX = 1024 * 1024 }; /* move the rest of a large buffer then */

static void
conn_fin(struct conn *c)
{
	if (!c->shut || c->fin_sent || c->phase != CONN_OPEN)
		return;
	c->fin_sent = true;
	if (c->ssl != NULL)
		conn_tls_finish(c);
	shutdown(c->fd, SHUT_WR);
}

static ssize_t
plain_write(struct conn *c, const struct iovec *iov, int count)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count };
	ssize_t sent;

	do /* One piece is the common case, and send() the shorter way. */
		sent = count == 1 ? send(c->fd, iov->iov_base, iov->iov_len,
					MSG_NOSIGNAL)
		                  : sendmsg(c->fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return sent;
	return errno == EAGAIN ? IO_WAIT : IO_FAIL;
}

static ssize_t
conn_send(struct conn *c, const struct iovec *iov, int count)
{
	ssize_t sent = c->ssl != NULL ? conn_tls_write(c, iov, count)
	                              : plain_write(c, iov, count);

	if (sent > 0)
		c->progress_ms = now_mono_ms();
	else if (sent == IO_FAIL)
		conn_break(c, errno);
	return sent;
}

size_t
conn_pending(const struct conn *c)
{
	return c->out != NULL ? c->out->buf.len - c->out->pos : 0;
}

static void
out_free(struct conn *c)
{
	sbuf_free(&c->out->buf);
	loop_free_later(c->loop, c->out);
	c->out = NULL;
}

/* Send what waits, while the socket takes it. */
static void
conn_flush(struct conn *c)
{
	while (conn_pending(c) > 0) {
		struct iovec iov = { c->out->buf.data + c->out->pos,
			conn_pending(c) };
		ssize_t sent = conn_send(c, &iov, 1);

		if (sent <= 0)
			return;
		c->out->pos += (size_t)sent;
	}
	conn_no_write(c);
	out_free(c);
	conn_fin(c);
}

static void
conn_writable(int fd, short what, void *ctx)
{
	struct conn *c = ctx;
	size_t before = conn_pending(c);

	(void)fd;
	(void)what;
	loop_enter(c->loop);
	if (c->phase == CONN_HANDSHAKE) {
		conn_tls_step(c);
		return;
	}
	if (c->phase != CONN_OPEN)
		return;
	conn_flush(c);
	if (before >= CONN_LOW_WATER && conn_pending(c) < CONN_LOW_WATER &&
	    c->phase == CONN_OPEN && c->ops->drained != NULL)
		c->ops->drained(c->ctx);
}

static struct conn_out *
out_get(struct conn *c)
{
	if (c->out != NULL)
		return c->out;
	c->out = xcalloc(1, sizeof(*c->out));
	event_assign(&c->out->ev, loop_base(c->loop), c->fd,
	    conn_events(c, EV_WRITE), conn_writable, c);
	return c->out;
}

void
conn_want_write(struct conn *c)
{
	struct conn_out *out = out_get(c);

	if (!event_pending(&out->ev, EV_WRITE, NULL))
		event_add(&out->ev, NULL);
}

void
conn_no_write(struct conn *c)
{
	if (c->out != NULL)
		event_del(&c->out->ev);
}

/* Keep a copy of the bytes behind the first skip. */
static void
out_keep(struct conn *c, const struct iovec *iov, int count, size_t skip)
{
	struct conn_out *out = out_get(c);

	if (out->pos > COPY_MAX) {
		sbuf_consume(&out->buf, out->pos);
		out->pos = 0;
	}
	for (int i = 0; i < count; i++) {
		size_t n = iov[i].iov_len;

		if (skip >= n) {
			skip -= n;
			continue;
		}
		sbuf_add(&out->buf, (char *)iov[i].iov_base + skip, n - skip);
		skip = 0;
	}
	if (c->phase == CONN_OPEN)
		conn_want_write(c);
}

static size_t
iov_bytes(const struct iovec *iov, int count)
{
	size_t n = 0;

	for (int i = 0; i < count; i++)
		n += iov[i].iov_len;
	return n;
}

/* Send now, or keep what the socket does not take.  As conn_write(). */
static int
conn_give(struct conn *c, const struct iovec *iov, int count, size_t total)
{
	ssize_t sent = 0;

	if (c->phase == CONN_OPEN && conn_pending(c) == 0 && total > 0)
		sent = conn_send(c, iov, count);
	if (sent == IO_FAIL)
		return -1;
	if (sent < 0)
		sent = 0;
	if ((size_t)sent == total)
		return 1;
	if (conn_pending(c) == 0)
		c->progress_ms = now_mono_ms();
	out_keep(c, iov, count, (size_t)sent);
	return 0;
}

void
conn_unbox(struct conn *c, const char *p, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)p, n };

	if (c->phase == CONN_OPEN && conn_give(c, &iov, 1, n) >= 0)
		c->boxed -= n;
}

static int
conn_put(struct conn *c, const struct iovec *iov, int count, bool now)
{
	size_t total = iov_bytes(iov, count);

	if (c->phase == CONN_BROKEN || c->error != 0 || c->shut)
		return -1;
	c->written += total;
	if (!now && c->phase == CONN_OPEN && conn_pending(c) == 0 &&
	    outbox_put(c, iov, count, total))
		return 1;
	if (c->boxed > 0)
		outbox_flush(loop_outbox(c->loop));
	return c->error == 0 ? conn_give(c, iov, count, total) : -1;
}

int
conn_write(struct conn *c, const struct iovec *iov, int count)
{
	return conn_put(c, iov, count, false);
}

int
conn_write_now(struct conn *c, const struct iovec *iov, int count)
{
	return conn_put(c, iov, count, true);
}

size_t
conn_unsent(const struct conn *c)
{
	return conn_pending(c) + c->boxed;
}

void
conn_shutdown(struct conn *c)
{
	c->shut = true;
	if (c->boxed > 0)
		outbox_flush(loop_outbox(c->loop));
	if (conn_pending(c) == 0)
		conn_fin(c);
}
