#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xmem.h"
#include "net/server_priv.h"
#include "net/tls.h"

/* A connection's life: from request to request, and how it ends. */

void
session_arm(struct session *n)
{
	if (n->state != SESSION_DEAD)
		timer_set(&n->timer, session_deadline(n));
}

static void
session_enter(struct session *n, enum session_state state)
{
	n->state = (unsigned char)state;
	n->since_ms = now_mono_ms();
	session_arm(n);
}

static void
partial_free(struct session *n)
{
	free(n->partial);
	n->partial = NULL;
}

static void
session_die(struct session *n)
{
	if (n->state == SESSION_DEAD)
		return;
	n->state = SESSION_DEAD;
	timer_stop(&n->timer);
	conn_close(&n->conn);
	list_del(&n->link);
	address_leave(n->server, n);
	server_changed(n->server, -1);
	if (n->x != NULL) {
		assert(n->x->finished);
		exchange_release(n->x);
		n->x = NULL;
	}
	session_run_later(n);
}

/* The last bytes are written: FIN, and wait for the peer's (RFC 9112 9.6). */
static void
session_linger(struct session *n)
{
	if (n->x != NULL) {
		exchange_release(n->x);
		n->x = NULL;
	}
	conn_read_into(n->conn, NULL, 0);
	conn_resume(n->conn);
	conn_shutdown(n->conn);
	if (n->ended && conn_pending(n->conn) == 0)
		session_die(n);
	else
		session_enter(n, SESSION_LINGER);
}

/* The handler learns that its exchange is over; the session goes on. */
static void
session_lose(struct session *n, enum err_kind why)
{
	struct exchange *x = n->x;

	if (x == NULL || x->finished)
		return;
	n->x = NULL;
	exchange_lose(x, why);
}

void
session_gone(struct session *n, enum err_kind why)
{
	struct exchange *x = n->x;
	bool lost = x != NULL && !x->finished;

	if (lost)
		n->x = NULL;
	session_die(n);
	if (lost)
		exchange_lose(x, why);
}

static void
session_refuse(struct session *n, const struct err *e)
{
	if (n->x == NULL || !n->x->started)
		reply_refusal(n, e);
	session_lose(n, e->kind);
	session_linger(n);
}

static void
session_next(struct session *n)
{
	body_expect_next(n->x);
	exchange_release(n->x);
	n->x = NULL;
	session_enter(n, SESSION_IDLE);
}

static bool
body_is_over(const struct exchange *x)
{
	return x->body_state == BODY_WHOLE || x->kind == HTTP1_BODY_NONE;
}

void
session_replied(struct session *n, bool close)
{
	struct exchange *x = n->x;

	x->finished = true;
	if (close) {
		session_linger(n);
		return;
	}
	if (body_is_over(x)) {
		session_next(n);
	} else {
		/* What is left of the body is read and dropped. */
		conn_read_into(n->conn, NULL, 0);
		if (x->body_state != BODY_READING)
			x->body_ms = now_mono_ms() + n->server->set.body_ms;
		x->body_state = BODY_READING;
		session_arm(n);
	}
	if (!n->running && n->in.len > n->in_pos)
		session_run_later(n);
}

void
session_cut(struct session *n)
{
	struct exchange *x = n->x;
	struct linger abort = { .l_onoff = 1 };
	int fd = conn_fd(n->conn);

	x->finished = true;
	/*
	 * A body up to the close would look whole behind a FIN: only a reset
	 * tells an HTTP/1.0 client that it is not.
	 */
	if (x->streams && !x->chunked && !x->no_body) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
		session_die(n);
		return;
	}
	session_linger(n);
}

/* Keep where the head stands; its bytes go to n->in with the rest. */
static void
partial_keep(struct session *n)
{
	struct server *s = n->server;
	struct partial *p;

	if (n->partial != NULL)
		return;
	p = xmalloc(sizeof(*p));
	p->parser = s->parser;
	memcpy(&p->head, &s->head, sizeof(s->head));
	n->partial = p;
}

/* Take a head off *in and show it to the handler.  1 go on, 0 wait. */
static int
session_head(struct session *n, struct slice *in)
{
	struct server *s = n->server;
	struct partial *p = n->partial;
	struct http1_parser *parser = p != NULL ? &p->parser : &s->parser;
	struct http1_head *h = p != NULL ? &p->head : &s->head;
	size_t used;
	struct err e;
	int r;

	if (p == NULL)
		http1_request_start(parser, s->set.limits);
	r = http1_parse(parser, in->p, in->n, h, &used, &e);
	if (r == 0)
		partial_keep(n);
	if (r == 0 && n->state == SESSION_IDLE)
		session_enter(n, SESSION_HEAD);
	if (r < 0)
		session_refuse(n, &e);
	if (r <= 0)
		return 0;
	*in = slice_skip(*in, used);
	conn_read_most(n->conn, 0);
	n->requests++;
	n->x = exchange_new(n, h, used);
	session_enter(n, SESSION_BUSY);
	s->set.ops->head(n->x, h, s->set.ctx);
	partial_free(n);
	return 1;
}

static int
body_whole(struct session *n)
{
	struct exchange *x = n->x;
	struct server *s = n->server;

	x->body_state = BODY_WHOLE;
	if (x->finished) {
		session_next(n);
		return 1;
	}
	session_arm(n);
	s->set.ops->body(x, sbuf_slice(&x->body), s->set.ctx);
	return 1;
}

/* Bytes of a body, for the handler or for nobody. */
static int
session_body(struct session *n, struct slice *in)
{
	struct exchange *x = n->x;
	struct err e;
	int r = 0;

	if (x->body_state == BODY_ACCEPTED)
		r = body_begin(x, in->n > 0, &e);
	if (r == 0 && x->body_state == BODY_READING)
		r = body_feed(x, in, &e);
	if (r > 0)
		return body_whole(n);
	if (r < 0)
		session_refuse(n, &e);
	return 0;
}

static int
session_step(struct session *n, struct slice *in)
{
	switch (n->state) {
	case SESSION_IDLE:
	case SESSION_HEAD:
		return in->n > 0 ? session_head(n, in) : 0;
	case SESSION_BUSY:
		return session_body(n, in);
	default:
		in->n = 0;
		return 0;
	}
}

/*
 * Requests of one connection are served one after another; what comes before
 * its turn waits in n->in, and too much of it stops the reading.
 */
static void
session_flow(struct session *n)
{
	if (n->state == SESSION_BUSY && n->in.len - n->in_pos > AHEAD_BYTES)
		conn_pause(n->conn, true);
	else
		conn_resume(n->conn);
	if (n->state == SESSION_BUSY && n->x->body_state == BODY_READING)
		body_read_direct(n->x);
}

static void
session_run(struct session *n, struct slice *in)
{
	n->running = true;
	while (session_step(n, in) > 0)
		;
	n->running = false;
}

/* Go on with what waits in n->in. */
static void
session_run_kept(struct session *n)
{
	struct slice in = slice_skip(sbuf_slice(&n->in), n->in_pos);

	session_run(n, &in);
	if (n->state == SESSION_DEAD)
		return;
	n->in_pos = n->in.len - in.n;
	if (in.n == 0) {
		sbuf_free(&n->in);
		n->in_pos = 0;
	} else if (n->in_pos > n->in.len / 2) {
		sbuf_consume(&n->in, n->in_pos);
		n->in_pos = 0;
	}
	session_flow(n);
}

static void
session_deferred(struct defer *d)
{
	struct session *n = LOOP_OWNER(d, struct session, defer);

	if (n->state != SESSION_DEAD) {
		session_run_kept(n);
		return;
	}
	sbuf_free(&n->in);
	partial_free(n);
	free(n);
}

void
session_run_later(struct session *n)
{
	loop_defer(n->server->loop, &n->defer, session_deferred);
}

static void
session_data(void *ctx, struct slice bytes)
{
	struct session *n = ctx;

	if (n->state == SESSION_LINGER) {
		n->lingered += (unsigned)bytes.n;
		if (n->lingered > LINGER_BYTES)
			session_die(n);
		return;
	}
	if (n->in.len > n->in_pos) {
		sbuf_add_slice(&n->in, bytes);
		session_run_kept(n);
		return;
	}
	session_run(n, &bytes);
	if (n->state == SESSION_DEAD)
		return;
	if (bytes.n > 0)
		sbuf_add_slice(&n->in, bytes);
	session_flow(n);
}

static void
session_eof(struct session *n)
{
	bool asked = n->state == SESSION_BUSY && !n->x->finished &&
	             (body_is_over(n->x) || n->in.len > n->in_pos);

	n->ended = true;
	if (asked && n->server->set.allow_half_close) {
		n->x->keep_alive = false;
		return;
	}
	if (n->state != SESSION_LINGER)
		session_gone(n, ERR_CLIENT_GONE);
	else if (conn_pending(n->conn) == 0)
		session_die(n);
}

static void
session_end(void *ctx, enum conn_end why)
{
	struct session *n = ctx;

	if (why == CONN_EOF)
		session_eof(n);
	else
		session_gone(n, ERR_CLIENT_GONE);
}

static void
session_drained(void *ctx)
{
	struct session *n = ctx;
	const struct server_ops *ops = n->server->set.ops;

	if (n->x != NULL && !n->x->finished && ops->drained != NULL)
		ops->drained(n->x, n->server->set.ctx);
}

static void
session_ready(void *ctx)
{
	session_enter(ctx, SESSION_IDLE);
}

static void
expire_busy(struct session *n)
{
	struct err e;

	if (conn_pending(n->conn) > 0 || n->x->finished) {
		session_gone(n, ERR_CLIENT_GONE);
		return;
	}
	err_set(&e, ERR_REQUEST_TIMEOUT,
	    "The request body did not arrive in time.");
	session_refuse(n, &e);
}

static void
session_expire(struct session *n)
{
	struct err e;

	switch (n->state) {
	case SESSION_IDLE:
		session_linger(n);
		return;
	case SESSION_HEAD:
		err_set(&e, ERR_REQUEST_TIMEOUT,
		    "The request headers did not arrive in time.");
		session_refuse(n, &e);
		return;
	case SESSION_BUSY:
		expire_busy(n);
		return;
	default:
		session_die(n);
	}
}

/* Output that still moves may take its time before the wait begins. */
static bool
lingers_on(struct session *n)
{
	uint64_t at = conn_progress_ms(n->conn) + n->server->set.write_ms;

	if (n->state != SESSION_LINGER || conn_pending(n->conn) == 0)
		return false;
	if (at <= now_mono_ms())
		return false;
	n->since_ms = now_mono_ms();
	session_arm(n);
	return true;
}

static void
session_timer(void *ctx)
{
	struct session *n = ctx;

	if (session_deadline(n) > now_mono_ms())
		session_arm(n);
	else if (!lingers_on(n))
		session_expire(n);
}

static const struct conn_ops session_ops = {
	.data = session_data,
	.end = session_end,
	.drained = session_drained,
	.connected = session_ready,
};

void
session_begin(struct server *s, int fd, const union address *peer,
    struct tls_server *tls)
{
	struct session *n = xcalloc(1, sizeof(*n));

	n->server = s;
	n->peer = *peer;
	n->tls = tls != NULL;
	if (!address_enter(s, n)) {
		close(fd);
		free(n);
		return;
	}
	list_add_tail(&s->sessions, &n->link);
	timer_init(&n->timer, s->loop, session_timer, n);
	n->conn = conn_accept(s->loop, fd,
	    tls != NULL ? tls_server_accept(tls) : NULL, &session_ops, n);
	session_enter(n, tls != NULL ? SESSION_HANDSHAKE : SESSION_IDLE);
	server_changed(s, 1);
}
