#include "net/server.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xmem.h"
#include "net/server_priv.h"

/* What holds for all connections. */

void
server_settings_init(struct server_settings *set)
{
	*set = (struct server_settings){
		.limits = &http1_request_limits,
		.handshake_ms = 5000,
		.header_ms = 10000,
		.body_ms = 60000,
		.body_rate = 16 * 1024,
		.idle_ms = 75000,
		.write_ms = 30000,
		.per_address = 100,
		.requests = 10000,
	};
}

struct server *
server_new(struct loop *l, const struct server_settings *set)
{
	struct server *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->set = *set;
	if (s->set.limits == NULL)
		s->set.limits = &http1_request_limits;
	list_init(&s->sessions);
	list_init(&s->spare);
	for (size_t i = 0; i < ADDRESS_BUCKETS; i++)
		list_init(&s->addresses[i]);
	server_accept_init(s);
	s->date_s = -1;
	return s;
}

static void
spares_free(struct server *s)
{
	while (!list_empty(&s->spare)) {
		struct exchange *x =
		    LIST_OWNER(s->spare.next, struct exchange, link);

		list_del(&x->link);
		sbuf_free(&x->body);
		free(x);
	}
}

void
server_free(struct server **sp)
{
	struct server *s = *sp;

	if (s == NULL)
		return;
	*sp = NULL;
	s->ended = true;
	while (!list_empty(&s->sessions)) {
		struct session *n =
		    LIST_OWNER(s->sessions.next, struct session, link);

		session_gone(n, ERR_SHUTTING_DOWN);
	}
	server_accept_free(s);
	spares_free(s);
	sbuf_free(&s->refusal_headers);
	sbuf_free(&s->refusal_body);
	/* Exchanges that end in this turn still look at it. */
	loop_free_later(s->loop, s);
}

void
server_adopt(struct server *s, int fd, struct tls_server *tls)
{
	union address peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getpeername(fd, &peer.any, &len) < 0)
		peer.any.sa_family = AF_UNIX;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	conn_no_delay(fd);
	session_begin(s, fd, &peer, tls);
}

/* Deadlines may have become shorter. */
static void
sessions_arm(struct server *s)
{
	for (struct list *i = s->sessions.next; i != &s->sessions; i = i->next)
		session_arm(LIST_OWNER(i, struct session, link));
}

void
server_drain(struct server *s, uint64_t idle_ms)
{
	s->draining = true;
	s->drain_ms = now_mono_ms() + idle_ms;
	server_accept_stop(s);
	sessions_arm(s);
}

unsigned
server_count(const struct server *s)
{
	return s->count;
}

void
server_set_pressure(struct server *s, enum server_pressure pressure)
{
	if (s->pressure == pressure)
		return;
	s->pressure = pressure;
	sessions_arm(s);
}

void
server_changed(struct server *s, int by)
{
	s->count += (unsigned)by;
	if (s->set.ops->count_changed != NULL)
		s->set.ops->count_changed(s->set.ctx, s->count);
}
