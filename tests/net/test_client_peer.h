#ifndef TESTS_NET_TEST_CLIENT_PEER_H
#define TESTS_NET_TEST_CLIENT_PEER_H

/*
 * test_client_peer - a provider that follows a script, in a thread.
 *
 * Blocking; with a tls_server it speaks TLS.  Each step is one thing that a
 * provider does on its one connection of the moment.
 */

#include <check.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/addr.h"
#include "net/tls.h"

enum peer_what {
	PEER_END,    /* of the script */
	PEER_ACCEPT, /* the next connection */
	PEER_READ,   /* one request: a head and what Content-Length says */
	PEER_SEND,   /* text */
	PEER_CLOSE,  /* FIN; over TLS with close_notify */
	PEER_CUT,    /* FIN, over TLS without close_notify */
	PEER_RESET,  /* RST */
	PEER_GONE,   /* wait until the client closes */
	PEER_FILL,   /* send 8 MB of 'x' */
	PEER_WAIT,   /* until the test posts go */
};

struct peer_step {
	enum peer_what what;
	const char *text;
};

struct peer {
	const struct peer_step *script;
	struct tls_server *tls;
	int listener, fd;
	SSL *ssl;
	uint16_t port;
	size_t got; /* bytes of requests */
	unsigned accepted;
	bool resumed; /* the last connection */
	pthread_t thread;
	sem_t go;
};

/* What TLS peers speak at most; 0: whatever they can. */
static int peer_max_version;

static ssize_t
peer_read(struct peer *p, char *buf, size_t n)
{
	return p->ssl != NULL ? SSL_read(p->ssl, buf, (int)n)
	                      : read(p->fd, buf, n);
}

static void
peer_send(struct peer *p, const char *text, size_t n)
{
	if (p->ssl != NULL)
		(void)SSL_write(p->ssl, text, (int)n);
	else
		(void)send(p->fd, text, n, MSG_NOSIGNAL);
}

static void
peer_accept(struct peer *p)
{
	p->fd = accept(p->listener, NULL, NULL);
	p->accepted++;
	if (p->tls == NULL)
		return;
	p->ssl = tls_server_accept(p->tls);
	SSL_set_fd(p->ssl, p->fd);
	SSL_set_max_proto_version(p->ssl, peer_max_version);
	if (SSL_accept(p->ssl) != 1)
		SSL_set_quiet_shutdown(p->ssl, 1);
	p->resumed = SSL_session_reused(p->ssl) == 1;
}

static void
peer_request(struct peer *p)
{
	static const char length[] = "Content-Length: ";
	char buf[65536] = "";
	size_t n = 0, want = SIZE_MAX;

	while (n < want) {
		size_t room = sizeof buf - 1 - (n < 4096 ? n : 4096);
		char *at = buf + (n < 4096 ? n : 4096), *end;
		ssize_t got = peer_read(p, at, room);

		if (got <= 0)
			return;
		n += (size_t)got;
		p->got += (size_t)got;
		end = strstr(buf, "\r\n\r\n");
		if (end == NULL || want != SIZE_MAX)
			continue;
		want = (size_t)(end + 4 - buf);
		at = strstr(buf, length);
		if (at != NULL)
			want += strtoul(at + sizeof length - 1, NULL, 10);
	}
}

static void
peer_close(struct peer *p, bool tls_too)
{
	if (p->ssl != NULL && tls_too)
		SSL_shutdown(p->ssl);
	SSL_free(p->ssl);
	p->ssl = NULL;
	close(p->fd);
	p->fd = -1;
}

static void
peer_reset(struct peer *p)
{
	struct linger now = { 1, 0 };

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
	peer_close(p, false);
}

static void
peer_gone(struct peer *p)
{
	char buf[4096];

	while (peer_read(p, buf, sizeof buf) > 0)
		;
	peer_close(p, true);
}

static void
peer_fill(struct peer *p)
{
	static char block[65536];

	memset(block, 'x', sizeof block);
	for (int i = 0; i < 128; i++)
		peer_send(p, block, sizeof block);
}

static void
peer_do(struct peer *p, const struct peer_step *s)
{
	switch (s->what) {
	case PEER_ACCEPT:
		peer_accept(p);
		break;
	case PEER_READ:
		peer_request(p);
		break;
	case PEER_SEND:
		peer_send(p, s->text, strlen(s->text));
		break;
	case PEER_FILL:
		peer_fill(p);
		break;
	case PEER_WAIT:
		sem_wait(&p->go);
		break;
	case PEER_CLOSE:
		peer_close(p, true);
		break;
	case PEER_CUT:
		peer_close(p, false);
		break;
	case PEER_RESET:
		peer_reset(p);
		break;
	case PEER_GONE:
		peer_gone(p);
		break;
	default:
		break;
	}
}

static void *
peer_run(void *ctx)
{
	struct peer *p = ctx;

	for (const struct peer_step *s = p->script; s->what != PEER_END; s++)
		peer_do(p, s);
	return NULL;
}

/* Listen there and play script, ended by PEER_END. */
static void
peer_start_at(struct peer *p, const struct peer_step *script,
    struct tls_server *tls, struct addr a)
{
	memset(p, 0, sizeof *p);
	p->script = script;
	p->tls = tls;
	p->fd = -1;
	sem_init(&p->go, 0, 0);
	p->listener = socket(a.sa.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(p->listener, &a.sa.any, a.len), 0);
	ck_assert_int_eq(listen(p->listener, 128), 0);
	a.len = sizeof a.sa;
	ck_assert_int_eq(getsockname(p->listener, &a.sa.any, &a.len), 0);
	p->port = addr_port(&a);
	if (script != NULL)
		pthread_create(&p->thread, NULL, peer_run, p);
}

/* The same on a free port of 127.0.0.1. */
static void
peer_start(struct peer *p, const struct peer_step *script,
    struct tls_server *tls)
{
	struct addr a;

	addr_read_ip(&a, SLICE("127.0.0.1"), 0);
	peer_start_at(p, script, tls, a);
}

/* The script must have come to its end, or come to it now. */
static void
peer_stop(struct peer *p)
{
	if (p->script != NULL)
		pthread_join(p->thread, NULL);
	if (p->fd != -1)
		peer_close(p, true);
	close(p->listener);
	sem_destroy(&p->go);
}

#endif
