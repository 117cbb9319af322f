/* What each cell and quirk of a provider changes in a request. */

#include "tests/suite.h"

#include <stdio.h>

#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/edit.h"
#include "proto/edit_messages.h"
#include "tests/proto/asked.h"

#define USER "{\"role\":\"user\",\"content\":\"x\"}"
#define MSGS(list) "\"messages\":[" list "]"
#define MSG MSGS(USER)
#define TOOLS                                                                  \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]"
#define CALLER(id, rest)                                                       \
	"{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"" id                \
	"\",\"type\":\"function\",\"function\":{\"name\":\"f\","               \
	"\"arguments\":\"{}\"}}]" rest "}"
#define RESULT(id)                                                             \
	"{\"tool_call_id\":\"" id "\",\"role\":\"tool\",\"content\":\"1\"}"
#define SCHEMA "{\"type\":\"object\",\"a\":\"\\n\"}"
#define FORMAT(rest)                                                           \
	"\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{" rest \
	"\"schema\":" SCHEMA "}}"
#define THINKS "{\"role\":\"assistant\",\"content\":\"a\"}"

#define THOUGHT(text)                                                          \
	"{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","             \
	"\"text\":\"" text "\"}]}"

static const struct row {
	const char *title;
	uint32_t quirks;
	enum provider_reasoning reasoning;
	enum provider_schema schema;
	const char *from, *to, *refused, *warned;
} rows[] = {
	{ "a developer is the system elsewhere", 0, 0, 0,
	    MSGS("{\"role\": \"developer\",\"content\":\"d\"}," USER
		 ",{\"content\":\"e\",\"role\":\"devel\\u006fper\"}"),
	    MSGS("{\"role\": \"system\",\"content\":\"d\"}," USER
		 ",{\"content\":\"e\",\"role\":\"system\"}"),
	    NULL, "" },
	{ "and stays where he is known", QUIRK_DEV_ROLE, 0, 0,
	    MSGS("{\"role\":\"developer\",\"content\":\"d\"}"),
	    MSGS("{\"role\":\"developer\",\"content\":\"d\"}"), NULL, "" },
	{ "thoughts are parts of the content that goes back",
	    QUIRK_THINKING_PARTS, REASONING_EFFORT, 0,
	    MSGS("{\"role\":\"assistant\",\"reasoning_content\":\"r\\n\","
		 "\"content\":\"a\"}," USER
		 ",{\"content\": [{\"type\":\"text\",\"text\":\"b\"} ] ,"
		 "\"reasoning_content\" : \"r\",\"role\":\"assistant\"}"),
	    MSGS("{\"role\":\"assistant\",\"content\":[" THOUGHT(
		"r\\n") ","
			"{\"type\":\"text\",\"text\":\"a\"}]}," USER
			",{\"content\": [" THOUGHT(
			    "r") ","
				 "{\"type\":\"text\",\"text\":\"b\"} "
				 "],\"role\":\"assistant\"}"),
	    NULL, "" },
	{ "beside calls they are all of it", QUIRK_THINKING_PARTS,
	    REASONING_EFFORT, 0,
	    MSGS("{\"content\":null,\"reasoning_content\":\"r\","
		 "\"role\":\"assistant\"},{\"role\":\"assistant\","
		 "\"reasoning_content\": \"r\"},{\"content\":\"\","
		 "\"role\":\"assistant\",\"reasoning_content\":\"r\"},"
		 "{\"content\":[ ],\"role\":\"assistant\","
		 "\"reasoning_content\":\"r\"}"),
	    MSGS("{\"content\":[" THOUGHT(
		"r") "],\"role\":\"assistant\"},"
		     "{\"role\":\"assistant\",\"content\": [" THOUGHT(
			 "r") "]},"
			      "{\"content\":[" THOUGHT(
				  "r") "],\"role\":\"assistant\"},"
				       "{\"content\":[" THOUGHT(
					   "r") "],\"role\":\"assistant\"}"),
	    NULL, "" },
	{ "no thought, no part", QUIRK_THINKING_PARTS, REASONING_EFFORT, 0,
	    MSGS("{\"role\":\"assistant\",\"reasoning_content\":\"\","
		 "\"content\":\"a\"},{\"role\":\"assistant\","
		 "\"content\":\"a\",\"reasoning_content\":null},"
		 "{\"role\":\"user\",\"content\":\"x\","
		 "\"reasoning_content\":\"r\"}"),
	    MSGS(THINKS "," THINKS "," USER), NULL, "" },
	{ "ids of nine", QUIRK_ID9, 0, 0,
	    MSGS(CALLER("abcDEF123", "") "," RESULT("abcDEF123")),
	    MSGS(CALLER("abcDEF123", "") "," RESULT("abcDEF123")), NULL, "" },
	{ "other ids, alike in call and result", QUIRK_ID9, 0, 0,
	    MSGS(CALLER("call_1", "") "," RESULT("c\\u0061ll_1") "," RESULT(
		"call_2")),
	    MSGS(CALLER("rwU906w5h", "") "," RESULT("rwU906w5h") "," RESULT(
		"6uZ5O3HkT")),
	    NULL, "" },
	{ "ids that nobody minds", 0, 0, 0,
	    MSGS(CALLER("call_1", "") "," RESULT("call_1")),
	    MSGS(CALLER("call_1", "") "," RESULT("call_1")), NULL, "" },
	{ "an assistant's words that go on", QUIRK_PREFIX, 0, 0,
	    MSGS(THINKS "," USER "," THINKS " "),
	    MSGS(THINKS "," USER ",{\"role\":\"assistant\",\"content\":\"a\","
			"\"prefix\":true} "),
	    NULL, "" },
	{ "that say so themselves", QUIRK_PREFIX, 0, 0,
	    MSGS("{\"prefix\":false,\"role\":\"assistant\"}"),
	    MSGS("{\"prefix\":false,\"role\":\"assistant\"}"), NULL, "" },
	{ "a user is last", QUIRK_PREFIX, 0, 0, MSGS(THINKS "," USER),
	    MSGS(THINKS "," USER), NULL, "" },
	{ "thoughts go back beside calls alone", QUIRK_REASONING_BACK,
	    REASONING_THINKING, 0,
	    MSGS(CALLER("a",
		",\"reasoning_content\":\"r\"") ","
						"{\"reasoning_content\":\"r\","
						"\"role\":\"assistant\","
						"\"content\":\"a\"}"),
	    MSGS(CALLER("a", ",\"reasoning_content\":\"r\"") "," THINKS), NULL,
	    "" },
	{ "thoughts do not go back", 0, REASONING_EFFORT, 0,
	    MSGS(CALLER("a",
		" , \"reasoning_content\" : \"r\"") ","
						    "{ "
						    "\"reasoning_content\":"
						    "\"r\" , "
						    "\"role\":\"assistant\"},"
						    "{\"role\":\"assistant\","
						    "\"reasoning_content\":"
						    "\"r\","
						    "\"content\":\"a\"}"),
	    MSGS(CALLER("a", "") ",{  \"role\":\"assistant\"}," THINKS), NULL,
	    "" },
	{ "unless reasoning is an object, or nothing is known", 0,
	    REASONING_OBJECT, 0,
	    MSGS("{\"role\":\"assistant\",\"reasoning_content\":\"r\"}"),
	    MSGS("{\"role\":\"assistant\",\"reasoning_content\":\"r\"}"), NULL,
	    "" },
	{ "messages from a container", QUIRK_ID9, 0, 0,
	    "\"extra_body\":{\"top_p\":1," MSGS(
		"{\"role\":\"developer\",\"content\":\"d\"}," RESULT(
		    "call_1")) "}",
	    MSGS("{\"role\":\"system\",\"content\":\"d\"}," RESULT(
		"rwU906w5h")) ",\"top_p\":1",
	    NULL, "" },
	{ "seed has another name", QUIRK_RANDOM_SEED, 0, 0,
	    MSG ",\"seed\": 5 ,\"x\":1", MSG ",\"random_seed\": 5 ,\"x\":1",
	    NULL, "" },
	{ "what is dropped",
	    QUIRK_NO_STOP | QUIRK_NO_USER | QUIRK_NO_LOGIT_BIAS, 0, 0,
	    MSG ",\"stop\":\"s\",\"user\":\"u\",\"logit_bias\":{\"1\":1}", MSG,
	    NULL, "stop user logit_bias" },
	{ "or refused", QUIRK_NO_STOP, 0, 0,
	    MSG ",\"stop\":\"s\",\"require_parameters\":true", NULL, "stop",
	    "" },
	{ "what is OpenAI's alone, elsewhere", 0, REASONING_EFFORT, 0,
	    MSG
	    ",\"store\":true,\"metadata\":{\"a\":\"b\"},\"verbosity\":\"low\","
	    "\"prediction\":{},\"web_search_options\":{},"
	    "\"prompt_cache_key\":\"k\"",
	    MSG ",\"prompt_cache_key\":\"k\"", NULL,
	    "verbosity prediction web_search_options store" },
	{ "at OpenAI's", QUIRK_DEV_ROLE, REASONING_EFFORT, 0,
	    MSG ",\"store\":true,\"verbosity\":\"low\",\"prediction\":{},"
		"\"web_search_options\":{}",
	    MSG ",\"store\":true,\"verbosity\":\"low\",\"prediction\":{},"
		"\"web_search_options\":{}",
	    NULL, "" },
	{ "where nothing is known", 0, REASONING_AS_IS, 0,
	    MSG ",\"store\":true,\"verbosity\":\"low\"",
	    MSG ",\"store\":true,\"verbosity\":\"low\"", NULL, "" },
	{ "who searches", QUIRK_OWN_COST, REASONING_EFFORT, 0,
	    MSG ",\"web_search_options\":{\"search_context_size\":\"low\"}",
	    MSG ",\"web_search_options\":{\"search_context_size\":\"low\"}",
	    NULL, "" },
	{ "OpenAI's alone, insisted on", 0, REASONING_NONE, 0,
	    MSG ",\"store\":true,\"require_parameters\":true", NULL, "store",
	    "" },
	{ "tools", QUIRK_NO_TOOLS, 0, 0, MSG "," TOOLS, NULL, "tools", "" },
	{ "old functions", QUIRK_NO_TOOLS, 0, 0,
	    MSG ",\"functions\":[{\"name\":\"f\"}]", NULL, "tools", "" },
	{ "n of 1", QUIRK_NO_N, 0, 0, MSG ",\"n\":1", MSG ",\"n\":1", NULL,
	    "" },
	{ "n of 2", QUIRK_NO_N, 0, 0, MSG ",\"n\":2", NULL, "n", "" },
	{ "n of 2 elsewhere", 0, 0, 0, MSG ",\"n\":2", MSG ",\"n\":2", NULL,
	    "" },
	{ "media", QUIRK_NO_MEDIA, 0, 0,
	    MSGS("{\"role\":\"user\",\"content\":[{\"type\":\"image_url\","
		 "\"image_url\":{\"url\":\"https://a\"}}]}"),
	    NULL, "messages[0].content[0]", "" },
	{ "a file behind texts", QUIRK_NO_MEDIA, 0, 0,
	    MSGS(USER ",{\"role\":\"user\",\"content\":[{\"type\":\"text\","
		      "\"text\":\"a\"},{\"type\":\"file\",\"file\":{"
		      "\"file_id\":\"f\"}}]}"),
	    NULL, "messages[1].content[1]", "" },
	{ "no media", QUIRK_NO_MEDIA, 0, 0, MSG, MSG, NULL, "" },
	{ "a schema in words", 0, 0, SCHEMA_AS_OBJECT,
	    MSG "," FORMAT("\"name\":\"n\","),
	    MSGS("{\"role\":\"system\",\"content\":\"Answer with one JSON "
		 "object and nothing else. It must fit this JSON schema: "
		 "{\\\"type\\\":\\\"object\\\",\\\"a\\\":\\\"\\\\n\\\"}\"}"
		 "," USER) ",\"response_format\":{\"type\":\"json_object\"}",
	    NULL, "response_format" },
	{ "an object is an object", 0, 0, SCHEMA_AS_OBJECT,
	    MSG ",\"response_format\":{\"type\":\"json_object\"}",
	    MSG ",\"response_format\":{\"type\":\"json_object\"}", NULL, "" },
	{ "a bare schema", 0, 0, SCHEMA_BARE,
	    MSG "," FORMAT("\"name\":\"n\",\"strict\":true,"),
	    MSG "," FORMAT(""), NULL, "" },
	{ "a schema as it is", 0, 0, 0,
	    MSG "," FORMAT("\"name\":\"n\",\"strict\":true,"),
	    MSG "," FORMAT("\"name\":\"n\",\"strict\":true,"), NULL, "" },
	{ "both as they are", 0, REASONING_AS_IS, 0,
	    MSG ",\"reasoning_effort\":\"low\",\"thinking\":{\"a\":1}",
	    MSG ",\"reasoning_effort\":\"low\",\"thinking\":{\"a\":1}", NULL,
	    "" },
	{ "effort", 0, REASONING_EFFORT, 0,
	    MSG ",\"reasoning_effort\":\"odd\",\"thinking\":{}",
	    MSG ",\"reasoning_effort\":\"odd\"", NULL, "" },
	{ "a budget as effort", 0, REASONING_EFFORT, 0,
	    MSG ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2047}",
	    MSG ",\"reasoning_effort\":\"low\"", NULL, "" },
	{ "a larger one", 0, REASONING_EFFORT, 0,
	    MSG ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2048}",
	    MSG ",\"reasoning_effort\":\"medium\"", NULL, "" },
	{ "the largest", 0, REASONING_EFFORT, 0,
	    MSG ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":12000}",
	    MSG ",\"reasoning_effort\":\"high\"", NULL, "" },
	{ "none of it", 0, REASONING_EFFORT, 0,
	    MSG ",\"thinking\":{\"type\":\"disabled\"}",
	    MSG ",\"reasoning_effort\":\"none\"", NULL, "" },
	{ "Groq's format", 0, REASONING_EFFORT_PARSED, 0,
	    MSG ",\"reasoning_effort\":\"low\"",
	    MSG ",\"reasoning_effort\":\"low\",\"reasoning_format\":\"parsed\"",
	    NULL, "" },
	{ "the client's format", 0, REASONING_EFFORT_PARSED, 0,
	    MSG ",\"reasoning_effort\":\"low\",\"reasoning_format\":\"raw\"",
	    MSG ",\"reasoning_effort\":\"low\",\"reasoning_format\":\"raw\"",
	    NULL, "" },
	{ "thinking on", 0, REASONING_THINKING, 0,
	    MSG ",\"reasoning_effort\":\"max\"",
	    MSG ",\"thinking\":{\"type\":\"enabled\"}", NULL, "" },
	{ "thinking off", 0, REASONING_THINKING, 0,
	    MSG ",\"reasoning_effort\":\"none\"",
	    MSG ",\"thinking\":{\"type\":\"disabled\"}", NULL, "" },
	{ "thinking in its own words", 0, REASONING_THINKING, 0,
	    MSG ",\"thinking\":{ \"type\" : \"enabled\" }",
	    MSG ",\"thinking\":{ \"type\" : \"enabled\" }", NULL, "" },
	{ "DeepSeek, medium", 0, REASONING_THINKING_EFFORT, 0,
	    MSG ",\"reasoning_effort\":\"medium\"",
	    MSG ",\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":"
		"\"high\"",
	    NULL, "" },
	{ "DeepSeek, xhigh", 0, REASONING_THINKING_EFFORT, 0,
	    MSG ",\"reasoning_effort\":\"xhigh\"",
	    MSG ",\"thinking\":{\"type\":\"enabled\"},\"reasoning_effort\":"
		"\"max\"",
	    NULL, "" },
	{ "DeepSeek, none", 0, REASONING_THINKING_EFFORT, 0,
	    MSG ",\"reasoning_effort\":\"none\"",
	    MSG ",\"thinking\":{\"type\":\"disabled\"}", NULL, "" },
	{ "DeepSeek, a forced call", QUIRK_NO_FORCED_TOOL_THINKING,
	    REASONING_THINKING_EFFORT, 0,
	    MSG "," TOOLS ",\"tool_choice\":\"required\",\"reasoning_effort\":"
		"\"high\"",
	    MSG "," TOOLS ",\"tool_choice\":\"required\",\"thinking\":{"
		"\"type\":\"disabled\"}",
	    NULL, "reasoning_effort" },
	{ "DeepSeek, a named call", QUIRK_NO_FORCED_TOOL_THINKING,
	    REASONING_THINKING_EFFORT, 0,
	    MSG "," TOOLS ",\"tool_choice\":{\"type\":\"function\","
		"\"function\":{\"name\":\"f\"}},\"thinking\":{\"type\":"
		"\"enabled\"}",
	    MSG "," TOOLS ",\"tool_choice\":{\"type\":\"function\","
		"\"function\":{\"name\":\"f\"}},\"thinking\":{\"type\":"
		"\"disabled\"}",
	    NULL, "thinking" },
	{ "DeepSeek, any call", QUIRK_NO_FORCED_TOOL_THINKING,
	    REASONING_THINKING_EFFORT, 0,
	    MSG "," TOOLS ",\"tool_choice\":\"auto\",\"thinking\":{\"type\":"
		"\"enabled\"}",
	    MSG "," TOOLS ",\"tool_choice\":\"auto\",\"thinking\":{\"type\":"
		"\"enabled\"}",
	    NULL, "" },
	{ "an object, on", 0, REASONING_OBJECT, 0,
	    MSG ",\"reasoning_effort\":\"minimal\"",
	    MSG ",\"reasoning\":{\"effort\":\"minimal\"}", NULL, "" },
	{ "an object, off", 0, REASONING_OBJECT, 0,
	    MSG ",\"reasoning_effort\":\"none\"",
	    MSG ",\"reasoning\":{\"enabled\":false}", NULL, "" },
	{ "an object with a budget", 0, REASONING_OBJECT, 0,
	    MSG ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":3000}",
	    MSG ",\"reasoning\":{\"max_tokens\":3000}", NULL, "" },
	{ "the client's own object", 0, REASONING_OBJECT, 0,
	    MSG ",\"reasoning_effort\":\"low\",\"reasoning\":{\"a\":1}",
	    MSG ",\"reasoning\":{\"a\":1}", NULL, "" },
	{ "enable_thinking", 0, REASONING_ENABLE, 0,
	    MSG ",\"reasoning_effort\":\"low\"",
	    MSG ",\"enable_thinking\":true", NULL, "" },
	{ "and not", 0, REASONING_ENABLE, 0,
	    MSG ",\"thinking\":{\"type\":\"disabled\"}",
	    MSG ",\"enable_thinking\":false", NULL, "" },
	{ "with a budget", 0, REASONING_ENABLE_BUDGET, 0,
	    MSG ",\"reasoning_effort\":\"medium\"",
	    MSG ",\"enable_thinking\":true,\"thinking_budget\":4096", NULL,
	    "" },
	{ "of which an answer is left", 0, REASONING_ENABLE_BUDGET, 0,
	    MSG ",\"reasoning_effort\":\"high\",\"max_tokens\":3000",
	    MSG ",\"enable_thinking\":true,\"thinking_budget\":2999,"
		"\"max_tokens\":3000",
	    NULL, "" },
	{ "or which is not told", 0, REASONING_ENABLE_BUDGET, 0,
	    MSG ",\"reasoning_effort\":\"high\",\"max_tokens\":300",
	    MSG ",\"enable_thinking\":true,\"max_tokens\":300", NULL, "" },
	{ "the template's words", 0, REASONING_KWARGS, 0,
	    MSG ",\"reasoning_effort\":\"high\"",
	    MSG ",\"chat_template_kwargs\":{\"enable_thinking\":true}", NULL,
	    "" },
	{ "the client's own template", 0, REASONING_KWARGS, 0,
	    MSG ",\"chat_template_kwargs\":{},\"reasoning_effort\":\"high\"",
	    MSG ",\"chat_template_kwargs\":{}", NULL, "" },
	{ "nobody thinks there", 0, REASONING_NONE, 0,
	    MSG ",\"reasoning_effort\":\"high\",\"thinking\":{}", MSG, NULL,
	    "reasoning_effort" },
	{ "from a container", 0, REASONING_THINKING, 0,
	    MSG ",\"extra_body\":{\"reasoning_effort\":\"high\"}",
	    MSG ",\"thinking\":{\"type\":\"enabled\"}", NULL, "" },
};

static void
check_warnings(const struct row *row, const struct params *p)
{
	struct sbuf b = { 0 };

	for (unsigned i = 0; i < p->n_warnings && i < PARAMS_WARNINGS; i++) {
		if (i > 0)
			sbuf_addc(&b, ' ');
		sbuf_add_slice(&b, p->warnings[i]);
	}
	sbuf_addc(&b, '\0');
	ck_assert_msg(strcmp(b.data, row->warned) == 0, "%s: warned of %s",
	    row->title, b.data);
	sbuf_free(&b);
}

static void
check_row(const struct row *row, uint32_t features)
{
	struct edit_options options = { .model = SLICE("up"),
		.quirks = row->quirks,
		.features = features,
		.reasoning = row->reasoning,
		.schema = row->schema };
	struct sbuf from = { 0 }, to = { 0 };
	struct splice_result r;
	struct asked a;
	struct slice got;
	struct err e = { .kind = ERR_NONE };
	int done;

	sbuf_addf(&from, "{\"model\":\"up\",%s}", row->from);
	ck_assert_msg(asked_read(&a, sbuf_slice(&from), NULL) == 0, "%s: %s",
	    row->title, a.err.text);
	done = edit_check(&a.params, &options, &e);
	ck_assert_msg(done == (row->refused != NULL ? -1 : 0), "%s: %s",
	    row->title, e.text);
	if (row->refused != NULL) {
		ck_assert_int_eq(e.kind, ERR_UNSUPPORTED_PARAMETER);
		ck_assert_str_eq(e.param, row->refused);
	} else {
		sbuf_addf(&to, "{\"model\":\"up\",%s}", row->to);
		edit_body(&a.params, &options, a.pool, &r);
		got = asked_join(&a, &r);
		ck_assert_msg(strcmp(got.p, to.data) == 0, "%s:\n%s\nnot\n%s",
		    row->title, got.p, to.data);
		check_warnings(row, &a.params);
	}
	sbuf_free(&from);
	sbuf_free(&to);
	asked_end(&a);
}

START_TEST(test_row)
{
	check_row(&rows[_i], 0);
}
END_TEST

/* What a provider takes of some of its models only. */
START_TEST(test_models)
{
	static const struct {
		uint32_t features;
		struct row row;
	} models[] = {
		{ FEATURE_NO_DEVELOPER,
		    { "a developer where he is refused", QUIRK_DEV_ROLE, 0, 0,
			MSGS("{\"role\":\"developer\",\"content\":\"d\"}"),
			MSGS("{\"role\":\"system\",\"content\":\"d\"}"), NULL,
			"" } },
		{ FEATURE_REASONING | FEATURE_TOOLS,
		    { "n of 2 where thoughts come once", QUIRK_NO_N_REASONING,
			0, 0, MSG ",\"n\":2", NULL, "n", "" } },
		{ FEATURE_TOOLS,
		    { "and elsewhere", QUIRK_NO_N_REASONING, 0, 0,
			MSG ",\"n\":2", MSG ",\"n\":2", NULL, "" } },
	};

	for (size_t i = 0; i < COUNT(models); i++)
		check_row(&models[i].row, models[i].features);
}
END_TEST

static const struct cap {
	const char *title, *given;
	enum provider_max name;
	uint32_t features;
	bool renamed;
} caps[] = {
	{ "the old name", "max_completion_tokens", MAX_TOKENS,
	    FEATURE_REASONING, false },
	{ "the new name", "max_tokens", MAX_COMPLETION_TOKENS, 0, true },
	{ "a model that knows the new one alone", "max_tokens", MAX_TOKENS,
	    FEATURE_MAX_COMPLETION_TOKENS_ONLY, true },
	{ "by the model: one that does not think", "max_tokens", MAX_BY_MODEL,
	    FEATURE_TOOLS, false },
	{ "one that thinks", "max_tokens", MAX_BY_MODEL, FEATURE_REASONING,
	    true },
	{ "the client's own word", "max_completion_tokens", MAX_BY_MODEL, 0,
	    true },
};

START_TEST(test_cap)
{
	const struct cap *c = &caps[_i];
	struct sbuf b = { 0 };
	struct asked a;

	sbuf_addf(&b, "{\"model\":\"m\"," MSG ",\"%s\":5}", c->given);
	ck_assert_int_eq(asked_read(&a, sbuf_slice(&b), NULL), 0);
	ck_assert_msg(edit_uses_completion_cap(&a.params, c->name,
			  c->features) == c->renamed,
	    "%s", c->title);
	asked_end(&a);
	sbuf_free(&b);
}
END_TEST

/* Nine letters and digits, others for another id. */
START_TEST(test_id9)
{
	struct pool *pool = pool_new();
	struct slice last = SLICE(""), id;
	char raw[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(raw, sizeof raw, "call_%d", i);
		id = edit_id9(slice_str(raw), pool);
		ck_assert_uint_eq(id.n, 9);
		for (size_t k = 0; k < id.n; k++)
			ck_assert(strchr("0123456789abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
				      id.p[k]) != NULL);
		ck_assert(!slice_eq(id, last));
		last = id;
	}
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/edit_provider");
	TCase *tc = tcase_create("edits");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_test(tc, test_models);
	tcase_add_loop_test(tc, test_cap, 0, COUNT(caps));
	tcase_add_test(tc, test_id9);
	suite_add_tcase(s, tc);
	return s;
}
