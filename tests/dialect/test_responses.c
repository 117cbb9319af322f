/* What a chat request becomes at Responses, and what single events become. */

#include "tests/suite.h"

#include "base/pool.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "tests/dialect/told.h"
#include "tests/proto/asked.h"

#define USER "{\"role\":\"user\",\"content\":\"Hi\"}"
#define HEAD                                                                   \
	"{\"model\":\"up\",\"input\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
#define TAIL ",\"store\":false}"
#define ENCRYPTED_TOO                                                          \
	",\"store\":false,\"include\":[\"reasoning.encrypted_content\"]}"
#define DETAIL(type, more, index)                                              \
	"{\"type\":\"reasoning." type "\"," more                               \
	",\"format\":\"openai-responses-v1\",\"index\":" index "}"
#define CALL(id)                                                               \
	"{\"id\":\"" id "\",\"type\":\"function\",\"function\":{"              \
	"\"name\":\"w\",\"arguments\":\"{\\\"c\\\":1}\"}}"
#define CALLED(id)                                                             \
	"{\"type\":\"function_call\",\"call_id\":\"" id                        \
	"\",\"name\":\"w\",\"arguments\":\"{\\\"c\\\":1}\"}"
#define ENCRYPTED(id, data)                                                    \
	"{\"type\":\"reasoning\",\"id\":\"" id                                 \
	"\",\"summary\":[],\"encrypted_content\":\"" data "\"}"

/* to: the body, or "!" and the parameter that is refused. */
static const struct ask_row {
	const char *title, *from, *to, *warned;
	uint32_t features, quirks;
	int64_t max_tokens, output_asked;
	bool stream;
} asks[] = {
	{ .title = "a text",
	    .from = "\"messages\":[" USER "]",
	    .to = HEAD TAIL },
	{ .title = "system, developer, later system",
	    .from = "\"messages\":[{\"role\":\"system\",\"content\":\"A\"},"
		    "{\"role\":\"developer\",\"content\":[{\"type\":\"text\","
		    "\"text\":\"B\"}]}," USER
		    ",{\"role\":\"system\",\"content\":\"C\"}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"developer\","
		  "\"content\":\"A\"},{\"role\":\"developer\",\"content\":"
		  "\"B\"},{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":"
		  "\"developer\",\"content\":\"C\"}]" TAIL,
	    .quirks = QUIRK_DEV_ROLE },
	{ .title = "a model without developer",
	    .from =
		"\"messages\":[{\"role\":\"developer\",\"content\":\"A\"}," USER
		"]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"system\","
		  "\"content\":\"A\"},{\"role\":\"user\",\"content\":\"Hi\"}"
		  "]" TAIL,
	    .quirks = QUIRK_DEV_ROLE,
	    .features = FEATURE_NO_DEVELOPER },
	{ .title = "images and files",
	    .from = "\"messages\":[{\"role\":\"user\",\"content\":["
		    "{\"type\":\"text\",\"text\":\"a\\u00e9\\\"\"},"
		    "{\"type\":\"image_url\",\"image_url\":{\"url\":"
		    "\"data:image/png;base64,iVBORw0KGgo=\",\"detail\":"
		    "\"low\"}},{\"type\":\"image_url\",\"image_url\":{\"url\":"
		    "\"https://x.example/a.png\"}},{\"type\":\"file\","
		    "\"file\":{\"filename\":\"f.pdf\",\"file_data\":"
		    "\"data:application/pdf;base64,AAAA\"}},{\"type\":"
		    "\"file\",\"file\":{\"file_id\":\"file-1\"}}]}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"user\","
		  "\"content\":[{\"type\":\"input_text\",\"text\":"
		  "\"a\\u00e9\\\"\"},{\"type\":\"input_image\",\"image_url\":"
		  "\"data:image/png;base64,iVBORw0KGgo=\",\"detail\":"
		  "\"low\"},{\"type\":\"input_image\",\"image_url\":"
		  "\"https://x.example/a.png\",\"detail\":\"auto\"},"
		  "{\"type\":\"input_file\",\"filename\":\"f.pdf\","
		  "\"file_data\":\"data:application/pdf;base64,AAAA\"},"
		  "{\"type\":\"input_file\",\"file_id\":\"file-1\"}]}]" TAIL },
	{ .title = "what claims to be base64 stays in its string",
	    .from = "\"messages\":[{\"role\":\"user\",\"content\":["
		    "{\"type\":\"image_url\",\"image_url\":{\"url\":"
		    "\"data:image/png\\\"x;base64,AA\\\"}],\\\"store\\\":"
		    "true\"}}]}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"user\","
		  "\"content\":[{\"type\":\"input_image\",\"image_url\":"
		  "\"data:image/png;base64,AA\\\"}],\\\"store\\\":true\","
		  "\"detail\":\"auto\"}]}]" TAIL },
	{ .title = "audio cannot be said",
	    .from = "\"messages\":[" USER ",{\"role\":\"user\",\"content\":["
		    "{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
		    "\"input_audio\",\"input_audio\":{\"data\":\"AA\","
		    "\"format\":\"wav\"}}]}]",
	    .to = "!messages[1].content[1]" },
	{ .title = "calls and results",
	    .from = "\"messages\":[" USER ",{\"role\":\"assistant\","
		    "\"content\":\"Wait\",\"tool_calls\":[" CALL("a") "," CALL(
			"b") "]},{\"role\":\"tool\",\"tool_call_id\":\"b\","
			     "\"content\":\"5\"},{\"role\":\"tool\","
			     "\"tool_call_id\":\"a\",\"content\":[{\"type\":"
			     "\"text\",\"text\":\"2\"},{\"type\":\"text\","
			     "\"text\":\"0\"}]}]",
	    .to =
		"{\"model\":\"up\",\"input\":[{\"role\":\"user\",\"content\":"
		"\"Hi\"},{\"role\":\"assistant\",\"content\":\"Wait\"}," CALLED(
		    "a") "," CALLED("b") ",{\"type\":\"function_call_output\","
					 "\"call_id\":\"b\",\"output\":"
					 "\"5\"},{\"type\":\"function_call_"
					 "output\",\"call_id\":\"a\","
					 "\"output\":[{\"type\":\"input_"
					 "text\",\"text\":\"2\"},{\"type\":"
					 "\"input_text\",\"text\":"
					 "\"0\"}]}]" TAIL },
	{ .title = "reasoning before the item that it belonged to",
	    .from = "\"messages\":[" USER ",{\"role\":\"assistant\","
		    "\"content\":null,\"tool_calls\":[" CALL("a") "," CALL(
			"b") "],\"reasoning_content\":\"dropped\","
			     "\"reasoning_details\":[" DETAIL("encrypted",
				 "\"data\":\"X\",\"id\":\"rs_1\"",
				 "0") "," DETAIL("encrypted",
				 "\"data\":\"Y\",\"id\":\"rs_2\"", "1") "]}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"user\",\"content\":"
		  "\"Hi\"}," ENCRYPTED("rs_1", "X") "," CALLED(
		      "a") "," ENCRYPTED("rs_2",
		      "Y") "," CALLED("b") "]" ENCRYPTED_TOO },
	{ .title = "reasoning behind all goes before the last",
	    .from =
		"\"messages\":[" USER ",{\"role\":\"assistant\","
		"\"content\":\"T\",\"reasoning_details\":[" DETAIL("summary",
		    "\"summary\":\"s1\",\"id\":\"rs_1\"",
		    "7") "," DETAIL("summary",
		    "\"summary\":\"s2\",\"id\":\"rs_1\"",
		    "7") "," DETAIL("encrypted",
		    "\"data\":\"X\",\"id\":\"rs_1\"", "7") "]}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"user\",\"content\":"
		  "\"Hi\"},{\"type\":\"reasoning\",\"id\":\"rs_1\","
		  "\"summary\":[{\"type\":\"summary_text\",\"text\":\"s1\"},"
		  "{\"type\":\"summary_text\",\"text\":\"s2\"}],"
		  "\"encrypted_content\":\"X\"},{\"role\":\"assistant\","
		  "\"content\":\"T\"}]" ENCRYPTED_TOO },
	{ .title = "an empty text beside a call is none",
	    .from =
		"\"messages\":[" USER ",{\"role\":\"assistant\","
		"\"content\":\"\",\"tool_calls\":[" CALL(
		    "a") "],"
			 "\"reasoning_details\":[" DETAIL("encrypted",
			     "\"data\":\"X\",\"id\":\"rs_1\"",
			     "0") "]},"
				  "{\"role\":\"assistant\",\"content\":\"\"}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"user\",\"content\":"
		  "\"Hi\"}," ENCRYPTED("rs_1", "X") "," CALLED(
		      "a") ",{"
			   "\"role\":\"assistant\",\"content\":\"\"}"
			   "]" ENCRYPTED_TOO },
	{ .title = "reasoning that nothing followed, and another's",
	    .from = "\"messages\":[" USER
		    ",{\"role\":\"assistant\",\"content\":null,"
		    "\"reasoning_details\":[" DETAIL("encrypted",
			"\"data\":\"X\",\"id\":\"rs_1\"",
			"0") "]},{\"role\":\"assistant\",\"content\":\"T\","
			     "\"reasoning_details\":[{\"type\":\"reasoning."
			     "encrypted\",\"data\":\"Z\",\"format\":"
			     "\"google-gemini-v1\",\"index\":0}]}]",
	    .to = "{\"model\":\"up\",\"input\":[{\"role\":\"user\",\"content\":"
		  "\"Hi\"},{\"role\":\"assistant\",\"content\":\"T\"}"
		  "]" ENCRYPTED_TOO },
	{ .title = "scalars",
	    .from = "\"messages\":[" USER "],\"temperature\":0.50,\"top_p\":1,"
		    "\"user\":\"u\",\"safety_identifier\":\"s\","
		    "\"prompt_cache_key\":\"k\",\"service_tier\":\"flex\","
		    "\"verbosity\":\"low\",\"max_tokens\":9",
	    .to = HEAD ",\"temperature\":0.50,\"max_output_tokens\":77,"
		       "\"top_p\":1,\"service_tier\":\"flex\",\"user\":\"u\","
		       "\"safety_identifier\":\"s\",\"prompt_cache_key\":\"k\","
		       "\"store\":false,\"stream\":true,\"text\":{"
		       "\"verbosity\":\"low\"}}",
	    .max_tokens = 77,
	    .stream = true },
	{ .title = "a cap that Responses refuses",
	    .from = "\"messages\":[" USER "],\"max_tokens\":1",
	    .to = HEAD ",\"max_output_tokens\":16,\"store\":false}",
	    .max_tokens = 1,
	    .output_asked = 16 },
	{ .title = "what is stored has its metadata",
	    .from = "\"messages\":[" USER "],\"store\":true,"
		    "\"metadata\":{\"a\":\"b\"}",
	    .to = HEAD ",\"store\":true,\"metadata\":{\"a\":\"b\"}}" },
	{ .title = "a model that reasons takes no temperature",
	    .from = "\"messages\":[" USER "],\"temperature\":0.5",
	    .to = HEAD ",\"store\":false,\"include\":[\"reasoning."
		       "encrypted_content\"]}",
	    .warned = "temperature",
	    .features = FEATURE_REASONING },
	{ .title = "dropped with a warning",
	    .from = "\"messages\":[" USER "],\"seed\":1",
	    .to = HEAD TAIL,
	    .warned = "seed" },
	{ .title = "dropping is refused",
	    .from = "\"messages\":[" USER "],\"stop\":\"x\","
		    "\"require_parameters\":true",
	    .to = "!stop" },
	{ .title = "several choices",
	    .from = "\"messages\":[" USER "],\"n\":2",
	    .to = "!n" },
	{ .title = "effort",
	    .from = "\"messages\":[" USER "],\"reasoning_effort\":\"xhigh\"",
	    .to = HEAD ",\"store\":false,\"reasoning\":{\"effort\":\"xhigh\","
		       "\"summary\":\"auto\"},\"include\":[\"reasoning."
		       "encrypted_content\"]}" },
	{ .title = "no effort",
	    .from = "\"messages\":[" USER "],\"reasoning_effort\":\"none\"",
	    .to =
		HEAD ",\"store\":false,\"reasoning\":{\"effort\":\"none\"}}" },
	{ .title = "Anthropic's thinking by its budget",
	    .from = "\"messages\":[" USER "],\"thinking\":{\"type\":"
		    "\"enabled\",\"budget_tokens\":2047}",
	    .to = HEAD ",\"store\":false,\"reasoning\":{\"effort\":\"low\","
		       "\"summary\":\"auto\"},\"include\":[\"reasoning."
		       "encrypted_content\"]}" },
	{ .title = "thinking off",
	    .from =
		"\"messages\":[" USER "],\"thinking\":{\"type\":\"disabled\"}",
	    .to =
		HEAD ",\"store\":false,\"reasoning\":{\"effort\":\"none\"}}" },
	{ .title = "tools are flat, strict is said",
	    .from = "\"messages\":[" USER "],\"tools\":[{\"type\":\"function\","
		    "\"function\":{\"name\":\"w\",\"description\":\"d\","
		    "\"parameters\":{\"type\":\"object\"},\"strict\":true}},"
		    "{\"type\":\"function\",\"function\":{\"name\":\"v\"}}],"
		    "\"tool_choice\":{\"type\":\"function\",\"function\":{"
		    "\"name\":\"w\"}},\"parallel_tool_calls\":false",
	    .to = HEAD ",\"store\":false,\"tools\":[{\"type\":\"function\","
		       "\"name\":\"w\",\"description\":\"d\",\"parameters\":{"
		       "\"type\":\"object\"},\"strict\":true},{\"type\":"
		       "\"function\",\"name\":\"v\",\"parameters\":{\"type\":"
		       "\"object\",\"properties\":{}},\"strict\":false}],"
		       "\"tool_choice\":{\"type\":\"function\",\"name\":\"w\"},"
		       "\"parallel_tool_calls\":false}" },
	{ .title = "any tool",
	    .from = "\"messages\":[" USER "],\"functions\":[{\"name\":\"v\"}],"
		    "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
		    "\"v\"}}],\"tool_choice\":\"any\"",
	    .to = HEAD ",\"store\":false,\"tools\":[{\"type\":\"function\","
		       "\"name\":\"v\",\"parameters\":{\"type\":\"object\","
		       "\"properties\":{}},\"strict\":false}],\"tool_choice\":"
		       "\"required\"}" },
	{ .title = "a schema",
	    .from = "\"messages\":[" USER "],\"response_format\":{\"type\":"
		    "\"json_schema\",\"json_schema\":{\"name\":\"n\","
		    "\"description\":\"d\",\"schema\":{\"type\":\"object\"},"
		    "\"strict\":true}}",
	    .to = HEAD ",\"store\":false,\"text\":{\"format\":{\"type\":"
		       "\"json_schema\",\"name\":\"n\",\"description\":\"d\","
		       "\"schema\":{\"type\":\"object\"},\"strict\":true}}}" },
	{ .title = "JSON of any shape",
	    .from =
		"\"messages\":[" USER "],\"response_format\":\"json_object\"",
	    .to = HEAD ",\"store\":false,\"text\":{\"format\":{\"type\":"
		       "\"json_object\"}}}" },
	{ .title = "logprobs",
	    .from = "\"messages\":[" USER "],\"logprobs\":true,"
		    "\"top_logprobs\":2",
	    .to = HEAD ",\"top_logprobs\":2,\"store\":false,\"include\":["
		       "\"message.output_text.logprobs\"]}" },
};

static bool
ask_warned(const struct params *p, const char *name)
{
	for (unsigned i = 0; i < p->n_warnings; i++)
		if (slice_eq(p->warnings[i], slice_str(name)))
			return true;
	return false;
}

static void
ask_one(const struct ask_row *row)
{
	struct asked asked;
	struct ask a = { .model = SLICE("up"),
		.features = row->features,
		.quirks = row->quirks,
		.max_tokens = row->max_tokens,
		.stream = row->stream };
	struct sbuf in = { 0 }, out = { 0 };
	struct err e = { .kind = ERR_NONE };
	int done;

	sbuf_addf(&in, "{\"model\":\"m\",%s}", row->from);
	ck_assert_msg(asked_read(&asked, sbuf_slice(&in), NULL) == 0, "%s: %s",
	    row->title, asked.err.text);
	a.params = &asked.params;
	a.pool = asked.pool;
	ck_assert_int_eq(chat_read(&asked.params, a.pool, &a.chat, &e), 0);
	done = dialect_responses.ask(&a, &out, &e);
	if (*row->to == '!') {
		ck_assert_msg(done == -1 &&
				  e.kind == ERR_UNSUPPORTED_PARAMETER &&
				  strcmp(e.param, row->to + 1) == 0,
		    "%s: %d %s", row->title, done, e.param);
	} else {
		ck_assert_msg(done == 0, "%s: %s", row->title, e.text);
		if (row->output_asked > 0)
			ck_assert_int_eq(a.output_asked, row->output_asked);
		if (row->warned != NULL)
			ck_assert_msg(ask_warned(&asked.params, row->warned),
			    "%s: no warning", row->title);
		ck_assert_msg(strcmp(out.data, row->to) == 0,
		    "%s\nis   %s\n"
		    "want %s",
		    row->title, out.data, row->to);
	}
	sbuf_free(&in);
	sbuf_free(&out);
	asked_end(&asked);
}

START_TEST(test_ask)
{
	ask_one(&asks[_i]);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/responses");
	TCase *tc = tcase_create("ask");

	tcase_add_loop_test(tc, test_ask, 0, COUNT(asks));
	suite_add_tcase(s, tc);
	return s;
}
