/* Framing, cutting and ends of streams, whatever the dialect. */

#include "tests/suite.h"

#include "proto/jscan.h"
#include "proto/sse.h"
#include "tests/dialect/quotes.h"
#include "tests/dialect/telling.h"

/* {"t": text}, {"stop": reason} and {"end": 1}; {"bad": 1} is malformed. */
static int
toy_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct jscan_item item;

	if (jscan_find(ev->data, SLICE("bad"), &item) == 1)
		return err_set(e, ERR_UPSTREAM_STREAM, "bad");
	if (jscan_find(ev->data, SLICE("t"), &item) == 1)
		chatout_text(&t->out, jscan_text(&item));
	if (jscan_find(ev->data, SLICE("stop"), &item) == 1)
		chatout_finish(&t->out, CHATOUT_STOP, jscan_text(&item));
	if (jscan_find(ev->data, SLICE("error"), &item) == 1) {
		chatout_error(&t->out, ev->data);
		t->failed = true;
	}
	t->complete = jscan_find(ev->data, SLICE("end"), &item) == 1;
	return 0;
}

static int
toy_reply(struct tell *t, struct slice json, struct err *e)
{
	struct dialect_event ev = { .data = json };

	return toy_event(t, &ev, e);
}

/* For one that ends with its body: what has finished is complete. */
static void
toy_end(struct tell *t)
{
	t->complete = chatout_is_finished(&t->out);
}

static const struct dialect events = { .frames = FRAMES_SSE,
	.reply = toy_reply,
	.event = toy_event };
static const struct dialect lines = { .frames = FRAMES_LINES,
	.event = toy_event };
static const struct dialect ends = { .frames = FRAMES_SSE,
	.event = toy_event,
	.end = toy_end };

#define TEXT "data: {'t':'a'}\n\n"
#define STOP "data: {'stop':'x'}\n\n"
#define END "data: {'end':1}\n\n"

static const struct row {
	const char *title;
	const struct dialect *dialect;
	const char *stream;
	int done;
	unsigned texts;
	bool finished, complete;
} rows[] = {
	{ "events", &events, TEXT TEXT STOP END, 0, 2, true, true },
	{ "CRLF, comments, names, blanks behind", &events,
	    ": c\r\nevent: e\r\ndata: {'t':'a'}   \r\n\r\ndata: {'stop':'x',"
	    "\r\ndata: 'end':1}\r\n\r\n",
	    0, 1, true, true },
	{ "CR", &events, "data: {'t':'a'}\r\rdata: {'stop':'x','end':1}\r\r", 0,
	    1, true, true },
	{ "a last event without its empty line", &events,
	    TEXT "data: {'stop':'x','end':1}\n", 0, 1, true, true },
	{ "not even a line end", &events, TEXT "data: {'stop':'x','end':1}", 0,
	    1, true, true },
	{ "a cut event", &events, TEXT "data: {'stop':'x','end':1", -1, 1,
	    false, false },
	{ "no end", &events, TEXT STOP, 0, 1, true, false },
	{ "OpenAI's word is no end", &events, TEXT STOP "data: [DONE]\n\n", 0,
	    1, true, false },
	{ "but may stand behind one", &events, TEXT STOP END "data: [DONE]\n\n",
	    0, 1, true, true },
	{ "nothing counts behind the end", &events,
	    TEXT STOP END TEXT "rubbish\n\n{", 0, 1, true, true },
	{ "an event without data", &events, "event: x\n\n" TEXT STOP END, 0, 1,
	    true, true },
	{ "no JSON", &events, TEXT "data: x\n\n" STOP END, -1, 1, false,
	    false },
	{ "no object", &events, TEXT "data: [1]\n\n" STOP END, -1, 1, false,
	    false },
	{ "malformed for the dialect", &events,
	    TEXT "data: {'bad':1}\n\n" STOP END, -1, 1, false, false },
	{ "an error", &events, TEXT "data: {'error':{}}\n\n" STOP END, 0, 1,
	    false, false },
	{ "an error without its frame", &events,
	    TEXT "{'error':{}}\n\n" STOP END, 0, 1, false, false },
	{ "nothing", &events, "", 0, 0, false, false },
	{ "the end of the body is the end", &ends, TEXT STOP, 0, 1, true,
	    true },
	{ "but not of one that has not finished", &ends, TEXT, 0, 1, false,
	    false },
	{ "nor of nothing", &ends, "", 0, 0, false, false },
	{ "lines", &lines, "{'t':'a'}\n{'t':'a'}\r\n\n{'stop':'x','end':1}\n",
	    0, 2, true, true },
	{ "a last line without its end", &lines,
	    "{'t':'a'}\n{'stop':'x','end':1}", 0, 1, true, true },
	{ "a cut line", &lines, "{'t':'a'}\n{'stop':'x'", -1, 1, false, false },
};

static unsigned
count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

static void
expect(const struct row *row, const struct telling *t)
{
	ck_assert_msg(t->done == row->done, "%s: %d", row->title, t->done);
	if (t->done == -1)
		ck_assert_int_ne(t->err.kind, ERR_NONE);
	ck_assert_msg(count(t->chat.data, "\"content\":\"a\"") == row->texts,
	    "%s: %s", row->title, t->chat.data);
	ck_assert_msg(count(t->chat.data, "\"finish_reason\":\"stop\"") ==
			  row->finished,
	    "%s: %s", row->title, t->chat.data);
	ck_assert_msg(count(t->chat.data, "[DONE]") == row->complete, "%s: %s",
	    row->title, t->chat.data);
	ck_assert_msg(t->complete == row->complete, "%s", row->title);
}

/* In one piece, in bytes, and cut in two at every byte. */
START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct telling t = { .dialect = row->dialect };
	struct pool *pool = pool_new();
	struct slice in = quotes(pool, row->stream);

	for (size_t step = 1; step <= in.n + 1; step++) {
		telling_stream(&t, in, step);
		expect(row, &t);
	}
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

static const struct whole_row {
	const char *title, *reply;
	int done;
	const char *chat; /* what stands in it */
} wholes[] = {
	{ "a reply", " {'t':'a','stop':'x'} ", 1,
	    "'message':{'role':'assistant','content':'a','refusal':null}" },
	{ "an error", "{'error':{'a':1}}", 0, "{'error':{'a':1}}" },
	{ "malformed", "{'bad':1}", -1, NULL },
	{ "no object", "[1]", -1, NULL },
	{ "no JSON", "{'t'", -1, NULL },
	{ "two", "{} {}", -1, NULL },
	{ "nothing", "", -1, NULL },
};

START_TEST(test_whole)
{
	const struct whole_row *row = &wholes[_i];
	struct telling t = { .dialect = &events };
	struct pool *pool = pool_new();

	telling_whole(&t, quotes(pool, row->reply));
	ck_assert_msg(t.done == row->done, "%s: %d", row->title, t.done);
	if (row->chat != NULL)
		ck_assert_msg(strstr(t.chat.data, quotes(pool, row->chat).p) !=
				  NULL,
		    "%s: %s", row->title, t.chat.data);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

/* What a client of the dialect itself gets: the bytes, each event whole. */
static const struct {
	const char *title, *stream;
	const char *array; /* what is collected as one, NULL: events are */
} raws[] = {
	{ "LF", TEXT STOP END, NULL },
	{ "an array", TEXT "event: x\ndata: {'stop':'x','end':1}\n\n",
	    "[{'t':'a'},\r\n{'stop':'x','end':1}]" },
	{ "an array that is cut", TEXT, "[{'t':'a'}" },
	{ "an array of nothing", ": c\n\n", "" },
	{ "CRLF", "data: {'t':'a'}\r\n\r\ndata: {'end':1}\r\n\r\n", NULL },
	{ "CR", "data: {'t':'a'}\r\rdata: {'end':1}\r\r", NULL },
	{ "names", "event: x\r\ndata: {'t':'a'}\r\n\r\n" END, NULL },
};

START_TEST(test_raw)
{
	struct pool *pool = pool_new();
	struct slice in = quotes(pool, raws[_i].stream), piece;
	struct sbuf raw = { 0 }, chat = { 0 };
	struct decode_opts opts = { .dialect = &events, .raw = &raw };
	struct slice want = in;
	struct decode *d;
	struct err e;

	opts.raw_array = raws[_i].array != NULL;
	if (opts.raw_array)
		want = quotes(pool, raws[_i].array);
	for (size_t step = 1; step <= in.n; step++) {
		sbuf_clear(&raw);
		d = decode_new(&opts);
		for (size_t at = 0; at < in.n; at += step) {
			piece = slice_skip(in, at);
			piece.n = piece.n < step ? piece.n : step;
			ck_assert_int_eq(decode_feed(d, piece, &chat, &e), 0);
		}
		ck_assert_int_eq(decode_end(d, &chat, &e), 0);
		ck_assert_msg(slice_eq(sbuf_slice(&raw), want), "%s: %s",
		    raws[_i].title, raw.data);
		decode_free(&d);
	}
	sbuf_free(&raw);
	sbuf_free(&chat);
	pool_free(&pool);
}
END_TEST

/* An event, or a line, that does not end. */
START_TEST(test_too_long)
{
	static const struct dialect *const both[] = { &events, &lines };
	struct telling t = { .dialect = both[_i] };
	struct decode *d = telling_begin(&t);
	struct sbuf in = { 0 };
	int fed;

	sbuf_adds(&in, _i == 0 ? "data: {\"t\":\"" : "{\"t\":\"");
	for (size_t n = 0; n < 4096; n++)
		sbuf_addc(&in, 'a');
	for (size_t n = 0; n < SSE_EVENT_MAX / 4096; n++) {
		fed = decode_feed(d, sbuf_slice(&in), &t.chat, &t.err);
		if (fed != 0)
			break;
		memset(in.data, 'a', in.len);
	}
	ck_assert_int_eq(fed, -1);
	ck_assert_int_eq(t.err.kind, ERR_UPSTREAM_STREAM);
	/* And nothing is read behind it. */
	sbuf_clear(&in);
	sbuf_adds(&in, "\n\ndata: {\"t\":\"a\"}\n\n");
	ck_assert_int_eq(decode_feed(d, sbuf_slice(&in), &t.chat, &t.err), 0);
	ck_assert_int_eq(decode_end(d, &t.chat, &t.err), 0);
	ck_assert_uint_eq(t.chat.len, 0);
	decode_free(&d);
	sbuf_free(&in);
	telling_end(&t);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/decode");
	TCase *tc = tcase_create("decode");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_whole, 0, COUNT(wholes));
	tcase_add_loop_test(tc, test_raw, 0, COUNT(raws));
	tcase_add_loop_test(tc, test_too_long, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}
