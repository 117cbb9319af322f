/* Event streams in every cutting. */

#include "tests/suite.h"

#include <stdlib.h>

#include "base/err.h"
#include "proto/sse.h"

/* Expected: events as "name|data;" in order, a bare block as "{}|data;". */
static const struct stream {
	const char *title, *bytes;
	size_t n;                  /* of bytes; 0 = strlen */
	const char *events, *rest; /* rest: what sse_end() gives */
} streams[] = {
	{ "one event", "data: a\n\n", 0, "|a;", "" },
	{ "two events", "data: a\n\ndata: b\n\n", 0, "|a;|b;", "" },
	{ "no blank after the colon", "data:a\n\n", 0, "|a;", "" },
	{ "only one blank goes", "data:  a \n\n", 0, "| a ;", "" },
	{ "CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", 0, "|a;|b;", "" },
	{ "CRLF between fields", "event: x\r\ndata: a\r\ndata: b\r\n\r\n", 0,
	    "x|a\nb;", "" },
	{ "CR", "data: a\r\rdata: b\r\r", 0, "|a;|b;", "" },
	{ "mixed ends", "data: a\r\n\ndata: b\n\r\n", 0, "|a;|b;", "" },
	{ "several data lines", "data: a\ndata: b\ndata:\n\n", 0, "|a\nb\n;",
	    "" },
	{ "empty data", "data:\n\n", 0, "|;", "" },
	{ "data without a colon", "data\n\n", 0, "|;", "" },
	{ "a name", "event: error\ndata: a\n\n", 0, "error|a;", "" },
	{ "a name behind the data", "data: a\nevent: x\n\n", 0, "x|a;", "" },
	{ "a name ends with its event", "event: x\ndata: a\n\ndata: b\n\n", 0,
	    "x|a;|b;", "" },
	{ "a name alone is nothing", "event: x\n\ndata: b\n\n", 0, "|b;", "" },
	{ "comments", ": hello\n\n:\ndata: a\n: between\n\n", 0, "|a;", "" },
	{ "other fields", "id: 1\nretry: 5\ndatax: z\ndata: a\n\n", 0, "|a;",
	    "" },
	{ "empty lines first", "\n\r\n\rdata: a\n\n", 0, "|a;", "" },
	{ "byte order mark",
	    "\xef\xbb\xbf"
	    "data: a\n\n",
	    0, "|a;", "" },
	{ "half a mark is no mark",
	    "\xef\xbb"
	    "data: a\ndata: b\n\n",
	    0, "|b;", "" },
	{ "a mark inside is data", "data: \xef\xbb\xbf\n\n", 0,
	    "|\xef\xbb\xbf;", "" },
	{ "NUL in data", "data: a\0b\n\n", 11, "|a\0b;", "" },
	{ "NUL in a name of a field", "da\0ta: a\ndata: b\n\n", 18, "|b;", "" },
	{ "a bare block", "data: a\n\n{\n  \"error\": 1\n}\n\ndata: b\n\n", 0,
	    "|a;{}|{\n  \"error\": 1\n};|b;", "" },
	{ "a bare block at the end", "data: a\n\n{\"error\":1}", 0, "|a;",
	    "{}|{\"error\":1};" },
	{ "a brace inside an event is no block", "data: a\n{\"b\":1}\n\n", 0,
	    "|a;", "" },
	{ "unfinished", "data: a\n\ndata: b\n", 0, "|a;", "|b;" },
	{ "cut in a line", "data: a\n\ndata: {\"x", 0, "|a;", "|{\"x;" },
	{ "nothing", "", 0, "", "" },
};

static void
note(struct sbuf *seen, const struct sse_event *ev)
{
	sbuf_adds(seen, ev->bare ? "{}" : "");
	sbuf_add_slice(seen, ev->name);
	sbuf_addc(seen, '|');
	sbuf_add_slice(seen, ev->data);
	sbuf_addc(seen, ';');
	if (ev->plain)
		ck_assert(ev->raw.n == ev->data.n + 8 &&
			  slice_starts(ev->raw, SLICE("data: ")));
}

/* In two pieces cut at at, the second in pieces of step. */
static void
split(struct slice in, size_t at, size_t step, struct sbuf *seen,
    struct sbuf *rest)
{
	struct sse_event ev;
	struct slice piece;
	struct sse s;
	struct err e;
	char *copy;
	size_t n = at;

	sse_init(&s);
	while (in.n > 0) {
		n = n < in.n ? n : in.n;
		copy = malloc(n + 1);
		memcpy(copy, in.p, n);
		piece = (struct slice){ copy, n };
		while (sse_next(&s, &piece, &ev, &e) == 1)
			note(seen, &ev);
		ck_assert_uint_eq(piece.n, 0);
		free(copy);
		in = slice_skip(in, n);
		n = step;
	}
	if (sse_end(&s, &ev) == 1)
		note(rest, &ev);
	sse_fini(&s);
}

START_TEST(test_stream)
{
	const struct stream *t = &streams[_i];
	struct slice in = { t->bytes, t->n > 0 ? t->n : strlen(t->bytes) };
	struct sbuf seen = { 0 }, rest = { 0 };
	size_t at, step;

	for (at = 0; at <= in.n; at++)
		for (step = 1; step <= in.n + 1; step += in.n > 0 ? in.n : 1) {
			sbuf_clear(&seen);
			sbuf_clear(&rest);
			split(in, at, step, &seen, &rest);
			ck_assert_msg(slice_eq(sbuf_slice(&seen),
					  (struct slice){ t->events,
					      t->n > 0 ? seen.len
						       : strlen(t->events) }) &&
					  slice_eq(sbuf_slice(&rest),
					      slice_str(t->rest)),
			    "%s, cut at %zu: %s %s", t->title, at,
			    seen.len > 0 ? seen.data : "",
			    rest.len > 0 ? rest.data : "");
		}
	sbuf_free(&seen);
	sbuf_free(&rest);
}
END_TEST

START_TEST(test_borrowed)
{
	const char *text = "data: {}\n\ndata: {\"a\":1}\n\ndata: {";
	struct slice in = slice_str(text);
	struct sse_event ev;
	struct sse s;
	struct err e;

	sse_init(&s);
	ck_assert_int_eq(sse_next(&s, &in, &ev, &e), 1);
	ck_assert(ev.plain && ev.borrowed && ev.raw.p == text);
	ck_assert_int_eq(sse_next(&s, &in, &ev, &e), 1);
	ck_assert(ev.plain && ev.borrowed && ev.data.p == text + 16);
	ck_assert_ptr_null(s.held.data);
	ck_assert_int_eq(sse_next(&s, &in, &ev, &e), 0);
	ck_assert_uint_eq(s.held.len, 7);
	in = SLICE("}\n\n");
	ck_assert_int_eq(sse_next(&s, &in, &ev, &e), 1);
	ck_assert(ev.plain && !ev.borrowed);
	in = SLICE("");
	ck_assert_int_eq(sse_next(&s, &in, &ev, &e), 0);
	ck_assert_ptr_null(s.held.data);
	sse_fini(&s);
}
END_TEST

/* An event of exactly the limit passes, one byte more does not. */
static int
feed_long(size_t n)
{
	char *text = malloc(n);
	struct slice in = { text, n }, piece;
	struct sse_event ev;
	struct sse s;
	struct err e;
	int more = 0;

	memset(text, 'x', n);
	memcpy(text, "data: ", 6);
	memcpy(text + n - 2, "\n\n", 2);
	sse_init(&s);
	while (in.n > 0 && more == 0) {
		piece = (struct slice){ in.p, in.n < 65536 ? in.n : 65536 };
		in = slice_skip(in, piece.n);
		more = sse_next(&s, &piece, &ev, &e);
	}
	if (more == -1)
		ck_assert_int_eq(e.kind, ERR_UPSTREAM_STREAM);
	sse_fini(&s);
	free(text);
	return more;
}

START_TEST(test_limit)
{
	ck_assert_int_eq(feed_long(SSE_EVENT_MAX), 1);
	ck_assert_int_eq(feed_long(SSE_EVENT_MAX + 1), -1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/sse");
	TCase *tc = tcase_create("sse");

	tcase_add_loop_test(tc, test_stream, 0, COUNT(streams));
	tcase_add_test(tc, test_borrowed);
	tcase_add_test(tc, test_limit);
	suite_add_tcase(s, tc);
	return s;
}
