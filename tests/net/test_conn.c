#include "tests/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/conn.h"
#include "net/loop.h"

/*
 * The small writes of a turn.  Over a socket that keeps packets apart each
 * send is seen by itself.
 */

#define LARGE (32 * 1024)

struct pair {
	struct conn *conn;
	int far;   /* the other side */
	int ended; /* 1 + enum conn_end */
};

static struct loop *loop;

static void
pair_data(void *ctx, struct slice bytes)
{
	(void)ctx;
	(void)bytes;
}

static void
pair_end(void *ctx, enum conn_end why)
{
	struct pair *p = ctx;

	p->ended = 1 + (int)why;
}

static const struct conn_ops pair_ops = { pair_data, pair_end, NULL, NULL };

static void
pair_open(struct pair *p)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			     fd),
	    0);
	p->ended = 0;
	p->far = fd[1];
	p->conn = conn_accept(loop, fd[0], NULL, &pair_ops, p);
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
	suite_add_tcase(s, t);
	return s;
}
