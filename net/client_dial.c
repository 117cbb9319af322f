#include "net/client_priv.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/xmem.h"
#include "net/conn.h"
#include "net/dns.h"
#include "net/tls.h"

#define DIAL_TRIES 2 /* in the air at once */
#define DIAL_RACE_MS 250

struct dial_try {
	struct client_dial *dial;
	struct conn *conn; /* NULL: not in the air */
	const struct addr *to;
};

struct client_dial {
	struct client_target *target;
	dial_fn done; /* NULL after dial_cancel() */
	void *ctx;
	struct dns_query query;
	struct dns_answer answer;
	unsigned next; /* address to try */
	struct dial_try tries[DIAL_TRIES];
	struct timer race;
	struct defer later;
	bool failing;              /* later is queued */
	enum call_failure failure; /* the last one, and why */
	struct err err;
};

static void dial_go_on(struct client_dial *d);

static struct loop *
dial_loop(const struct client_dial *d)
{
	return d->target->client->loop;
}

/* Let go of everything but the memory. */
static void
dial_stop(struct client_dial *d)
{
	dns_cancel(&d->query);
	timer_stop(&d->race);
	for (unsigned i = 0; i < DIAL_TRIES; i++)
		conn_close(&d->tries[i].conn);
}

static void
dial_fail_run(struct defer *defer)
{
	struct client_dial *d = LOOP_OWNER(defer, struct client_dial, later);

	if (d->done != NULL)
		d->done(d->ctx, NULL, d->failure, &d->err);
	free(d);
}

/* Callers may be inside dial_start(): the news comes at the turn's end. */
static void
dial_fail(struct client_dial *d)
{
	dial_stop(d);
	d->failing = true;
	loop_defer(dial_loop(d), &d->later, dial_fail_run);
}

/*
 * Why there is no connection, should it be the last reason: a certificate
 * that was refused says more than an address where nobody listens.
 */
static void
dial_note(struct client_dial *d, enum call_failure failure, const struct err *e)
{
	if (d->failure == CALL_TLS && failure != CALL_TLS)
		return;
	d->failure = failure;
	d->err = *e;
}

/* D7: connected to the address that was checked, and to no other. */
static bool
dial_met_peer(const struct dial_try *try)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;
	struct addr met;

	if (try->to->sa.any.sa_family == AF_UNIX)
		return true;
	return getpeername(conn_fd(try->conn), (struct sockaddr *)&ss, &len) ==
	           0 &&
	       addr_from_sockaddr(&met, (struct sockaddr *)&ss, len) &&
	       addr_same_host(&met, try->to);
}

static void
dial_connected(void *ctx)
{
	struct dial_try *try = ctx;
	struct client_dial *d = try->dial;
	struct conn *conn = try->conn;
	struct err e;

	if (!dial_met_peer(try)) {
		err_set(&e, ERR_UPSTREAM_CONNECT,
		    "connect to %s: the peer is another", d->target->host);
		dial_note(d, CALL_CONNECT, &e);
		conn_close(&try->conn);
		dial_go_on(d);
		return;
	}
	try->conn = NULL;
	dial_stop(d);
	loop_free_later(dial_loop(d), d);
	d->done(d->ctx, conn, CALL_CONNECT, NULL);
}

static void
dial_explain(struct client_dial *d, const struct dial_try *try)
{
	const struct ssl_st *ssl = conn_ssl(try->conn);
	const char *reason = conn_reason(try->conn);
	bool tls = ssl != NULL && tls_begun(ssl);
	char to[ADDR_TEXT_SIZE];
	struct err e;

	addr_text_port(try->to, to);
	err_set(&e, ERR_UPSTREAM_CONNECT, "%s %s (%s): %s",
	    tls ? "TLS with" : "connect to", d->target->host, to,
	    reason[0] != '\0' ? reason : "closed by the peer");
	dial_note(d, tls ? CALL_TLS : CALL_CONNECT, &e);
}

static void
dial_ended(void *ctx, enum conn_end why)
{
	struct dial_try *try = ctx;
	struct client_dial *d = try->dial;

	(void)why;
	dial_explain(d, try);
	conn_close(&try->conn);
	dial_go_on(d);
}

/* A server does not speak first in HTTP; nothing is read before connected. */
static void
dial_data(void *ctx, struct slice bytes)
{
	(void)bytes;
	dial_ended(ctx, CONN_REFUSED);
}

static const struct conn_ops dial_ops = {
	.data = dial_data,
	.end = dial_ended,
	.connected = dial_connected,
};

/* 1 when the attempt is in the air; -1 when it failed at once. */
static int
dial_try(struct client_dial *d, struct dial_try *try, const struct addr *to)
{
	struct client_target *t = d->target;
	struct ssl_st *ssl = NULL;
	struct err e;

	if (t->tls != NULL)
		ssl = tls_client_connect(t->tls, t->host, t->port);
	try->to = to;
	try->conn = conn_connect(dial_loop(d), &to->sa.any, to->len, ssl,
	    &dial_ops, try, &e);
	if (try->conn != NULL)
		return 1;
	dial_note(d, CALL_CONNECT, &e);
	return -1;
}

static struct dial_try *
dial_free_try(struct client_dial *d)
{
	for (unsigned i = 0; i < DIAL_TRIES; i++)
		if (d->tries[i].conn == NULL)
			return &d->tries[i];
	return NULL;
}

static bool
dial_in_the_air(const struct client_dial *d)
{
	for (unsigned i = 0; i < DIAL_TRIES; i++)
		if (d->tries[i].conn != NULL)
			return true;
	return false;
}

/* Try one more address if there is one and room for it (C8). */
static void
dial_go_on(struct client_dial *d)
{
	struct dial_try *try = dial_free_try(d);

	while (try != NULL && d->next < d->answer.n)
		if (dial_try(d, try, &d->answer.addrs[d->next++]) == 1)
			break;
	if (!dial_in_the_air(d))
		dial_fail(d);
	else if (d->next < d->answer.n)
		timer_set(&d->race, now_mono_ms() + DIAL_RACE_MS);
}

static void
dial_race(void *ctx)
{
	dial_go_on(ctx);
}

/* One forbidden address refuses the whole name (D7). */
static bool
dial_is_allowed(const struct client_dial *d)
{
	for (unsigned i = 0; d->target->public_only && i < d->answer.n; i++)
		if (!addr_is_public(&d->answer.addrs[i]))
			return false;
	return true;
}

static void
dial_resolved(struct client_dial *d)
{
	for (unsigned i = 0; i < d->answer.n; i++)
		addr_set_port(&d->answer.addrs[i], d->target->port);
	if (dial_is_allowed(d)) {
		dial_go_on(d);
		return;
	}
	d->failure = CALL_DNS;
	err_set(&d->err, ERR_API_BASE_NOT_ALLOWED,
	    "api_base '%s' is not allowed.", d->target->host);
	dial_fail(d);
}

static void
dial_dns(void *ctx, const struct dns_answer *answer, const struct err *e)
{
	struct client_dial *d = ctx;

	if (answer != NULL) {
		d->answer = *answer;
		dial_resolved(d);
	} else {
		d->err = *e;
		dial_fail(d);
	}
}

struct client_dial *
dial_start(struct client_target *t, dial_fn done, void *ctx)
{
	struct client_dial *d = xcalloc(1, sizeof *d);

	d->target = t;
	d->done = done;
	d->ctx = ctx;
	d->failure = CALL_DNS;
	for (unsigned i = 0; i < DIAL_TRIES; i++)
		d->tries[i].dial = d;
	timer_init(&d->race, t->client->loop, dial_race, d);
	if (t->unix_at.len > 0) {
		d->answer.addrs[0] = t->unix_at;
		d->answer.n = 1;
		dial_go_on(d);
		return d;
	}
	switch (dns_ask(t->client->dns, &d->query, t->host, dial_dns, d,
	    &d->answer, &d->err)) {
	case 1:
		dial_resolved(d);
		break;
	case -1:
		dial_fail(d);
		break;
	default:
		break;
	}
	return d;
}

void
dial_cancel(struct client_dial **dp)
{
	struct client_dial *d = *dp;

	if (d == NULL)
		return;
	*dp = NULL;
	d->done = NULL;
	if (d->failing)
		return; /* dial_fail_run() frees it */
	dial_stop(d);
	loop_free_later(dial_loop(d), d);
}
