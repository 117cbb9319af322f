/* Streams joined into replies. */

#include "tests/suite.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/assemble.h"
#include "proto/reply.h"
#include "proto/usage.h"
#include "tests/proto/recordings.h"

#define CHUNK(choices)                                                         \
	"data: {\"id\":\"i\",\"object\":\"chat.completion.chunk\","            \
	"\"created\":1,\"model\":\"m\",\"choices\":[" choices "]}\n\n"
#define DELTA(delta) "{\"index\":0,\"delta\":{" delta "}}"
#define STOP "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}"
#define FIELDS(fields)                                                         \
	"data: {\"id\":\"i\",\"object\":\"chat.completion.chunk\","            \
	"\"created\":1,\"model\":\"m\",\"choices\":[],"                        \
	"\"provider_specific_fields\":" fields "}\n\n"
#define REPLY(message, logprobs, finish)                                       \
	REPLY_AND(message, logprobs, finish, "")
#define REPLY_AND(message, logprobs, finish, more)                             \
	"{\"id\":\"i\",\"object\":\"chat.completion\",\"created\":1,"          \
	"\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":"     \
	"\"assistant\"," message "},\"logprobs\":" logprobs                    \
	",\"finish_reason\":" finish "}]" more "}"

static const struct row {
	const char *title, *stream, *reply;
	bool whole;
} rows[] = {
	{ "text",
	    CHUNK(DELTA("\"role\":\"assistant\",\"content\":\"\"")) CHUNK(
		DELTA("\"content\":\"a\\n\"")) CHUNK(DELTA("\"content\":\"b\""))
		CHUNK(STOP) "data: [DONE]\n\n",
	    REPLY("\"content\":\"a\\nb\",\"refusal\":null", "null", "\"stop\""),
	    true },
	{ "reasoning before content",
	    CHUNK(DELTA("\"reasoning_content\":\"x\",\"content\":null"))
		CHUNK(DELTA("\"reasoning_content\":\"y\""))
		    CHUNK(DELTA("\"content\":\"z\"")) CHUNK(STOP),
	    REPLY("\"content\":\"z\",\"reasoning_content\":\"xy\","
		  "\"refusal\":null",
		"null", "\"stop\""),
	    true },
	{ "calls in pieces, in parallel",
	    CHUNK(DELTA("\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"type\":"
			"\"function\",\"function\":{\"name\":\"f\","
			"\"arguments\":\"\"}}]"))
		CHUNK(DELTA(
		    "\"tool_calls\":["
		    "{\"index\":1,\"id\":\"d\",\"function\":{\"name\":\"g\"}},"
		    "{\"index\":0,\"function\":{\"arguments\":\"{\\\"a\\\"\"}}"
		    "]"))
		    CHUNK(DELTA("\"tool_calls\":[{\"index\":0,\"function\":"
				"{\"arguments\":\":1}\"}}]"))
			CHUNK("{\"index\":0,\"delta\":{},\"finish_reason\":"
			      "\"tool_calls\"}"),
	    REPLY("\"content\":null,\"refusal\":null,\"tool_calls\":[{\"id\":"
		  "\"c\",\"type\":\"function\",\"function\":{\"name\":\"f\","
		  "\"arguments\":\"{\\\"a\\\":1}\"}},{\"id\":\"d\",\"type\":"
		  "\"function\",\"function\":{\"name\":\"g\",\"arguments\":"
		  "\"{}\"}}]",
		"null", "\"tool_calls\""),
	    true },
	{ "a refusal",
	    CHUNK(DELTA("\"refusal\":\"n\"")) CHUNK(DELTA("\"refusal\":\"o\""))
		CHUNK(STOP),
	    REPLY("\"content\":null,\"refusal\":\"no\"", "null", "\"stop\""),
	    true },
	{ "logprobs",
	    CHUNK("{\"index\":0,\"delta\":{\"content\":\"a\"},\"logprobs\":"
		  "{\"content\":[{\"t\":1}]}}")
		CHUNK("{\"index\":0,\"delta\":{\"content\":\"b\"},"
		      "\"logprobs\":{\"content\":[{\"t\":2},{\"t\":3}]}}")
		    CHUNK(STOP),
	    REPLY("\"content\":\"ab\",\"refusal\":null",
		"{\"content\":[{\"t\":1},{\"t\":2},{\"t\":3}],\"refusal\":"
		"null}",
		"\"stop\""),
	    true },
	{ "Mistral's parts",
	    CHUNK(DELTA("\"content\":[{\"type\":\"thinking\",\"thinking\":"
			"[{\"type\":\"text\",\"text\":\"h\"}]}]"))
		CHUNK(DELTA("\"content\":[{\"type\":\"text\",\"text\":"
			    "\"a\"}]")) CHUNK(DELTA("\"content\":\"b\""))
		    CHUNK(STOP),
	    REPLY("\"content\":\"ab\",\"reasoning_content\":\"h\",\"refusal\":"
		  "null",
		"null", "\"stop\""),
	    true },
	{ "the breakdown is not part of it",
	    CHUNK(DELTA("\"content\":\"a\"")) CHUNK(
		STOP) "data: "
		      "{\"id\":\"request_breakdown\",\"choices\":[{\"delta\":"
		      "{\"content\":\"x\"},\"index\":0}]}\n\n",
	    REPLY("\"content\":\"a\",\"refusal\":null", "null", "\"stop\""),
	    true },
	{ "a refusal without a word",
	    CHUNK(DELTA("\"content\":\"a\"")) CHUNK(DELTA("\"refusal\":\"\""))
		CHUNK(STOP),
	    REPLY("\"content\":\"a\",\"refusal\":\"\"", "null", "\"stop\""),
	    true },
	{ "fields of a provider's own",
	    FIELDS("{\"a\":[1],\"b\":{\"x\":1},\"c\":[]}")
		CHUNK(DELTA("\"content\":\"a\"")) CHUNK(STOP)
		    FIELDS("{\"a\":[2,3],\"b\":null,\"c\":[]}") FIELDS("[1]"),
	    REPLY_AND("\"content\":\"a\",\"refusal\":null", "null", "\"stop\"",
		",\"provider_specific_fields\":{\"a\":[1,2,3],\"b\":null,"
		"\"c\":[]}"),
	    true },
	{ "cut", CHUNK(DELTA("\"content\":\"a\"")),
	    REPLY("\"content\":\"a\",\"refusal\":null", "null", "null"),
	    false },
};

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct slice in = slice_str(row->stream);
	struct assemble *a;
	struct sbuf b = { 0 };
	size_t at;

	for (at = 0; at <= in.n; at++) {
		a = assemble_new(1 << 20);
		ck_assert_int_eq(assemble_frames(a, (struct slice){ in.p, at }),
		    0);
		ck_assert_int_eq(assemble_frames(a, slice_skip(in, at)), 0);
		ck_assert(assemble_is_whole(a) == row->whole);
		sbuf_clear(&b);
		assemble_write(a, NULL, &b);
		ck_assert_msg(strcmp(b.data, row->reply) == 0, "%s: %s",
		    row->title, b.data);
		assemble_free(&a);
	}
	sbuf_free(&b);
}
END_TEST

START_TEST(test_usage)
{
	struct assemble *a = assemble_new(1 << 20);
	struct sbuf b = { 0 };
	struct usage u;

	usage_of_totals(&u, 3, 4);
	assemble_frames(a, SLICE(CHUNK(STOP)));
	assemble_write(a, &u, &b);
	ck_assert_ptr_nonnull(strstr(b.data, "\"total_tokens\":7"));
	sbuf_clear(&b);
	assemble_chunk(a, SLICE("{\"choices\":[],\"usage\":{\"own\":1}}"));
	assemble_write(a, &u, &b);
	ck_assert_ptr_nonnull(strstr(b.data, "\"usage\":{\"own\":1}"));
	assemble_free(&a);
	sbuf_free(&b);
}
END_TEST

START_TEST(test_limit)
{
	struct assemble *a = assemble_new(21);

	assemble_frames(a, SLICE(CHUNK(DELTA("\"content\":\"aaaaaaaa\""))));
	assemble_frames(a, SLICE(CHUNK(STOP)));
	ck_assert(assemble_is_whole(a));
	assemble_free(&a);
	a = assemble_new(20);
	assemble_frames(a, SLICE(CHUNK(DELTA("\"content\":\"aaaaaaaa\""))));
	assemble_frames(a, SLICE(CHUNK(STOP)));
	ck_assert(!assemble_is_whole(a));
	assemble_free(&a);
}
END_TEST

START_TEST(test_malformed)
{
	struct assemble *a = assemble_new(1000);

	ck_assert_int_eq(assemble_frames(a, SLICE("data: {\"a\n\n")), -1);
	ck_assert_int_eq(assemble_chunk(a, SLICE("{\"error\":{}}")), 0);
	assemble_free(&a);
}
END_TEST

/* All text of each recorded stream is in the reply, which is a reply. */
static void
check_recorded(const struct recordings_case *c, void *arg)
{
	struct assemble *a;
	struct sbuf b = { 0 };
	unsigned *seen = arg;
	struct reply r;
	struct err e;

	if (!c->stream || c->status != 200 ||
	    strstr(c->body.data, "\"error\":{") != NULL)
		return;
	a = assemble_new(1 << 22);
	ck_assert_msg(assemble_frames(a, sbuf_slice(&c->body)) == 0, "%s",
	    c->name);
	assemble_write(a, NULL, &b);
	ck_assert_msg(reply_read(sbuf_slice(&b), 0, &r, &e) == 1, "%s: %s",
	    c->name, b.data);
	assemble_free(&a);
	sbuf_free(&b);
	++*seen;
}

START_TEST(test_recorded)
{
	recordings_check(check_recorded, 70);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/assemble");
	TCase *tc = tcase_create("assemble");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_test(tc, test_usage);
	tcase_add_test(tc, test_limit);
	tcase_add_test(tc, test_malformed);
	tcase_add_test(tc, test_recorded);
	suite_add_tcase(s, tc);
	return s;
}
