#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/warm.h"
#include "base/xmem.h"
#include "net/listen.h"
#include "net/server_priv.h"

/* When a connection is taken from the queue, and when it is left to others. */

enum {
	REST_MS = 100,       /* when descriptors have run out */
	REST_LOADED_MS = 20, /* when others have fewer connections */
	MEAN_MS = 100,       /* so old may a mean be that lets us accept */
	MEAN_ROOM = 4,       /* above the mean, and an eighth of that */
	PACE_MS = 100,       /* so long is counted how many come... */
	PACE_MANY = 200,     /* ...and these are many */
};

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

/*
 * A worker that rests is woken by the handshake, and is up when the request
 * comes; a busy one would find nothing to read yet, often enough, and be told
 * twice.  All workers share the socket: a busy one says so anew every PACE_MS,
 * and one that has had few all the time lets it be.
 */
static void
listener_pace(struct listener *l, int fd)
{
	uint64_t passed_ms = now_mono_ms() - l->paced_ms;
	bool many;

	l->taken++;
	if (passed_ms < PACE_MS)
		return;
	many = l->taken * PACE_MS >= PACE_MANY * passed_ms;
	if (many || l->deferred)
		listen_defer(fd, many);
	l->deferred = many;
	l->taken = 0;
	l->paced_ms = now_mono_ms();
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
	listener_pace(l, fd);
	got = accept4(fd, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (got >= 0)
		session_begin(s, got, &peer, l->tls);
	else if (errno == EMFILE || errno == ENFILE)
		accept_none(s, fd);
}

void
server_accept_init(struct server *s)
{
	list_init(&s->listeners);
	timer_init(&s->accept_timer, s->loop, accept_again, s);
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void
server_accept_stop(struct server *s)
{
	timer_stop(&s->accept_timer);
	listeners_arm(s, false);
}

void
server_listen(struct server *s, int fd, struct tls_server *tls)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->server = s;
	l->tls = tls;
	l->paced_ms = now_mono_ms();
	l->deferred = true; /* perhaps: who had it before may have left it so */
	l->ev = event_new(loop_base(s->loop), fd, EV_READ | EV_PERSIST,
	    listener_ready, l);
	list_add_tail(&s->listeners, &l->link);
	conn_no_delay(fd);
	event_add(l->ev, NULL);
}

void
server_accept_free(struct server *s)
{
	timer_stop(&s->accept_timer);
	while (!list_empty(&s->listeners)) {
		struct listener *l =
		    LIST_OWNER(s->listeners.next, struct listener, link);

		list_del(&l->link);
		event_free(l->ev);
		free(l);
	}
	if (s->reserve >= 0)
		close(s->reserve);
}
