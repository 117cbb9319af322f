/* AWS's event stream: spec/providers.md 7.1. */

#include "tests/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "dialect/aws_frame.h"
#include "dialect/dialect.h"
#include "dialect/frames.h"
#include "tests/dialect/aws.h"

static const char vector[] =
    "0000007a00000051ca2c46650b3a6576656e742d7479706507000b6d65737361676553746f"
    "700d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d"
    "6573736167652d747970650700056576656e747b2273746f70526561736f6e223a22656e64"
    "5f7475726e227d5fbf09fc";

#define VECTOR_SIZE 122

static void
vector_read(char out[VECTOR_SIZE])
{
	ck_assert_uint_eq(strlen(vector), 2 * VECTOR_SIZE);
	ck_assert_int_eq(hex_read(vector, out, VECTOR_SIZE), 1);
}

/* Everything that a reader sees of some bytes, as one line of text. */
static int
read_all(struct slice in, size_t step, struct sbuf *seen)
{
	struct frames f;
	struct dialect_event ev;
	struct err e;
	int more = 0;

	frames_init(&f, FRAMES_AWS);
	while (in.n > 0 && more != -1) {
		size_t n = step < in.n ? step : in.n;
		char *copy = malloc(n);
		struct slice piece = { copy, n };

		memcpy(copy, in.p, n);
		while ((more = frames_next(&f, &piece, &ev, &e)) == 1) {
			sbuf_addf(seen, "%s%.*s=%.*s;", ev.exception ? "!" : "",
			    SLICE_ARGS(ev.name), SLICE_ARGS(ev.data));
			ck_assert_uint_ge(ev.raw.n, AWS_FRAME_MIN);
		}
		free(copy);
		in = slice_skip(in, n);
	}
	if (more == -1)
		sbuf_adds(seen, e.text);
	else if (frames_is_cut(&f))
		sbuf_adds(seen, "CUT");
	ck_assert_int_eq(frames_end(&f, &ev), 0);
	frames_fini(&f);
	return more;
}

static void
expect_all(struct slice in, const char *want, const char *title)
{
	struct sbuf seen = { 0 };

	for (size_t step = 1; step <= in.n + 1; step += 1 + step / 3) {
		sbuf_clear(&seen);
		sbuf_adds(&seen, "");
		read_all(in, step, &seen);
		ck_assert_msg(slice_eq(sbuf_slice(&seen), slice_str(want)),
		    "%s, by %zu: %.*s", title, step,
		    SLICE_ARGS(sbuf_slice(&seen)));
	}
	sbuf_free(&seen);
}

START_TEST(test_vector)
{
	char bytes[VECTOR_SIZE];
	struct sbuf made = { 0 };

	vector_read(bytes);
	expect_all((struct slice){ bytes, sizeof bytes },
	    "messageStop={\"stopReason\":\"end_turn\"};", "vector");
	aws_message(&made, "event", "messageStop",
	    SLICE("{\"stopReason\":\"end_turn\"}"));
	ck_assert_uint_eq(made.len, sizeof bytes);
	ck_assert_mem_eq(made.data, bytes, sizeof bytes);
	sbuf_free(&made);
}
END_TEST

/* Whatever bit is flipped: malformed, or it waits for bytes without end. */
START_TEST(test_flipped)
{
	char bytes[VECTOR_SIZE];
	struct sbuf seen = { 0 };

	for (int bit = 0; bit < 8; bit++)
		for (size_t step = 7; step <= VECTOR_SIZE; step += 115) {
			vector_read(bytes);
			bytes[_i] = (char)(bytes[_i] ^ 1 << bit);
			sbuf_clear(&seen);
			ck_assert_msg(read_all((struct slice){ bytes,
						   sizeof bytes },
					  step, &seen) == -1,
			    "bit %d of byte %d: %s", bit, _i, seen.data);
			ck_assert_ptr_nonnull(strstr(seen.data, "checksum"));
		}
	sbuf_free(&seen);
}
END_TEST

START_TEST(test_cut)
{
	char bytes[2 * VECTOR_SIZE];

	vector_read(bytes);
	vector_read(bytes + VECTOR_SIZE);
	for (size_t n = 1; n < VECTOR_SIZE; n++) {
		expect_all((struct slice){ bytes, n }, "CUT", "one");
		expect_all((struct slice){ bytes, VECTOR_SIZE + n },
		    "messageStop={\"stopReason\":\"end_turn\"};CUT", "two");
	}
	expect_all((struct slice){ bytes, sizeof bytes },
	    "messageStop={\"stopReason\":\"end_turn\"};"
	    "messageStop={\"stopReason\":\"end_turn\"};",
	    "both");
}
END_TEST

/* Headers of every type, as they lie. */
#define EVENT                                                                  \
	"\x0d:message-type\x07\x00\x05"                                        \
	"event\x0b:event-type\x07\x00\x01x"

static const struct {
	const char *title;
	struct slice headers, payload;
	const char *want;
} frames_of[] = {
	{ "an event", SLICE(EVENT), SLICE("{}"), "x={};" },
	{ "no payload", SLICE(EVENT), SLICE(""), "x=;" },
	{ "no headers", SLICE(""), SLICE("{}"), "=;" },
	{ "headers of all other types",
	    SLICE("\x01t\x00\x01"
		  "f\x01\x01y\x02!\x01s\x03!!\x01i\x04!!!!\x01l\x05!!!!!!!!"
		  "\x01"
		  "b\x06\x00\x03!!!\x01q\x08!!!!!!!!\x01u\x09!!!!!!!!!!!!!!!"
		  "!" EVENT),
	    SLICE("{}"), "x={};" },
	{ "a type that does not exist", SLICE("\x01t\x0a" EVENT), SLICE("{}"),
	    "event stream: malformed header" },
	{ "a name beyond the headers", SLICE(EVENT "\x02z"), SLICE("{}}}}}}}}"),
	    "event stream: malformed header" },
	{ "a value beyond the headers", SLICE(EVENT "\x01z\x05!!!!!!!"),
	    SLICE("{}}}}}}}}"), "event stream: malformed header" },
	{ "a length beyond the headers", SLICE(EVENT "\x01z\x07\x00"),
	    SLICE("{}}}}}}}}"), "event stream: malformed header" },
	{ "a string beyond the headers", SLICE(EVENT "\x01z\x07\x00\x04!!!"),
	    SLICE("{}}}}}}}}"), "event stream: malformed header" },
	{ "a name without type", SLICE(EVENT "\x01z"), SLICE("{}"),
	    "event stream: malformed header" },
	{ "an exception",
	    SLICE("\x0f:exception-type\x07\x00\x03not\x0d:message-type\x07"
		  "\x00\x09"
		  "exception"),
	    SLICE("{\"message\":\"no\"}"), "!not={\"message\":\"no\"};" },
	{ "an exception of plain text",
	    SLICE("\x0f:exception-type\x07\x00\x03not\x0d:message-type\x07"
		  "\x00\x09"
		  "exception"),
	    SLICE("it \"broke\""), "!not={\"message\":\"it \\\"broke\\\"\"};" },
	{ "an exception without words",
	    SLICE("\x0f:exception-type\x07\x00\x03not\x0d:message-type\x07"
		  "\x00\x09"
		  "exception"),
	    SLICE(""), "!not={\"message\":\"\"};" },
	{ "an error",
	    SLICE("\x0d:message-type\x07\x00\x05"
		  "error\x0b:error-code\x07\x00\x03"
		  "500\x0e:error-message\x07\x00\x04oops"),
	    SLICE(""), "!500={\"message\":\"oops\"};" },
	{ "a kind of message that is new",
	    SLICE("\x0d:message-type\x07\x00\x03new"), SLICE("{}"), "=;" },
};

START_TEST(test_headers)
{
	struct sbuf b = { 0 };

	aws_frame(&b, frames_of[_i].headers, frames_of[_i].payload);
	expect_all(sbuf_slice(&b), frames_of[_i].want, frames_of[_i].title);
	sbuf_free(&b);
}
END_TEST

/* A prelude of any lengths, with the checksum that fits. */
static const struct {
	uint32_t total, headers;
	const char *want;
} preludes[] = {
	{ 15, 0, "event stream: frame too long or too short" },
	{ 0, 0, "event stream: frame too long or too short" },
	{ 1024 * 1024 + 1, 0, "event stream: frame too long or too short" },
	{ 0xffffffff, 0, "event stream: frame too long or too short" },
	{ 16, 1, "event stream: headers longer than their frame" },
	{ 100, 85, "event stream: headers longer than their frame" },
	{ 100, 0xffffffff, "event stream: headers longer than their frame" },
	{ 100, 84, "CUT" },
	{ 1024 * 1024, 0, "CUT" },
};

START_TEST(test_preludes)
{
	struct sbuf b = { 0 };

	aws_u32(&b, preludes[_i].total);
	aws_u32(&b, preludes[_i].headers);
	aws_u32(&b, crc32_of(b.data, 8));
	expect_all(sbuf_slice(&b), preludes[_i].want, "prelude");
	sbuf_free(&b);
}
END_TEST

/* The longest frame there may be, and the shortest. */
START_TEST(test_limits)
{
	struct sbuf payload = { 0 }, b = { 0 }, seen = { 0 };

	aws_frame(&b, SLICE(""), SLICE(""));
	ck_assert_uint_eq(b.len, AWS_FRAME_MIN);
	expect_all(sbuf_slice(&b), "=;", "shortest");
	sbuf_clear(&b);
	while (payload.len < AWS_FRAME_MAX - 16)
		sbuf_addc(&payload, ' ');
	aws_frame(&b, SLICE(""), sbuf_slice(&payload));
	ck_assert_int_eq(read_all(sbuf_slice(&b), 65536, &seen), 0);
	ck_assert_str_eq(seen.data, "=;");
	sbuf_free(&payload);
	sbuf_free(&b);
	sbuf_free(&seen);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/aws_frame");
	TCase *tc = tcase_create("frames");

	tcase_add_test(tc, test_vector);
	tcase_add_loop_test(tc, test_flipped, 0, VECTOR_SIZE);
	tcase_add_test(tc, test_cut);
	tcase_add_loop_test(tc, test_headers, 0, COUNT(frames_of));
	tcase_add_loop_test(tc, test_preludes, 0, COUNT(preludes));
	tcase_add_test(tc, test_limits);
	suite_add_tcase(s, tc);
	return s;
}
