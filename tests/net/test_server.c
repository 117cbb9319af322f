#include "tests/suite.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sbuf.h"
#include "net/listen.h"
#include "net/loop.h"
#include "net/server.h"

/*
 * A server and its clients in one process: the loop turns until what a test
 * waits for has happened.
 */

enum { TURNS_MAX = 3000, TURN_MS = 5, MAX_BODY = 4 * 1024 * 1024 };

struct rig {
	struct loop *loop;
	struct server *server;
	struct server_settings set;
	int listener;
	int fd; /* the client */
	struct sbuf got;
	bool closed;
	struct exchange *held;
	unsigned heads, gone, drained;
	enum err_kind why;
	size_t max_body;
	unsigned mean; /* what is said to be that of all workers */
};

static struct rig rig;

/* iov_base of bytes that nobody writes to. */
static struct iovec
piece(const char *text, size_t n)
{
	return (struct iovec){ (void *)(uintptr_t)text, n };
}

static void
say(struct exchange *x, unsigned status, struct slice text)
{
	struct iovec v = piece(text.p, text.n);

	exchange_reply(x, status, SLICE("X-A: b\r\n"), &v, 1);
}

static void
stream(struct exchange *x)
{
	struct iovec v[2] = { piece("ab", 2), piece("cde", 3) };

	exchange_prepare(x, 200, SLICE("X-A: b\r\n"));
	exchange_stream(x, SLICE(""));
	exchange_write(x, v, 2);
}

static void
on_head(struct exchange *x, const struct http1_head *h, void *ctx)
{
	struct slice path = h->path;

	(void)ctx;
	rig.heads++;
	exchange_set_data(x, &rig);
	if (slice_eq(path, SLICE("/now"))) {
		say(x, 200, SLICE("now"));
	} else if (slice_eq(path, SLICE("/empty"))) {
		exchange_reply(x, 204, SLICE(""), NULL, 0);
	} else if (slice_eq(path, SLICE("/hold"))) {
		rig.held = x;
	} else if (slice_eq(path, SLICE("/stream"))) {
		struct iovec last = piece("f", 1);

		stream(x);
		exchange_end(x, &last, 1);
	} else if (slice_eq(path, SLICE("/cut"))) {
		stream(x);
		exchange_cut(x);
	} else if (slice_eq(path, SLICE("/open"))) {
		stream(x);
		rig.held = x;
	} else {
		exchange_accept(x, rig.max_body);
	}
}

static void
on_body(struct exchange *x, struct slice body, void *ctx)
{
	(void)ctx;
	ck_assert_ptr_eq(exchange_data(x), &rig);
	say(x, 200, body);
}

static void
on_gone(struct exchange *x, void *ctx)
{
	(void)ctx;
	rig.gone++;
	rig.why = exchange_why(x);
	if (rig.held == x)
		rig.held = NULL;
	ck_assert_int_eq(exchange_write(x, NULL, 0), -1);
	exchange_drop(x);
}

static void
on_drained(struct exchange *x, void *ctx)
{
	(void)x;
	(void)ctx;
	rig.drained++;
}

static void
on_refuse(void *ctx, const struct err *e, struct sbuf *headers,
    struct sbuf *body)
{
	(void)ctx;
	sbuf_adds(headers, "X-Refused: yes\r\n");
	sbuf_adds(body, err_code(e->kind));
}

static unsigned
on_mean(void *ctx)
{
	(void)ctx;
	return rig.mean;
}

static const struct server_ops ops = {
	.head = on_head,
	.body = on_body,
	.gone = on_gone,
	.drained = on_drained,
	.refuse = on_refuse,
	.mean = on_mean,
};

static int
dial_one(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)listen_port(rig.listener)),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void
dial(void)
{
	rig.fd = dial_one();
	sbuf_clear(&rig.got);
	rig.closed = false;
}

static void
begin(void)
{
	struct err e;

	rig.loop = loop_new();
	rig.set.ops = &ops;
	rig.server = server_new(rig.loop, &rig.set);
	rig.listener = listen_tcp("127.0.0.1", 0, &e);
	ck_assert_int_ge(rig.listener, 0);
	server_listen(rig.server, rig.listener, NULL);
	dial();
}

static void
setup(void)
{
	rig = (struct rig){ .max_body = MAX_BODY, .mean = 1000, .fd = -1 };
	server_settings_init(&rig.set);
}

static void
teardown(void)
{
	if (rig.fd >= 0)
		close(rig.fd);
	server_free(&rig.server);
	loop_turn(rig.loop, 0);
	loop_free(&rig.loop);
	close(rig.listener);
	sbuf_free(&rig.got);
}

static void
read_some(void)
{
	char buf[65536];
	ssize_t n = recv(rig.fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0)
		sbuf_add(&rig.got, buf, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		rig.closed = true;
}

static void
turn(void)
{
	loop_turn(rig.loop, TURN_MS);
	if (rig.fd >= 0 && !rig.closed)
		read_some();
}

#define UNTIL(condition)                                                       \
	do {                                                                   \
		for (int turns_ = 0; !(condition); turns_++) {                 \
			ck_assert_msg(turns_ < TURNS_MAX,                      \
			    "never: " #condition " got %s", rig.got.data);     \
			turn();                                                \
		}                                                              \
	} while (0)

static void
tell(const char *text)
{
	ck_assert_int_eq(send(rig.fd, text, strlen(text), MSG_NOSIGNAL),
	    (ssize_t)strlen(text));
}

static unsigned
count_of(const char *text)
{
	unsigned n = 0;
	const char *at = rig.got.len > 0 ? rig.got.data : "";

	while ((at = strstr(at, text)) != NULL) {
		n++;
		at += strlen(text);
	}
	return n;
}

static bool
ends(const char *text)
{
	size_t n = strlen(text);

	return rig.got.len >= n &&
	       memcmp(rig.got.data + rig.got.len - n, text, n) == 0;
}

#define H "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H "\r\n"

/* What a client sends, and what it must see. */
static const struct {
	const char *title, *in;
	const char *has[4];
	const char *end;
	const char *has_not;
	bool closed;
} talks[] = {
	{ "keep-alive", GET("/now"),
	    { "HTTP/1.1 200 OK\r\nDate: ", "Content-Length: 3\r\n", "X-A: b" },
	    "\r\n\r\nnow", "Connection:", false },
	{ "close", "GET /now HTTP/1.1\r\n" H "Connection: close\r\n\r\n",
	    { "Connection: close\r\n" }, "now", NULL, true },
	{ "pipelined",
	    "POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\none"
	    "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	    "1\r\nt\r\n2;a=b\r\nwo\r\n0\r\nc: d\r\n\r\n" GET("/stream")
		GET("/empty") GET("/now"),
	    { "\r\n\r\none", "\r\n\r\ntwo", "5\r\nabcde\r\n1\r\nf\r\n0\r\n\r\n",
		"204 No Content" },
	    "now", NULL, false },
	{ "reply before the body",
	    "POST /now HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nGET " GET("/"),
	    { "now" }, "Content-Length: 0\r\nX-A: b\r\n\r\n", "close", false },
	{ "reply before a chunked body",
	    "POST /now HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n" GET("/"),
	    { "Connection: close" }, "now", "204", true },
	{ "body of GET",
	    "GET / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\nGET " GET("/now"),
	    { "\r\n\r\nGET HTTP/1.1 200" }, "now", NULL, false },
	{ "HEAD", "HEAD /now HTTP/1.1\r\n" H "\r\n", { "Content-Length: 3" },
	    "\r\n\r\n", "now", false },
	{ "HEAD of a stream", "HEAD /stream HTTP/1.1\r\n" H "\r\n",
	    { "Transfer-Encoding: chunked" }, "\r\n\r\n", "abcde", false },
	{ "204", GET("/empty"), { "204 No Content" }, "\r\n\r\n",
	    "Content-Length", false },
	{ "1.0", "GET /now HTTP/1.0\r\n\r\n", { "Connection: close" }, "now",
	    NULL, true },
	{ "1.0 kept", "GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    { "Connection: keep-alive" }, "now", NULL, false },
	{ "1.0 stream",
	    "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    { "Connection: close" }, "\r\n\r\nabcdef", "chunked", true },
	{ "refused", "GET /now HTTP/1.1\r\n\r\n" GET("/now"),
	    { "HTTP/1.1 400 Bad Request\r\n", "Connection: close",
		"X-Refused: yes" },
	    "bad_request", "now", true },
	{ "refused behind a good one", GET("/now") "GET /\n",
	    { "200 OK", "400 Bad" }, "bad_request", NULL, true },
	{ "broken chunks",
	    "POST / HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n\r\n0x1\r\n" GET("/now"),
	    { "400 Bad" }, "bad_request", "now", true },
	{ "length over the limit",
	    "POST / HTTP/1.1\r\n" H "Content-Length: 4194305\r\n\r\nabc",
	    { "413 Content Too Large" }, "request_too_large", NULL, true },
	{ "cut", GET("/cut"), { "5\r\nabcde\r\n" }, "abcde\r\n", "0\r\n\r\n",
	    true },
	{ "expects",
	    "POST / HTTP/1.1\r\n" H
	    "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	    { NULL }, "HTTP/1.1 100 Continue\r\n\r\n", NULL, false },
	{ "expects, refused",
	    "POST /now HTTP/1.1\r\n" H
	    "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	    { "Connection: close" }, "now", "100", true },
	{ "1.0 never sees 1xx",
	    "POST / HTTP/1.0\r\nExpect: 100-continue\r\n"
	    "Content-Length: 1\r\n\r\na",
	    { "200 OK" }, "\r\n\r\na", "100", true },
};

/* The answer to i, its Date aside, is the same however the bytes come. */
static void
talk(int i, size_t cut)
{
	const char *in = talks[i].in;
	size_t len = strlen(in);

	begin();
	ck_assert_int_eq(send(rig.fd, in, cut, MSG_NOSIGNAL), (ssize_t)cut);
	if (cut < len) {
		turn();
		turn();
		(void)send(rig.fd, in + cut, len - cut, MSG_NOSIGNAL);
	}
	UNTIL(ends(talks[i].end) && rig.closed == talks[i].closed);
	for (size_t k = 0; k < 4 && talks[i].has[k] != NULL; k++)
		ck_assert_msg(count_of(talks[i].has[k]) > 0,
		    "%s cut at %zu: no %s in %s", talks[i].title, cut,
		    talks[i].has[k], rig.got.data);
	if (talks[i].has_not != NULL)
		ck_assert_msg(count_of(talks[i].has_not) == 0, "%s: %s",
		    talks[i].title, rig.got.data);
	teardown();
	sbuf_free(&rig.got);
}

START_TEST(test_talks)
{
	talk(_i, strlen(talks[_i].in));
}
END_TEST

START_TEST(test_talks_cut)
{
	/* Row 2 has every kind of request. */
	for (size_t cut = 1; cut < strlen(talks[2].in); cut += 3)
		talk(2, cut);
}
END_TEST

/* Send head and body in one, and read the echo of the body. */
static void
echo_large(struct slice text)
{
	struct sbuf out = { 0 };
	size_t sent = 0;

	sbuf_addf(&out, "POST / HTTP/1.1\r\n" H "Content-Length: %zu\r\n\r\n",
	    text.n);
	sbuf_add_slice(&out, text);
	sbuf_clear(&rig.got);
	while (sent < out.len) {
		ssize_t n = send(rig.fd, out.data + sent, out.len - sent,
		    MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t)n;
		turn();
	}
	sbuf_free(&out);
	UNTIL(rig.got.len > text.n &&
	      memcmp(rig.got.data + rig.got.len - text.n, text.p, text.n) == 0);
}

/*
 * After a large body the next head is read by itself: bodies of all sizes
 * around what such a read takes must come through on one connection.
 */
START_TEST(test_large_body)
{
	static const size_t sizes[] = { 2400000, 100000, 32768, 20000, 3, 32767,
		100000, 4096, 131072, 65536, 2400000 };
	struct sbuf body = { 0 };

	begin();
	for (int i = 0; i < 300000; i++)
		sbuf_addf(&body, "%08d", i);
	sbuf_addf(&rig.got, "x");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		echo_large((struct slice){ body.data, sizes[i] });
	ck_assert(!rig.closed);
	sbuf_free(&body);
	teardown();
}
END_TEST

START_TEST(test_chunked_over_limit)
{
	rig.max_body = 10;
	begin();
	tell("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"
	     "a\r\n0123456789\r\n");
	UNTIL(rig.heads == 1);
	tell("1\r\na\r\n");
	UNTIL(rig.closed);
	ck_assert(count_of("413 Content") == 1);
	ck_assert_uint_eq(rig.gone, 1);
	ck_assert_int_eq(rig.why, ERR_TOO_LARGE);
	teardown();
}
END_TEST

/* A client that leaves is noticed while its request is being worked on. */
START_TEST(test_gone)
{
	static const char *const paths[] = { GET("/hold"), GET("/open") };
	struct linger reset = { .l_onoff = 1 };

	begin();
	tell(paths[_i % 2]);
	UNTIL(rig.held != NULL);
	if (_i < 2)
		setsockopt(rig.fd, SOL_SOCKET, SO_LINGER, &reset,
		    sizeof(reset));
	close(rig.fd);
	rig.fd = -1;
	UNTIL(rig.gone == 1);
	ck_assert_int_eq(rig.why, ERR_CLIENT_GONE);
	turn();
	ck_assert_uint_eq(server_count(rig.server), 0);
	ck_assert_uint_eq(rig.gone, 1);
	teardown();
}
END_TEST

START_TEST(test_half_close)
{
	rig.set.allow_half_close = _i == 1;
	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	shutdown(rig.fd, SHUT_WR);
	if (_i == 0) {
		UNTIL(rig.gone == 1 && rig.closed);
		ck_assert_uint_eq(rig.got.len, 0);
	} else {
		turn();
		turn();
		ck_assert_uint_eq(rig.gone, 0);
		say(rig.held, 200, SLICE("late"));
		UNTIL(rig.closed);
		ck_assert(ends("late"));
	}
	teardown();
}
END_TEST

static const struct {
	const char *title, *in;
	const char *answer; /* NULL: closed without one */
	unsigned gone;
} timeouts[] = {
	{ "nothing comes", "", NULL, 0 },
	{ "half a head", "GET / HT", "408 Request Timeout", 0 },
	{ "half a body", "POST / HTTP/1.1\r\n" H "Content-Length: 9\r\n\r\nabc",
	    "408 Request Timeout", 1 },
	{ "half a chunked body",
	    "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n9\r\n",
	    "408 Request Timeout", 1 },
	{ "after a reply", GET("/now"), "now", 0 },
};

START_TEST(test_timeouts)
{
	rig.set.header_ms = rig.set.idle_ms = rig.set.body_ms = 40;
	begin();
	tell(timeouts[_i].in);
	UNTIL(rig.closed);
	ck_assert_uint_eq(rig.gone, timeouts[_i].gone);
	if (timeouts[_i].answer == NULL)
		ck_assert_uint_eq(rig.got.len, 0);
	else
		ck_assert(count_of(timeouts[_i].answer) == 1);
	teardown();
}
END_TEST

/* Bytes that keep coming do not move the deadline of a head. */
START_TEST(test_dripped_head)
{
	static const char head[] = "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	uint64_t began, dripped_ms = 0;

	rig.set.header_ms = 60;
	begin();
	now_update();
	began = now_mono_ms();
	for (size_t i = 0; !rig.closed;) {
		ck_assert_uint_lt(now_mono_ms() - began, 5000);
		turn();
		if (now_mono_ms() == dripped_ms)
			continue;
		dripped_ms = now_mono_ms();
		(void)send(rig.fd, i < sizeof(head) - 1 ? &head[i] : "a", 1,
		    MSG_NOSIGNAL);
		i++;
	}
	ck_assert(count_of("408 Request") == 1);
	ck_assert_uint_ge(now_mono_ms() - began, 55);
	teardown();
}
END_TEST

static void
fill(struct exchange *x)
{
	static char block[65536];
	struct iovec v = { block, sizeof(block) };

	while (exchange_pending(x) < 1024 * 1024)
		exchange_write(x, &v, 1);
}

START_TEST(test_slow_reader)
{
	rig.set.write_ms = _i == 0 ? 30000 : 60;
	begin();
	tell(GET("/open"));
	UNTIL(rig.held != NULL);
	fill(rig.held);
	if (_i == 0) {
		UNTIL(rig.drained == 1);
		ck_assert_uint_lt(exchange_pending(rig.held), 65536);
		exchange_end(rig.held, NULL, 0);
		UNTIL(ends("0\r\n\r\n"));
		tell(GET("/now"));
		UNTIL(ends("now"));
	} else {
		for (int i = 0; rig.gone == 0; i++) {
			ck_assert_int_lt(i, TURNS_MAX);
			loop_turn(rig.loop, TURN_MS);
		}
		ck_assert_int_eq(rig.why, ERR_CLIENT_GONE);
	}
	teardown();
}
END_TEST

static void
flood_once(const struct sbuf *flood)
{
	ck_assert_int_eq(send(rig.fd, flood->data, flood->len, MSG_NOSIGNAL),
	    (ssize_t)flood->len);
	turn();
	turn();
}

/* The first bytes of a stream leave before the turn has ended, no others do. */
START_TEST(test_stream_begins_at_once)
{
	struct iovec more = piece("more", 4);

	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	stream(rig.held);
	read_some();
	ck_assert(ends("\r\n5\r\nabcde\r\n"));
	exchange_write(rig.held, &more, 1);
	read_some();
	ck_assert(ends("abcde\r\n"));
	UNTIL(ends("4\r\nmore\r\n"));
	exchange_cut(rig.held);
	teardown();
}
END_TEST

/* Each head is sent as it was prepared last, or not at all. */
START_TEST(test_prepared)
{
	struct iovec v = piece("abc", 3);

	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	exchange_prepare(rig.held, 200, SLICE("X-First: a\r\n"));
	ck_assert(!exchange_started(rig.held));
	exchange_prepare(rig.held, 200, SLICE("X-Second: b\r\n"));
	exchange_stream(rig.held, SLICE("X-Late: c\r\n"));
	exchange_end(rig.held, &v, 1);
	rig.held = NULL;
	UNTIL(ends("\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
	ck_assert_uint_eq(count_of("HTTP/1.1 "), 1);
	ck_assert_uint_eq(count_of("X-First: a\r\n"), 0);
	ck_assert_uint_eq(count_of("X-Second: b\r\n"), 1);
	ck_assert_uint_eq(count_of("X-Late: c\r\n"), 1);
	ck_assert_uint_eq(count_of("\r\nDate: "), 1);
	sbuf_clear(&rig.got);
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	exchange_prepare(rig.held, 200, SLICE("X-First: a\r\n"));
	say(rig.held, 502, SLICE("no"));
	UNTIL(ends("\r\n\r\nno"));
	ck_assert_uint_eq(count_of("HTTP/1.1 502 "), 1);
	ck_assert_uint_eq(count_of("X-First: a\r\n"), 0);
	ck_assert_uint_eq(count_of("chunked"), 0);
	teardown();
}
END_TEST

/* What is known only when the stream begins is in its head. */
START_TEST(test_prepared_before_a_drain)
{
	struct iovec v = piece("abc", 3);

	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	exchange_prepare(rig.held, 200, SLICE(""));
	server_drain(rig.server, 1000);
	exchange_stream(rig.held, SLICE(""));
	exchange_end(rig.held, &v, 1);
	rig.held = NULL;
	UNTIL(rig.closed);
	ck_assert_uint_eq(count_of("Connection: close\r\n"), 1);
	teardown();
}
END_TEST

static const size_t chunk_sizes[] = { 1, 9, 10, 15, 16, 0xfe, 0x100, 0x1230,
	0xabcde, 0x100000 };

START_TEST(test_chunk_sizes)
{
	size_t size = chunk_sizes[_i];
	char *text = calloc(1, size), line[32];
	struct iovec v = piece(text, size);

	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	memset(text, 'x', size);
	exchange_prepare(rig.held, 200, SLICE("X-A: b\r\n"));
	exchange_stream(rig.held, SLICE(""));
	exchange_write(rig.held, &v, 1);
	UNTIL(rig.got.len > size && ends("x\r\n"));
	snprintf(line, sizeof line, "\r\n\r\n%zx\r\nx", size);
	ck_assert_uint_eq(count_of(line), 1);
	exchange_cut(rig.held);
	teardown();
	free(text);
}
END_TEST

/* Too much behind a request stops the reading; all is answered in the end. */
START_TEST(test_flood)
{
	struct sbuf flood = { 0 };
	int blocked = 0;

	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	for (int i = 0; i < 1000; i++)
		sbuf_adds(&flood, GET("/now"));
	while (blocked < 20) {
		if (send(rig.fd, flood.data, flood.len,
			MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			blocked++;
		turn();
	}
	ck_assert_uint_eq(rig.heads, 1);
	say(rig.held, 200, SLICE("first"));
	UNTIL(rig.heads > 2000);
	sbuf_free(&flood);
	teardown();
}
END_TEST

/* While reading rests, a client that leaves is noticed all the same. */
START_TEST(test_flood_and_leave)
{
	struct sbuf flood = { 0 };

	begin();
	tell(GET("/hold"));
	UNTIL(rig.held != NULL);
	for (int i = 0; i < 1100; i++)
		sbuf_adds(&flood, GET("/now"));
	flood_once(&flood);
	ck_assert_uint_eq(rig.heads, 1);
	close(rig.fd);
	rig.fd = -1;
	UNTIL(rig.gone == 1);
	sbuf_free(&flood);
	teardown();
}
END_TEST

START_TEST(test_drain)
{
	int idle;

	begin();
	tell(GET("/now"));
	UNTIL(ends("now"));
	idle = rig.fd;
	dial();
	tell(GET("/now"));
	UNTIL(ends("now"));
	ck_assert_uint_eq(server_count(rig.server), 2);
	server_drain(rig.server, 100);
	sbuf_clear(&rig.got);
	tell(GET("/now"));
	UNTIL(rig.closed);
	ck_assert(count_of("Connection: close") == 1 && ends("now"));
	close(rig.fd);
	rig.fd = idle;
	rig.closed = false;
	sbuf_clear(&rig.got);
	UNTIL(rig.closed);
	ck_assert_uint_eq(rig.got.len, 0);
	close(rig.fd);
	rig.fd = -1;
	UNTIL(server_count(rig.server) == 0);
	teardown();
}
END_TEST

START_TEST(test_requests_per_connection)
{
	rig.set.requests = 3;
	begin();
	for (int i = 0; i < 4; i++)
		tell(GET("/now"));
	UNTIL(rig.closed);
	ck_assert_uint_eq(count_of("now"), 3);
	ck_assert_uint_eq(count_of("Connection: close"), 1);
	teardown();
}
END_TEST

/* What came with the connection is answered in the turn that accepts it. */
START_TEST(test_asked_before_accept)
{
	begin();
	tell(GET("/now"));
	turn();
	ck_assert(ends("now"));
	tell(GET("/now"));
	UNTIL(count_of("now") == 2);
	close(rig.fd);
	dial();
	turn();
	tell(GET("/now"));
	UNTIL(ends("now"));
	teardown();
}
END_TEST

static const struct linger ways_to_leave[] = { { .l_onoff = 0 },
	{ .l_onoff = 1 } };

START_TEST(test_left_before_accept)
{
	begin();
	setsockopt(rig.fd, SOL_SOCKET, SO_LINGER, &ways_to_leave[_i],
	    sizeof ways_to_leave[_i]);
	close(rig.fd);
	rig.fd = -1;
	turn();
	turn();
	ck_assert_uint_eq(server_count(rig.server), 0);
	dial();
	tell(GET("/now"));
	UNTIL(ends("now"));
	teardown();
}
END_TEST

START_TEST(test_late_accept)
{
	begin();
	tell("POST /hold HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc");
	UNTIL(rig.held != NULL);
	turn();
	exchange_accept(rig.held, 10);
	UNTIL(ends("\r\n\r\nabc"));
	teardown();
}
END_TEST

START_TEST(test_pressure)
{
	rig.set.idle_ms = 400;
	begin();
	tell(GET("/now"));
	UNTIL(ends("now"));
	server_set_pressure(rig.server, SERVER_CLOSING);
	tell(GET("/now"));
	UNTIL(rig.closed);
	ck_assert_uint_eq(count_of("Connection: close"), 1);
	teardown();
}
END_TEST

/* What is well above the mean is left to others, until that has risen; a mean
 * is looked at again when it is old. */
START_TEST(test_loaded)
{
	uint64_t start_ms;
	int fds[6];

	begin();
	UNTIL(server_count(rig.server) == 1);
	rig.mean = 0;
	start_ms = now_mono_ms();
	UNTIL(now_mono_ms() > start_ms + 150);
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = dial_one();
	UNTIL(server_count(rig.server) == 5);
	start_ms = now_mono_ms();
	UNTIL(now_mono_ms() > start_ms + 150);
	ck_assert_uint_eq(server_count(rig.server), 5);
	rig.mean = 8;
	UNTIL(server_count(rig.server) == 1 + COUNT(fds));
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	teardown();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("server");
	TCase *t = tcase_create("server");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_loop_test(t, test_talks, 0, (int)COUNT(talks));
	tcase_add_test(t, test_talks_cut);
	tcase_add_test(t, test_large_body);
	tcase_add_test(t, test_chunked_over_limit);
	tcase_add_loop_test(t, test_gone, 0, 4);
	tcase_add_loop_test(t, test_half_close, 0, 2);
	tcase_add_loop_test(t, test_timeouts, 0, (int)COUNT(timeouts));
	tcase_add_test(t, test_dripped_head);
	tcase_add_loop_test(t, test_slow_reader, 0, 2);
	tcase_add_test(t, test_stream_begins_at_once);
	tcase_add_test(t, test_prepared);
	tcase_add_test(t, test_prepared_before_a_drain);
	tcase_add_loop_test(t, test_chunk_sizes, 0, (int)COUNT(chunk_sizes));
	tcase_add_test(t, test_flood);
	tcase_add_test(t, test_flood_and_leave);
	tcase_add_test(t, test_drain);
	tcase_add_test(t, test_requests_per_connection);
	tcase_add_test(t, test_asked_before_accept);
	tcase_add_loop_test(t, test_left_before_accept, 0,
	    (int)COUNT(ways_to_leave));
	tcase_add_test(t, test_late_accept);
	tcase_add_test(t, test_pressure);
	tcase_add_test(t, test_loaded);
	suite_add_tcase(s, t);
	return s;
}
