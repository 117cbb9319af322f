#include "net/client.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "net/client_priv.h"

#define CONNECT_MS 3000

struct client *
client_new(struct loop *loop, struct dns *dns)
{
	struct client *c = xcalloc(1, sizeof *c);

	c->loop = loop;
	c->dns = dns;
	list_init(&c->spare);
	return c;
}

void
client_free(struct client **cp)
{
	struct client *c = *cp;

	if (c == NULL)
		return;
	*cp = NULL;
	while (!list_empty(&c->spare)) {
		struct call *call =
		    LIST_OWNER(c->spare.next, struct call, list);

		list_del(&call->list);
		timer_stop(&call->timer);
		free(call);
	}
	c->dying = true;
	if (c->calls == 0)
		free(c);
}

/* A path that is too long for the kernel stays one that nobody answers. */
static void
client_target_unix(struct client_target *t, const char *path)
{
	struct sockaddr_un *un = &t->unix_at.sa.un;

	un->sun_family = AF_UNIX;
	snprintf(un->sun_path, sizeof un->sun_path, "%s", path);
	t->unix_at.len = sizeof *un;
}

struct client_target *
client_target_new(struct client *c, const struct client_target_options *o)
{
	struct client_target *t = xcalloc(1, sizeof *t);

	t->client = c;
	t->host = xstrdup(o->host);
	t->port = o->port;
	if (o->path != NULL)
		client_target_unix(t, o->path);
	t->tls = o->tls;
	t->connect_ms = o->connect_ms > 0 ? o->connect_ms : CONNECT_MS;
	t->idle_ms = o->idle_ms > 0 ? o->idle_ms : CLIENT_IDLE_UNKNOWN_MS;
	t->max_connections =
	    o->max_connections > 0 ? o->max_connections : CLIENT_OPEN_MAX;
	t->public_only = o->public_only;
	list_init(&t->idle);
	list_init(&t->waiting);
	timer_init(&t->idle_timer, c->loop, link_expire, t);
	return t;
}

/* Somebody up the stack may still look at it. */
static void
client_target_release(struct client_target *t)
{
	free(t->host);
	t->host = NULL;
	loop_free_later(t->client->loop, t);
}

void
client_target_close_idle(struct client_target *t)
{
	while (!list_empty(&t->idle))
		link_close(LIST_OWNER(t->idle.next, struct client_link, list));
}

void
client_target_free(struct client_target **tp)
{
	struct client_target *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	assert(list_empty(&t->waiting));
	client_target_close_idle(t);
	assert(t->open == 0);
	timer_stop(&t->idle_timer);
	t->dying = true;
	if (!t->serving)
		client_target_release(t);
}

void
client_write_host(struct sbuf *b, struct slice host, int port, bool tls)
{
	bool v6 = memchr(host.p, ':', host.n) != NULL;
	int usual = tls ? 443 : 80;

	sbuf_addf(b, "Host: %s%.*s%s", v6 ? "[" : "", SLICE_ARGS(host),
	    v6 ? "]" : "");
	if (port != usual)
		sbuf_addf(b, ":%d", port);
	sbuf_adds(b, "\r\n");
}

struct client_target_counts
client_target_counts(const struct client_target *t)
{
	return (struct client_target_counts){
		.open = t->open,
		.idle = t->idle_n,
		.waiting = t->waiting_n,
		.connects = t->connects,
		.reuses = t->reuses,
	};
}

/* Give the first of the queue what it needs.  False when there is nothing. */
static bool
client_serve_one(struct client_target *t)
{
	struct call *c = LIST_OWNER(t->waiting.next, struct call, list);
	struct client_link *link = c->req.fresh ? NULL : link_take(t);

	if (link == NULL && t->open >= t->max_connections) {
		if (list_empty(&t->idle))
			return false;
		link_close(LIST_OWNER(t->idle.prev, struct client_link, list));
	}
	list_del(&c->list);
	t->waiting_n--;
	if (link != NULL)
		call_begin(c, link);
	else
		call_dial(c);
	return true;
}

static void
client_serve_run(struct defer *d)
{
	struct client_target *t = LOOP_OWNER(d, struct client_target, serve);

	t->serving = false;
	if (t->dying) {
		client_target_release(t);
		return;
	}
	while (!list_empty(&t->waiting) && client_serve_one(t))
		;
}

void
client_serve(struct client_target *t)
{
	if (t->serving || list_empty(&t->waiting))
		return;
	t->serving = true;
	loop_defer(t->client->loop, &t->serve, client_serve_run);
}

void
client_closed_one(struct client_target *t)
{
	assert(t->open > 0);
	t->open--;
	client_serve(t);
}
