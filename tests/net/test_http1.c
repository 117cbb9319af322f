#include "tests/suite.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "net/http1.h"

/* Every refusal of a head: the row's status, in every cutting. */

#define OK "Host: a\r\n"
#define POST "POST / HTTP/1.1\r\n" OK
#define GET "GET / HTTP/1.1\r\n" OK

struct refusal {
	const char *title;
	const char *in;
	int status; /* 0: accepted */
	size_t len; /* when in holds NUL */
};

static const struct refusal refusals[] = {
	{ "plain", GET "\r\n", 0, 0 },
	{ "one empty line before", "\r\n" GET "\r\n", 0, 0 },
	{ "two empty lines before", "\r\n\r\n" GET "\r\n", 400, 0 },
	{ "method is no token", "G(T / HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "empty method", " / HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "no target", "GET HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "two spaces", "GET  / HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "tab in target", "GET /a\tb HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "8-bit target", "GET /\xc3\xa9 HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "DEL in target", "GET /\x7f HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "NUL in target", "GET /\0 HTTP/1.1\r\n" OK "\r\n", 400, 27 },
	{ "fragment", "GET /a#b HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "no slash", "GET a HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "other scheme", "GET ftp://a/ HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "HTTP/1.32", "GET / HTTP/1.32\r\n" OK "\r\n", 400, 0 },
	{ "HTTP/01.1", "GET / HTTP/01.1\r\n" OK "\r\n", 400, 0 },
	{ "http/1.1", "GET / http/1.1\r\n" OK "\r\n", 400, 0 },
	{ "HTTP/2.0", "GET / HTTP/2.0\r\n" OK "\r\n", 505, 0 },
	{ "HTTP/1.2", "GET / HTTP/1.2\r\n" OK "\r\n", 505, 0 },
	{ "HTTP/0.9", "GET /\r\n", 400, 0 },
	{ "HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\n", 400, 0 },
	{ "CONNECT", "CONNECT a:1 HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "unknown method", "BREW / HTTP/1.1\r\n" OK "\r\n", 0, 0 },
	{ "* of GET", "GET * HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "* of OPTIONS", "OPTIONS * HTTP/1.1\r\n" OK "\r\n", 0, 0 },
	{ "empty name", GET ": a\r\n\r\n", 400, 0 },
	{ "space before colon", GET "a : b\r\n\r\n", 400, 0 },
	{ "( in name", GET "a(: b\r\n\r\n", 400, 0 },
	{ "8-bit name", GET "\xe9: b\r\n\r\n", 400, 0 },
	{ "tab in name", GET "a\tb: c\r\n\r\n", 400, 0 },
	{ "no colon", GET "abc\r\n\r\n", 400, 0 },
	{ "folded", GET "a: b\r\n c\r\n\r\n", 400, 0 },
	{ "indented first", "GET / HTTP/1.1\r\n a: b\r\n\r\n", 400, 0 },
	{ "bare CR", GET "a: b\rc\r\n\r\n", 400, 0 },
	{ "bare LF", GET "a: b\n\r\n", 400, 0 },
	{ "bare LF ends", GET "a: b\r\n\n", 400, 0 },
	{ "LF after the version", "GET / HTTP/1.1\n" OK "\r\n", 400, 0 },
	{ "NUL in value", GET "a: \0\r\n\r\n", 400, 32 },
	{ "CTL in value",
	    GET "a: b\x01"
		"c\r\n\r\n",
	    400, 0 },
	{ "CTL behind eight",
	    GET "a: 12345678\x0b"
		"c\r\n\r\n",
	    400, 0 },
	{ "DEL in value", GET "a: 1234567\x7f\r\n\r\n", 400, 0 },
	{ "HTAB and 8-bit in value", GET "a: b\tc\xff\xfe.......\r\n\r\n", 0,
	    0 },
	{ "no Host", "GET / HTTP/1.1\r\n\r\n", 400, 0 },
	{ "no Host in 1.0", "GET / HTTP/1.0\r\n\r\n", 0, 0 },
	{ "two Hosts", GET OK "\r\n", 400, 0 },
	{ "empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, 0 },
	{ "Host with space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, 0 },
	{ "Host with comma", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400, 0 },
	{ "Host with user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400, 0 },
	{ "Host with path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 0 },
	{ "Host, bad port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400, 0 },
	{ "Host, port 65536", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400,
	    0 },
	{ "Host, port", "GET / HTTP/1.1\r\nHost: a:65535\r\n\r\n", 0, 0 },
	{ "Host, IPv6", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0, 0 },
	{ "Host, bad IPv6", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, 0 },
	{ "absolute", "GET http://A/b HTTP/1.1\r\n" OK "\r\n", 0, 0 },
	{ "absolute, other", "GET http://b/ HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "absolute, user", "GET http://u@a/ HTTP/1.1\r\n" OK "\r\n", 400, 0 },
	{ "length +5", POST "Content-Length: +5\r\n\r\n", 400, 0 },
	{ "length 5, 5", POST "Content-Length: 5, 5\r\n\r\n", 400, 0 },
	{ "length 5 5", POST "Content-Length: 5 5\r\n\r\n", 400, 0 },
	{ "length 0x5", POST "Content-Length: 0x5\r\n\r\n", 400, 0 },
	{ "length -0", POST "Content-Length: -0\r\n\r\n", 400, 0 },
	{ "length empty", POST "Content-Length: \r\n\r\n", 400, 0 },
	{ "length 20 digits",
	    POST "Content-Length: 12345678901234567890\r\n\r\n", 400, 0 },
	{ "length 05", POST "Content-Length: 05\r\n\r\n", 400, 0 },
	{ "two lengths", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
	    400, 0 },
	{ "length and coding",
	    POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
	    0 },
	{ "coding and length",
	    POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400,
	    0 },
	{ "Chunked", POST "Transfer-Encoding: Chunked\r\n\r\n", 0, 0 },
	{ "gzip", POST "Transfer-Encoding: gzip\r\n\r\n", 501, 0 },
	{ "gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501,
	    0 },
	{ "identity", POST "Transfer-Encoding: identity\r\n\r\n", 400, 0 },
	{ "quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 400, 0 },
	{ "chunked, chunked",
	    POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 400, 0 },
	{ "VT chunked", POST "Transfer-Encoding: \vchunked\r\n\r\n", 400, 0 },
	{ "chunked,", POST "Transfer-Encoding: chunked,\r\n\r\n", 400, 0 },
	{ "xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", 400, 0 },
	{ "coding twice",
	    POST "Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n",
	    400, 0 },
	{ "coding in 1.0",
	    "POST / HTTP/1.0\r\n" OK "Transfer-Encoding: chunked\r\n\r\n", 400,
	    0 },
	{ "Content_Length", POST "Content_Length: 5\r\n\r\n", 400, 0 },
	{ "expect", POST "Expect: 100-continue\r\n\r\n", 0, 0 },
	{ "expect other", POST "Expect: 200-ok\r\n\r\n", 417, 0 },
	{ "content coding", POST "Content-Encoding: gzip\r\n\r\n", 415, 0 },
	{ "identity content", POST "Content-Encoding: identity\r\n\r\n", 0, 0 },
	{ "upgrade", GET "Upgrade: h2c\r\nConnection: upgrade\r\n\r\n", 0, 0 },
};

/* Parse with the bytes coming as [0, cut), then step at a time; 0 = whole. */
static int
parse(struct slice in, size_t cut, size_t step, struct http1_head *h)
{
	struct http1_parser p;
	struct err e = { 0 };
	size_t used = 0, len = cut;
	int r = 0;

	http1_request_start(&p, &http1_request_limits);
	for (;;) {
		/* Each time elsewhere, as a growing buffer is. */
		char *copy = malloc(len + 1);

		memcpy(copy, in.p, len);
		r = http1_parse(&p, copy, len, h, &used, &e);
		free(copy);
		if (r != 0 || len == in.n)
			break;
		len = step > in.n - len ? in.n : len + step;
	}
	if (r == 1)
		ck_assert_uint_eq(used, in.n);
	return r < 0 ? err_status(e.kind) : r == 1 ? 0 : -1;
}

static struct slice
refusal_input(const struct refusal *t)
{
	return (struct slice){ t->in, t->len > 0 ? t->len : strlen(t->in) };
}

START_TEST(test_refusals)
{
	const struct refusal *t = &refusals[_i];
	struct slice in = refusal_input(t);
	struct http1_head h;

	ck_assert_msg(parse(in, in.n, in.n, &h) == t->status, "%s: %d",
	    t->title, parse(in, in.n, in.n, &h));
	ck_assert_msg(parse(in, 0, 1, &h) == t->status, "%s by bytes",
	    t->title);
	for (size_t cut = 1; cut < in.n; cut++)
		ck_assert_msg(parse(in, cut, in.n, &h) == t->status,
		    "%s cut at %zu", t->title, cut);
}
END_TEST

static int
parse_limits(const struct sbuf *b, const struct http1_limits *limits)
{
	struct http1_parser p;
	struct http1_head h;
	struct err e = { 0 };
	size_t used;
	int r;

	http1_request_start(&p, limits);
	r = http1_parse(&p, b->data, b->len, &h, &used, &e);
	return r < 0 ? err_status(e.kind) : r;
}

static void
add_many(struct sbuf *b, char c, size_t n)
{
	while (n-- > 0)
		sbuf_addc(b, c);
}

START_TEST(test_limits)
{
	static const struct slice names[] = { { "x-long", 6 } };
	struct http1_limits limits = http1_request_limits;
	struct sbuf b = { 0 };

	limits.long_names = names;
	limits.long_count = 1;
	sbuf_adds(&b, "GET /");
	add_many(&b, 'a', 8192);
	ck_assert_int_eq(parse_limits(&b, &limits), 414);

	sbuf_clear(&b);
	sbuf_adds(&b, GET "x-short: ");
	add_many(&b, 'a', 8192);
	ck_assert_int_eq(parse_limits(&b, &limits), 431);

	sbuf_clear(&b);
	sbuf_adds(&b, GET "X-Long: ");
	add_many(&b, 'a', 24000);
	ck_assert_int_eq(parse_limits(&b, &limits), 0);
	sbuf_adds(&b, "\r");
	ck_assert_int_eq(parse_limits(&b, &limits), 0);
	sbuf_adds(&b, "\n\r\n");
	ck_assert_int_eq(parse_limits(&b, &limits), 1);

	sbuf_clear(&b);
	sbuf_adds(&b, GET "X-Long: ");
	add_many(&b, 'a', 24600);
	ck_assert_int_eq(parse_limits(&b, &limits), 431);

	sbuf_clear(&b);
	sbuf_adds(&b, GET);
	for (int i = 0; i < 99; i++)
		sbuf_adds(&b, "a: b\r\n");
	sbuf_adds(&b, "\r\n");
	ck_assert_int_eq(parse_limits(&b, &limits), 1);
	b.len -= 2;
	sbuf_adds(&b, "a: b\r\n\r\n");
	ck_assert_int_eq(parse_limits(&b, &limits), 431);

	sbuf_clear(&b);
	sbuf_adds(&b, GET);
	for (int i = 0; i < 9; i++) {
		sbuf_adds(&b, "a: ");
		add_many(&b, 'b', 4000);
		sbuf_adds(&b, "\r\n");
	}
	ck_assert_int_eq(parse_limits(&b, &limits), 431);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_parts)
{
	struct slice in = SLICE("PUT http://H:1/a/b?c=d?e HTTP/1.1\r\n"
				"Host: h:1\r\n"
				"X-API-Key:  k \t\r\n"
				"Connection: a, Close ,b\r\n"
				"a:\r\n"
				"A: 2\r\n"
				"Content-Length: 12\r\n\r\n");
	struct http1_parser p;
	struct http1_head h;
	struct slice value;
	char first[256];
	struct err e;
	unsigned at = 0;
	size_t used;

	/* The first part lay elsewhere, and that place is used again. */
	memcpy(first, in.p, (size_t)_i);
	http1_request_start(&p, &http1_request_limits);
	ck_assert_int_eq(http1_parse(&p, first, (size_t)_i, &h, &used, &e), 0);
	memset(first, 'z', sizeof(first));
	ck_assert_int_eq(http1_parse(&p, in.p, in.n, &h, &used, &e), 1);
	ck_assert_int_eq(h.method_id, HTTP1_PUT);
	ck_assert(slice_eq(h.path, SLICE("/a/b")));
	ck_assert(slice_eq(h.query, SLICE("c=d?e")));
	ck_assert(slice_eq(http1_header(&h, HTTP1_X_API_KEY), SLICE("k")));
	ck_assert(http1_header(&h, HTTP1_ORIGIN).p == NULL);
	ck_assert(!h.keep_alive);
	ck_assert_int_eq(h.body, HTTP1_BODY_LENGTH);
	ck_assert_uint_eq(h.content_length, 12);
	ck_assert_uint_eq(h.count, 6);
	ck_assert_int_eq(http1_next(&h, SLICE("a"), &at, &value), 1);
	ck_assert_uint_eq(value.n, 0);
	ck_assert_int_eq(http1_next(&h, SLICE("a"), &at, &value), 1);
	ck_assert(slice_eq(value, SLICE("2")));
	ck_assert_int_eq(http1_next(&h, SLICE("a"), &at, &value), 0);
}
END_TEST

static const struct {
	const char *title, *in;
	bool to_head;
	int want; /* 1, or -1 */
	enum http1_body body;
	bool keep_alive;
} responses[] = {
	{ "length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, 1,
	    HTTP1_BODY_LENGTH, true },
	{ "length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, 1,
	    HTTP1_BODY_NONE, true },
	{ "to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, 1,
	    HTTP1_BODY_NONE, true },
	{ "chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    false, 1, HTTP1_BODY_CHUNKED, true },
	{ "close", "HTTP/1.1 200 OK\r\n\r\n", false, 1, HTTP1_BODY_CLOSE,
	    false },
	{ "1.0", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\n", false, 1,
	    HTTP1_BODY_LENGTH, false },
	{ "204", "HTTP/1.1 204\r\n\r\n", false, 1, HTTP1_BODY_NONE, true },
	{ "interim", "HTTP/1.1 103 Early Hints\r\na: b\r\n\r\n", false, 1,
	    HTTP1_BODY_NONE, true },
	{ "both",
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n",
	    false, -1, 0, false },
	{ "gzip", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
	    false, -1, 0, false },
	{ "status 99", "HTTP/1.1 099 OK\r\n\r\n", false, -1, 0, false },
	{ "status 20", "HTTP/1.1 20 OK\r\n\r\n", false, -1, 0, false },
	{ "status 2000", "HTTP/1.1 2000 OK\r\n\r\n", false, -1, 0, false },
	{ "bare LF", "HTTP/1.1 200 OK\n\r\n", false, -1, 0, false },
};

START_TEST(test_responses)
{
	size_t len = strlen(responses[_i].in), used;
	struct http1_parser p;
	struct http1_head h;
	struct err e;

	http1_response_start(&p, &http1_response_limits, responses[_i].to_head);
	ck_assert_msg(http1_parse(&p, responses[_i].in, len, &h, &used, &e) ==
			  responses[_i].want,
	    "%s", responses[_i].title);
	if (responses[_i].want < 0)
		return;
	ck_assert_int_eq(h.body, responses[_i].body);
	ck_assert_int_eq(h.keep_alive, responses[_i].keep_alive);
}
END_TEST

static const struct {
	const char *title, *in;
	const char *body; /* NULL: refused */
	int status;
	size_t left; /* bytes behind the end */
} chunked[] = {
	{ "plain", "5\r\nhello\r\n0\r\n\r\n", "hello", 0, 0 },
	{ "two, upper case", "A\r\n0123456789\r\n01\r\nx\r\n0\r\n\r\nGET",
	    "0123456789x", 0, 3 },
	{ "extensions", "1;a;b=c;d=\"e;\\\"f\"\r\nx\r\n0;z\r\n\r\n", "x", 0,
	    0 },
	{ "trailers", "0\r\na: b\r\nc:\r\n\r\n", "", 0, 0 },
	{ "0x5", "0x5\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "+5", "+5\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "-0", "-0\r\n\r\n", NULL, 400, 0 },
	{ "leading space", " 5\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "trailing space", "5 \r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "bare semicolon", "5;\r\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "16 digits", "0000000000000001\r\nx\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "15 digits", "000000000000001\r\nx\r\n0\r\n\r\n", "x", 0, 0 },
	{ "no size", "\r\nhello\r\n", NULL, 400, 0 },
	{ "no CRLF after data", "5\r\nhello0\r\n\r\n", NULL, 400, 0 },
	{ "bare LF", "5\nhello\r\n0\r\n\r\n", NULL, 400, 0 },
	{ "bare LF in quotes", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", NULL, 400,
	    0 },
	{ "length in trailer", "0\r\nContent-Length: 5\r\n\r\n", NULL, 400, 0 },
	{ "folded trailer", "0\r\na: b\r\n c\r\n\r\n", NULL, 400, 0 },
	{ "17 trailers",
	    "0\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n"
	    "a:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\na:\r\n\r\n",
	    NULL, 431, 0 },
};

static int
unchunk(struct slice in, size_t step, struct sbuf *out, size_t *left_r)
{
	struct http1_chunks c;
	struct slice data, piece;
	struct err e = { 0 };
	size_t at = 0;
	int r = 0;

	http1_chunks_start(&c);
	while (at < in.n && r != HTTP1_CHUNK_END) {
		size_t n = step < in.n - at ? step : in.n - at;

		piece = (struct slice){ in.p + at, n };
		while ((r = http1_chunks_next(&c, &piece, &data, &e)) ==
		       HTTP1_CHUNK_DATA)
			sbuf_add_slice(out, data);
		if (r < 0)
			return err_status(e.kind);
		at += n - piece.n;
	}
	*left_r = in.n - at;
	return r == HTTP1_CHUNK_END ? 0 : -1;
}

START_TEST(test_chunks)
{
	struct slice in = slice_str(chunked[_i].in);

	for (size_t step = 1; step <= in.n; step++) {
		struct sbuf out = { 0 };
		size_t left = 0;
		int r = unchunk(in, step, &out, &left);

		ck_assert_msg(r == chunked[_i].status, "%s by %zu: %d",
		    chunked[_i].title, step, r);
		if (chunked[_i].body != NULL) {
			ck_assert(slice_eq(sbuf_slice(&out),
			    slice_str(chunked[_i].body)));
			ck_assert_uint_eq(left, chunked[_i].left);
		}
		sbuf_free(&out);
	}
}
END_TEST

START_TEST(test_words)
{
	ck_assert(http1_list_has(SLICE(" a ,b\t, ,C"), SLICE("c")));
	ck_assert(http1_list_has(SLICE("a"), SLICE("A")));
	ck_assert(!http1_list_has(SLICE("ab, b a"), SLICE("a")));
	ck_assert(!http1_list_has(SLICE(""), SLICE("a")));
	ck_assert(http1_value_ok(SLICE("a\tb \xff 0123456789")));
	ck_assert(!http1_value_ok(SLICE("0123456789\r\n")));
	ck_assert(!http1_value_ok(SLICE("\x7f")));
	ck_assert(http1_token_ok(SLICE("x-y!")));
	ck_assert(!http1_token_ok(SLICE("")));
	ck_assert(!http1_token_ok(SLICE("a b")));
	ck_assert_str_eq(http1_reason(404), "Not Found");
	ck_assert_str_eq(http1_reason(799), "Unknown");
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("http1");
	TCase *t = tcase_create("http1");

	tcase_add_loop_test(t, test_refusals, 0, (int)COUNT(refusals));
	tcase_add_loop_test(t, test_responses, 0, (int)COUNT(responses));
	tcase_add_loop_test(t, test_chunks, 0, (int)COUNT(chunked));
	tcase_add_test(t, test_limits);
	tcase_add_loop_test(t, test_parts, 0, 120);
	tcase_add_test(t, test_words);
	suite_add_tcase(s, t);
	return s;
}
