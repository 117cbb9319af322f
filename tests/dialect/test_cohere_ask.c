/* Requests for Cohere's v2: every row of spec/providers.md 4 that names it. */

#include "tests/suite.h"

#include "tests/dialect/asking_rows.h"

#define HI "\"messages\":[" ASKING_USER "]"
#define MSGS(list) "\"messages\":[" list "]"
#define PARTS(list) MSGS("{\"role\":\"user\",\"content\":[" list "]}")
#define TOOL(name)                                                             \
	"{\"type\":\"function\",\"function\":{\"name\":\"" name                \
	"\",\"parameters\":{\"type\":\"object\"}}}"
#define STRICT(name)                                                           \
	"{\"type\":\"function\",\"function\":{\"name\":\"" name                \
	"\",\"strict\":true,\"parameters\":{\"type\":\"object\"}}}"
#define CALL(id, args)                                                         \
	"{\"id\":\"" id "\",\"type\":\"function\",\"function\":{"              \
	"\"name\":\"w\",\"arguments\":" args "}}"

static const struct asking_row rows[] = {
	{ .title = "a message", .asked = "", .sent = HI },
	{ .title = "system and developer stay where they are",
	    .asked =
		MSGS("{\"role\":\"developer\",\"content\":\"A\"}," ASKING_USER
		     ",{\"role\":\"system\",\"content\":[{\"type\":"
		     "\"text\",\"text\":\"B\"}]}"),
	    .sent = MSGS("{\"role\":\"system\",\"content\":\"A\"}," ASKING_USER
			 ",{\"role\":\"system\",\"content\":\"B\"}") },
	{ .title = "names are dropped, empty text is sent, roles repeat",
	    .asked = MSGS("{\"role\":\"user\",\"name\":\"n\",\"content\":\"\"},"
			  "{\"role\":\"user\",\"content\":\"a\\\"\\u00e9\"}"),
	    .sent = MSGS("{\"role\":\"user\",\"content\":\"\"},"
			 "{\"role\":\"user\",\"content\":\"a\\\"\\u00e9\"}") },
	{ .title = "several parts",
	    .asked = PARTS("{\"type\":\"text\",\"text\":\"a\"},"
			   "{\"type\":\"text\",\"text\":\"b\","
			   "\"cache_control\":{\"type\":\"ephemeral\"}}"),
	    .sent = PARTS("{\"type\":\"text\",\"text\":\"a\"},"
			  "{\"type\":\"text\",\"text\":\"b\"}") },
	{ .title = "an image by its address, without detail",
	    .asked = PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":"
			   "\"https://a/b\",\"detail\":\"low\"}}"),
	    .sent = PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":"
			  "\"https://a/b\"}}") },
	{ .title = "an image by its bytes, its type put right",
	    .asked = PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":"
			   "\"data:image/png;base64,/9j/AAAA\"}}"),
	    .sent = PARTS("{\"type\":\"image_url\",\"image_url\":{\"url\":"
			  "\"data:image/jpeg;base64,/9j/AAAA\"}}") },
	{ .title = "an image that is none",
	    .asked = PARTS("{\"type\":\"image_url\",\"image_url\":{}}"),
	    .refused = "messages[0].content[0].image_url" },
	{ .title = "audio",
	    .asked = PARTS("{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
			   "\"input_audio\",\"input_audio\":{\"data\":\"AA\","
			   "\"format\":\"wav\"}}"),
	    .refused = "messages[0].content[1]" },
	{ .title = "a file",
	    .asked = PARTS("{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}"),
	    .refused = "messages[0].content[0]" },
	{ .title = "text beside calls is the plan, results follow",
	    .asked = MSGS(
		"{\"role\":\"assistant\",\"content\":\"Plan\","
		"\"reasoning_content\":\"r\","
		"\"tool_calls\":[" CALL("a", "\"{\\\"c\\\":1}\"") "," CALL("b",
		    "\"\"") "]},"
			    "{\"role\":\"tool\",\"tool_call_id\":\"a\","
			    "\"content\":\"20\"},{\"role\":\"tool\","
			    "\"tool_call_id\":\"b\",\"content\":[{\"type\":"
			    "\"text\",\"text\":\"x\"},{\"type\":\"text\","
			    "\"text\":\"y\"}]}"),
	    .sent = MSGS(
		"{\"role\":\"assistant\",\"tool_plan\":\"Plan\","
		"\"tool_calls\":[" CALL("a", "\"{\\\"c\\\":1}\"") "," CALL("b",
		    "\"{}\"") "]},"
			      "{\"role\":\"tool\",\"tool_call_id\":\"a\","
			      "\"content\":\"20\"},{\"role\":\"tool\","
			      "\"tool_call_id\":\"b\",\"content\":[{\"type\":"
			      "\"text\",\"text\":\"x\"},{\"type\":\"text\","
			      "\"text\":\"y\"}]}") },
	{ .title = "calls alone have no plan",
	    .asked = MSGS("{\"role\":\"assistant\",\"content\":null,"
			  "\"tool_calls\":[" CALL("a", "\"{}\"") "]}"),
	    .sent = MSGS("{\"role\":\"assistant\",\"tool_calls\":[" CALL("a",
		"\"{}\"") "]}") },
	{ .title = "reasoning of others is dropped, a refusal is text",
	    .asked =
		MSGS("{\"role\":\"assistant\",\"content\":\"A\","
		     "\"reasoning_details\":[{\"type\":\"reasoning.text\","
		     "\"text\":\"t\",\"format\":\"anthropic-claude-v1\"}]},"
		     "{\"role\":\"assistant\",\"refusal\":\"no\"}"),
	    .sent = MSGS("{\"role\":\"assistant\",\"content\":\"A\"},"
			 "{\"role\":\"assistant\",\"content\":\"no\"}") },
	{ .title = "the old form of a call",
	    .asked =
		MSGS("{\"role\":\"assistant\",\"function_call\":{\"name\":"
		     "\"f\",\"arguments\":\"{}\"}},{\"role\":\"function\","
		     "\"name\":\"f\",\"content\":\"1\"}") ",\"functions\":"
							  "[{\"name\":\"f\"}]",
	    .sent = MSGS("{\"role\":\"assistant\",\"tool_calls\":[{\"id\":"
			 "\"call_fn_0\",\"type\":\"function\",\"function\":{"
			 "\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":"
			 "\"tool\",\"tool_call_id\":\"call_fn_0\",\"content\":"
			 "\"1\"}") ",\"tools\":[{\"type\":\"function\","
				   "\"function\":{\"name\":\"f\","
				   "\"parameters\":{\"type\":"
				   "\"object\",\"properties\":{}}}}]" },
	{ .title = "an image in a result",
	    .asked = MSGS("{\"role\":\"tool\",\"tool_call_id\":\"a\","
			  "\"content\":[{\"type\":\"image_url\",\"image_url\":"
			  "{\"url\":\"https://a\"}}]}"),
	    .refused = "messages[0].content[0]" },
	{ .title = "scalars",
	    .asked = "\"max_tokens\":7.0,\"temperature\":0.50,\"top_p\":1,"
		     "\"top_k\":5,\"seed\":3,\"stop\":[\"E\",\"\\n\"],"
		     "\"frequency_penalty\":0.5,\"presence_penalty\":1,"
		     "\"logprobs\":true,\"stream\":true",
	    .sent = HI ",\"max_tokens\":7,\"temperature\":0.50,\"p\":1,"
		       "\"seed\":3,\"k\":5,\"stop_sequences\":[\"E\",\"\\n\"],"
		       "\"frequency_penalty\":0.5,\"presence_penalty\":1,"
		       "\"logprobs\":true,\"stream\":true" },
	{ .title = "one stop, the other name of the cap",
	    .asked = "\"max_completion_tokens\":9,\"stop\":\"E\"",
	    .sent = HI ",\"max_tokens\":9,\"stop_sequences\":[\"E\"]" },
	{ .title = "penalties are held to 0 and 1",
	    .asked = "\"frequency_penalty\":-0.5,\"presence_penalty\":1.5",
	    .sent = HI ",\"frequency_penalty\":0,\"presence_penalty\":1",
	    .warned = "frequency_penalty presence_penalty" },
	{ .title = "not when the client insists",
	    .asked = "\"presence_penalty\":1.5,\"require_parameters\":true",
	    .refused = "presence_penalty" },
	{ .title = "what is dropped",
	    .asked = "\"logit_bias\":{\"1\":2},\"user\":\"u\",\"store\":true,"
		     "\"verbosity\":\"low\",\"service_tier\":\"auto\","
		     "\"parallel_tool_calls\":false,\"made_up\":1",
	    .sent = HI,
	    .warned = "parallel_tool_calls service_tier verbosity store user "
		      "logit_bias made_up" },
	{ .title = "n of 1 says nothing", .asked = "\"n\":1", .sent = HI },
	{ .title = "n of 2", .asked = "\"n\":2", .refused = "n" },
	{ .title = "top_logprobs of 0",
	    .asked = "\"logprobs\":true,\"top_logprobs\":0",
	    .sent = HI ",\"logprobs\":true" },
	{ .title = "top_logprobs",
	    .asked = "\"logprobs\":true,\"top_logprobs\":2",
	    .refused = "top_logprobs" },
	{ .title = "tools, auto",
	    .asked = "\"tools\":[" TOOL("a") "],\"tool_choice\":\"auto\"",
	    .sent = HI ",\"tools\":[" TOOL("a") "]" },
	{ .title = "tools, none",
	    .asked = "\"tools\":[" TOOL("a") "],\"tool_choice\":\"none\"",
	    .sent = HI ",\"tools\":[" TOOL("a") "],\"tool_choice\":\"NONE\"" },
	{ .title = "tools, required",
	    .asked = "\"tools\":[" TOOL("a") "],\"tool_choice\":\"required\"",
	    .sent =
		HI ",\"tools\":[" TOOL("a") "],\"tool_choice\":\"REQUIRED\"" },
	{ .title = "one tool named",
	    .asked = "\"tools\":[" TOOL("a") "," TOOL(
		"b") "],\"tool_choice\":{\"type\":\"function\",\"function\":{"
		     "\"name\":\"b\"}}",
	    .sent =
		HI ",\"tools\":[" TOOL("b") "],\"tool_choice\":\"REQUIRED\"" },
	{ .title = "a tool named that is not there",
	    .asked = "\"tools\":[" TOOL(
		"a") "],\"tool_choice\":{\"type\":\"function\",\"function\":{"
		     "\"name\":\"c\"}}",
	    .refused = "tool_choice" },
	{ .title = "all tools strict",
	    .asked = "\"tools\":[" STRICT("a") "," STRICT("b") "]",
	    .sent = HI
	    ",\"tools\":[" TOOL("a") "," TOOL("b") "],\"strict_tools\":true" },
	{ .title = "some tools strict",
	    .asked = "\"tools\":[" STRICT("a") "," TOOL("b") "]",
	    .sent = HI ",\"tools\":[" TOOL("a") "," TOOL("b") "]",
	    .warned = "strict" },
	{ .title = "a tool of the client's own grammar",
	    .asked =
		"\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"c\"}}]",
	    .refused = "tools[0]" },
	{ .title = "json_object",
	    .asked = "\"response_format\":{\"type\":\"json_object\"}",
	    .sent = HI ",\"response_format\":{\"type\":\"json_object\"}" },
	{ .title = "json_schema",
	    .asked = "\"response_format\":{\"type\":\"json_schema\","
		     "\"json_schema\":{\"name\":\"n\",\"strict\":true,"
		     "\"schema\":{\"type\":\"object\"}}}",
	    .sent = HI ",\"response_format\":{\"type\":\"json_object\","
		       "\"json_schema\":{\"type\":\"object\"}}" },
	{ .title = "reasoning",
	    .asked = "\"reasoning_effort\":\"low\"",
	    .sent = HI ",\"thinking\":{\"type\":\"enabled\"}" },
	{ .title = "no reasoning",
	    .asked = "\"reasoning_effort\":\"none\"",
	    .sent = HI ",\"thinking\":{\"type\":\"disabled\"}" },
	{ .title = "reasoning with a budget",
	    .asked = "\"thinking\":{\"type\":\"enabled\","
		     "\"budget_tokens\":2000}",
	    .sent = HI ",\"thinking\":{\"type\":\"enabled\","
		       "\"token_budget\":2000}" },
	{ .title = "reasoning of a model that does not",
	    .asked = "\"reasoning_effort\":\"low\"",
	    .sent = HI,
	    .warned = "reasoning_effort",
	    .features = FEATURE_TOOLS },
	{ .title = "reasoning of one that does",
	    .asked = "\"thinking\":{\"type\":\"disabled\"}",
	    .sent = HI ",\"thinking\":{\"type\":\"disabled\"}",
	    .features = FEATURE_TOOLS | FEATURE_REASONING },
	{ .title = "modalities",
	    .asked = "\"modalities\":[\"text\",\"audio\"]",
	    .refused = "modalities" },
};

START_TEST(test_rows)
{
	asking_check(KIND_COHERE, &rows[_i]);
}
END_TEST

START_TEST(test_path)
{
	struct sbuf b = { 0 };

	dialect_find(KIND_COHERE, SLICE("m"), 0)->path(NULL, &b);
	ck_assert_str_eq(b.data, "/v2/chat");
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/cohere_ask");
	TCase *tc = tcase_create("requests");

	tcase_add_loop_test(tc, test_rows, 0, COUNT(rows));
	tcase_add_test(tc, test_path);
	suite_add_tcase(s, tc);
	return s;
}
