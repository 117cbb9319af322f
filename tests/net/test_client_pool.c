#include "tests/suite.h"

#include "base/clock.h"

#include "tests/net/test_client_seen.h"

/* Connections that are kept, and calls that wait for one. */

static void
wait_closed(struct client_target *t)
{
	while (client_target_counts(t).open > 0)
		loop_turn(loop, 1000);
}

/* A kept connection that its provider closes or writes to is closed. */
START_TEST(test_client_kept_is_closed)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_WAIT, 0 },
		{ PEER_CLOSE, 0 }, { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, HELLO }, { PEER_WAIT, 0 },
		{ PEER_SEND, "HTTP/1.1 408 Too late\r\n\r\n" },
		{ PEER_GONE, 0 }, { PEER_END, 0 } };
	struct client_target_options o = { .idle_ms = CLIENT_IDLE_LISTED_MS };
	struct client_target *t;
	struct peer p;

	peer_start(&p, script, NULL);
	t = target_of(&p, &o);
	for (int i = 0; i < 2; i++) {
		struct seen s;

		ask(&s, t);
		ck_assert_str_eq(s.text, "ready 200 'hello' end");
		ck_assert(!s.info.reused);
		ck_assert_uint_eq(client_target_counts(t).idle, 1);
		sem_post(&p.go);
		wait_closed(t);
	}
	ck_assert_uint_eq(client_target_counts(t).idle, 0);
	target_end(&t, &p);
}
END_TEST

START_TEST(test_client_idle_timeout)
{
	struct client_target_options o = { .idle_ms = 60 };
	struct client_target *t;
	struct seen s;
	struct peer p;
	uint64_t from_ms;

	peer_start(&p, one_answer, NULL);
	t = target_of(&p, &o);
	ask(&s, t);
	from_ms = now_mono_ms();
	ck_assert_uint_eq(client_target_counts(t).idle, 1);
	wait_closed(t);
	ck_assert_uint_ge(now_mono_ms() - from_ms, 60);
	target_end(&t, &p);
}
END_TEST

/* fresh goes past a kept connection. */
START_TEST(test_client_fresh)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_GONE, 0 },
		{ PEER_END, 0 } };
	struct call_request fresh = post;
	struct client_target *t;
	struct seen s = { .over = false }, s2 = { .over = false };
	struct peer p;

	peer_start(&p, script, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &post);
	wait_over(&s);
	fresh.fresh = true;
	begin(&s2, t, &fresh);
	wait_over(&s2);
	ck_assert_str_eq(s2.text, "ready 200 'hello' end");
	ck_assert(!s2.info.reused);
	ck_assert_uint_eq(client_target_counts(t).idle, 2);
	target_end(&t, &p);
}
END_TEST

/* On a kept connection an urgent request leaves before the turn has ended. */
START_TEST(test_client_urgent)
{
	struct call_request second = post;
	struct client_target *t;
	struct seen s = { .over = false }, s2 = { .over = false };
	struct call_info info;
	struct peer p;

	peer_start(&p, two_answers, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &post);
	wait_over(&s);
	second.urgent = _i == 1;
	begin(&s2, t, &second);
	call_info(s2.call, &info);
	ck_assert_uint_eq(info.written, _i == 1 ? POST_BYTES : 0);
	wait_over(&s2);
	ck_assert(s2.info.reused);
	ck_assert_uint_eq(s2.info.written, POST_BYTES);
	target_end(&t, &p);
}
END_TEST

/* A call started inside end() takes the connection that has just ended. */
START_TEST(test_client_start_inside_end)
{
	struct client_target *t;
	struct seen second = { .over = false }, s = { .then = &second };
	struct peer p;

	peer_start(&p, two_answers, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &post);
	wait_over(&second);
	ck_assert_str_eq(second.text, "ready 200 'hello' end");
	ck_assert(second.info.reused);
	ck_assert_uint_eq(client_target_counts(t).connects, 1);
	ck_assert_uint_eq(client_target_counts(t).reuses, 1);
	target_end(&t, &p);
}
END_TEST

/* One connection is allowed: the second call waits for it. */
START_TEST(test_client_queue)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_READ, 0 },
		{ PEER_SEND, HELLO_CLOSE }, { PEER_GONE, 0 },
		{ PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_GONE, 0 }, { PEER_END, 0 } };
	struct client_target_options o = { .max_connections = 1 };
	struct client_target *t;
	struct seen s[3] = { { .over = false } };
	struct peer p;

	peer_start(&p, script, NULL);
	t = target_of(&p, &o);
	for (int i = 0; i < 3; i++)
		begin(&s[i], t, &post);
	ck_assert_uint_eq(client_target_counts(t).waiting, 2);
	for (int i = 0; i < 3; i++) {
		wait_over(&s[i]);
		ck_assert_str_eq(s[i].text, "ready 200 'hello' end");
	}
	ck_assert(s[1].info.reused);
	ck_assert(!s[2].info.reused);
	ck_assert_uint_eq(client_target_counts(t).waiting, 0);
	target_end(&t, &p);
}
END_TEST

/* The 65th that would wait is refused, the 64 after a second. */
START_TEST(test_client_queue_limits)
{
	struct client_target_options o = { .max_connections = 1 };
	struct client_target *t;
	static struct seen s[CLIENT_QUEUE_MAX + 2];
	struct peer p;
	uint64_t from_ms = now_mono_ms();

	peer_start(&p, NULL, NULL);
	t = target_of(&p, &o);
	for (int i = 0; i < CLIENT_QUEUE_MAX + 2; i++)
		begin(&s[i], t, &post);
	wait_over(&s[CLIENT_QUEUE_MAX + 1]);
	ck_assert_str_eq(s[CLIENT_QUEUE_MAX + 1].text, "connect");
	ck_assert_uint_eq(client_target_counts(t).waiting, CLIENT_QUEUE_MAX);
	for (int i = 1; i <= CLIENT_QUEUE_MAX; i++) {
		wait_over(&s[i]);
		ck_assert_str_eq(s[i].text, "connect_timeout");
	}
	ck_assert_uint_ge(now_mono_ms() - from_ms, CLIENT_QUEUE_MS);
	call_cancel(&s[0].call);
	target_end(&t, &p);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/client_pool");
	TCase *t = tcase_create("pool");

	tcase_add_checked_fixture(t, client_start, client_stop);
	tcase_add_test(t, test_client_kept_is_closed);
	tcase_add_test(t, test_client_idle_timeout);
	tcase_add_test(t, test_client_fresh);
	tcase_add_loop_test(t, test_client_urgent, 0, 2);
	tcase_add_test(t, test_client_start_inside_end);
	tcase_add_test(t, test_client_queue);
	tcase_add_test(t, test_client_queue_limits);
	suite_add_tcase(s, t);
	return s;
}
