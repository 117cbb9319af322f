/* A stored reply as a stream, and back again. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/assemble.h"
#include "proto/relay.h"
#include "proto/replay.h"
#include "tests/proto/recordings.h"

#define STORED                                                                 \
	"{\"id\":\"i\",\"object\":\"chat.completion\",\"created\":1,"          \
	"\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"     \
	"\"assistant\",\"content\":\"a\\n\",\"reasoning_content\":\"r\","      \
	"\"refusal\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"             \
	"\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},"  \
	"\"logprobs\":null,\"finish_reason\":\"tool_calls\"}],"                \
	"\"usage\":{\"prompt_tokens\":1}}"
#define HEAD                                                                   \
	"{\"id\":\"i\",\"object\":\"chat.completion.chunk\",\"created\":1,"    \
	"\"model\":\"m\",\"choices\":["
#define CHUNK(delta, finish)                                                   \
	HEAD "{\"index\":0,\"delta\":{" delta                                  \
	     "},\"logprobs\":null,\"finish_reason\":" finish "}]}"

static const char *const expected[] = {
	CHUNK("\"role\":\"assistant\",\"content\":\"\"", "null"),
	CHUNK("\"reasoning_content\":\"r\"", "null"),
	CHUNK("\"content\":\"a\\n\"", "null"),
	CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":"
	      "\"function\",\"function\":{\"name\":\"f\",\"arguments\":"
	      "\"{}\"}}]",
	    "null"),
	CHUNK("", "\"tool_calls\""),
	HEAD "],\"usage\":{\"prompt_tokens\":1}}",
};

static void
check_chunks(bool usage, size_t count)
{
	struct replay *r;
	struct sbuf b = { 0 };
	struct err e;
	size_t n = 0;

	ck_assert_int_eq(replay_open(&r, SLICE(STORED), usage, &e), 0);
	while (replay_next(r, &b) == 1) {
		ck_assert_uint_lt(n, count);
		ck_assert_str_eq(b.data, expected[n++]);
		sbuf_clear(&b);
	}
	ck_assert_uint_eq(n, count);
	replay_free(&r);
	sbuf_free(&b);
}

START_TEST(test_chunks)
{
	check_chunks(true, COUNT(expected));
	check_chunks(false, COUNT(expected) - 1);
}
END_TEST

static const char *const refused[] = { "", "[]", "{}", "{\"choices\":1}",
	"{\"choices\":[" };

START_TEST(test_refused)
{
	struct replay *r = NULL;
	struct err e;

	ck_assert_int_eq(replay_open(&r, slice_str(refused[_i]), false, &e),
	    -1);
	ck_assert_ptr_null(r);
}
END_TEST

/* What a client sees of a stored stream is what the relay promises. */
static void
check_round(const struct recordings_case *c, void *arg)
{
	struct relay_opts opts = { 0 };
	struct relay *relay = relay_new(&opts);
	struct assemble *first = assemble_new(1 << 22);
	struct assemble *second = assemble_new(1 << 22);
	struct sbuf a = { 0 }, b = { 0 }, json = { 0 }, frame = { 0 };
	struct relay_out out;
	struct replay *r;
	unsigned *seen = arg;
	struct err e;

	relay_out_init(&out);
	if (c->stream && c->status == 200 &&
	    assemble_frames(first, sbuf_slice(&c->body)) == 0 &&
	    assemble_is_whole(first)) {
		assemble_write(first, NULL, &a);
		ck_assert_int_eq(replay_open(&r, sbuf_slice(&a), true, &e), 0);
		while (replay_next(r, &json) == 1) {
			assemble_chunk(second, sbuf_slice(&json));
			relay_frame_write(&frame, sbuf_slice(&json));
			sbuf_clear(&json);
		}
		relay_frame_done(&frame);
		replay_free(&r);
		assemble_write(second, NULL, &b);
		ck_assert_int_eq(relay_feed(relay, sbuf_slice(&frame), &out,
				     &e),
		    0);
		ck_assert_msg(relay_finish(relay, true, &out) == RELAY_COMPLETE,
		    "%s", c->name);
		++*seen;
	}
	relay_out_fini(&out);
	relay_free(&relay);
	assemble_free(&first);
	assemble_free(&second);
	if (a.len > 0 && strstr(a.data, "_details\":[") == NULL &&
	    strstr(a.data, "service_tier") == NULL &&
	    strstr(a.data, "citations") == NULL)
		ck_assert_str_eq(a.data, b.data);
	sbuf_free(&a);
	sbuf_free(&b);
	sbuf_free(&json);
	sbuf_free(&frame);
}

START_TEST(test_round)
{
	recordings_check(check_round, 60);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/replay");
	TCase *tc = tcase_create("replay");

	tcase_add_test(tc, test_chunks);
	tcase_add_loop_test(tc, test_refused, 0, COUNT(refused));
	tcase_add_test(tc, test_round);
	suite_add_tcase(s, tc);
	return s;
}
