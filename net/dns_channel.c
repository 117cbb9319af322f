#include "net/dns_priv.h"

#include <event2/event.h>
#include <limits.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/xmem.h"

struct dns_channel {
	struct loop *loop;
	ares_channel ares;
	struct list sockets; /* of struct dns_socket */
	struct timer timer;
};

/* A socket of c-ares that we watch for it. */
struct dns_socket {
	struct list link;
	struct dns_channel *channel;
	ares_socket_t fd;
	struct event *ev;
};

/* Have c-ares look at its own timeouts when it says that it must. */
static void
dns_channel_arm(struct dns_channel *c)
{
	struct timeval tv, *next = ares_timeout(c->ares, NULL, &tv);
	uint64_t wait_ms;

	if (next == NULL) {
		timer_set(&c->timer, TIMER_NEVER);
		return;
	}
	wait_ms =
	    (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1;
	timer_set(&c->timer, now_mono_ms() + wait_ms);
}

static void
dns_channel_timeout(void *ctx)
{
	struct dns_channel *c = ctx;

	ares_process_fd(c->ares, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	dns_channel_arm(c);
}

/* The socket may be gone, with its memory, when c-ares returns. */
static void
dns_channel_event(evutil_socket_t fd, short what, void *ctx)
{
	struct dns_socket *s = ctx;
	struct dns_channel *c = s->channel;

	loop_enter(c->loop);
	ares_process_fd(c->ares, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	dns_channel_arm(c);
}

static struct dns_socket *
dns_channel_socket(struct dns_channel *c, ares_socket_t fd)
{
	struct dns_socket *s;

	for (struct list *l = c->sockets.next; l != &c->sockets; l = l->next)
		if (LIST_OWNER(l, struct dns_socket, link)->fd == fd)
			return LIST_OWNER(l, struct dns_socket, link);
	s = xcalloc(1, sizeof *s);
	s->channel = c;
	s->fd = fd;
	list_add_tail(&c->sockets, &s->link);
	return s;
}

/* c-ares tells what it waits for; 0 and 0 before it closes the socket. */
static void
dns_channel_watch(void *ctx, ares_socket_t fd, int reading, int writing)
{
	struct dns_channel *c = ctx;
	struct dns_socket *s = dns_channel_socket(c, fd);
	int what =
	    EV_PERSIST | (reading ? EV_READ : 0) | (writing ? EV_WRITE : 0);

	if (s->ev != NULL)
		event_free(s->ev);
	s->ev = NULL;
	if (!reading && !writing) {
		list_del(&s->link);
		free(s);
		return;
	}
	s->ev = event_new(loop_base(c->loop), fd, (short)what,
	    dns_channel_event, s);
	event_add(s->ev, NULL);
}

static int
dns_channel_open(struct dns_channel *c, const char *servers, int timeout_ms,
    int tries)
{
	char lookups[] = "fb"; /* the hosts file, then DNS */
	struct ares_options options = {
		.timeout = timeout_ms,
		.tries = tries,
		.lookups = lookups,
		.sock_state_cb = dns_channel_watch,
		.sock_state_cb_data = c,
	};
	int status = ares_init_options(&c->ares, &options,
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
		ARES_OPT_SOCK_STATE_CB);

	if (status == ARES_SUCCESS && servers != NULL) {
		status = ares_set_servers_ports_csv(c->ares, servers);
		if (status != ARES_SUCCESS)
			ares_destroy(c->ares);
	}
	return status;
}

struct dns_channel *
dns_channel_new(struct loop *loop, const char *servers, int timeout_ms,
    int tries, struct err *e)
{
	struct dns_channel *c = xcalloc(1, sizeof *c);
	int status;

	c->loop = loop;
	list_init(&c->sockets);
	status = dns_channel_open(c, servers, timeout_ms, tries);
	if (status != ARES_SUCCESS) {
		err_set(e, ERR_SYSTEM, "dns: %s", ares_strerror(status));
		free(c);
		return NULL;
	}
	timer_init(&c->timer, loop, dns_channel_timeout, c);
	return c;
}

void
dns_channel_free(struct dns_channel **cp)
{
	struct dns_channel *c = *cp;

	if (c == NULL)
		return;
	ares_destroy(c->ares);
	timer_stop(&c->timer);
	free(c);
	*cp = NULL;
}

void
dns_channel_ask(struct dns_channel *c, const char *name,
    ares_addrinfo_callback done, void *ctx)
{
	struct ares_addrinfo_hints hints = {
		.ai_flags = ARES_AI_NOSORT,
		.ai_family = AF_UNSPEC,
	};

	ares_getaddrinfo(c->ares, name, NULL, &hints, done, ctx);
	dns_channel_arm(c);
}

/* The next node of a family, from node on. */
static const struct ares_addrinfo_node *
dns_channel_next(const struct ares_addrinfo_node *node, int family)
{
	while (node != NULL && node->ai_family != family)
		node = node->ai_next;
	return node;
}

int
dns_channel_sort(const struct ares_addrinfo *info, struct dns_answer *answer)
{
	static const int families[] = { AF_INET6, AF_INET };
	const struct ares_addrinfo_node *at[] = { info->nodes, info->nodes };
	int ttl_s = INT_MAX, turn = 0, misses = 0;

	answer->n = 0;
	while (answer->n < DNS_ADDRS_MAX && misses < 2) {
		const struct ares_addrinfo_node *node =
		    dns_channel_next(at[turn], families[turn]);

		misses = node == NULL ? misses + 1 : 0;
		if (node != NULL &&
		    addr_from_sockaddr(&answer->addrs[answer->n], node->ai_addr,
			node->ai_addrlen)) {
			answer->n++;
			if (node->ai_ttl < ttl_s)
				ttl_s = node->ai_ttl;
		}
		at[turn] = node != NULL ? node->ai_next : NULL;
		turn = !turn;
	}
	return ttl_s;
}
