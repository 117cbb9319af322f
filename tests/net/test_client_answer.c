#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "net/client_answer.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define INTERIM "HTTP/1.1 100 Continue\r\n\r\n"
#define EARLY "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define CHUNKED OK_HEAD "Transfer-Encoding: chunked\r\n\r\n"

static const struct {
	const char *title, *in;
	bool to_head;
	const char *want; /* status:body, then "." end, "?" more, "!" broken */
} cases[] = {
	{ "length", OK_HEAD "Content-Length: 5\r\n\r\nhello", false,
	    "200:hello." },
	{ "length of nothing", OK_HEAD "Content-Length: 0\r\n\r\n", false,
	    "200:." },
	{ "cut body", OK_HEAD "Content-Length: 6\r\n\r\nhello", false,
	    "200:hello?" },
	{ "bytes behind the end", OK_HEAD "Content-Length: 2\r\n\r\nhello",
	    false, "200:he.+3" },
	{ "chunked", CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", false,
	    "200:hello." },
	{ "chunked with trailer", CHUNKED "1\r\nx\r\n0\r\nA: b\r\n\r\n", false,
	    "200:x." },
	{ "last chunk missing", CHUNKED "2\r\nhe\r\n", false, "200:he?" },
	{ "last line end missing", CHUNKED "2\r\nhe\r\n0\r\n", false,
	    "200:he?" },
	{ "not a chunk size", CHUNKED "0x2\r\nhe\r\n", false, "200:!" },
	{ "close delimited", OK_HEAD "\r\nhello", false, "200:hello?close" },
	{ "no content", "HTTP/1.1 204 No Content\r\n\r\n", false, "204:." },
	{ "answer to HEAD", OK_HEAD "Content-Length: 5\r\n\r\n", true,
	    "200:." },
	{ "redirect is a status",
	    "HTTP/1.1 302 Found\r\nLocation: /x\r\n"
	    "Content-Length: 0\r\n\r\n",
	    false, "302:." },
	{ "interim", INTERIM OK_HEAD "Content-Length: 1\r\n\r\nx", false,
	    "200:x." },
	{ "eight interims",
	    INTERIM EARLY INTERIM EARLY INTERIM EARLY INTERIM EARLY OK_HEAD
	    "Content-Length: 1\r\n\r\nx",
	    false, "200:x." },
	{ "nine interims",
	    INTERIM EARLY INTERIM EARLY INTERIM EARLY INTERIM EARLY INTERIM
		OK_HEAD "Content-Length: 1\r\n\r\nx",
	    false, "!" },
	{ "interim to HEAD", INTERIM OK_HEAD "Content-Length: 5\r\n\r\n", true,
	    "200:." },
	{ "upgrade not asked for",
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", false,
	    "!" },
	{ "not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", false, "!" },
	{ "half a head", "HTTP/1.1 200 OK\r\nA: b", false, "?" },
	{ "length and coding",
	    OK_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
	    false, "!" },
	{ "two lengths",
	    OK_HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", false,
	    "!" },
};

struct seen {
	char text[256];
	size_t len;
};

static void
see(struct seen *s, const char *text, size_t n)
{
	ck_assert_uint_lt(s->len + n, sizeof s->text);
	memcpy(s->text + s->len, text, n);
	s->len += n;
	s->text[s->len] = '\0';
}

/* Take a piece; what answer_next() returned last. */
static int
take(struct answer *a, struct slice *in, struct seen *s)
{
	struct slice data;
	struct err e;
	int r;

	while ((r = answer_next(a, in, &data, &e)) > 0 && r != ANSWER_END) {
		char status[16];

		if (r == ANSWER_DATA) {
			ck_assert_uint_gt(data.n, 0);
			see(s, data.p, data.n);
			continue;
		}
		snprintf(status, sizeof status, "%u:", a->head->status);
		see(s, status, strlen(status));
	}
	return r;
}

static void
see_end(struct seen *s, const struct answer *a, int r, size_t left)
{
	char more[32];

	snprintf(more, sizeof more, "+%zu", left);
	if (r == -1)
		see(s, "!", 1);
	else if (r == 0)
		see(s, "?", 1);
	else
		see(s, ".", 1);
	if (r == ANSWER_END && left > 0)
		see(s, more, strlen(more));
	if (answer_ends_by_close(a))
		see(s, "close", 5);
}

/* In two pieces, each in memory of its own that dies after it. */
static void
feed(const char *text, size_t at, bool to_head, struct seen *s)
{
	size_t sizes[] = { at, strlen(text) - at }, begin = 0, left = 0;
	struct http1_head spare;
	struct answer a = { .own = NULL };
	int r = 0;

	answer_start(&a, &spare, to_head);
	for (int i = 0; i < 2 && r == 0; i++) {
		char *piece = malloc(sizes[i] + 1);
		struct slice in = { piece, sizes[i] };

		memcpy(piece, text + begin, sizes[i]);
		begin += sizes[i];
		r = take(&a, &in, s);
		left = in.n + (i == 0 ? sizes[1] : 0);
		free(piece);
		/* Another answer is parsed in between. */
		memset(&spare, 0x5a, sizeof spare);
	}
	see_end(s, &a, r, left);
	answer_fini(&a);
}

START_TEST(test_answer_cases)
{
	for (size_t at = 0; at <= strlen(cases[_i].in); at++) {
		struct seen s = { .len = 0 };

		feed(cases[_i].in, at, cases[_i].to_head, &s);
		ck_assert_msg(strcmp(s.text, cases[_i].want) == 0,
		    "%s, cut at %zu: got \"%s\", want \"%s\"", cases[_i].title,
		    at, s.text, cases[_i].want);
	}
}
END_TEST

/* Byte by byte: the head's fields are still right. */
START_TEST(test_answer_head_in_bytes)
{
	static const char text[] = OK_HEAD "X-Request-Id: abc\r\n"
					   "Content-Length: 3\r\n\r\nxyz";
	struct http1_head spare;
	struct answer a = { .own = NULL };
	struct slice data;
	struct err e;
	int heads = 0;

	answer_start(&a, &spare, false);
	for (size_t i = 0; i < sizeof text - 1; i++) {
		struct slice in = { text + i, 1 };

		if (answer_next(&a, &in, &data, &e) != ANSWER_HEAD)
			continue;
		heads++;
		ck_assert(slice_eq(http1_header(a.head, HTTP1_X_REQUEST_ID),
		    SLICE("abc")));
	}
	ck_assert_int_eq(heads, 1);
	ck_assert_int_eq(a.state, ANSWER_AT_END);
	ck_assert_uint_eq(a.body_len, 3);
	answer_fini(&a);
}
END_TEST

START_TEST(test_answer_large_head)
{
	struct http1_head spare;
	struct answer a = { .own = NULL };
	struct slice data, in;
	struct err e;
	size_t n = (size_t)70 * 1024, fed = 0;
	char *text = malloc(n);
	int r = 0;

	memset(text, 'x', n);
	memcpy(text, OK_HEAD "A: ", sizeof OK_HEAD + 2);
	answer_start(&a, &spare, false);
	while (r == 0 && fed < n) {
		in = (struct slice){ text + fed, 1024 };
		fed += 1024;
		r = answer_next(&a, &in, &data, &e);
	}
	ck_assert_int_eq(r, -1);
	ck_assert_int_eq(e.kind, ERR_HEADERS_TOO_LARGE);
	ck_assert_uint_le(fed, (size_t)66 * 1024);
	answer_fini(&a);
	free(text);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("net/client_answer");
	TCase *t = tcase_create("answer");

	tcase_add_loop_test(t, test_answer_cases, 0, (int)COUNT(cases));
	tcase_add_test(t, test_answer_head_in_bytes);
	tcase_add_test(t, test_answer_large_head);
	suite_add_tcase(s, t);
	return s;
}
