#include "net/conn.h"

#include <assert.h>
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/xmem.h"
#include "net/conn_priv.h"
#include "net/outbox.h"

enum { LOOK_MS = 100 };

static void conn_deferred(struct defer *d);
static void conn_readable(int fd, short what, void *ctx);

static void
conn_later(struct conn *c)
{
	loop_defer(c->loop, &c->defer, conn_deferred);
}

short
conn_events(const struct conn *c, int what)
{
	if (c->ssl != NULL)
		return (short)((what & ~EV_CLOSED) | EV_PERSIST);
	return (short)(what | EV_PERSIST | EV_ET);
}

void
conn_break(struct conn *c, int error)
{
	if (c->phase == CONN_BROKEN)
		return;
	c->phase = c->phase == CONN_OPEN ? CONN_BROKEN : c->phase;
	c->error = error != 0 ? error : ECONNRESET;
	event_del(&c->in);
	conn_no_write(c);
	conn_later(c);
}

static void
conn_tell_end(struct conn *c)
{
	enum conn_end why = c->phase == CONN_BROKEN ? CONN_RESET : CONN_REFUSED;

	if (c->told)
		return;
	c->told = true;
	c->phase = CONN_BROKEN;
	c->ops->end(c->ctx, why);
}

/*
 * A client speaks first, and often has by now: asking the socket is sooner, and
 * cheaper, than being told by the loop in its next turn.  The loop gets to know
 * of it when what it asked for is on its way, at the end of this turn.
 */
static void
conn_read_first(struct conn *c)
{
	c->fresh = CONN_UNWATCHED;
	conn_readable(c->fd, EV_READ, c);
	conn_later(c);
}

/* The loop does not know of what TLS has read ahead. */
static void
conn_watch(struct conn *c)
{
	event_add(&c->in, NULL);
	if (conn_tls_waiting(c))
		loop_next(c->loop, &c->defer, conn_deferred);
}

static void
conn_watch_first(struct conn *c)
{
	c->fresh = CONN_WATCHED;
	if (!c->paused && !c->eof)
		conn_watch(c);
}

/* Read again what TLS still holds, tell a break, or release the memory. */
static void
conn_deferred(struct defer *d)
{
	struct conn *c = LOOP_OWNER(d, struct conn, defer);

	if (c->closed)
		loop_free_later(c->loop, c);
	else if (c->error != 0)
		conn_tell_end(c);
	else if (c->fresh == CONN_UNREAD)
		conn_read_first(c);
	else if (c->fresh == CONN_UNWATCHED)
		conn_watch_first(c);
	else if (c->phase == CONN_CONNECTING)
		conn_opened(c);
	else if (!c->paused && !c->eof)
		conn_readable(c->fd, EV_READ, c);
}

static void
conn_eof(struct conn *c)
{
	if (c->eof)
		return;
	c->eof = true;
	c->ops->end(c->ctx, CONN_EOF);
	if (!c->closed) /* else conn_close() has done it, at less cost */
		event_del(&c->in);
}

static void
conn_look_later(struct conn *c)
{
	timer_set(&c->look, now_mono_ms() + LOOK_MS);
}

static ssize_t
plain_read(struct conn *c, char *p, size_t n)
{
	ssize_t got;

	do
		got = recv(c->fd, p, n, 0);
	while (got < 0 && errno == EINTR);
	if (got >= 0)
		return got;
	return errno == EAGAIN ? IO_WAIT : IO_FAIL;
}

static size_t
scratch_room(const struct conn *c)
{
	return c->most > 0 ? c->most : LOOP_SCRATCH_SIZE;
}

/* Read once and hand it on; the number of bytes, or what io said. */
static ssize_t
conn_read_once(struct conn *c)
{
	bool direct = c->into_len > 0;
	char *p = direct ? c->into : loop_scratch(c->loop);
	size_t room = direct ? c->into_len : scratch_room(c);
	ssize_t got =
	    c->ssl != NULL ? conn_tls_read(c, p, room) : plain_read(c, p, room);

	c->filled = got == (ssize_t)room;
	if (got > 0 && c->ssl == NULL)
		conn_look_later(c);
	if (got == IO_EOF)
		conn_eof(c);
	else if (got == IO_FAIL)
		conn_break(c, errno);
	if (got <= 0)
		return got;
	if (direct) {
		c->into += got;
		c->into_len -= (size_t)got;
	}
	c->read += (uint64_t)got;
	c->ops->data(c->ctx, (struct slice){ p, (size_t)got });
	return got;
}

static bool
conn_can_read(const struct conn *c)
{
	return !c->closed && !c->paused && !c->eof && c->phase == CONN_OPEN;
}

/* More is here, of which the loop will not tell. */
static bool
conn_has_more(const struct conn *c)
{
	if (c->ssl != NULL)
		return conn_tls_waiting(c);
	return c->filled || c->ending;
}

/*
 * What the loop has told of once is read to its end, and so is what TLS has
 * read ahead (T6), up to a budget for this turn.
 */
static void
conn_readable(int fd, short what, void *ctx)
{
	struct conn *c = ctx;
	size_t total = 0;
	ssize_t got;

	(void)fd;
	if ((what & EV_CLOSED) != 0)
		c->ending = true;
	loop_enter(c->loop);
	if (c->phase == CONN_HANDSHAKE)
		conn_tls_step(c);
	while (conn_can_read(c)) {
		got = conn_read_once(c);
		if (got <= 0 || c->closed || !conn_has_more(c))
			return;
		total += (size_t)got;
		if (total < LOOP_SCRATCH_SIZE)
			continue;
		loop_next(c->loop, &c->defer, conn_deferred);
		return;
	}
}

static void
conn_look_behind(struct conn *c)
{
	struct pollfd p = { .fd = c->fd, .events = POLLRDHUP };

	poll(&p, 1, 0);
	if (p.revents & POLLERR)
		conn_break(c, ECONNRESET);
	else if (p.revents & (POLLRDHUP | POLLHUP))
		conn_eof(c);
	else
		conn_look_later(c);
}

/*
 * The loop tells of data and of a RST on its heels in one word, and in the
 * same as of data alone: who was quiet since is asked once more.  Who is
 * paused is asked again and again what lies behind that which is not read.
 */
static void
conn_look(void *ctx)
{
	struct conn *c = ctx;

	if (c->paused)
		conn_look_behind(c);
	else
		conn_readable(c->fd, EV_READ, c);
}

void
conn_pause(struct conn *c, bool watch_hangup)
{
	if (c->paused)
		return;
	c->paused = true;
	if (c->phase != CONN_OPEN || c->eof)
		return;
	event_del(&c->in);
	if (watch_hangup)
		conn_look_later(c);
	else
		timer_stop(&c->look);
}

void
conn_resume(struct conn *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	timer_stop(&c->look);
	if (c->phase != CONN_OPEN || c->eof)
		return;
	conn_watch(c);
}

void
conn_opened(struct conn *c)
{
	if (c->phase == CONN_CONNECTING && c->ssl != NULL) {
		c->phase = CONN_HANDSHAKE;
		event_add(&c->in, NULL);
		conn_tls_step(c);
		return;
	}
	if (c->phase == CONN_CONNECTING && !c->paused)
		event_add(&c->in, NULL);
	c->phase = CONN_OPEN;
	if (c->paused)
		event_del(&c->in);
	c->progress_ms = now_mono_ms();
	if (c->out != NULL)
		conn_want_write(c);
	if (c->ops->connected != NULL)
		c->ops->connected(c->ctx);
}

static void
conn_assign_in(struct conn *c)
{
	event_assign(&c->in, loop_base(c->loop), c->fd,
	    conn_events(c, EV_READ | EV_CLOSED), conn_readable, c);
}

static struct conn *
conn_new(struct loop *l, int fd, struct ssl_st *ssl, const struct conn_ops *ops,
    void *ctx)
{
	struct conn *c = xcalloc(1, sizeof(*c));

	c->loop = l;
	c->fd = fd;
	c->ssl = ssl;
	c->ops = ops;
	c->ctx = ctx;
	c->progress_ms = now_mono_ms();
	timer_init(&c->look, l, conn_look, c);
	conn_assign_in(c);
	return c;
}

/* A unix socket has no Nagle and says so. */
void
conn_no_delay(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

struct conn *
conn_accept(struct loop *l, int fd, struct ssl_st *ssl,
    const struct conn_ops *ops, void *ctx)
{
	struct conn *c = conn_new(l, fd, ssl, ops, ctx);

	c->phase = ssl != NULL ? CONN_HANDSHAKE : CONN_OPEN;
	c->fresh = CONN_UNREAD;
	conn_later(c);
	return c;
}

static void
conn_connected(int fd, short what, void *ctx)
{
	struct conn *c = ctx;
	socklen_t len = sizeof(c->error);
	int error = 0;

	(void)what;
	loop_enter(c->loop);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error != 0) {
		conn_break(c, error);
		return;
	}
	event_del(&c->in);
	conn_assign_in(c);
	conn_opened(c);
}

struct conn *
conn_connect(struct loop *l, const struct sockaddr *to, socklen_t to_len,
    struct ssl_st *ssl, const struct conn_ops *ops, void *ctx, struct err *e)
{
	int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	int fd = socket(to->sa_family, type, 0);
	struct conn *c;
	int r;

	c = conn_new(l, fd, ssl, ops, ctx);
	conn_no_delay(fd);
	c->connects = true;
	r = fd < 0 ? -1 : connect(fd, to, to_len);
	if (r < 0 && errno != EINPROGRESS) {
		err_set(e, ERR_UPSTREAM_CONNECT, "connect: %s",
		    strerrordesc_np(errno));
		conn_close(&c);
		return NULL;
	}
	c->phase = CONN_CONNECTING;
	if (r == 0) {
		conn_later(c);
		return c;
	}
	event_assign(&c->in, loop_base(l), fd, EV_WRITE, conn_connected, c);
	event_add(&c->in, NULL);
	return c;
}

void
conn_close(struct conn **cp)
{
	struct conn *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	c->closed = true;
	timer_stop(&c->look);
	outbox_forget(c);
	if (c->ssl != NULL && c->phase == CONN_OPEN && conn_unsent(c) == 0)
		conn_tls_finish(c);
	conn_no_write(c);
	if (c->out != NULL)
		sbuf_free(&c->out->buf);
	free(c->out);
	c->out = NULL;
	conn_tls_free(c);
	/* The kernel forgets of itself what it watched for us: to tell it
	 * before costs it the work of both. */
	if (c->fd >= 0)
		close(c->fd);
	event_del(&c->in);
	free(c->reason);
	c->reason = NULL;
	conn_later(c);
}

void
conn_set_owner(struct conn *c, const struct conn_ops *ops, void *ctx)
{
	c->ops = ops;
	c->ctx = ctx;
}

void
conn_read_into(struct conn *c, char *p, size_t len)
{
	c->into = p;
	c->into_len = p != NULL ? len : 0;
}

void
conn_read_most(struct conn *c, size_t len)
{
	c->most = len < LOOP_SCRATCH_SIZE ? len : 0;
}

uint64_t
conn_bytes_written(const struct conn *c)
{
	return c->written;
}

uint64_t
conn_bytes_read(const struct conn *c)
{
	return c->read;
}

int
conn_acked(const struct conn *c)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	uint64_t wanted = c->ssl != NULL ? conn_tls_bytes(c) : c->written;

	if (conn_unsent(c) > 0)
		return 0;
	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
	    len < offsetof(struct tcp_info, tcpi_bytes_received))
		return -1;
	/* The SYN counts as one byte. */
	return info.tcpi_bytes_acked >= wanted + 1;
}

uint64_t
conn_progress_ms(const struct conn *c)
{
	return c->progress_ms;
}

int
conn_fd(const struct conn *c)
{
	return c->fd;
}

struct ssl_st *
conn_ssl(const struct conn *c)
{
	return c->ssl;
}

const char *
conn_reason(const struct conn *c)
{
	if (c->reason != NULL)
		return c->reason;
	return c->error != 0 ? strerrordesc_np(c->error) : "";
}
