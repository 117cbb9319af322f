#ifndef TESTS_NET_TEST_CLIENT_SEEN_H
#define TESTS_NET_TEST_CLIENT_SEEN_H

/*
 * test_client_seen - a client of one test, the requests that it sends to a
 * peer (test_client_peer), and what its calls were seen to do, as words.
 */

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "net/client.h"
#include "net/dns.h"
#include "net/http1.h"
#include "net/loop.h"

#include "tests/net/test_client_peer.h"

#define OK "HTTP/1.1 200 OK\r\n"
#define HELLO OK "Content-Length: 5\r\n\r\nhello"
#define HELLO_CLOSE OK "Connection: close\r\nContent-Length: 5\r\n\r\nhello"

static struct loop *loop;
static struct dns *dns;
static struct client *client;

static void
client_start(void)
{
	struct err e;

	signal(SIGPIPE, SIG_IGN);
	loop = loop_new();
	dns = dns_new(loop, NULL, &e);
	ck_assert_ptr_nonnull(dns);
	client = client_new(loop, dns);
}

static void
client_stop(void)
{
	client_free(&client);
	dns_free(&dns);
	loop_free(&loop);
}

/* A target at p, with o or NULL; its host is 127.0.0.1 if o names none. */
static struct client_target *
target_of(const struct peer *p, const struct client_target_options *o)
{
	struct client_target_options with = { .host = NULL };

	if (o != NULL)
		with = *o;
	if (with.host == NULL)
		with.host = "127.0.0.1";
	with.port = p->port;
	return client_target_new(client, &with);
}

/* The end of both, which the provider sees. */
static void
target_end(struct client_target **t, struct peer *p)
{
	client_target_free(t);
	loop_turn(loop, 0);
	peer_stop(p);
}

/* One request, answered and kept; two on one connection. */
static const struct peer_step one_answer[] = { { PEER_ACCEPT, 0 },
	{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_GONE, 0 },
	{ PEER_END, 0 } };

static const struct peer_step two_answers[] = { { PEER_ACCEPT, 0 },
	{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_READ, 0 },
	{ PEER_SEND, HELLO }, { PEER_GONE, 0 }, { PEER_END, 0 } };

static const struct iovec post_body[] = { { (char *)(uintptr_t) "bo", 2 },
	{ (char *)(uintptr_t) "", 0 }, { (char *)(uintptr_t) "dy", 2 } };

static const struct call_request post = {
	.head = { "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", 38 },
	.body = post_body,
	.body_n = 3,
};

#define POST_BYTES 42

struct seen {
	char text[512];
	char why[352]; /* of a failure */
	struct call *call;
	struct call_info info; /* inside end or fail */
	size_t body_len;
	bool over;
	/* What the callbacks shall do. */
	const char *cancel_at; /* the word at which to cancel */
	struct seen *then;     /* a call to start inside end or fail */
	struct client_target *target;
	const struct call_request *req;
};

static const struct call_ops seen_ops;

static void
see(struct seen *s, const char *word)
{
	size_t len = strlen(s->text);

	snprintf(s->text + len, sizeof s->text - len, "%s%s",
	    len > 0 ? " " : "", word);
	if (s->cancel_at != NULL && strcmp(s->cancel_at, word) == 0) {
		call_cancel(&s->call);
		s->over = true;
	}
}

static void
seen_over(struct seen *s)
{
	s->over = true;
	call_info(s->call, &s->info);
	if (s->then != NULL)
		s->then->call =
		    call_start(s->target, s->req, &seen_ops, s->then);
}

static void
seen_ready(void *ctx)
{
	see(ctx, "ready");
}

static void
seen_head(void *ctx, const struct http1_head *head)
{
	char word[16];

	snprintf(word, sizeof word, "%u", head->status);
	see(ctx, word);
}

static void
seen_data(void *ctx, struct slice bytes)
{
	struct seen *s = ctx;
	char word[32];

	s->body_len += bytes.n;
	snprintf(word, sizeof word, "'%.*s'", (int)(bytes.n < 20 ? bytes.n : 3),
	    bytes.p);
	if (bytes.n < 20 || s->body_len == bytes.n)
		see(s, word);
}

static void
seen_end(void *ctx)
{
	see(ctx, "end");
	seen_over(ctx);
}

static void
seen_fail(void *ctx, enum call_failure failure, const struct err *e)
{
	struct seen *s = ctx;

	ck_assert_ptr_nonnull(e);
	ck_assert_str_ne(e->text, "");
	snprintf(s->why, sizeof s->why, "%s", e->text);
	see(s, call_failure_name(failure));
	seen_over(s);
}

static const struct call_ops seen_ops = {
	.ready = seen_ready,
	.head = seen_head,
	.data = seen_data,
	.end = seen_end,
	.fail = seen_fail,
};

static void
begin(struct seen *s, struct client_target *t, const struct call_request *req)
{
	s->target = t;
	s->req = req;
	s->call = call_start(t, req, &seen_ops, s);
}

static void
wait_over(const struct seen *s)
{
	while (!s->over)
		loop_turn(loop, 1000);
}

/* One call from its start to its end. */
static void
ask(struct seen *s, struct client_target *t)
{
	memset(s, 0, sizeof *s);
	begin(s, t, &post);
	wait_over(s);
}

#endif
