#include "tests/suite.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/server.h"

enum { BURST = 20, WINDOW_MS = 100, PATIENCE_MS = 20000 };

static struct {
	struct loop *loop;
	struct server *server;
	int listener;
} rig;

/* Nobody asks for anything. */
static const struct server_ops ops = { .head = NULL };

static void
setup(void)
{
	struct server_settings set;
	struct err e;

	server_settings_init(&set);
	set.ops = &ops;
	rig.loop = loop_new();
	rig.server = server_new(rig.loop, &set);
	rig.listener = listen_tcp("127.0.0.1", 0, &e);
	ck_assert_int_ge(rig.listener, 0);
	server_listen(rig.server, rig.listener, NULL);
}

static void
teardown(void)
{
	server_free(&rig.server);
	loop_turn(rig.loop, 0);
	loop_free(&rig.loop);
	close(rig.listener);
}

/* Connect and reset: no port waits for its connection to be forgotten. */
static void
come_and_leave(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listen_port(rig.listener)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	ck_assert_int_eq(send(fd, "G", 1, MSG_NOSIGNAL), 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
	loop_turn(rig.loop, 0);
}

static bool
is_deferred(void)
{
	int after_s = -1;
	socklen_t len = sizeof(after_s);

	getsockopt(rig.listener, IPPROTO_TCP, TCP_DEFER_ACCEPT, &after_s, &len);
	ck_assert_int_ge(after_s, 0);
	return after_s > 0;
}

/* Bursts, and a rest after each of them, until it is as wanted. */
static void
come_until(bool deferred, unsigned rest_ms)
{
	uint64_t begun_ns = now_fresh_ns();

	while (is_deferred() != deferred) {
		ck_assert_uint_lt((now_fresh_ns() - begun_ns) / 1000000,
		    PATIENCE_MS);
		for (int i = 0; i < BURST; i++)
			come_and_leave();
		usleep(rest_ms * 1000);
	}
}

START_TEST(test_many)
{
	ck_assert(!is_deferred());
	come_until(true, 0);
	come_until(false, WINDOW_MS);
}
END_TEST

START_TEST(test_few)
{
	for (int i = 0; i < 5; i++) {
		come_and_leave();
		ck_assert(!is_deferred());
		usleep(WINDOW_MS * 1000);
	}
}
END_TEST

/* Another process, or an earlier server, left the socket so. */
START_TEST(test_left_deferred)
{
	listen_defer(rig.listener, true);
	come_until(false, WINDOW_MS);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/server_accept");
	TCase *t = tcase_create("accept");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_many);
	tcase_add_test(t, test_few);
	tcase_add_test(t, test_left_deferred);
	suite_add_tcase(s, t);
	return s;
}
