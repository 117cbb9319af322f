#include "tests/suite.h"

#include <stdlib.h>

#include "base/clock.h"

#include "tests/net/test_client_seen.h"

/* One call, whatever its provider does. */

#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

#define SENT 1
#define ACKED 2
#define REUSED 4
#define EITHER 8 /* a reset may come before the acknowledgement */

static const struct {
	const char *title;
	struct peer_step script[12];
	const char *want[3]; /* of each call, one after the other */
	unsigned flags;      /* of the last call */
	unsigned idle;       /* connections kept after it */
} cases[] = {
	{ "an answer, kept",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_GONE, 0 } },
	    { "ready 200 'hello' end" }, SENT | ACKED, 1 },
	{ "reuse",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_READ, 0 }, { PEER_SEND, HELLO }, { PEER_GONE, 0 } },
	    { "ready 200 'hello' end", "ready 200 'hello' end" },
	    SENT | ACKED | REUSED, 1 },
	{ "the provider says close",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO_CLOSE },
		{ PEER_GONE, 0 }, { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, HELLO }, { PEER_GONE, 0 } },
	    { "ready 200 'hello' end", "ready 200 'hello' end" }, SENT | ACKED,
	    1 },
	{ "the kept connection dies under the second call",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_READ, 0 }, { PEER_RESET, 0 } },
	    { "ready 200 'hello' end", "ready lost" }, SENT | EITHER | REUSED,
	    0 },
	{ "the same by FIN",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO },
		{ PEER_READ, 0 }, { PEER_CLOSE, 0 } },
	    { "ready 200 'hello' end", "ready lost" }, SENT | ACKED | REUSED,
	    0 },
	{ "more than was asked for is not kept",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO "x" },
		{ PEER_GONE, 0 } },
	    { "ready 200 'hello' end" }, SENT | ACKED, 0 },
	{ "two answers to one request",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, HELLO HELLO },
		{ PEER_GONE, 0 } },
	    { "ready 200 'hello' end" }, SENT | ACKED, 0 },
	{ "chunked",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" },
		{ PEER_GONE, 0 } },
	    { "ready 200 'he' 'llo' end" }, SENT | ACKED, 1 },
	{ "interim",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, "HTTP/1.1 100 Continue\r\n\r\n" HELLO },
		{ PEER_GONE, 0 } },
	    { "ready 200 'hello' end" }, SENT | ACKED, 1 },
	{ "an error is an answer",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx" },
		{ PEER_GONE, 0 } },
	    { "ready 503 'x' end" }, SENT | ACKED, 1 },
	{ "close delimited",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, OK "\r\nhello" }, { PEER_CLOSE, 0 } },
	    { "ready 200 'hello' end" }, SENT | ACKED, 0 },
	{ "close delimited, by reset",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, OK "\r\nhello" }, { PEER_RESET, 0 } },
	    { NULL }, SENT | EITHER, 0 },
	{ "cut in the body",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, OK "Content-Length: 9\r\n\r\nhello" },
		{ PEER_CLOSE, 0 } },
	    { "ready 200 'hello' cut" }, SENT | ACKED, 0 },
	{ "cut before the last chunk",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, CHUNKED "2\r\nhe\r\n" }, { PEER_CLOSE, 0 } },
	    { "ready 200 'he' cut" }, SENT | ACKED, 0 },
	{ "cut in the head",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, "HTTP/1.1 2" },
		{ PEER_CLOSE, 0 } },
	    { "ready cut" }, SENT | ACKED, 0 },
	{ "nothing but FIN",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_CLOSE, 0 } },
	    { "ready lost" }, SENT | ACKED, 0 },
	{ "nothing but RST",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_RESET, 0 } },
	    { "ready lost" }, SENT | EITHER, 0 },
	{ "garbage",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, "220 smtp ready\r\n" }, { PEER_GONE, 0 } },
	    { "ready malformed" }, SENT | ACKED, 0 },
	{ "garbage between chunks",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, CHUNKED "2\r\nhe\r\nzz\r\n" }, { PEER_GONE, 0 } },
	    { "ready 200 'he' malformed" }, SENT | ACKED, 0 },
};

START_TEST(test_client_cases)
{
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_start(&p, cases[_i].script, NULL);
	t = target_of(&p, NULL);
	for (int i = 0; i < 3 && (i == 0 || cases[_i].want[i] != NULL); i++) {
		ask(&s, t);
		/* A reset may overtake what was sent before it. */
		if (cases[_i].want[i] == NULL)
			ck_assert_ptr_null(strstr(s.text, "end"));
		else
			ck_assert_msg(strcmp(s.text, cases[_i].want[i]) == 0,
			    "%s, call %d: %s", cases[_i].title, i, s.text);
	}
	ck_assert_msg(s.info.sent == !!(cases[_i].flags & SENT) &&
			  (cases[_i].flags & EITHER ||
			      s.info.acked == !!(cases[_i].flags & ACKED)) &&
			  s.info.reused == !!(cases[_i].flags & REUSED),
	    "%s: sent %d acked %d reused %d", cases[_i].title, s.info.sent,
	    s.info.acked, s.info.reused);
	ck_assert_uint_eq(s.info.written, POST_BYTES);
	ck_assert_uint_eq(client_target_counts(t).idle, cases[_i].idle);
	target_end(&t, &p);
}
END_TEST

/* An answer before the end of the request: true, but nothing to keep. */
START_TEST(test_client_early_answer)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_SEND, HELLO }, { PEER_WAIT, 0 }, { PEER_GONE, 0 },
		{ PEER_END, 0 } };
	size_t n = (size_t)32 * 1024 * 1024;
	struct iovec body = { calloc(1, n), n };
	struct call_request req = { .head = post.head,
		.body = &body,
		.body_n = 1 };
	struct client_target *t;
	struct seen s = { .over = false };
	struct peer p;

	peer_start(&p, script, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &req);
	wait_over(&s);
	ck_assert_str_eq(s.text, "ready 200 'hello' end");
	ck_assert(!s.info.sent);
	ck_assert_uint_eq(client_target_counts(t).open, 0);
	sem_post(&p.go);
	target_end(&t, &p);
	free(body.iov_base);
}
END_TEST

static const struct {
	const char *title;
	struct peer_step script[6];
	struct call_request limits;
	const char *want;
	unsigned least_ms;
} stalls[] = {
	{ "no answer",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_GONE, 0 } },
	    { .total_ms = 80 }, "ready total_timeout", 80 },
	{ "no first byte",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_GONE, 0 } },
	    { .first_byte_ms = 80, .total_ms = 5000 },
	    "ready first_byte_timeout", 80 },
	{ "a head is no body byte",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 }, { PEER_SEND, CHUNKED },
		{ PEER_GONE, 0 } },
	    { .first_byte_ms = 80 }, "ready 200 first_byte_timeout", 80 },
	{ "no second byte",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, CHUNKED "1\r\nx\r\n" }, { PEER_GONE, 0 } },
	    { .first_byte_ms = 5000, .idle_ms = 80 },
	    "ready 200 'x' idle_timeout", 80 },
	{ "total over idle",
	    { { PEER_ACCEPT, 0 }, { PEER_READ, 0 },
		{ PEER_SEND, CHUNKED "1\r\nx\r\n" }, { PEER_GONE, 0 } },
	    { .idle_ms = 5000, .total_ms = 100 }, "ready 200 'x' total_timeout",
	    100 },
};

START_TEST(test_client_stalls)
{
	struct call_request req = stalls[_i].limits;
	struct client_target *t;
	struct seen s = { .over = false };
	struct peer p;
	uint64_t from_ms = now_mono_ms();

	req.head = post.head;
	req.body = post.body;
	req.body_n = post.body_n;
	peer_start(&p, stalls[_i].script, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &req);
	wait_over(&s);
	ck_assert_msg(strcmp(s.text, stalls[_i].want) == 0, "%s: %s",
	    stalls[_i].title, s.text);
	ck_assert_uint_ge(now_mono_ms() - from_ms, stalls[_i].least_ms);
	ck_assert_uint_lt(now_mono_ms() - from_ms, 2000);
	ck_assert_uint_eq(client_target_counts(t).open, 0);
	target_end(&t, &p);
}
END_TEST

/* Somebody listens and never accepts; a large body does not fit. */
START_TEST(test_client_write_timeout)
{
	size_t n = (size_t)16 * 1024 * 1024;
	struct iovec body = { calloc(1, n), n };
	struct call_request req = { .head = post.head,
		.body = &body,
		.body_n = 1,
		.write_ms = 100 };
	struct client_target *t;
	struct seen s = { .over = false };
	struct peer p;

	peer_start(&p, NULL, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &req);
	wait_over(&s);
	ck_assert_str_eq(s.text, "ready write_timeout");
	ck_assert(!s.info.sent);
	ck_assert(!s.info.acked);
	ck_assert_uint_gt(s.info.written, 0);
	ck_assert_uint_lt(s.info.written, n);
	target_end(&t, &p);
	free(body.iov_base);
}
END_TEST

/* Portions arrive whole and in order of count. */
START_TEST(test_client_large_request)
{
	size_t n = (size_t)5000001;
	struct iovec body[] = { { calloc(1, n), n }, { calloc(1, 7), 7 } };
	char head[80];
	struct call_request req = { .body = body,
		.body_n = 2,
		.write_ms = 5000 };
	struct client_target *t;
	struct seen s = { .over = false };
	struct peer p;

	snprintf(head, sizeof head,
	    "POST / HTTP/1.1\r\nContent-Length: %zu\r\n\r\n", n + 7);
	req.head = slice_str(head);
	peer_start(&p, one_answer, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &req);
	wait_over(&s);
	ck_assert_str_eq(s.text, "ready 200 'hello' end");
	ck_assert_uint_eq(p.got, strlen(head) + n + 7);
	ck_assert_uint_eq(s.info.written, p.got);
	ck_assert_uint_eq(client_target_counts(t).idle, 1);
	target_end(&t, &p);
	free(body[0].iov_base);
	free(body[1].iov_base);
}
END_TEST

START_TEST(test_client_refused)
{
	struct client_target *t;
	struct seen s = { .over = false };
	struct peer p;

	peer_start(&p, NULL, NULL);
	peer_stop(&p);
	t = target_of(&p, NULL);
	begin(&s, t, &post);
	ck_assert_str_eq(s.text, "");
	wait_over(&s);
	ck_assert_str_eq(s.text, "connect");
	ck_assert(!s.info.ready);
	ck_assert_uint_eq(s.info.written, 0);
	client_target_free(&t);
}
END_TEST

/* A unix socket: answered, then gone. */
START_TEST(test_client_unix)
{
	char dir[] = "/tmp/holdfast-unix-XXXXXX", path[64], text[80];
	struct client_target_options o = { .host = "platform", .path = path };
	struct client_target *t;
	struct addr a;
	struct seen s;
	struct peer p;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/sock", dir);
	snprintf(text, sizeof text, "unix:%s", path);
	ck_assert_int_eq(addr_read_listen(&a, slice_str(text), 0), 1);
	peer_start_at(&p, one_answer, NULL, a);
	t = target_of(&p, &o);
	ask(&s, t);
	ck_assert_str_eq(s.text, "ready 200 'hello' end");
	target_end(&t, &p);

	unlink(path);
	t = target_of(&p, &o);
	ask(&s, t);
	ck_assert_str_eq(s.text, "connect");
	client_target_free(&t);
	rmdir(dir);
}
END_TEST

/* ::1 refuses or does not exist, 127.0.0.1 answers (C8). */
START_TEST(test_client_second_address)
{
	struct client_target_options o = { .host = "localhost" };
	struct client_target *t;
	struct seen s;
	struct peer p;

	peer_start(&p, one_answer, NULL);
	t = target_of(&p, &o);
	ask(&s, t);
	ck_assert_str_eq(s.text, "ready 200 'hello' end");
	target_end(&t, &p);
}
END_TEST

static const struct {
	const char *host;
	bool public_only;
	const char *want;
} hosts[] = {
	{ "127.1", false, "dns" },
	{ "2130706433", false, "dns" },
	{ "bad host", false, "dns" },
	{ "localhost", true, "dns" },
	{ "127.0.0.1", true, "dns" },
	{ "::1", true, "dns" },
};

START_TEST(test_client_hosts)
{
	struct client_target_options o = { .host = hosts[_i].host,
		.port = 9,
		.public_only = hosts[_i].public_only };
	struct client_target *t = client_target_new(client, &o);
	struct seen s = { .over = false };

	begin(&s, t, &post);
	ck_assert_str_eq(s.text, "");
	wait_over(&s);
	ck_assert_str_eq(s.text, hosts[_i].want);
	ck_assert_uint_eq(client_target_counts(t).open, 0);
	client_target_free(&t);
}
END_TEST

static const struct {
	const char *at, *want;
} cancels[] = {
	{ "200", "ready 200" },
	{ "'he'", "ready 200 'he'" },
	{ "'llo'", "ready 200 'he' 'llo'" },
};

/* Cancelled inside a callback: silence, and the provider sees it. */
START_TEST(test_client_cancel_inside)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 },
		{ PEER_SEND, CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" },
		{ PEER_GONE, 0 }, { PEER_END, 0 } };
	struct client_target *t;
	struct seen s = { .cancel_at = cancels[_i].at };
	struct peer p;

	peer_start(&p, script, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &post);
	wait_over(&s);
	loop_turn(loop, 0);
	ck_assert_str_eq(s.text, cancels[_i].want);
	ck_assert_uint_eq(client_target_counts(t).open, 0);
	target_end(&t, &p);
}
END_TEST

/* Cancelled at once, while connecting and while failing. */
START_TEST(test_client_cancel_early)
{
	struct client_target_options o = { .host = "127.1", .port = 9 };
	struct client_target *t, *bad = client_target_new(client, &o);
	struct seen s = { .over = false }, s2 = { .over = false };
	struct peer p;

	peer_start(&p, NULL, NULL);
	t = target_of(&p, NULL);
	begin(&s, t, &post);
	begin(&s2, bad, &post);
	call_cancel(&s.call);
	call_cancel(&s2.call);
	ck_assert_ptr_null(s.call);
	loop_turn(loop, 0);
	loop_turn(loop, 0);
	ck_assert_str_eq(s.text, "");
	ck_assert_str_eq(s2.text, "");
	client_target_free(&t);
	client_target_free(&bad);
	peer_stop(&p);
}
END_TEST

/* Paused, the sender is held back by the kernel; resumed, all arrives. */
START_TEST(test_client_pause)
{
	static const struct peer_step script[] = { { PEER_ACCEPT, 0 },
		{ PEER_READ, 0 },
		{ PEER_SEND, OK "Content-Length: 8388608\r\n\r\n" },
		{ PEER_FILL, 0 }, { PEER_GONE, 0 }, { PEER_END, 0 } };
	struct call_request req = post;
	struct client_target *t;
	struct seen s = { .over = false };
	struct peer p;
	uint64_t until_ms;
	size_t held;

	peer_start(&p, script, NULL);
	t = target_of(&p, NULL);
	req.idle_ms = 50;
	begin(&s, t, &req);
	while (s.body_len == 0)
		loop_turn(loop, 1000);
	call_pause(s.call);
	held = s.body_len;
	until_ms = now_mono_ms() + 120;
	while (now_mono_ms() < until_ms)
		loop_turn(loop, 20);
	ck_assert_uint_eq(s.body_len, held);
	ck_assert(!s.over);
	call_resume(s.call);
	wait_over(&s);
	ck_assert_uint_eq(s.body_len, 8388608);
	ck_assert_uint_eq(s.info.body_received, 8388608);
	target_end(&t, &p);
}
END_TEST

static void
add_tests(TCase *t)
{
	tcase_add_test(t, test_client_early_answer);
	tcase_add_test(t, test_client_write_timeout);
	tcase_add_test(t, test_client_large_request);
	tcase_add_test(t, test_client_refused);
	tcase_add_test(t, test_client_unix);
	tcase_add_test(t, test_client_second_address);
	tcase_add_test(t, test_client_cancel_early);
	tcase_add_test(t, test_client_pause);
}

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/client");
	TCase *t = tcase_create("client");

	tcase_add_checked_fixture(t, client_start, client_stop);
	tcase_add_loop_test(t, test_client_cases, 0, (int)COUNT(cases));
	tcase_add_loop_test(t, test_client_stalls, 0, (int)COUNT(stalls));
	tcase_add_loop_test(t, test_client_hosts, 0, (int)COUNT(hosts));
	tcase_add_loop_test(t, test_client_cancel_inside, 0,
	    (int)COUNT(cancels));
	add_tests(t);
	suite_add_tcase(s, t);
	return s;
}
