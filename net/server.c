#include "net/server.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/warm.h"
#include "base/xmem.h"
#include "net/server_priv.h"

/* Accepting, and what holds for all connections. */

enum {
	REST_MS = 100,       /* when descriptors have run out */
	REST_LOADED_MS = 20, /* when others have fewer connections */
	MEAN_MS = 100,       /* so old may a mean be that lets us accept */
	MEAN_ROOM = 4,       /* above the mean, and an eighth of that */
};

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

static void
listeners_arm(struct server *s, bool on)
{
	for (struct list *i = s->listeners.next; i != &s->listeners;
	     i = i->next) {
		struct listener *l = LIST_OWNER(i, struct listener, link);

		if (on)
			event_add(l->ev, NULL);
		else
			event_del(l->ev);
	}
}

static void
accept_again(void *ctx)
{
	struct server *s = ctx;

	if (!s->draining)
		listeners_arm(s, true);
}

static void
accept_rest(struct server *s, unsigned ms)
{
	listeners_arm(s, false);
	timer_set(&s->accept_timer, now_mono_ms() + ms);
}

/*
 * Connections live for minutes, so a worker that won many would keep them:
 * leave the queue to others while this one is well above the mean (P2).
 */
static bool
is_above_mean(const struct server *s)
{
	return s->count > s->mean + s->mean / 8 + MEAN_ROOM;
}

/*
 * The mean is read from a page of each worker, which none of our requests has
 * in its caches: one that is old, and lets us accept, is good enough.
 */
static bool
is_loaded(struct server *s)
{
	if (s->set.ops->mean == NULL)
		return false;
	if (is_above_mean(s) || now_mono_ms() - s->mean_ms >= MEAN_MS) {
		s->mean = s->set.ops->mean(s->set.ctx);
		s->mean_ms = now_mono_ms();
	}
	return is_above_mean(s);
}

/* Take one from the queue and drop it: a client must not wait for nothing. */
static void
accept_none(struct server *s, int fd)
{
	int got;

	log_warn("server: out of descriptors, accepting rests");
	close(s->reserve);
	got = accept(fd, NULL, NULL);
	if (got >= 0)
		close(got);
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	accept_rest(s, REST_MS);
}

/*
 * One of them: to find the queue empty costs a system call that makes a socket
 * in vain, and who is left there is told of again in the next turn.
 */
static void
listener_ready(int fd, short what, void *ctx)
{
	struct listener *l = ctx;
	struct server *s = l->server;
	union address peer = { 0 };
	socklen_t len = sizeof(peer);
	int got;

	(void)what;
	loop_enter(s->loop);
	if (is_loaded(s)) {
		accept_rest(s, REST_LOADED_MS);
		return;
	}
	warm_request();
	got = accept4(fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (got >= 0)
		session_begin(s, got, &peer, l->tls);
	else if (errno == EMFILE || errno == ENFILE)
		accept_none(s, fd);
}

struct server *
server_new(struct loop *l, const struct server_settings *set)
{
	struct server *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->set = *set;
	if (s->set.limits == NULL)
		s->set.limits = &http1_request_limits;
	list_init(&s->listeners);
	list_init(&s->sessions);
	list_init(&s->spare);
	for (size_t i = 0; i < ADDRESS_BUCKETS; i++)
		list_init(&s->addresses[i]);
	timer_init(&s->accept_timer, l, accept_again, s);
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	s->date_s = -1;
	return s;
}

static void
listeners_free(struct server *s)
{
	while (!list_empty(&s->listeners)) {
		struct listener *l =
		    LIST_OWNER(s->listeners.next, struct listener, link);

		list_del(&l->link);
		event_free(l->ev);
		free(l);
	}
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
	listeners_free(s);
	timer_stop(&s->accept_timer);
	spares_free(s);
	sbuf_free(&s->refusal_headers);
	sbuf_free(&s->refusal_body);
	if (s->reserve >= 0)
		close(s->reserve);
	/* Exchanges that end in this turn still look at it. */
	loop_free_later(s->loop, s);
}

void
server_listen(struct server *s, int fd, struct tls_server *tls)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->server = s;
	l->tls = tls;
	l->ev = event_new(loop_base(s->loop), fd, EV_READ | EV_PERSIST,
	    listener_ready, l);
	list_add_tail(&s->listeners, &l->link);
	conn_no_delay(fd);
	event_add(l->ev, NULL);
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
	timer_stop(&s->accept_timer);
	listeners_arm(s, false);
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
