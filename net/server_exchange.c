#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xmem.h"
#include "net/server_priv.h"

/*
 * The objects that handlers hold.  They are used again, but never in the turn
 * in which they ended, so that a late call in that turn finds a dead one.
 */

enum { SPARES_MAX = 256 };

static struct exchange *
exchange_get(struct server *s)
{
	struct exchange *x;

	if (list_empty(&s->spare))
		return xcalloc(1, sizeof(*x));
	x = LIST_OWNER(s->spare.next, struct exchange, link);
	list_del(&x->link);
	s->spares--;
	return x;
}

struct exchange *
exchange_new(struct session *n, const struct http1_head *h, size_t head_bytes)
{
	struct exchange *x = exchange_get(n->server);
	struct sbuf body = x->body;

	*x = (struct exchange){
		.server = n->server,
		.session = n,
		.peer = n->peer,
		.tls = n->tls,
		.began_ns = now_mono_ns(),
		.bytes_in = head_bytes,
		.content_length = h->content_length,
		.body = body,
		.kind = (unsigned char)h->body,
		.minor = (unsigned char)h->minor,
		.head_only = h->method_id == HTTP1_HEAD,
		.keep_alive = h->keep_alive,
		.expects = h->expect_continue && h->body != HTTP1_BODY_NONE,
	};
	list_init(&x->link);
	return x;
}

static void
exchange_recycle(struct defer *d)
{
	struct exchange *x = LOOP_OWNER(d, struct exchange, defer);
	struct server *s = x->server;

	if (x->secret && x->body.data != NULL)
		explicit_bzero(x->body.data, x->body.cap);
	if (x->body.cap > BODY_KEEP_BYTES)
		sbuf_free(&x->body);
	sbuf_clear(&x->body);
	sbuf_free(&x->head_out);
	free(x->chunks);
	if (s->spares < SPARES_MAX && !s->ended) {
		s->spares++;
		list_add_head(&s->spare, &x->link);
		return;
	}
	sbuf_free(&x->body);
	free(x);
}

void
exchange_release(struct exchange *x)
{
	x->finished = true;
	x->session = NULL;
	loop_defer(x->server->loop, &x->defer, exchange_recycle);
}

void
exchange_lose(struct exchange *x, enum err_kind why)
{
	x->session = NULL;
	x->gone = true;
	x->why = why;
	x->server->set.ops->gone(x, x->server->set.ctx);
}

void
exchange_set_data(struct exchange *x, void *data)
{
	x->data = data;
}

void *
exchange_data(const struct exchange *x)
{
	return x->data;
}

const struct sockaddr *
exchange_peer(const struct exchange *x)
{
	return &x->peer.any;
}

bool
exchange_is_tls(const struct exchange *x)
{
	return x->tls;
}

uint64_t
exchange_began_ns(const struct exchange *x)
{
	return x->began_ns;
}

uint64_t
exchange_bytes_in(const struct exchange *x)
{
	return x->bytes_in;
}

uint64_t
exchange_bytes_out(const struct exchange *x)
{
	return x->bytes_out;
}

bool
exchange_started(const struct exchange *x)
{
	return x->started;
}

enum err_kind
exchange_why(const struct exchange *x)
{
	return x->why;
}

size_t
exchange_pending(const struct exchange *x)
{
	return x->session != NULL ? conn_pending(x->session->conn) : 0;
}

void
exchange_wipe_body(struct exchange *x)
{
	x->secret = true;
}

void
exchange_accept(struct exchange *x, size_t max_body)
{
	struct session *n = x->session;

	if (n == NULL || x->finished)
		return;
	assert(x->body_state == BODY_WAITS);
	x->max_body = max_body;
	x->body_state = BODY_ACCEPTED;
	if (!n->running)
		session_run_later(n);
}

void
exchange_cut(struct exchange *x)
{
	if (x->session != NULL && !x->finished)
		session_cut(x->session);
}

void
exchange_drop(struct exchange *x)
{
	if (x->gone)
		exchange_release(x);
	else
		exchange_cut(x);
}
