#include "tests/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/sbuf.h"
#include "net/conn.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/server.h"
#include "net/tls.h"

#include "tests/net/test_tls_certs.h"

/* The server over TLS, asked by a conn of our own; bodies larger than any
 * buffer on the way, and a peer that never shakes hands. */

enum { BODY = 3 * 1024 * 1024, TURNS_MAX = 3000 };

static struct loop *loop;
static struct server *server;
static struct tls_server *tls;
static struct tls_client *tls_trust;
static struct cert root;
static char root_path[CERT_PATH_SIZE];
static int listener;
static struct sbuf got;
static bool connected, ended;

static void
on_head(struct exchange *x, const struct http1_head *h, void *ctx)
{
	(void)h;
	(void)ctx;
	ck_assert(exchange_is_tls(x));
	exchange_accept(x, BODY);
}

static void
on_body(struct exchange *x, struct slice body, void *ctx)
{
	struct iovec v = { (void *)(uintptr_t)body.p, body.n };

	(void)ctx;
	exchange_reply(x, 200, SLICE(""), &v, 1);
}

static void
on_gone(struct exchange *x, void *ctx)
{
	(void)ctx;
	exchange_drop(x);
}

static void
on_refuse(void *ctx, const struct err *e, struct sbuf *headers,
    struct sbuf *body)
{
	(void)ctx;
	(void)e;
	(void)headers;
	(void)body;
}

static const struct server_ops ops = {
	.head = on_head,
	.body = on_body,
	.gone = on_gone,
	.refuse = on_refuse,
};

static void
on_data(void *ctx, struct slice bytes)
{
	(void)ctx;
	sbuf_add_slice(&got, bytes);
}

static void
on_end(void *ctx, enum conn_end why)
{
	(void)ctx;
	(void)why;
	ended = true;
}

static void
on_connected(void *ctx)
{
	(void)ctx;
	connected = true;
}

static const struct conn_ops client_ops = {
	.data = on_data,
	.end = on_end,
	.connected = on_connected,
};

static void
setup(void)
{
	static const struct cert_options options = { .name = "root",
		.alt = "DNS:localhost",
		.to_s = DAY_S,
		.ca = true };
	struct server_settings set;
	struct err e;

	root = cert_make(&options, NULL);
	cert_write(root.chain_pem, root_path);
	tls = tls_server_new(root.chain_pem, root.key_pem, 12, &e);
	tls_trust = tls_client_new(root_path, &e);
	ck_assert(tls != NULL && tls_trust != NULL);
	loop = loop_new();
	server_settings_init(&set);
	set.ops = &ops;
	set.handshake_ms = 50;
	server = server_new(loop, &set);
	listener = listen_tcp("127.0.0.1", 0, &e);
	server_listen(server, listener, tls);
	sbuf_clear(&got);
	connected = ended = false;
}

static void
teardown(void)
{
	server_free(&server);
	loop_turn(loop, 0);
	loop_free(&loop);
	tls_server_free(&tls);
	tls_client_free(&tls_trust);
	unlink(root_path);
	cert_free(&root);
	close(listener);
	sbuf_free(&got);
}

static struct conn *
dial(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listen_port(listener)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	uint16_t port = (uint16_t)listen_port(listener);
	struct err e;

	return conn_connect(loop, (struct sockaddr *)&to, sizeof(to),
	    tls_client_connect(tls_trust, "localhost", port), &client_ops, NULL,
	    &e);
}

#define UNTIL(condition)                                                       \
	for (int turns_ = 0; !(condition); turns_++) {                         \
		ck_assert_msg(turns_ < TURNS_MAX, "never: " #condition);       \
		loop_turn(loop, 5);                                            \
	}

START_TEST(test_large_echo)
{
	struct conn *c = dial();
	struct sbuf body = { 0 }, head = { 0 };
	struct iovec v[2];

	for (int i = 0; i < BODY / 8; i++)
		sbuf_addf(&body, "%08d", i);
	sbuf_addf(&head,
	    "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
	    body.len);
	v[0] = (struct iovec){ head.data, head.len };
	v[1] = (struct iovec){ body.data, body.len };
	ck_assert_int_eq(conn_write(c, v, 2), 0);
	UNTIL(got.len > body.len);
	ck_assert(connected && !ended);
	ck_assert(
	    memcmp(got.data + got.len - body.len, body.data, body.len) == 0);
	ck_assert_uint_eq(conn_pending(c), 0);
	UNTIL(conn_acked(c) == 1);
	conn_close(&c);
	UNTIL(server_count(server) == 0);
	sbuf_free(&body);
	sbuf_free(&head);
}
END_TEST

START_TEST(test_no_handshake)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listen_port(listener)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	char c;

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	UNTIL(server_count(server) == 1);
	UNTIL(server_count(server) == 0);
	ck_assert_int_le(recv(fd, &c, 1, 0), 0);
	close(fd);
}
END_TEST

/* Whether the other side has ended it, be it after an alert. */
static bool
is_closed(int fd)
{
	char c[64];
	ssize_t n;

	do
		n = recv(fd, c, sizeof(c), MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || errno != EAGAIN;
}

START_TEST(test_plain_to_tls)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listen_port(listener)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	UNTIL(is_closed(fd));
	ck_assert_int_eq(server_count(server), 0);
	close(fd);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("server_tls");
	TCase *t = tcase_create("server_tls");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_large_echo);
	tcase_add_test(t, test_no_handshake);
	tcase_add_test(t, test_plain_to_tls);
	suite_add_tcase(s, t);
	return s;
}
