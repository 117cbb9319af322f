/* Requests of Responses as chat: rows for the rules, and recorded ones. */

#include "tests/suite.h"

#include "base/pool.h"
#include "dialect/inbound.h"
#include "tests/dialect/told.h"
#include "tests/proto/asked.h"

#define USER "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
#define HI ",\"input\":\"Hi\"}"
#define CALL(id)                                                               \
	"{\"type\":\"function_call\",\"id\":\"fc_1\",\"call_id\":\"" id        \
	"\",\"name\":\"w\",\"arguments\":\"{\\\"c\\\":1}\"}"
#define CALLED(id)                                                             \
	"{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":"     \
	"\"w\",\"arguments\":\"{\\\"c\\\":1}\"}}"

/* to: the chat body, or "!" and the parameter at fault. */
static const struct in_row {
	const char *title, *from, *to, *own_kind, *left;
	enum err_kind fault;
} rows[] = {
	{ .title = "a text",
	    .from = "{\"model\":\"m\"" HI,
	    .to = "{\"model\":\"m\"," USER },
	{ .title = "instructions, and names that stay",
	    .from = "{\"instructions\":\"I\",\"temperature\":0.50,\"x\":1,"
		    "\"stream\":true,\"customer_identifier\":\"c\"" HI,
	    .to = "{\"temperature\":0.50,\"x\":1,\"stream\":true,"
		  "\"customer_identifier\":\"c\",\"messages\":[{\"role\":"
		  "\"system\",\"content\":\"I\"},{\"role\":\"user\","
		  "\"content\":\"Hi\"}]}" },
	{ .title = "members of containers",
	    .from = "{\"respan_params\":{\"max_output_tokens\":9,\"note\":"
		    "\"n\"},\"max_output_tokens\":null" HI,
	    .to = "{\"max_tokens\":9,\"note\":\"n\"," USER },
	{ .title = "parts",
	    .from = "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
		    "\"input_text\",\"text\":\"a\\u00e9\"},{\"type\":"
		    "\"input_image\",\"image_url\":\"https://x/a\",\"detail\":"
		    "\"low\"},{\"type\":\"input_file\",\"filename\":\"f\","
		    "\"file_data\":\"AA\"},{\"type\":\"input_file\","
		    "\"file_id\":\"file-1\"}]}]}",
	    .to = "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
		  "\"text\",\"text\":\"a\\u00e9\"},{\"type\":\"image_url\","
		  "\"image_url\":{\"url\":\"https://x/a\",\"detail\":\"low\"}}"
		  ",{\"type\":\"file\",\"file\":{\"filename\":\"f\","
		  "\"file_data\":\"AA\"}},{\"type\":\"file\",\"file\":{"
		  "\"file_id\":\"file-1\"}}]}]}" },
	{ .title = "roles",
	    .from = "{\"input\":[{\"type\":\"message\",\"role\":\"developer\","
		    "\"content\":\"D\"},{\"role\":\"system\",\"content\":[{"
		    "\"type\":\"input_text\",\"text\":\"S\"}]},{\"role\":"
		    "\"user\",\"content\":\"Hi\"}]}",
	    .to = "{\"messages\":[{\"role\":\"developer\",\"content\":\"D\"},"
		  "{\"role\":\"system\",\"content\":\"S\"},{\"role\":\"user\","
		  "\"content\":\"Hi\"}]}" },
	{ .title = "one turn: reasoning, message, calls",
	    .from = "{\"input\":[{\"role\":\"user\",\"content\":\"Hi\"},{"
		    "\"type\":\"reasoning\",\"id\":\"rs_1\",\"summary\":[{"
		    "\"type\":\"summary_text\",\"text\":\"s\"}],"
		    "\"encrypted_content\":\"X\"},{\"type\":\"message\","
		    "\"role\":\"assistant\",\"content\":[{\"type\":"
		    "\"output_text\",\"text\":\"W\",\"annotations\":[]}]},"
		    "{\"type\":\"reasoning\",\"id\":\"rs_2\",\"summary\":[],"
		    "\"encrypted_content\":\"Y\"}," CALL("a") "," CALL(
			"b") ",{\"type\":\"function_call_output\",\"call_id\":"
			     "\"a\",\"output\":\"5\"},{\"type\":\"function_"
			     "call_output\",\"call_id\":\"b\",\"output\":[{"
			     "\"type\":\"input_text\",\"text\":\"6\"}]}]}",
	    .to = "{\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"},{"
		  "\"role\":\"assistant\",\"content\":\"W\",\"reasoning_"
		  "content\":\"s\",\"reasoning_details\":[{\"type\":"
		  "\"reasoning.summary\",\"summary\":\"s\",\"id\":\"rs_1\","
		  "\"format\":\"openai-responses-v1\",\"index\":0},{\"type\":"
		  "\"reasoning.encrypted\",\"data\":\"X\",\"id\":\"rs_1\","
		  "\"format\":\"openai-responses-v1\",\"index\":0},{\"type\":"
		  "\"reasoning.encrypted\",\"data\":\"Y\",\"id\":\"rs_2\","
		  "\"format\":\"openai-responses-v1\",\"index\":1}],"
		  "\"tool_calls\":[" CALLED("a") "," CALLED(
		      "b") "]},{\"role\":\"tool\",\"tool_call_id\":\"a\","
			   "\"content\":\"5\"},{\"role\":\"tool\",\"tool_call_"
			   "id\":\"b\",\"content\":\"6\"}]}" },
	{ .title = "details that we gave are given back as they were",
	    .from = "{\"input\":[{\"type\":\"reasoning\",\"summary\":[],"
		    "\"encrypted_content\":\"[{\\\"type\\\":\\\"reasoning."
		    "text\\\",\\\"signature\\\":\\\"S\\\\u0041=\\\"},{}]\"},"
		    "{\"role\":\"assistant\",\"content\":\"W\"}]}",
	    .to = "{\"messages\":[{\"role\":\"assistant\",\"content\":\"W\","
		  "\"reasoning_details\":[{\"type\":\"reasoning.text\","
		  "\"signature\":\"S\\u0041=\"},{}]}]}" },
	{ .title = "reasoning in plain text",
	    .from = "{\"input\":[{\"type\":\"reasoning\",\"summary\":[],"
		    "\"content\":[{\"type\":\"reasoning_text\",\"text\":"
		    "\"t\"}]}," CALL("a") "]}",
	    .to = "{\"messages\":[{\"role\":\"assistant\",\"content\":null,"
		  "\"reasoning_content\":\"t\",\"tool_calls\":[" CALLED(
		      "a") "]}]}" },
	{ .title = "a refusal",
	    .from = "{\"input\":[{\"role\":\"assistant\",\"content\":[{"
		    "\"type\":\"refusal\",\"refusal\":\"no\"}]}]}",
	    .to = "{\"messages\":[{\"role\":\"assistant\",\"content\":[{"
		  "\"type\":\"refusal\",\"refusal\":\"no\"}]}]}" },
	{ .title = "tools and their choice",
	    .from = "{\"tool_choice\":{\"type\":\"function\",\"name\":\"w\"},"
		    "\"tools\":[{\"type\":\"function\",\"name\":\"w\","
		    "\"description\":\"d\",\"parameters\":{\"a\":1},"
		    "\"strict\":true},{\"type\":\"function\",\"name\":\"v\","
		    "\"parameters\":null,\"strict\":null}]" HI,
	    .to = "{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
		  "\"w\",\"description\":\"d\",\"parameters\":{\"a\":1},"
		  "\"strict\":true}},{\"type\":\"function\",\"function\":{"
		  "\"name\":\"v\"}}],\"tool_choice\":{\"type\":\"function\","
		  "\"function\":{\"name\":\"w\"}}," USER },
	{ .title = "a tool that nobody else has",
	    .from = "{\"tools\":[{\"type\":\"web_search\"}],\"tool_choice\":"
		    "\"required\"" HI,
	    .to = "{" USER,
	    .own_kind = "tools[0].type" },
	{ .title = "a choice that nobody else has",
	    .from = "{\"tool_choice\":{\"type\":\"web_search\"}" HI,
	    .to = "{" USER,
	    .own_kind = "tool_choice" },
	{ .title = "a schema, and how much is said",
	    .from = "{\"text\":{\"verbosity\":\"low\",\"format\":{\"type\":"
		    "\"json_schema\",\"name\":\"n\",\"schema\":{},\"strict\":"
		    "true}}" HI,
	    .to = "{\"verbosity\":\"low\",\"response_format\":{\"type\":"
		  "\"json_schema\",\"json_schema\":{\"name\":\"n\",\"schema\":"
		  "{},\"strict\":true}}," USER },
	{ .title = "effort",
	    .from =
		"{\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"}" HI,
	    .to = "{\"reasoning_effort\":\"high\"," USER },
	{ .title = "logprobs",
	    .from = "{\"top_logprobs\":2,\"include\":[\"message.output_text."
		    "logprobs\",\"reasoning.encrypted_content\"]" HI,
	    .to = "{\"top_logprobs\":2,\"logprobs\":true," USER },
	{ .title = "what others do without",
	    .from = "{\"store\":true,\"truncation\":\"auto\"" HI,
	    .to = "{" USER,
	    .left = "store truncation " },
	{ .title = "more of it",
	    .from = "{\"include\":[\"web_search_call.results\"],\"max_tool_"
		    "calls\":3,\"metadata\":{\"a\":\"b\"},\"n\":2" HI,
	    .to = "{\"metadata\":{\"a\":\"b\"}," USER,
	    .left = "include max_tool_calls metadata n " },
	{ .title = "what asks for nothing",
	    .from =
		"{\"store\":false,\"truncation\":\"disabled\",\"background"
		"\":false,\"stream_options\":{},\"tools\":[],\"text\":null" HI,
	    .to = "{" USER },
	{ .title = "what was said before",
	    .from = "{\"previous_response_id\":\"resp_1\"" HI,
	    .to = "{" USER,
	    .own_kind = "previous_response_id" },
	{ .title = "a conversation",
	    .from = "{\"conversation\":{\"id\":\"c\"}" HI,
	    .to = "{" USER,
	    .own_kind = "conversation" },
	{ .title = "OpenAI's own prompt",
	    .from = "{\"prompt\":{\"id\":\"p\"}}",
	    .to = "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
	    .own_kind = "prompt" },
	{ .title = "Respan's prompt",
	    .from = "{\"prompt\":{\"prompt_id\":\"p\"}" HI,
	    .to = "{\"prompt\":{\"prompt_id\":\"p\"}," USER },
	{ .title = "an item that nobody else has",
	    .from = "{\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]}",
	    .to = "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
	    .own_kind = "input[0].type" },
	{ .title = "an image that nobody else has",
	    .from = "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
		    "\"input_image\",\"file_id\":\"f\"}]}]}",
	    .to = "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}]}",
	    .own_kind = "input[0].content[0].file_id" },
	{ .title = "a job in the background",
	    .from = "{\"background\":true" HI,
	    .to = "!background",
	    .fault = ERR_UNSUPPORTED_PARAMETER },
	{ .title = "no input",
	    .from = "{\"model\":\"m\"}",
	    .to = "!input",
	    .fault = ERR_MISSING_PARAMETER },
	{ .title = "input of a wrong type",
	    .from = "{\"input\":7}",
	    .to = "!input",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "empty input",
	    .from = "{\"input\":[]}",
	    .to = "!input",
	    .fault = ERR_INVALID_VALUE },
	{ .title = "an item that is none",
	    .from = "{\"input\":[\"x\"]}",
	    .to = "!input[0]",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "an item without a role",
	    .from = "{\"input\":[{}]}",
	    .to = "!input[0].role",
	    .fault = ERR_MISSING_PARAMETER },
	{ .title = "a role that is none",
	    .from = "{\"input\":[{\"role\":\"x\",\"content\":\"\"}]}",
	    .to = "!input[0].role",
	    .fault = ERR_INVALID_VALUE },
	{ .title = "content of a wrong type",
	    .from = "{\"input\":[{\"role\":\"user\",\"content\":7}]}",
	    .to = "!input[0].content",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "a part of a wrong type",
	    .from = "{\"input\":[{\"role\":\"user\",\"content\":[{\"type\":"
		    "\"input_text\",\"text\":\"a\"},7]}]}",
	    .to = "!input[0].content[1]",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "a call without an id",
	    .from = "{\"input\":[{\"type\":\"function_call\",\"name\":\"w\"}]}",
	    .to = "!input[0].call_id",
	    .fault = ERR_MISSING_PARAMETER },
	{ .title = "a result without an output",
	    .from = "{\"input\":[{\"type\":\"function_call_output\","
		    "\"call_id\":\"a\"}]}",
	    .to = "!input[0].output",
	    .fault = ERR_MISSING_PARAMETER },
	{ .title = "a cap of nothing",
	    .from = "{\"max_output_tokens\":0" HI,
	    .to = "!max_output_tokens",
	    .fault = ERR_INVALID_VALUE },
	{ .title = "a cap in words",
	    .from = "{\"max_output_tokens\":\"1\"" HI,
	    .to = "!max_output_tokens",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "instructions in a list",
	    .from = "{\"instructions\":[]" HI,
	    .to = "!instructions",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "a format that is none",
	    .from = "{\"text\":{\"format\":{\"type\":\"xml\"}}" HI,
	    .to = "!text.format.type",
	    .fault = ERR_INVALID_VALUE },
	{ .title = "a tool without a name",
	    .from = "{\"tools\":[{\"type\":\"function\"}]" HI,
	    .to = "!tools[0].name",
	    .fault = ERR_MISSING_PARAMETER },
	{ .title = "tools of a wrong type",
	    .from = "{\"tools\":{}" HI,
	    .to = "!tools",
	    .fault = ERR_INVALID_TYPE },
	{ .title = "effort of a wrong type",
	    .from = "{\"reasoning\":{\"effort\":1}" HI,
	    .to = "!reasoning.effort",
	    .fault = ERR_INVALID_TYPE },
};

static int
in_read(struct slice text, struct pool *pool, struct inbound *in,
    struct sbuf *chat, struct err *e)
{
	struct jscan_body *body = pool_zalloc(pool, sizeof *body);

	*in = (struct inbound){ .body = body, .pool = pool };
	ck_assert_int_eq(jscan_body(text, pool, body, e), 0);
	return inbound_responses(in, chat, e);
}

static void
in_left(const struct in_row *row, const struct inbound *in)
{
	struct sbuf left = { 0 };

	sbuf_adds(&left, "");
	for (unsigned i = 0; i < in->n_left; i++)
		sbuf_addf(&left, "%.*s ", SLICE_ARGS(in->left[i]));
	ck_assert_msg(slice_eq(sbuf_slice(&left),
			  slice_str(row->left != NULL ? row->left : "")),
	    "%s: left %s", row->title, left.data);
	sbuf_free(&left);
}

START_TEST(test_rows)
{
	const struct in_row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct sbuf chat = { 0 };
	struct err e = { .kind = ERR_NONE };
	struct inbound in;
	int done = in_read(slice_str(row->from), pool, &in, &chat, &e);

	if (row->fault != ERR_NONE) {
		ck_assert_msg(done == -1 && e.kind == row->fault &&
				  strcmp(e.param, row->to + 1) == 0,
		    "%s: %d %s: %s", row->title, done, e.param, e.text);
	} else {
		ck_assert_msg(done == 0, "%s: %s", row->title, e.text);
		ck_assert_msg(strcmp(chat.data, row->to) == 0,
		    "%s\nis   %s\nwant %s", row->title, chat.data, row->to);
		ck_assert_msg(strcmp(in.own_kind_only,
				  row->own_kind != NULL ? row->own_kind : "") ==
				  0,
		    "%s: %s", row->title, in.own_kind_only);
		in_left(row, &in);
	}
	sbuf_free(&chat);
	pool_free(&pool);
}
END_TEST

/* Every text of what was sent, in order; and every id of a call. */
static void
in_texts(json_object *list, const char *type, const char *member,
    struct sbuf *to)
{
	for (size_t i = 0; i < told_length(list); i++) {
		json_object *part = json_object_array_get_idx(list, i);

		if (strstr(recordings_str(part, "type"), type) != NULL)
			told_add(to, part, member);
	}
	if (json_object_is_type(list, json_type_string))
		sbuf_adds(to, json_object_get_string(list));
}

static void
in_want(json_object *request, struct sbuf *texts, struct sbuf *ids)
{
	json_object *input = told_dig(request, "input");

	told_add(texts, request, "instructions");
	if (json_object_is_type(input, json_type_string))
		sbuf_adds(texts, json_object_get_string(input));
	for (size_t i = 0; i < told_length(input); i++) {
		json_object *item = json_object_array_get_idx(input, i);

		if (strcmp(recordings_str(item, "type"), "reasoning") != 0)
			in_texts(told_dig(item, "content"), "_text", "text",
			    texts);
		in_texts(told_dig(item, "output"), "_text", "text", texts);
		told_add(ids, item, "call_id");
	}
}

static void
in_got(json_object *chat, struct sbuf *texts, struct sbuf *ids)
{
	json_object *messages = told_dig(chat, "messages");

	for (size_t i = 0; i < told_length(messages); i++) {
		json_object *m = json_object_array_get_idx(messages, i);
		json_object *calls = told_dig(m, "tool_calls");

		in_texts(told_dig(m, "content"), "text", "text", texts);
		for (size_t k = 0; k < told_length(calls); k++)
			told_add(ids, json_object_array_get_idx(calls, k),
			    "id");
		told_add(ids, m, "tool_call_id");
	}
}

static void
in_recorded(const char *name, const struct sbuf *text)
{
	struct pool *pool = pool_new();
	struct sbuf chat = { 0 }, texts[2] = { { 0 }, { 0 } },
		    ids[2] = { { 0 }, { 0 } };
	struct inbound in;
	struct asked asked;
	struct err e;
	json_object *o = json_tokener_parse(text->data);
	int done = in_read(sbuf_slice(text), pool, &in, &chat, &e);

	ck_assert_msg(done == 0 || strcmp(e.param, "background") == 0, "%s: %s",
	    name, e.text);
	if (done == 0) {
		in_want(o, &texts[0], &ids[0]);
		json_object_put(o);
		o = json_tokener_parse(chat.data);
		ck_assert_msg(o != NULL, "%s: %s", name, chat.data);
		in_got(o, &texts[1], &ids[1]);
		told_expect_text(&texts[0], &texts[1], "texts", name);
		told_expect_text(&ids[0], &ids[1], "ids", name);
		ck_assert_msg(asked_read(&asked, sbuf_slice(&chat), NULL) == 0,
		    "%s: %s\n%s", name, asked.err.text, chat.data);
		asked_end(&asked);
	}
	json_object_put(o);
	for (size_t i = 0; i < 2; i++) {
		sbuf_free(&texts[i]);
		sbuf_free(&ids[i]);
	}
	sbuf_free(&chat);
	pool_free(&pool);
}

static unsigned
in_group(const char *group)
{
	char path[4096], file[8192];
	struct dirent *entry;
	struct sbuf text = { 0 };
	unsigned n = 0;
	DIR *dir;

	snprintf(path, sizeof path, "%s/recordings/%s", recordings_shared(),
	    group);
	dir = opendir(path);
	ck_assert_msg(dir != NULL, "%s", path);
	while ((entry = readdir(dir)) != NULL) {
		snprintf(file, sizeof file, "%s/%.255s/request.json", path,
		    entry->d_name);
		sbuf_clear(&text);
		if (entry->d_name[0] == '.' || !recordings_read(file, &text))
			continue;
		/* A recorder wrote null where a form was sent. */
		if (text.data[0] != '{')
			continue;
		in_recorded(entry->d_name, &text);
		n++;
	}
	closedir(dir);
	sbuf_free(&text);
	return n;
}

START_TEST(test_recordings)
{
	static const char *const groups[] = { "openai-responses",
		"azure-openai-responses", "xai-responses", "deepseek-responses",
		"openrouter-responses", "llamacpp-responses",
		"mistralrs-responses", "copilot-responses",
		"chatgpt-codex-responses", "openai-compatible-local-responses",
		"bedrock-mantle-responses" };
	unsigned n = 0;

	if (!recordings_exist())
		return;
	for (size_t i = 0; i < COUNT(groups); i++)
		n += in_group(groups[i]);
	ck_assert_uint_ge(n, 69);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/in_responses");
	TCase *tc = tcase_create("in");

	tcase_add_loop_test(tc, test_rows, 0, COUNT(rows));
	tcase_add_test(tc, test_recordings);
	suite_add_tcase(s, tc);
	return s;
}
