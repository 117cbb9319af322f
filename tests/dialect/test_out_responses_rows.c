/* Chat chunks as events of Responses, as no recording has them. */

#include "tests/suite.h"

#include "base/pool.h"
#include "dialect/encode.h"
#include "dialect/inbound.h"
#include "proto/jscan.h"
#include "tests/dialect/responses_grammar.h"

#define CHUNK(delta, finish)                                                   \
	"data: {\"id\":\"i\",\"model\":\"m\",\"choices\":[{\"index\":0,"       \
	"\"delta\":{" delta "},\"finish_reason\":" finish "}]}\n\n"
#define DELTA(delta) CHUNK(delta, "null")
#define PIECE(at, head, text)                                                  \
	DELTA("\"tool_calls\":[{\"index\":" at head ",\"function\":{" text     \
	      "}}]")
#define OPEN(at)                                                               \
	PIECE(at, ",\"id\":\"c" at "\",\"type\":\"function\"",                 \
	    "\"name\":\"n" at "\",\"arguments\":\"\"")
#define MORE(at, text) PIECE(at, "", "\"arguments\":\"" text "\"")
#define NOTE(more)                                                             \
	DELTA("\"annotations\":[{\"type\":\"url_citation\","                   \
	      "\"url_citation\":{\"url\":\"u\"" more "}}]")
#define STOP CHUNK("", "\"stop\"")
#define DONE "data: [DONE]\n\n"

static const struct out_row {
	const char *title, *from;
	const char *text, *reasoning, *refusal, *calls, *links, *finish;
	const char *items; /* types, and the status of one that is not whole */
} rows[] = {
	{ "nothing said", STOP DONE, "", "", "", "", "", "stop", "message " },
	{ "text", DELTA("\"content\":\"a\\u00e9\"") STOP DONE, "aé", "", "", "",
	    "", "stop", "message " },
	{ "reasoning, text, reasoning, text",
	    DELTA("\"reasoning_content\":\"r\"") DELTA("\"content\":\"a\"")
		DELTA("\"reasoning\":\"s\"") DELTA("\"content\":\"b\"")
		    STOP DONE,
	    "ab", "rs", "", "", "", "stop",
	    "reasoning message reasoning message " },
	{ "text that turns into a refusal",
	    DELTA("\"content\":\"a\"") DELTA("\"refusal\":\"no\"") STOP DONE,
	    "a", "", "no", "", "", "stop", "message " },
	{ "citations",
	    DELTA("\"content\":\"a\"") NOTE("") NOTE(
		",\"title\":\"t\",\"start_index\":1,\"end_index\":2") STOP DONE,
	    "a", "", "", "", " u u", "stop", "message " },
	{ "calls one after the other",
	    OPEN("0") MORE("0", "{}") OPEN("1") MORE("1", "{\\\"a\\\"")
		MORE("1", ":1}") CHUNK("", "\"tool_calls\"") DONE,
	    "", "", "", ";c0 n0={};c1 n1={\"a\":1}", "", "tool_calls",
	    "function_call function_call " },
	{ "calls in turns",
	    OPEN("0") MORE("0", "{\\\"a\\\"") OPEN("1") OPEN("2")
		MORE("2", "{2") MORE("1", "{\\\"b\\\":1}") MORE("0", ":1}")
		    MORE("2", "}") CHUNK("", "\"tool_calls\"") DONE,
	    "", "", "", ";c0 n0={\"a\":1};c1 n1={\"b\":1};c2 n2={2}", "",
	    "tool_calls", "function_call function_call function_call " },
	{ "a call without arguments",
	    OPEN("0") OPEN("1") CHUNK("", "\"tool_calls\"") DONE, "", "", "",
	    ";c0 n0={};c1 n1={}", "", "tool_calls",
	    "function_call function_call " },
	{ "text behind a call that others wait for",
	    OPEN("0") MORE("0", "{") OPEN("1") MORE("1", "{}")
		DELTA("\"content\":\"a\"") CHUNK("", "\"tool_calls\"") DONE,
	    "a", "", "", ";c0 n0={;c1 n1={}", "", "tool_calls",
	    "function_call function_call message " },
	{ "cut in a call",
	    DELTA("\"content\":\"a\"") OPEN("0") MORE("0", "{")
		CHUNK("", "\"length\"") DONE,
	    "a", "", "", ";c0 n0={", "", "length",
	    "message function_call:incomplete " },
	{ "filtered",
	    DELTA("\"content\":\"a\"") CHUNK("", "\"content_filter\"") DONE,
	    "a", "", "", "", "", "content_filter", "message:incomplete " },
	{ "another choice",
	    DELTA("\"content\":\"a\"") "data: "
				       "{\"id\":\"i\",\"choices\":[{\"index\":"
				       "1,\"delta\":{"
				       "\"content\":\"x\"},\"finish_reason\":"
				       "\"stop\"}]}\n\n" STOP DONE,
	    "a", "", "", "", "", "stop", "message " },
	{ "odd members",
	    "data: {\"choices\":[{\"delta\":{\"content\":7,\"reasoning\":{},"
	    "\"tool_calls\":[7,{\"index\":9999},{\"index\":-1,\"function\":"
	    "7}],\"annotations\":[7,{}],\"reasoning_details\":[7]}}],"
	    "\"usage\":7,\"model\":7}\n\n" STOP DONE,
	    "", "", "", "; ={}", "", "tool_calls", "function_call " },
};

static struct encode *
begin(const struct jscan_body *request)
{
	struct encode_opts opts = { .family = ENCODE_RESPONSES,
		.id = "0123456789abcde",
		.model = SLICE("asked"),
		.created_s = 1700000000,
		.request = request };

	return encode_new(&opts);
}

static void
feed(struct encode *x, const char *frames, struct sbuf *out)
{
	struct err e;

	ck_assert_int_eq(encode_feed(x, slice_str(frames), out, &e), 0);
	sbuf_addc(out, '\0');
	out->len--;
}

static void
expect_items(const struct out_row *row, const struct grammar *g)
{
	struct sbuf items = { 0 };

	for (size_t i = 0; i < told_length(g->output); i++) {
		json_object *item = json_object_array_get_idx(g->output, i);

		told_add(&items, item, "type");
		if (strcmp(recordings_str(item, "status"), "completed") != 0) {
			sbuf_addc(&items, ':');
			told_add(&items, item, "status");
		}
		sbuf_addc(&items, ' ');
	}
	ck_assert_msg(slice_eq(sbuf_slice(&items), slice_str(row->items)),
	    "%s: %s", row->title, items.data);
	sbuf_free(&items);
}

START_TEST(test_rows)
{
	const struct out_row *row = &rows[_i];
	struct encode *x = begin(NULL);
	struct sbuf out = { 0 };
	struct grammar g;

	feed(x, row->from, &out);
	grammar_read(&g, row->title, out.data);
	ck_assert_msg(g.over, "%s: no end", row->title);
	ck_assert_msg(slice_eq(sbuf_slice(&g.told.text),
			  slice_str(row->text)) &&
			  slice_eq(sbuf_slice(&g.told.reasoning),
			      slice_str(row->reasoning)) &&
			  slice_eq(sbuf_slice(&g.refusal),
			      slice_str(row->refusal)) &&
			  slice_eq(sbuf_slice(&g.told.calls),
			      slice_str(row->calls)) &&
			  slice_eq(sbuf_slice(&g.told.links),
			      slice_str(row->links)) &&
			  strcmp(g.told.finish, row->finish) == 0,
	    "%s: %s", row->title, out.data);
	expect_items(row, &g);
	grammar_free(&g);
	sbuf_free(&out);
	encode_free(&x);
}
END_TEST

/* A whole response in the words of the request. */
START_TEST(test_object)
{
	static const char request[] =
	    "{\"instructions\":\"I\",\"tools\":[{\"type\":\"function\","
	    "\"name\":\"w\"}],\"tool_choice\":\"required\",\"temperature\":0.5,"
	    "\"top_p\":0.25,\"parallel_tool_calls\":false,\"text\":{\"format\":"
	    "{\"type\":\"json_object\"}},\"reasoning\":{\"effort\":\"low\"},"
	    "\"truncation\":\"auto\",\"metadata\":{\"a\":\"b\"},"
	    "\"max_output_tokens\":9,\"input\":\"x\",\"top_logprobs\":null}";
	static const char want[] =
	    "\"object\":\"response\",\"created_at\":1700000000,\"status\":"
	    "\"incomplete\",\"error\":null,\"incomplete_details\":{\"reason\":"
	    "\"max_output_tokens\"},\"model\":\"m\",\"background\":false,"
	    "\"instructions\":\"I\",\"max_output_tokens\":9,\"max_tool_calls\":"
	    "null,\"parallel_tool_calls\":false,\"reasoning\":{\"effort\":"
	    "\"low\"},\"service_tier\":\"default\",\"temperature\":0.5,"
	    "\"text\":{\"format\":{\"type\":\"json_object\"}},\"tool_choice\":"
	    "\"required\",\"top_logprobs\":0,\"top_p\":0.25,\"truncation\":"
	    "\"auto\",\"previous_response_id\":null,\"store\":false,\"tools\":"
	    "[{\"type\":\"function\",\"name\":\"w\",\"parameters\":null,"
	    "\"strict\":null}],\"metadata\":{\"a\":\"b\"},\"output\":[";
	static const char end[] =
	    "],\"usage\":{\"input_tokens\":7,\"input_tokens_details\":{"
	    "\"cached_tokens\":2,\"cache_write_tokens\":1},\"output_tokens\":5,"
	    "\"output_tokens_details\":{\"reasoning_tokens\":3},"
	    "\"total_tokens\":12},\"prompt_message\":[1]}";
	static const char chat[] =
	    "{\"model\":\"m\",\"choices\":[{\"index\":0,\"finish_reason\":"
	    "\"length\",\"message\":{\"role\":\"assistant\",\"content\":"
	    "\"a\"}}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":5,"
	    "\"prompt_tokens_details\":{\"cached_tokens\":2,"
	    "\"cache_creation_tokens\":1},\"completion_tokens_details\":{"
	    "\"reasoning_tokens\":3}},\"prompt_message\":[1]}";
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct sbuf out = { 0 };
	struct encode *x;
	struct err e;

	ck_assert_int_eq(jscan_body(slice_str(request), pool, &body, &e), 0);
	x = begin(&body);
	ck_assert_int_eq(encode_whole(x, slice_str(chat), &out, &e), 0);
	ck_assert_msg(strstr(out.data, want) != NULL, "%s", out.data);
	ck_assert_msg(strcmp(out.data + out.len - strlen(end), end) == 0, "%s",
	    out.data);
	encode_free(&x);
	sbuf_free(&out);
	pool_free(&pool);
}
END_TEST

/* Bytes that chat left out are those of the token. */
START_TEST(test_logprobs)
{
	static const char chat[] =
	    "{\"choices\":[{\"index\":0,\"finish_reason\":\"stop\","
	    "\"message\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{"
	    "\"token\":\"\\u00e9\",\"logprob\":-1.50,\"bytes\":null,"
	    "\"top_logprobs\":[{\"token\":\"\",\"logprob\":0},{\"token\":"
	    "\"b\",\"logprob\":-2,\"bytes\":[98]}]},1,{}]}}]}";
	static const char want[] =
	    "\"logprobs\":[{\"token\":\"\\u00e9\",\"logprob\":-1.50,"
	    "\"bytes\":[195,169],\"top_logprobs\":[{\"token\":\"\","
	    "\"logprob\":0,\"bytes\":[]},{\"token\":\"b\",\"logprob\":-2,"
	    "\"bytes\":[98]}]}";
	struct encode *x = begin(NULL);
	struct sbuf out = { 0 };
	struct err e;

	ck_assert_int_eq(encode_whole(x, slice_str(chat), &out, &e), 0);
	ck_assert_msg(strstr(out.data, want) != NULL, "%s", out.data);
	encode_free(&x);
	sbuf_free(&out);
}
END_TEST

/* The provider's own events were counted by the provider. */
START_TEST(test_passed)
{
	struct encode *x = begin(NULL);
	struct sbuf out = { 0 };

	encode_passed(x, 7);
	encode_error(x, 502, SLICE("m"), SLICE(""), SLICE(""), &out);
	ck_assert_ptr_nonnull(strstr(out.data, "\"sequence_number\":7,"));
	encode_free(&x);
	sbuf_free(&out);
}
END_TEST

/* After the head: the number goes on, and nothing ends. */
START_TEST(test_error)
{
	struct encode *x = begin(NULL);
	struct sbuf out = { 0 };
	char *event;

	feed(x, DELTA("\"content\":\"a\""), &out);
	encode_error(x, 502, SLICE("it \"broke\""), SLICE("respan_error"),
	    SLICE("upstream_stream_error"), &out);
	event = strstr(out.data, "event: error\n");
	ck_assert_str_eq(event,
	    "event: error\ndata: {\"type\":\"error\",\"sequence_number\":5,"
	    "\"code\":\"upstream_stream_error\",\"message\":"
	    "\"it \\\"broke\\\"\",\"param\":null}\n\n");
	encode_free(&x);
	sbuf_clear(&out);
	x = begin(NULL);
	encode_error(x, 502, SLICE("m"), SLICE(""), SLICE(""), &out);
	ck_assert_str_eq(out.data,
	    "event: error\ndata: {\"type\":\"error\",\"sequence_number\":0,"
	    "\"code\":null,\"message\":\"m\",\"param\":null}\n\n");
	encode_free(&x);
	sbuf_free(&out);
}
END_TEST

/* A breakdown follows the last event. */
START_TEST(test_breakdown)
{
	struct encode *x = begin(NULL);
	struct sbuf out = { 0 };
	char *event;

	feed(x,
	    STOP
	    "data: {\"id\":\"request_breakdown\",\"choices\":[{\"delta\":"
	    "{\"content\":null},\"request_breakdown\":{\"b\":1}}]}\n\n" DONE,
	    &out);
	event = strstr(out.data, "event: response.request_breakdown\n");
	ck_assert_ptr_ne(event, NULL);
	ck_assert_ptr_ne(strstr(event, "\"request_breakdown\":{\"b\":1}}\n\n"),
	    NULL);
	ck_assert(strstr(out.data, "event: response.completed") < event);
	encode_free(&x);
	sbuf_free(&out);
}
END_TEST

/*
 * What the maker of reasoning must get back comes back to it byte for byte:
 * details, and the signature of a call.
 */
START_TEST(test_signatures)
{
	static const char details[] =
	    "{\"type\":\"reasoning.text\",\"text\":\"r\",\"signature\":"
	    "\"S\\u0041/+=\",\"format\":\"anthropic-claude-v1\",\"index\":0},"
	    "{\"type\":\"reasoning.encrypted\",\"data\":\"D\",\"format\":"
	    "\"anthropic-claude-v1\",\"index\":1}";
	struct encode *x = begin(NULL);
	struct pool *pool = pool_new();
	struct inbound in = { .pool = pool };
	struct jscan_body body;
	struct sbuf out = { 0 }, again = { 0 }, chat = { 0 };
	struct grammar g;
	struct err e;

	sbuf_addf(&again,
	    DELTA("\"reasoning_content\":\"r\"")
		DELTA("\"reasoning_details\":[%s]") DELTA("\"content\":\"a\"")
		    PIECE("0",
			",\"id\":\"c0\",\"extra_content\":{\"google\":{"
			"\"thought_signature\":\"G=\"}}",
			"\"name\":\"n\",\"arguments\":\"{}\"") STOP DONE,
	    details);
	feed(x, again.data, &out);
	grammar_read(&g, "signatures", out.data);
	sbuf_clear(&again);
	sbuf_addf(&again, "{\"input\":%s}",
	    json_object_to_json_string(g.output));
	ck_assert_int_eq(jscan_body(sbuf_slice(&again), pool, &body, &e), 0);
	in.body = &body;
	ck_assert_int_eq(inbound_responses(&in, &chat, &e), 0);
	ck_assert_msg(strstr(chat.data, details) != NULL, "%s", chat.data);
	ck_assert_msg(strstr(chat.data, "\"data\":\"G=\",\"id\":\"c0\"") !=
			  NULL,
	    "%s", chat.data);
	ck_assert_ptr_ne(strstr(chat.data, "\"reasoning_content\":\"r\""),
	    NULL);
	/* All of it is one turn. */
	ck_assert_ptr_eq(strstr(strstr(chat.data, "assistant") + 1,
			     "assistant"),
	    NULL);
	grammar_free(&g);
	encode_free(&x);
	sbuf_free(&out);
	sbuf_free(&again);
	sbuf_free(&chat);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/out_responses_rows");
	TCase *tc = tcase_create("out");

	tcase_add_loop_test(tc, test_rows, 0, COUNT(rows));
	tcase_add_test(tc, test_object);
	tcase_add_test(tc, test_logprobs);
	tcase_add_test(tc, test_passed);
	tcase_add_test(tc, test_error);
	tcase_add_test(tc, test_breakdown);
	tcase_add_test(tc, test_signatures);
	suite_add_tcase(s, tc);
	return s;
}
