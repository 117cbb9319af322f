#include "tests/suite.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/conn.h"
#include "net/loop.h"

/*
 * The small writes of a turn: over a socket that keeps packets apart each send
 * is seen by itself.  And how reading ends.
 */

#define LARGE (32 * 1024)

struct pair {
	struct conn *conn;
	int far;     /* the other side */
	int ended;   /* 1 + enum conn_end */
	size_t read; /* bytes */
};

static struct loop *loop;

static void
pair_data(void *ctx, struct slice bytes)
{
	struct pair *p = ctx;

	p->read += bytes.n;
}

static void
pair_end(void *ctx, enum conn_end why)
{
	struct pair *p = ctx;

	p->ended = 1 + (int)why;
}

static const struct conn_ops pair_ops = { pair_data, pair_end, NULL, NULL };

static void
pair_take(struct pair *p, int near, int far)
{
	*p = (struct pair){ .far = far };
	p->conn = conn_accept(loop, near, NULL, &pair_ops, p);
}

static void
pair_open(struct pair *p)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     fd),
	    0);
	pair_take(p, fd[0], fd[1]);
}

/* Over TCP, told of by the loop; nothing was said yet. */
static void
pair_open_tcp(struct pair *p)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0), far;

	ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&at, &len);
	far = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(far, (struct sockaddr *)&at, len), 0);
	pair_take(p, accept4(listener, NULL, NULL, SOCK_NONBLOCK), far);
	close(listener);
	loop_turn(loop, 0);
}

static void
pair_close(struct pair *p)
{
	conn_close(&p->conn);
	close(p->far);
}

static int
pair_write(struct pair *p, const char *text, size_t n)
{
	struct iovec iov = { (void *)(uintptr_t)text, n };

	return conn_write(p->conn, &iov, 1);
}

static void
pair_says(struct pair *p, const char *text)
{
	ck_assert_int_eq(pair_write(p, text, strlen(text)), 1);
}

/* The next packet; "" is the end, "-" says that there is none. */
static const char *
pair_got(struct pair *p)
{
	static char buf[2 * LARGE];
	ssize_t n = recv(p->far, buf, sizeof buf - 1, 0);

	if (n < 0)
		return errno == EAGAIN ? "-" : "?";
	buf[n] = '\0';
	return buf;
}

/* The other side says n bytes and leaves, by FIN or by RST. */
static void
pair_leaves(struct pair *p, size_t n, bool reset)
{
	static const char said[LARGE];
	struct linger at_once = { 1, 0 };

	ck_assert_int_eq(send(p->far, said, n, 0), (int)n);
	if (reset)
		setsockopt(p->far, SOL_SOCKET, SO_LINGER, &at_once,
		    sizeof at_once);
	close(p->far);
	p->far = -1;
}

/* Turns of the loop until it ended, for at most so long; how long it took. */
static uint64_t
pair_ends(struct pair *p, uint64_t most_ms)
{
	uint64_t began_ms = now_fresh_ns() / 1000000, now_ms = began_ms;

	while (p->ended == 0 && now_ms < began_ms + most_ms) {
		loop_turn(loop, 10);
		now_ms = now_fresh_ns() / 1000000;
	}
	return now_ms - began_ms;
}

static void
setup(void)
{
	loop = loop_new();
}

static void
teardown(void)
{
	loop_turn(loop, 0);
	loop_free(&loop);
}

START_TEST(test_side_by_side)
{
	struct pair a;

	pair_open(&a);
	pair_says(&a, "one ");
	pair_says(&a, "two");
	ck_assert_str_eq(pair_got(&a), "-");
	ck_assert_uint_eq(conn_unsent(a.conn), 7);
	ck_assert_uint_eq(conn_pending(a.conn), 0);
	ck_assert_uint_eq(conn_bytes_written(a.conn), 7);
	loop_turn(loop, 0);
	ck_assert_str_eq(pair_got(&a), "one two");
	ck_assert_uint_eq(conn_unsent(a.conn), 0);
	pair_close(&a);
}
END_TEST

START_TEST(test_in_turns)
{
	struct pair a, b;

	pair_open(&a);
	pair_open(&b);
	pair_says(&a, "a1");
	pair_says(&b, "b1");
	pair_says(&a, "a2");
	loop_turn(loop, 0);
	ck_assert_str_eq(pair_got(&a), "a1");
	ck_assert_str_eq(pair_got(&a), "a2");
	ck_assert_str_eq(pair_got(&b), "b1");
	pair_close(&a);
	pair_close(&b);
}
END_TEST

/* What comes with the end is read, and the end is told in the same turn. */
START_TEST(test_reads_to_the_end)
{
	static const size_t sizes[] = { 1, LARGE };
	struct pair a;

	pair_open_tcp(&a);
	pair_leaves(&a, sizes[_i], false);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(a.read, sizes[_i]);
	ck_assert_int_eq(a.ended, 1 + CONN_EOF);
	pair_close(&a);
}
END_TEST

/* More than one read takes, and nothing more comes to remind of it. */
START_TEST(test_reads_all)
{
	struct pair a;
	char at_once[100];

	pair_open_tcp(&a);
	conn_read_most(a.conn, sizeof at_once);
	ck_assert_int_eq(send(a.far, at_once, sizeof at_once, 0), 100);
	ck_assert_int_eq(send(a.far, at_once, sizeof at_once, 0), 100);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(a.read, 200);
	ck_assert_int_eq(a.ended, 0);
	pair_close(&a);
}
END_TEST

/* Of a RST on the heels of data the loop does not tell: it is looked for. */
START_TEST(test_reset_behind_data)
{
	struct pair a;

	pair_open_tcp(&a);
	pair_leaves(&a, 1, true);
	loop_turn(loop, 1000);
	ck_assert_uint_eq(a.read, 1);
	ck_assert_int_eq(a.ended, 0);
	ck_assert_uint_lt(pair_ends(&a, 2000), 1000);
	ck_assert_int_eq(a.ended, 1 + CONN_RESET);
	pair_close(&a);
}
END_TEST

/* Who is paused hears of the end only if it asked, and of the data later. */
START_TEST(test_pause)
{
	bool watches = _i == 1;
	struct pair a;

	pair_open_tcp(&a);
	conn_pause(a.conn, watches);
	pair_leaves(&a, 10, false);
	pair_ends(&a, 300);
	ck_assert_int_eq(a.ended, watches ? 1 + CONN_EOF : 0);
	ck_assert_uint_eq(a.read, 0);
	conn_resume(a.conn);
	loop_turn(loop, 100);
	ck_assert_uint_eq(a.read, watches ? 0 : 10);
	ck_assert_int_eq(a.ended, 1 + CONN_EOF);
	pair_close(&a);
}
END_TEST

/* What is large goes at once, and what came before it goes before it. */
START_TEST(test_large_behind_small)
{
	static char large[LARGE + 1];
	struct pair a;

	memset(large, 'x', LARGE);
	pair_open(&a);
	pair_says(&a, "small");
	ck_assert_int_eq(pair_write(&a, large, LARGE), 1);
	ck_assert_str_eq(pair_got(&a), "small");
	ck_assert_str_eq(pair_got(&a), large);
	pair_close(&a);
}
END_TEST

START_TEST(test_now)
{
	struct iovec iov = { (void *)(uintptr_t) "two", 3 };
	struct pair a;

	pair_open(&a);
	pair_says(&a, "one");
	ck_assert_int_eq(conn_write_now(a.conn, &iov, 1), 1);
	ck_assert_str_eq(pair_got(&a), "one");
	ck_assert_str_eq(pair_got(&a), "two");
	pair_close(&a);
}
END_TEST

/* Nobody waits for more than some others. */
START_TEST(test_many)
{
	struct pair all[20];
	char text[8];
	int sent = 0;

	for (unsigned i = 0; i < 20; i++) {
		pair_open(&all[i]);
		snprintf(text, sizeof text, "%u", i);
		pair_says(&all[i], text);
	}
	for (unsigned i = 0; i < 20; i++)
		sent += conn_unsent(all[i].conn) == 0;
	ck_assert_int_eq(sent, 16);
	loop_turn(loop, 0);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(text, sizeof text, "%u", i);
		ck_assert_str_eq(pair_got(&all[i]), text);
		pair_close(&all[i]);
	}
}
END_TEST

START_TEST(test_shutdown_sends)
{
	struct pair a;

	pair_open(&a);
	pair_says(&a, "bye");
	conn_shutdown(a.conn);
	ck_assert_str_eq(pair_got(&a), "bye");
	ck_assert_str_eq(pair_got(&a), "");
	ck_assert_int_eq(pair_write(&a, "x", 1), -1);
	pair_close(&a);
}
END_TEST

START_TEST(test_close_forgets)
{
	struct pair a, b;

	pair_open(&a);
	pair_open(&b);
	pair_says(&a, "never");
	pair_says(&b, "sent");
	conn_close(&a.conn);
	loop_turn(loop, 0);
	ck_assert_str_eq(pair_got(&a), "");
	ck_assert_str_eq(pair_got(&b), "sent");
	close(a.far);
	pair_close(&b);
}
END_TEST

/* What the kernel refused was never sent: a request of it costs nothing. */
START_TEST(test_nobody_there)
{
	struct pair a;

	pair_open(&a);
	conn_pause(a.conn, false);
	close(a.far);
	pair_says(&a, "hello?");
	loop_turn(loop, 0);
	ck_assert_int_eq(a.ended, 1 + CONN_RESET);
	ck_assert_uint_eq(conn_unsent(a.conn), 6);
	ck_assert_int_eq(conn_acked(a.conn), 0);
	conn_close(&a.conn);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/conn");
	TCase *t = tcase_create("conn");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_side_by_side);
	tcase_add_test(t, test_in_turns);
	tcase_add_test(t, test_large_behind_small);
	tcase_add_test(t, test_now);
	tcase_add_test(t, test_many);
	tcase_add_test(t, test_shutdown_sends);
	tcase_add_test(t, test_close_forgets);
	tcase_add_test(t, test_nobody_there);
	tcase_add_loop_test(t, test_reads_to_the_end, 0, 2);
	tcase_add_test(t, test_reads_all);
	tcase_add_test(t, test_reset_behind_data);
	tcase_add_loop_test(t, test_pause, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
