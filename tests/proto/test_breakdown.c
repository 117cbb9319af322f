/* Both forms of request_breakdown, to the byte: spec/api.md 7.5. */

#include "tests/suite.h"

#include "base/sbuf.h"
#include "proto/breakdown.h"

static const struct breakdown documented = {
	.prompt_tokens = 6,
	.completion_tokens = 9,
	.cost_nano = 48000,
	.prompt_messages = SLICE(
	    "[{\"role\":\"user\",\"content\":\"How are you doing today?\"}]"),
	.completion_message = SLICE("{\"content\":\" I'm doing well, thanks "
				    "for asking!\",\"role\":\"assistant\"}"),
	.model = SLICE("claude-2"),
	.stream = true,
	.arrival_us = INT64_C(1708392219329729),
	.latency_us = 1841549,
	.routing_us = 186,
	.full_request = SLICE("{\"messages\":[{\"role\":\"user\",\"content\":"
			      "\"How are you doing today?\"}],\"model\":"
			      "\"claude-2\",\"logprobs\":true}"),
};

#define OBJECT                                                                 \
	"{\"prompt_tokens\":6,\"completion_tokens\":9,\"cost\":0.000048,"      \
	"\"prompt_messages\":[{\"role\":\"user\",\"content\":\"How are you "   \
	"doing today?\"}],\"completion_message\":{\"content\":\" I'm doing "   \
	"well, thanks for asking!\",\"role\":\"assistant\"},\"model\":"        \
	"\"claude-2\",\"cached\":false,\"timestamp\":"                         \
	"\"2024-02-20T01:23:39.329729Z\",\"status_code\":200,"                 \
	"\"stream\":true,\"latency\":1.841549,\"scores\":{},"                  \
	"\"category\":\"\",\"metadata\":{},\"routing_time\":0.000186,"         \
	"\"full_request\":{\"messages\":[{\"role\":\"user\",\"content\":"      \
	"\"How are you doing today?\"}],\"model\":\"claude-2\","               \
	"\"logprobs\":true},\"sentiment_score\":0}"

START_TEST(test_object)
{
	struct sbuf b = { 0 };

	breakdown_write(&b, &documented);
	ck_assert_str_eq(b.data, OBJECT);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_chunk)
{
	struct sbuf b = { 0 };

	breakdown_write_chunk(&b, &documented, 1706100589);
	ck_assert_str_eq(b.data,
	    "{\"id\":\"request_breakdown\",\"choices\":[{\"delta\":"
	    "{\"content\":null,\"role\":\"assistant\"},\"finish_reason\":"
	    "\"stop\",\"request_breakdown\":" OBJECT ",\"index\":0,"
	    "\"message\":{\"content\":null,\"role\":\"assistant\"}}],"
	    "\"created\":1706100589,\"model\":\"extra_parameter\",\"object\":"
	    "\"chat.completion.chunk\",\"system_fingerprint\":null,"
	    "\"usage\":{}}");
	sbuf_free(&b);
}
END_TEST

START_TEST(test_hit)
{
	struct breakdown d = { .model = SLICE("a\"b"),
		.cached = true,
		.latency_us = 1000000,
		.tokens = SLICE("{\"x\":1}") };
	struct sbuf b = { 0 };

	breakdown_write(&b, &d);
	ck_assert_str_eq(b.data,
	    "{\"prompt_tokens\":0,\"completion_tokens\":0,\"cost\":0.0,"
	    "\"prompt_messages\":[],\"completion_message\":{\"role\":"
	    "\"assistant\",\"content\":null},\"model\":\"a\\\"b\","
	    "\"cached\":true,\"timestamp\":\"1970-01-01T00:00:00.000000Z\","
	    "\"status_code\":200,\"stream\":false,\"latency\":1.000000,"
	    "\"scores\":{},\"category\":\"\",\"metadata\":{},"
	    "\"routing_time\":0.000000,\"full_request\":{},"
	    "\"sentiment_score\":0,\"token_breakdown\":{\"x\":1}}");
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/breakdown");
	TCase *tc = tcase_create("breakdown");

	tcase_add_test(tc, test_object);
	tcase_add_test(tc, test_chunk);
	tcase_add_test(tc, test_hit);
	suite_add_tcase(s, tc);
	return s;
}
