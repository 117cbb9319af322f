#include "net/client_priv.h"

#include <assert.h>

#include "base/clock.h"
#include "base/xmem.h"
#include "net/conn.h"
#include "net/tls.h"

static void
link_data(void *ctx, struct slice bytes)
{
	struct client_link *link = ctx;

	if (link->call != NULL)
		call_take(link->call, bytes);
	else
		link_close(link); /* nobody asked (C7) */
}

static void
link_end(void *ctx, enum conn_end why)
{
	struct client_link *link = ctx;
	const struct ssl_st *ssl = conn_ssl(link->conn);

	if (link->call == NULL)
		link_close(link);
	else
		call_input_ended(link->call,
		    why == CONN_EOF && (ssl == NULL || tls_peer_closed(ssl)));
}

static void
link_drained(void *ctx)
{
	struct client_link *link = ctx;

	if (link->call != NULL)
		call_send(link->call);
}

static const struct conn_ops link_ops = {
	.data = link_data,
	.end = link_end,
	.drained = link_drained,
};

struct client_link *
link_new(struct client_target *t, struct conn *conn)
{
	struct client_link *link = xcalloc(1, sizeof *link);

	list_init(&link->list);
	link->target = t;
	link->conn = conn;
	conn_set_owner(conn, &link_ops, link);
	return link;
}

static void
link_unlist(struct client_link *link)
{
	list_del(&link->list);
	link->target->idle_n--;
}

void
link_close(struct client_link *link)
{
	struct client_target *t = link->target;

	if (link->call == NULL)
		link_unlist(link);
	conn_close(&link->conn);
	loop_free_later(t->client->loop, link);
	client_closed_one(t);
}

void
link_keep(struct client_link *link)
{
	struct client_target *t = link->target;

	link->call = NULL;
	link->keep_until_ms = now_mono_ms() + t->idle_ms;
	list_add_head(&t->idle, &link->list);
	t->idle_n++;
	if (t->idle_n > CLIENT_IDLE_MAX)
		link_close(LIST_OWNER(t->idle.prev, struct client_link, list));
	if (!timer_is_set(&t->idle_timer))
		timer_set(&t->idle_timer, link->keep_until_ms);
	client_serve(t);
}

struct client_link *
link_take(struct client_target *t)
{
	struct client_link *link;

	if (list_empty(&t->idle))
		return NULL;
	link = LIST_OWNER(t->idle.next, struct client_link, list);
	link_unlist(link);
	return link;
}

void
link_expire(void *target)
{
	struct client_target *t = target;
	struct client_link *oldest;

	while (!list_empty(&t->idle)) {
		oldest = LIST_OWNER(t->idle.prev, struct client_link, list);
		if (oldest->keep_until_ms > now_mono_ms()) {
			timer_set(&t->idle_timer, oldest->keep_until_ms);
			return;
		}
		link_close(oldest);
	}
}
