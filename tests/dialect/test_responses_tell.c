/* Streams of Responses as no recording has them. */

#include "tests/suite.h"

#include "proto/relay_error.h"
#include "tests/dialect/told.h"

#define EV(type, more) "data: {\"type\":\"" type "\"" more "}\n\n"
#define DELTA(type, at, text)                                                  \
	EV("response." type ".delta",                                          \
	    ",\"output_index\":" at ",\"delta\":\"" text "\"")
#define CALL(at, when, arguments)                                              \
	EV("response.output_item." when,                                       \
	    ",\"output_index\":" at ",\"item\":{\"type\":\"function_call\","   \
	    "\"id\":\"fc_" at "\",\"call_id\":\"c" at "\",\"name\":\"n" at     \
	    "\",\"arguments\":\"" arguments "\"}")
#define TEXT(text)                                                             \
	"{\"type\":\"message\",\"content\":[{\"type\":\"output_text\","        \
	"\"text\":\"" text "\"}]}"
#define END(output)                                                            \
	EV("response.completed",                                               \
	    ",\"response\":{\"status\":\"completed\",\"model\":\"m\","         \
	    "\"output\":[" output "],\"usage\":{\"input_tokens\":3,"           \
	    "\"output_tokens\":2}}")

static const struct tell_row {
	const char *title, *from, *text, *calls, *finish;
	unsigned errors;
} tells[] = {
	{ "pieces, and the item with the same text",
	    DELTA("output_text", "0", "a\\u00e9") DELTA("output_text", "0",
		"b") EV("response.output_item.done",
		",\"output_index\":0,\"item\":" TEXT("aéb")) END(TEXT("aéb")),
	    "aéb", "", "stop", 0 },
	{ "an item without pieces",
	    EV("response.output_item.done",
		",\"output_index\":0,\"item\":" TEXT("ab")) END(TEXT("ab")),
	    "ab", "", "stop", 0 },
	{ "only the last event", END(TEXT("ab")), "ab", "", "stop", 0 },
	{ "two items at one place",
	    EV("response.output_item.added",
		",\"output_index\":0,\"item\":" TEXT(""))
		DELTA("output_text", "0", "a") EV("response.output_item.added",
		    ",\"output_index\":0,\"item\":" TEXT(""))
		    EV("response.output_item.done",
			",\"output_index\":0,\"item\":" TEXT("b")) END(""),
	    "ab", "", "stop", 0 },
	{ "a call in pieces",
	    CALL("0", "added", "") DELTA("function_call_arguments", "0",
		"{\\\"a\\\"") DELTA("function_call_arguments", "0", ":1}")
		CALL("0", "done", "{\\\"a\\\":1}") END(""),
	    "", ";c0 n0={\"a\":1}", "tool_calls", 0 },
	{ "a call whose arguments come at once",
	    CALL("0", "added", "{\\\"a\\\":1}")
		CALL("0", "done", "{\\\"a\\\":1}") END(""),
	    "", ";c0 n0={\"a\":1}", "tool_calls", 0 },
	{ "a call without arguments",
	    CALL("0", "added", "") CALL("0", "done", "") END(""), "",
	    ";c0 n0={}", "tool_calls", 0 },
	{ "calls in turns",
	    CALL("0", "added", "") CALL("1", "added", "")
		DELTA("function_call_arguments", "1", "{1")
		    DELTA("function_call_arguments", "0", "{0")
			CALL("1", "done", "{1}")
			    DELTA("function_call_arguments", "0", "}")
				CALL("0", "done", "{0}") CALL("2", "added", "")
				    CALL("2", "done", "{2}") END(""),
	    "", ";c0 n0={0};c1 n1={1};c2 n2={2}", "tool_calls", 0 },
	{ "a call that waits until the end",
	    CALL("0", "added", "") DELTA("function_call_arguments", "0", "{0}")
		CALL("1", "done", "{1}") END(""),
	    "", ";c0 n0={0};c1 n1={1}", "tool_calls", 0 },
	{ "calls that only the last event has",
	    DELTA("output_text", "0", "a") CALL("1", "added", "")
		DELTA("function_call_arguments", "1", "{1}")
		    END(TEXT("a") ",{\"type\":\"function_call\",\"call_id\":"
				  "\"c1\",\"name\":\"n1\",\"arguments\":"
				  "\"{1}\"},{\"type\":\"function_call\","
				  "\"call_id\":\"c2\",\"name\":\"n2\","
				  "\"arguments\":\"{2}\"}"),
	    "a", ";c1 n1={1};c2 n2={2}", "tool_calls", 0 },
	{ "cut by the limit in a call",
	    CALL("0", "added", "") DELTA("function_call_arguments", "0", "{")
		EV("response.incomplete",
		    ",\"response\":{\"status\":\"incomplete\",\"incomplete_"
		    "details\":{\"reason\":\"max_output_tokens\"},\"output\":"
		    "[]}"),
	    "", ";c0 n0={", "length", 0 },
	{ "filtered",
	    DELTA("output_text", "0", "a") EV("response.incomplete",
		",\"response\":{\"incomplete_details\":{\"reason\":"
		"\"content_filter\"}}"),
	    "a", "", "content_filter", 0 },
	{ "unknown events, items and parts",
	    EV("response.new_thing",
		",\"delta\":\"x\"") EV("response.output_item.done",
		",\"output_index\":0,\"item\":{\"type\":\"new\"}")
		EV("response.output_item.done",
		    ",\"output_index\":1,\"item\":{\"type\":\"message\","
		    "\"content\":[{\"type\":\"new\",\"text\":\"x\"},"
		    "{\"type\":\"output_text\",\"text\":\"a\"},7]}") END(""),
	    "a", "", "stop", 0 },
	{ "failed at the end of it",
	    DELTA("output_text", "0", "a") EV("response.failed",
		",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
		"\"server_error\",\"message\":\"m\"}}"),
	    "a", "", "", 1 },
	{ "completed, but failed",
	    EV("response.completed",
		",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
		"\"x\",\"message\":\"m\"},\"output\":[]}"),
	    "", "", "", 1 },
	{ "an error event", EV("error", ",\"code\":null,\"message\":\"m\""), "",
	    "", "", 1 },
	{ "an error without a type",
	    "data: {\"error\":{\"message\":\"m\",\"code\":429}}\n\n", "", "",
	    "", 1 },
	{ "no end", DELTA("output_text", "0", "a"), "a", "", "", 0 },
	{ "[DONE] is no end", DELTA("output_text", "0", "a") "data: [DONE]\n\n",
	    "a", "", "", 0 },
	{ "places beyond our room",
	    DELTA("output_text", "99999999999999999999", "a")
		EV("response.output_item.done",
		    ",\"output_index\":300,\"item\":" TEXT("a")) END(""),
	    "a", "", "stop", 0 },
};

START_TEST(test_tell)
{
	const struct tell_row *row = &tells[_i];
	struct told want = { .errors = row->errors }, got = { .errors = 0 };
	struct told_run run;

	told_stream(&dialect_responses, slice_str(row->from), strlen(row->from),
	    true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", row->title, run.e.text);
	told_read_stream(&got, run.sent.data);
	sbuf_adds(&want.text, row->text);
	sbuf_adds(&want.calls, row->calls);
	snprintf(want.finish, sizeof want.finish, "%s", row->finish);
	want.has_usage = run.state.has_usage;
	usage_sum(&run.state.usage, &want.usage);
	ck_assert_msg(got.done == (*row->finish != '\0'), "%s: end",
	    row->title);
	told_expect(&want, &got, &run, row->title);
	told_relay(&run,
	    row->errors > 0        ? RELAY_ERROR
	    : *row->finish != '\0' ? RELAY_COMPLETE
				   : RELAY_CUT,
	    row->title);
	told_check_pieces(&dialect_responses, slice_str(row->from), &run,
	    row->title);
	told_free(&want);
	told_free(&got);
	sbuf_free(&run.sent);
}
END_TEST

static const struct {
	const char *title, *from;
	int status;
	const char *code;
} errors[] = {
	{ "a fault of the server",
	    EV("response.failed",
		",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
		"\"server_error\",\"message\":\"m\"}}"),
	    500, "server_error" },
	{ "a limit",
	    EV("response.failed",
		",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
		"\"rate_limit_exceeded\",\"message\":\"m\"}}"),
	    429, "rate_limit_exceeded" },
	{ "a fault of the request",
	    EV("response.failed",
		",\"response\":{\"status\":\"failed\",\"error\":{\"code\":"
		"\"invalid_prompt\",\"message\":\"m\"}}"),
	    400, "invalid_prompt" },
	{ "an event",
	    EV("error", ",\"code\":\"server_error\",\"message\":\"m\""), 500,
	    "server_error" },
	{ "an event that wraps it",
	    EV("error",
		",\"error\":{\"type\":\"rate_limit_error\",\"code\":\"x\","
		"\"message\":\"m\"}"),
	    429, "x" },
	{ "nothing said", EV("error", ",\"message\":\"m\""), 502, "" },
};

START_TEST(test_error)
{
	struct told_run run;
	struct relay_error r;
	char *data;

	told_stream(&dialect_responses, slice_str(errors[_i].from), 4096, true,
	    &run);
	data = strstr(run.sent.data, "event: error\ndata: ");
	ck_assert_msg(data != NULL, "%s", errors[_i].title);
	data += 19;
	ck_assert_int_eq(relay_error_read((struct slice){ data,
					      strlen(data) - 2 },
			     200, &r),
	    1);
	ck_assert_msg(r.status == errors[_i].status &&
			  strcmp(r.code, errors[_i].code) == 0 &&
			  strcmp(r.message, "m") == 0,
	    "%s: %d %s %s", errors[_i].title, r.status, r.code, r.message);
	sbuf_free(&run.sent);
}
END_TEST

/*
 * Whole answers: 1, 0 for an error in a 200, -1 for no answer; what of an
 * error must be told on.
 */
static const struct {
	const char *title, *from;
	int fed;
	const char *words;
} replies[] = {
	{ "nothing said", "{\"output\":[]}", 1, NULL },
	{ "no output", "{\"id\":\"r\"}", -1, NULL },
	{ "output that is no array", "{\"output\":{}}", -1, NULL },
	{ "not over", "{\"status\":\"in_progress\",\"output\":[]}", -1, NULL },
	{ "stopped", "{\"status\":\"cancelled\",\"output\":[]}", -1, NULL },
	{ "failed", "{\"status\":\"failed\",\"output\":[]}", 0, NULL },
	{ "an error", "{\"error\":{\"message\":\"m\"}}", 0,
	    "{\"error\":{\"message\":\"m\"}}" },
	{ "an error in words", "{\"code\":\"c\",\"error\":\"m\"}", 0,
	    "{\"code\":\"c\",\"error\":\"m\"}" },
	{ "odd elements",
	    "{\"output\":[1,null,[],{},{\"type\":7},{\"type\":"
	    "\"message\"},{\"type\":\"message\",\"content\":7},"
	    "{\"type\":\"reasoning\",\"summary\":[7]},{\"type\":"
	    "\"function_call\"}],\"usage\":7}",
	    1, NULL },
};

START_TEST(test_reply)
{
	struct told_run run;

	told_whole(&dialect_responses, slice_str(replies[_i].from), &run);
	ck_assert_msg(run.fed == replies[_i].fed, "%s: %d", replies[_i].title,
	    run.fed);
	if (replies[_i].words != NULL)
		ck_assert_str_eq(run.sent.data, replies[_i].words);
	sbuf_free(&run.sent);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/responses_tell");
	TCase *tc = tcase_create("tell");

	tcase_add_loop_test(tc, test_tell, 0, COUNT(tells));
	tcase_add_loop_test(tc, test_error, 0, COUNT(errors));
	tcase_add_loop_test(tc, test_reply, 0, COUNT(replies));
	suite_add_tcase(s, tc);
	return s;
}
