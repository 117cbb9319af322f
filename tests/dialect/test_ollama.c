/* Ollama in its own words: requests, answers, and every recorded one. */

#include "tests/suite.h"

#include "tests/dialect/asking_rows.h"
#include "tests/dialect/told.h"

#define HI "\"messages\":[" ASKING_USER "]"
#define MSGS(list) "\"messages\":[" list "]"
#define PARTS(list) MSGS("{\"role\":\"user\",\"content\":[" list "]}")
#define PNG "\"data:image/png;base64,iVBORw0KGgo=\""
#define IMAGE(url) "{\"type\":\"image_url\",\"image_url\":{\"url\":" url "}}"
#define TOOLS                                                                  \
	"\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\","      \
	"\"description\":\"d\",\"parameters\":{\"type\":\"object\"}}}]"
#define NO ",\"stream\":false"

static const struct asking_row asks[] = {
	{ .title = "stream is always said", .asked = "", .sent = HI NO },
	{ .title = "a stream",
	    .asked = "\"stream\":true",
	    .sent = HI ",\"stream\":true" },
	{ .title = "roles, names, empty text",
	    .asked = MSGS("{\"role\":\"developer\",\"content\":\"A\"},"
			  "{\"role\":\"user\",\"name\":\"n\",\"content\":\"\"},"
			  "{\"role\":\"assistant\",\"content\":\"B\","
			  "\"reasoning_content\":\"r\"}"),
	    .sent = MSGS("{\"role\":\"system\",\"content\":\"A\"},"
			 "{\"role\":\"user\",\"content\":\"\"},"
			 "{\"role\":\"assistant\",\"content\":\"B\"}") NO },
	{ .title = "texts are joined, images stand beside them",
	    .asked = PARTS("{\"type\":\"text\",\"text\":\"a\\\"\"}," IMAGE(
		PNG) ",{\"type\":\"text\",\"text\":\"b\"}," IMAGE(PNG)),
	    .sent =
		MSGS("{\"role\":\"user\",\"content\":\"a\\\"\\n\\nb\","
		     "\"images\":[\"iVBORw0KGgo=\",\"iVBORw0KGgo=\"]}") NO },
	{ .title = "an image that would have to be fetched",
	    .asked = PARTS(
		"{\"type\":\"text\",\"text\":\"a\"}," IMAGE("\"https://a\"")),
	    .refused = "messages[0].content[1].image_url" },
	{ .title = "audio",
	    .asked = PARTS("{\"type\":\"input_audio\",\"input_audio\":{"
			   "\"data\":\"AA\",\"format\":\"wav\"}}"),
	    .refused = "messages[0].content[0]" },
	{ .title = "a file",
	    .asked = PARTS("{\"type\":\"file\",\"file\":{\"file_data\":"
			   "\"data:application/pdf;base64,AA\"}}"),
	    .refused = "messages[0].content[0]" },
	{ .title = "calls have objects, results the tool's name",
	    .asked = MSGS("{\"role\":\"assistant\",\"content\":null,"
			  "\"tool_calls\":[{\"id\":\"a\",\"type\":\"function\","
			  "\"function\":{\"name\":\"w\",\"arguments\":"
			  "\"{\\\"c\\\": \\\"R\\\"}\"}},{\"id\":\"b\","
			  "\"type\":\"function\",\"function\":{\"name\":\"t\","
			  "\"arguments\":\"\"}}]},{\"role\":\"tool\","
			  "\"tool_call_id\":\"b\",\"content\":\"5\"},"
			  "{\"role\":\"tool\",\"tool_call_id\":\"a\","
			  "\"content\":[{\"type\":\"text\",\"text\":\"6\"}]},"
			  "{\"role\":\"tool\",\"tool_call_id\":\"z\","
			  "\"content\":\"7\"}"),
	    .sent = MSGS("{\"role\":\"assistant\",\"content\":\"\","
			 "\"tool_calls\":[{\"function\":{\"name\":\"w\","
			 "\"arguments\":{\"c\": \"R\"}}},{\"function\":{"
			 "\"name\":\"t\",\"arguments\":{}}}]},{\"role\":"
			 "\"tool\",\"tool_name\":\"t\",\"content\":\"5\"},"
			 "{\"role\":\"tool\",\"tool_name\":\"w\",\"content\":"
			 "\"6\"},{\"role\":\"tool\",\"content\":\"7\"}") NO },
	{ .title = "an image in a result",
	    .asked = MSGS("{\"role\":\"tool\",\"tool_call_id\":\"a\","
			  "\"content\":[" IMAGE(PNG) "]}"),
	    .refused = "messages[0].content[0].image_url" },
	{ .title = "scalars are options",
	    .asked = "\"max_tokens\":7.0,\"temperature\":0.50,\"top_p\":1,"
		     "\"top_k\":5,\"seed\":3,\"stop\":[\"E\",\"\\n\"],"
		     "\"frequency_penalty\":-0.5,\"presence_penalty\":1.5",
	    .sent = HI ",\"options\":{\"num_predict\":7,\"temperature\":0.50,"
		       "\"top_p\":1,\"seed\":3,\"frequency_penalty\":-0.5,"
		       "\"presence_penalty\":1.5,\"top_k\":5,"
		       "\"stop\":[\"E\",\"\\n\"]}" NO },
	{ .title = "Ollama's own members",
	    .asked = "\"options\":{\"num_ctx\":9,\"t\\u0065mperature\":1,"
		     "\"mirostat\":[0]},\"keep_alive\":\"5m\",\"think\":"
		     "\"high\",\"temperature\":0,\"reasoning_effort\":\"low\"",
	    .sent = HI ",\"think\":\"high\",\"options\":{\"temperature\":0,"
		       "\"num_ctx\":9,\"mirostat\":[0]},\"keep_alive\":"
		       "\"5m\"" NO },
	{ .title = "options that are empty",
	    .asked = "\"options\":{}",
	    .sent = HI NO },
	{ .title = "what is dropped",
	    .asked = "\"logit_bias\":{\"1\":2},\"user\":\"u\","
		     "\"parallel_tool_calls\":false,\"made_up\":1",
	    .sent = HI NO,
	    .warned = "parallel_tool_calls user logit_bias made_up" },
	{ .title = "n of 2", .asked = "\"n\":2", .refused = "n" },
	{ .title = "logprobs",
	    .asked = "\"logprobs\":true",
	    .refused = "logprobs" },
	{ .title = "tools",
	    .asked = TOOLS ",\"tool_choice\":\"auto\"",
	    .sent = HI "," TOOLS NO },
	{ .title = "tools that may not be used",
	    .asked = TOOLS ",\"tool_choice\":\"none\"",
	    .sent = HI NO },
	{ .title = "tools that must be used",
	    .asked = TOOLS ",\"tool_choice\":\"required\"",
	    .refused = "tool_choice" },
	{ .title = "a tool that must be used",
	    .asked = TOOLS ",\"tool_choice\":{\"type\":\"function\","
			   "\"function\":{\"name\":\"f\"}}",
	    .refused = "tool_choice" },
	{ .title = "a strict tool without parameters",
	    .asked = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":"
		     "\"g\",\"strict\":true}}]",
	    .sent = HI ",\"tools\":[{\"type\":\"function\",\"function\":{"
		       "\"name\":\"g\",\"parameters\":{\"type\":\"object\","
		       "\"properties\":{}}}}]" NO,
	    .warned = "strict" },
	{ .title = "json_object",
	    .asked = "\"response_format\":{\"type\":\"json_object\"}",
	    .sent = HI ",\"format\":\"json\"" NO },
	{ .title = "json_schema",
	    .asked = "\"response_format\":{\"type\":\"json_schema\","
		     "\"json_schema\":{\"name\":\"n\",\"schema\":{\"type\":"
		     "\"object\"}}}",
	    .sent = HI ",\"format\":{\"type\":\"object\"}" NO },
	{ .title = "reasoning",
	    .asked = "\"reasoning_effort\":\"high\"",
	    .sent = HI ",\"think\":true" NO },
	{ .title = "none",
	    .asked = "\"reasoning_effort\":\"none\"",
	    .sent = HI ",\"think\":false" NO },
	{ .title = "in Anthropic's words",
	    .asked = "\"thinking\":{\"type\":\"disabled\"}",
	    .sent = HI ",\"think\":false" NO },
	{ .title = "of a model that does not",
	    .asked = "\"thinking\":{\"type\":\"enabled\"}",
	    .sent = HI NO,
	    .warned = "thinking",
	    .features = FEATURE_TOOLS },
};

START_TEST(test_asks)
{
	asking_check(KIND_OLLAMA, &asks[_i]);
}
END_TEST

static const struct dialect *
ollama(void)
{
	return dialect_find(KIND_OLLAMA, SLICE("m"), 0);
}

START_TEST(test_path)
{
	struct sbuf b = { 0 };

	ollama()->path(NULL, &b);
	ck_assert_str_eq(b.data, "/api/chat");
	sbuf_free(&b);
}
END_TEST

#define LINE(message)                                                          \
	"{\"model\":\"q\",\"message\":{" message "},\"done\":false}\n"
#define SAY(text) LINE("\"content\":\"" text "\"")
#define DONE(rest)                                                             \
	"{\"model\":\"q\",\"message\":{\"content\":\"\"},\"done\":true" rest   \
	"}\n"
#define STOP DONE(",\"done_reason\":\"stop\"")
#define CALL(rest) LINE("\"tool_calls\":[" rest "]")

/* Streams and what they say; no finish: they are no complete answer. */
static const struct {
	const char *title, *sent, *text, *reasoning, *calls, *finish;
	unsigned errors;
} rows[] = {
	{ .title = "text",
	    .sent = SAY("a") SAY("\\u00e9\\n\\\"") STOP,
	    .text = "a\xc3\xa9\n\"",
	    .finish = "stop" },
	{ .title = "line ends of two bytes, and none at the end",
	    .sent = "{\"message\":{\"content\":\"a\"}}\r\n\r\n"
		    "{\"message\":{\"content\":\"b\"},\"done\":true}",
	    .text = "ab",
	    .finish = "stop" },
	{ .title = "thinking, text and a call in one line",
	    .sent =
		LINE("\"thinking\":\"hm\",\"content\":\"a\","
		     "\"tool_calls\":[{\"id\":\"i\",\"function\":{"
		     "\"name\":\"f\",\"arguments\":{\"a\":\"\\\"\"}}}]") STOP,
	    .text = "a",
	    .reasoning = "hm",
	    .calls = ";i f={\"a\":\"\\\"\"}",
	    .finish = "tool_calls" },
	{ .title = "calls without arguments, or with their text",
	    .sent = CALL("{\"id\":\"i\",\"function\":{\"name\":\"f\"}},"
			 "{\"id\":\"j\",\"function\":{\"name\":\"g\","
			 "\"arguments\":null}},{\"id\":\"k\",\"function\":{"
			 "\"name\":\"h\",\"arguments\":\"{\\\"a\\\":1}\"}}")
		CALL("{\"id\":\"l\",\"function\":{\"name\":\"f\","
		     "\"arguments\":\"null\"}}") STOP,
	    .calls = ";i f={};j g={};k h={\"a\":1};l f={}",
	    .finish = "tool_calls" },
	{ .title = "the limit",
	    .sent = SAY("a") DONE(",\"done_reason\":\"length\""),
	    .text = "a",
	    .finish = "length" },
	{ .title = "no reason",
	    .sent = SAY("a") DONE(""),
	    .text = "a",
	    .finish = "stop" },
	{ .title = "the words of /api/generate",
	    .sent = "{\"response\":\"a\",\"thinking\":\"hm\",\"done\":false}\n"
		    "{\"response\":\"\",\"done\":true,\"context\":[1,2]}\n",
	    .text = "a",
	    .reasoning = "hm",
	    .finish = "stop" },
	{ .title = "words in the last line",
	    .sent = "{\"message\":{\"content\":\"a\"},\"done\":true}\n",
	    .text = "a",
	    .finish = "stop" },
	{ .title = "nothing behind the end counts",
	    .sent = SAY("a") STOP SAY("b"),
	    .text = "a",
	    .finish = "stop" },
	{ .title = "shapes that are new",
	    .sent = "{\"status\":\"loading\"}\n" LINE("\"content\":null,"
						      "\"images\":[1]")
		CALL("1,{\"function\":[]}") "{\"message\":[]}\n" STOP,
	    .finish = "stop" },
	{ .title = "no end", .sent = SAY("a"), .text = "a" },
	{ .title = "done that is not true",
	    .sent = SAY("a") "{\"done\":\"true\"}\n",
	    .text = "a" },
	{ .title = "an error",
	    .sent = SAY("a") "{\"error\":\"bad\"}\n" SAY("b"),
	    .text = "a",
	    .errors = 1 },
};

static void
want_text(struct sbuf *b, const char *text)
{
	sbuf_adds(b, text != NULL ? text : "");
}

START_TEST(test_rows)
{
	struct slice sent = slice_str(rows[_i].sent);
	struct told want = { .errors = rows[_i].errors }, got = { 0 };
	bool complete = rows[_i].finish != NULL;
	struct told_run run;

	told_stream(ollama(), sent, sent.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", rows[_i].title, run.e.text);
	want_text(&want.text, rows[_i].text);
	want_text(&want.reasoning, rows[_i].reasoning);
	want_text(&want.calls, rows[_i].calls);
	if (complete)
		told_finish(&want, rows[_i].finish);
	told_read_stream(&got, run.sent.data);
	told_expect(&want, &got, &run, rows[_i].title);
	ck_assert_uint_eq(got.done, complete);
	told_relay(&run,
	    complete              ? RELAY_COMPLETE
	    : rows[_i].errors > 0 ? RELAY_ERROR
				  : RELAY_CUT,
	    rows[_i].title);
	told_check_pieces(ollama(), sent, &run, rows[_i].title);
	told_free(&want);
	told_free(&got);
	sbuf_free(&run.sent);
}
END_TEST

/* Whole answers: 1 is a completion, 0 an error, -1 none of them. */
static const struct {
	const char *title, *body;
	int told;
	const char *text, *finish;
	int64_t prompt, completion; /* -1: no usage */
} wholes[] = {
	{ "an answer",
	    "{\"message\":{\"content\":\"a\"},\"done\":true,"
	    "\"prompt_eval_count\":5,\"eval_count\":6}",
	    1, "a", "stop", 5, 6 },
	{ "a cached prompt is not counted",
	    "{\"message\":{\"content\":\"a\"},\"eval_count\":6}", 1, "a",
	    "stop", 0, 6 },
	{ "no figures", "{\"message\":{\"content\":\"\"}}", 1, "", "stop", -1,
	    -1 },
	{ "half a token", "{\"message\":{},\"eval_count\":6.5}", 1, "", "stop",
	    -1, -1 },
	{ "of /api/generate", "{\"response\":\"a\",\"done_reason\":\"length\"}",
	    1, "a", "length", -1, -1 },
	{ "an error", "{\"error\":\"model not found\"}", 0, "", "", -1, -1 },
	{ "neither", "{\"model\":\"q\"}", -1, "", "", -1, -1 },
	{ "no object", "\"a\"", -1, "", "", -1, -1 },
};

START_TEST(test_wholes)
{
	struct told got = { 0 };
	struct usage_figures f;
	struct told_run run;

	told_whole(ollama(), slice_str(wholes[_i].body), &run);
	ck_assert_msg(run.fed == wholes[_i].told, "%s: %d", wholes[_i].title,
	    run.fed);
	if (run.fed == 1)
		told_read_whole(&got, run.sent.data);
	sbuf_addc(&got.text, '\0');
	ck_assert_str_eq(got.text.data, wholes[_i].text);
	ck_assert_str_eq(got.finish, wholes[_i].finish);
	ck_assert_int_eq(run.state.has_usage, wholes[_i].prompt >= 0);
	usage_sum(&run.state.usage, &f);
	if (run.state.has_usage) {
		ck_assert_int_eq(f.prompt, wholes[_i].prompt);
		ck_assert_int_eq(f.completion, wholes[_i].completion);
	}
	told_free(&got);
	sbuf_free(&run.sent);
}
END_TEST

/* A call without an id gets the same one each time it is read. */
START_TEST(test_minted)
{
	struct slice sent =
	    SLICE(CALL("{\"function\":{\"name\":\"f\",\"arguments\":{}}},"
		       "{\"function\":{\"name\":\"f\",\"arguments\":{}}}"));
	struct told_run run, again;
	const char *first, *second;

	told_stream(ollama(), sent, sent.n, true, &run);
	told_stream(ollama(), sent, 1, true, &again);
	ck_assert(slice_eq(sbuf_slice(&run.sent), sbuf_slice(&again.sent)));
	first = strstr(run.sent.data, "\"id\":\"call_");
	ck_assert(first != NULL);
	second = strstr(first + 1, "\"id\":\"call_");
	ck_assert(second != NULL);
	ck_assert_uint_eq(strspn(first + 11,
			      "0123456789abcdefghijklmnopqrstuvwxyz"
			      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
	    24);
	ck_assert_int_ne(strncmp(first, second, 35), 0);
	sbuf_free(&run.sent);
	sbuf_free(&again.sent);
}
END_TEST

/* The provider's model is told. */
START_TEST(test_model)
{
	struct told_run run;

	told_stream(ollama(), SLICE(SAY("a") STOP), SIZE_MAX, true, &run);
	ck_assert(strstr(run.sent.data, "\"model\":\"q\"") != NULL);
	ck_assert(strstr(run.sent.data, "\"model\":\"asked\"") == NULL);
	sbuf_free(&run.sent);
}
END_TEST

static void
want_call(struct told *t, json_object *call)
{
	json_object *function = told_dig(call, "function");

	sbuf_addc(&t->calls, ';');
	told_add(&t->calls, call, "id");
	sbuf_addc(&t->calls, ' ');
	told_add(&t->calls, function, "name");
	sbuf_addc(&t->calls, '=');
	sbuf_adds(&t->calls,
	    json_object_to_json_string_ext(told_dig(function, "arguments"),
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	t->n_calls++;
}

/* One line, or a whole answer. */
static void
want_line(struct told *t, json_object *o)
{
	json_object *message = told_dig(o, "message");
	json_object *calls = told_dig(message, "tool_calls");
	const char *why = recordings_str(o, "done_reason");

	told_add(&t->text, message, "content");
	told_add(&t->text, o, "response");
	told_add(&t->reasoning, message, "thinking");
	for (size_t i = 0; i < told_length(calls); i++)
		want_call(t, json_object_array_get_idx(calls, i));
	if (!json_object_get_boolean(told_dig(o, "done")))
		return;
	if (t->n_calls > 0 && strcmp(why, "stop") == 0)
		why = "tool_calls";
	told_finish(t, why);
	t->has_usage = told_dig(o, "eval_count") != NULL;
	t->usage.prompt = told_count(o, "prompt_eval_count");
	t->usage.completion = told_count(o, "eval_count");
	t->usage.total = t->usage.prompt + t->usage.completion;
}

struct seen {
	unsigned wholes, streams, errors, cuts;
};

static void
want_lines(struct told *t, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;
	json_object *o;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		o = json_tokener_parse(line);
		ck_assert(o != NULL);
		want_line(t, o);
		json_object_put(o);
	}
	free(copy);
}

static void
check_case(const struct told_case *c, void *arg)
{
	struct slice text = sbuf_slice(&c->body);
	struct told want = { 0 }, got = { 0 };
	struct seen *seen = arg;
	struct relay_error error;
	struct reply reply;
	struct told_run run;
	struct err e;

	if (c->status != 200) {
		ck_assert_int_eq(relay_error_read(text, c->status, &error), 1);
		ck_assert_str_eq(error.message,
		    "model 'nonexistent-model:latest' not found");
		seen->errors++;
		return;
	}
	want_lines(&want, c->body.data);
	if (c->stream) {
		told_stream(ollama(), text, text.n, true, &run);
		ck_assert_msg(run.fed == 0, "%s: %s", c->name, run.e.text);
		told_read_stream(&got, run.sent.data);
		ck_assert_uint_eq(got.done, 1);
		told_relay(&run, RELAY_COMPLETE, c->name);
		told_check_pieces(ollama(), text, &run, c->name);
		seen->cuts += told_check_cuts(ollama(), text, &run, c->name);
		told_check_ends(ollama(), text, &run, c->name);
		seen->streams++;
	} else {
		told_whole(ollama(), text, &run);
		ck_assert_msg(run.fed == 1, "%s: %s", c->name, run.e.text);
		ck_assert_int_eq(reply_read(sbuf_slice(&run.sent), 0, &reply,
				     &e),
		    1);
		told_read_whole(&got, run.sent.data);
		seen->wholes++;
	}
	told_expect(&want, &got, &run, c->name);
	told_free(&want);
	told_free(&got);
	sbuf_free(&run.sent);
}

START_TEST(test_recorded)
{
	struct seen seen = { 0 };

	if (!recordings_exist())
		return;
	told_each("ollama-native", 11, check_case, &seen);
	ck_assert_uint_ge(seen.wholes, 4);
	ck_assert_uint_ge(seen.streams, 6);
	ck_assert_uint_ge(seen.errors, 1);
	ck_assert_uint_ge(seen.cuts, 40000);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/ollama");
	TCase *tc = tcase_create("ollama");

	tcase_set_timeout(tc, 180);
	tcase_add_loop_test(tc, test_asks, 0, COUNT(asks));
	tcase_add_test(tc, test_path);
	tcase_add_loop_test(tc, test_rows, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_wholes, 0, COUNT(wholes));
	tcase_add_test(tc, test_minted);
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_recorded);
	suite_add_tcase(s, tc);
	return s;
}
