#include "net/client_priv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/xmem.h"
#include "net/conn.h"
#include "net/tls.h"

static const char *const call_failure_names[] = {
	[CALL_DNS] = "dns",
	[CALL_CONNECT] = "connect",
	[CALL_CONNECT_TIMEOUT] = "connect_timeout",
	[CALL_TLS] = "tls",
	[CALL_LOST] = "lost",
	[CALL_WRITE_TIMEOUT] = "write_timeout",
	[CALL_FIRST_BYTE_TIMEOUT] = "first_byte_timeout",
	[CALL_IDLE_TIMEOUT] = "idle_timeout",
	[CALL_TOTAL_TIMEOUT] = "total_timeout",
	[CALL_CUT] = "cut",
	[CALL_MALFORMED] = "malformed",
	[CALL_HEAD_TOO_LARGE] = "head_too_large",
};

const char *
call_failure_name(enum call_failure failure)
{
	return call_failure_names[failure];
}

static struct call *
call_take_spare(struct client *client)
{
	struct call *c;

	client->calls++;
	if (list_empty(&client->spare)) {
		c = xcalloc(1, sizeof *c);
		list_init(&c->list);
		timer_init(&c->timer, client->loop, call_fire, c);
		return c;
	}
	c = LIST_OWNER(client->spare.next, struct call, list);
	list_del(&c->list);
	return c;
}

static void
call_rest(struct call *c)
{
	struct client *client = c->target->client;

	free(c->failing);
	c->failing = NULL;
	answer_fini(&c->answer);
	client->calls--;
	if (!client->dying) {
		list_add_head(&client->spare, &c->list);
		return;
	}
	timer_stop(&c->timer);
	free(c);
	if (client->calls == 0)
		free(client);
}

/* The work of a call at the end of the turn: report, then rest. */
static void
call_later(struct defer *d)
{
	struct call *c = LOOP_OWNER(d, struct call, later);

	if (c->state == CALL_FAILING) {
		c->state = CALL_OVER;
		c->ops->fail(c->ctx, c->failure, c->failing);
	}
	call_rest(c);
}

void
call_over(struct call *c)
{
	c->state = CALL_OVER;
	timer_set(&c->timer, TIMER_NEVER);
	loop_defer(c->target->client->loop, &c->later, call_later);
}

/* Give back what it holds in its present state. */
static void
call_let_go(struct call *c)
{
	struct client_target *t = c->target;

	switch (c->state) {
	case CALL_WAITING:
		list_del(&c->list);
		t->waiting_n--;
		break;
	case CALL_DIALING:
		dial_cancel(&c->dial);
		client_closed_one(t);
		break;
	case CALL_ACTIVE:
		link_close(c->link);
		c->link = NULL;
		break;
	default:
		break;
	}
}

/* The callback first: it may ask the connection what was acknowledged. */
void
call_fail(struct call *c, enum call_failure failure, const struct err *e)
{
	enum call_state state = c->state;

	c->state = CALL_OVER;
	c->ops->fail(c->ctx, failure, e);
	c->state = state;
	call_let_go(c);
	call_over(c);
}

static void
call_fail_later(struct call *c, enum call_failure failure, const struct err *e)
{
	call_let_go(c);
	c->failure = failure;
	c->failing = xmalloc(sizeof *c->failing);
	*c->failing = *e;
	call_over(c);
	c->state = CALL_FAILING;
}

void
call_begin(struct call *c, struct client_link *link)
{
	struct client_target *t = c->target;

	link->call = c;
	c->link = link;
	c->state = CALL_ACTIVE;
	c->since_ms = now_mono_ms();
	c->reused = link->used;
	c->resumed = t->tls != NULL && tls_resumed(conn_ssl(link->conn));
	t->reuses += link->used;
	link->used = true;
	answer_start(&c->answer, &t->client->head, c->req.head_only);
	c->ready = true;
	c->ops->ready(c->ctx);
	if (c->state != CALL_ACTIVE)
		return;
	call_send(c);
	call_arm(c);
}

static void
call_dialed(void *ctx, struct conn *conn, enum call_failure failure,
    const struct err *e)
{
	struct call *c = ctx;

	c->dial = NULL;
	c->connect_ms = now_mono_ms() - c->since_ms;
	if (conn == NULL) {
		call_fail(c, failure, e);
		return;
	}
	c->target->connects++;
	call_begin(c, link_new(c->target, conn));
}

void
call_dial(struct call *c)
{
	c->state = CALL_DIALING;
	c->since_ms = now_mono_ms();
	c->target->open++;
	c->dial = dial_start(c->target, call_dialed, c);
	call_arm(c);
}

static void
call_wait(struct call *c)
{
	struct client_target *t = c->target;
	struct err e;

	if (t->waiting_n >= CLIENT_QUEUE_MAX) {
		err_set(&e, ERR_UPSTREAM_CONNECT,
		    "%s:%u: no free connection, %d calls wait", t->host,
		    t->port, CLIENT_QUEUE_MAX);
		c->state = CALL_OVER;
		call_fail_later(c, CALL_CONNECT, &e);
		return;
	}
	list_add_tail(&t->waiting, &c->list);
	t->waiting_n++;
	call_arm(c);
	client_serve(t);
}

static void
call_init(struct call *c, const struct call_request *req)
{
	assert(req->body_n <= CALL_BODY_IOV_MAX);
	c->req = *req;
	c->total = req->head.n;
	for (unsigned i = 0; i < req->body_n; i++)
		c->total += req->body[i].iov_len;
	c->given = 0;
	c->state = CALL_WAITING;
	c->dial = NULL;
	c->link = NULL;
	c->start_ms = c->since_ms = now_mono_ms();
	c->connect_ms = c->first_byte_ms = c->body_ms = 0;
	c->received = c->answer.body_len = 0;
	c->reused = c->resumed = c->ready = c->sent = c->paused = false;
}

struct call *
call_start(struct client_target *t, const struct call_request *req,
    const struct call_ops *ops, void *ctx)
{
	struct call *c = call_take_spare(t->client);
	struct client_link *link = NULL;

	c->target = t;
	c->ops = ops;
	c->ctx = ctx;
	call_init(c, req);
	/* Those that wait come first, except that nobody waits for a dial. */
	if (t->waiting_n == 0 && !req->fresh)
		link = link_take(t);
	if (link != NULL)
		call_begin(c, link);
	else if (t->waiting_n == 0 && t->open < t->max_connections)
		call_dial(c);
	else
		call_wait(c);
	return c;
}

void
call_cancel(struct call **cp)
{
	struct call *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	if (c->state == CALL_OVER)
		return;
	call_let_go(c);
	call_over(c);
}

void
call_pause(struct call *c)
{
	if (c->state != CALL_ACTIVE || c->paused)
		return;
	c->paused = true;
	conn_pause(c->link->conn, false);
}

void
call_resume(struct call *c)
{
	if (c->state != CALL_ACTIVE || !c->paused)
		return;
	c->paused = false;
	if (c->body_ms != 0)
		c->body_ms = now_mono_ms();
	conn_resume(c->link->conn);
	call_arm(c);
}

bool
call_reused(const struct call *c)
{
	return c->reused;
}

void
call_info(const struct call *c, struct call_info *info_r)
{
	const struct conn *conn = c->link != NULL ? c->link->conn : NULL;
	size_t unsent = conn != NULL ? conn_unsent(conn) : 0;

	*info_r = (struct call_info){
		.reused = c->reused,
		.resumed = c->resumed,
		.ready = c->ready,
		.sent = conn == NULL ? c->sent
		                     : c->given == c->total && unsent == 0,
		.written = c->given > unsent ? c->given - unsent : 0,
		.received = c->received,
		.body_received = c->answer.body_len,
		.connect_ms = c->connect_ms,
		.first_byte_ms = c->first_byte_ms,
	};
	/* An unknown count must not make a request free: money.md 9. */
	info_r->acked = info_r->sent && (conn == NULL || conn_acked(conn) != 0);
}
