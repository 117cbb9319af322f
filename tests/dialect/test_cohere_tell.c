/* Answers of Cohere's v2: rows of our own, and every recorded one. */

#include "tests/suite.h"

#include "tests/dialect/told.h"

#define EVENT(type, rest) "data: {\"type\":\"" type "\"" rest "}\n\n"
#define DELTA(inner) ",\"delta\":{\"message\":{" inner "}}"
#define START EVENT("message-start", ",\"id\":\"x\"")
#define TEXT(t)                                                                \
	EVENT("content-delta", DELTA("\"content\":{\"text\":\"" t "\"}"))
#define CALL(id, name, args)                                                   \
	EVENT("tool-call-start", DELTA("\"tool_calls\":{\"id\":\"" id          \
				       "\",\"function\":{\"name\":\"" name     \
				       "\",\"arguments\":\"" args "\"}}"))
#define PIECE(args)                                                            \
	EVENT("tool-call-delta",                                               \
	    DELTA(                                                             \
		"\"tool_calls\":{\"function\":{\"arguments\":\"" args "\"}}"))
#define CALL_END EVENT("tool-call-end", ",\"index\":0")
#define END(word)                                                              \
	EVENT("message-end", ",\"delta\":{\"finish_reason\":\"" word "\"}")
#define SOURCE(url)                                                            \
	"{\"type\":\"tool\",\"tool_output\":{\"title\":\"T\",\"url\":\"" url   \
	"\"}}"

/* Streams and what they say; no finish: they are no complete answer. */
static const struct {
	const char *title, *sent, *text, *reasoning, *calls, *links, *finish;
	unsigned errors;
} rows[] = {
	{ .title = "text",
	    .sent = START EVENT("content-start",
		DELTA("\"content\":{\"type\":\"text\",\"text\":\"\"}"))
		TEXT("a") TEXT("\\u00e9\\n\\\"") EVENT("content-end", "")
		    END("COMPLETE") "data: [DONE]\n\n",
	    .text = "a\xc3\xa9\n\"",
	    .finish = "stop" },
	{ .title = "a start that has words already",
	    .sent = START EVENT("content-start",
		DELTA("\"content\":{\"type\":\"text\",\"text\":\"A\"}"))
		TEXT("b") END("STOP_SEQUENCE"),
	    .text = "Ab",
	    .finish = "stop" },
	{ .title = "thinking",
	    .sent = START EVENT("content-delta",
		DELTA("\"content\":{\"thinking\":\"hm\"}")) TEXT("a")
		END("MAX_TOKENS"),
	    .text = "a",
	    .reasoning = "hm",
	    .finish = "length" },
	{ .title = "a plan and a call in pieces",
	    .sent = START EVENT("tool-plan-delta",
		DELTA("\"tool_plan\":\"I will\"")) CALL("i1", "f", "")
		PIECE("{\\\"a") PIECE("\\\":1}") CALL_END CALL("i2", "g", "")
		    CALL_END END("TOOL_CALL"),
	    .reasoning = "I will",
	    .calls = ";i1 f={\"a\":1};i2 g={}",
	    .finish = "tool_calls" },
	{ .title = "arguments of null, at once and in pieces",
	    .sent = START CALL("i1", "f", "null") CALL_END CALL("i2", "f", "")
		PIECE("n") PIECE("ull") CALL_END END("TOOL_CALL"),
	    .calls = ";i1 f={};i2 f={}",
	    .finish = "tool_calls" },
	{ .title = "what only begins like null",
	    .sent = START CALL("i1", "f", "nu") PIECE("mber")
		CALL_END END("TOOL_CALL"),
	    .calls = ";i1 f=number",
	    .finish = "tool_calls" },
	{ .title = "arguments as an object",
	    .sent = START EVENT("tool-call-start",
		DELTA("\"tool_calls\":{\"id\":\"i\",\"function\":{\"name\":"
		      "\"f\",\"arguments\":{\"a\":\"b\"}}}")) END("TOOL_CALL"),
	    .calls = ";i f={\"a\":\"b\"}",
	    .finish = "tool_calls" },
	{ .title = "citations with an address",
	    .sent = START TEXT("a") EVENT("citation-start",
		DELTA(
		    "\"citations\":{\"start\":0,\"end\":1,\"sources\":[" SOURCE(
			"https://a") ",{\"type\":\"document\",\"document\":{"
				     "\"url\":\"https://b\"}},{\"type\":"
				     "\"document\",\"document\":{\"id\":\"d\"}}"
				     "]}")) EVENT("citation-end", "")
		END("COMPLETE"),
	    .text = "a",
	    .links = " https://a https://b",
	    .finish = "stop" },
	{ .title = "an empty answer",
	    .sent = START END("COMPLETE"),
	    .finish = "stop" },
	{ .title = "nothing behind the end counts",
	    .sent = START TEXT("a") END("COMPLETE") TEXT("b"),
	    .text = "a",
	    .finish = "stop" },
	{ .title = "a word that nobody knows",
	    .sent = START TEXT("a") END("NEWER"),
	    .text = "a",
	    .finish = "stop" },
	{ .title = "the type stands in the event's name alone",
	    .sent = "event: content-delta\ndata: {\"delta\":{\"message\":{"
		    "\"content\":{\"text\":\"a\"}}}}\n\nevent: message-end\n"
		    "data: {\"delta\":{\"finish_reason\":\"COMPLETE\"}}\n\n",
	    .text = "a",
	    .finish = "stop" },
	{ .title = "events, blocks and shapes that are new",
	    .sent = START EVENT("debug", ",\"x\":1") EVENT("content-delta", "")
		EVENT("content-delta", DELTA("\"content\":{\"image\":\"i\"}"))
		    EVENT("content-delta", DELTA("\"content\":[1]"))
			EVENT("tool-plan-delta", DELTA("\"tool_plan\":null"))
			    EVENT("citation-start", DELTA("\"citations\":[]"))
				TEXT("a") END("COMPLETE"),
	    .text = "a",
	    .finish = "stop" },
	{ .title = "a number for a text",
	    .sent = START EVENT("content-delta",
		DELTA("\"content\":{\"text\":7}")) END("COMPLETE"),
	    .text = "7",
	    .finish = "stop" },
	{ .title = "no end", .sent = START TEXT("a"), .text = "a" },
	{ .title = "an end without a reason",
	    .sent = START TEXT("a") EVENT("message-end", ",\"delta\":{}"),
	    .text = "a" },
	{ .title = "[DONE] alone is no end",
	    .sent = START TEXT("a") "data: [DONE]\n\n",
	    .text = "a" },
	{ .title = "it ends with an error",
	    .sent = START TEXT("a") EVENT("message-end",
		",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"bad\"}"),
	    .text = "a",
	    .errors = 1 },
	{ .title = "an error in between",
	    .sent = START TEXT("a") "event: error\ndata: {\"id\":\"x\","
				    "\"message\":\"bad\"}\n\n" TEXT("b"),
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
	const struct dialect *d = dialect_find(KIND_COHERE, SLICE("m"), 0);
	struct slice sent = slice_str(rows[_i].sent);
	struct told want = { .errors = rows[_i].errors }, got = { 0 };
	bool complete = rows[_i].finish != NULL;
	struct told_run run;

	told_stream(d, sent, sent.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", rows[_i].title, run.e.text);
	want_text(&want.text, rows[_i].text);
	want_text(&want.reasoning, rows[_i].reasoning);
	want_text(&want.calls, rows[_i].calls);
	want_text(&want.links, rows[_i].links);
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
	told_check_pieces(d, sent, &run, rows[_i].title);
	told_free(&want);
	told_free(&got);
	sbuf_free(&run.sent);
}
END_TEST

/* Whole answers: the completion, or 0 for an error, or -1. */
static const struct {
	const char *title, *body;
	int told;
	const char *text, *reasoning, *calls, *finish;
} wholes[] = {
	{ "a plan without calls is content",
	    "{\"message\":{\"tool_plan\":\"p\"},\"finish_reason\":"
	    "\"COMPLETE\"}",
	    1, "p", "", "", "stop" },
	{ "a plan with calls is reasoning",
	    "{\"message\":{\"tool_plan\":\"p\",\"tool_calls\":[{\"id\":\"i\","
	    "\"function\":{\"name\":\"f\",\"arguments\":null}}]},"
	    "\"finish_reason\":\"TOOL_CALL\"}",
	    1, "", "p", ";i f={}", "tool_calls" },
	{ "nothing at all", "{\"message\":{}}", 1, "", "", "", "stop" },
	{ "an empty list of calls",
	    "{\"message\":{\"tool_plan\":\"p\",\"tool_calls\":[ ]}}", 1, "p",
	    "", "", "stop" },
	{ "an error", "{\"id\":\"x\",\"message\":\"bad\"}", 0, "", "", "", "" },
	{ "an error as a reason",
	    "{\"message\":{\"content\":[]},\"finish_reason\":\"ERROR\"}", 0, "",
	    "", "", "" },
	{ "no answer", "{\"id\":\"x\"}", -1, "", "", "", "" },
	{ "no object", "[]", -1, "", "", "", "" },
	{ "no JSON", "{\"message\":{", -1, "", "", "", "" },
};

START_TEST(test_wholes)
{
	const struct dialect *d = dialect_find(KIND_COHERE, SLICE("m"), 0);
	struct told got = { 0 };
	struct told_run run;

	told_whole(d, slice_str(wholes[_i].body), &run);
	ck_assert_msg(run.fed == wholes[_i].told, "%s: %d", wholes[_i].title,
	    run.fed);
	if (run.fed == -1)
		ck_assert_int_eq(run.e.kind, ERR_UPSTREAM_INVALID);
	if (run.fed == 1)
		told_read_whole(&got, run.sent.data);
	sbuf_addc(&got.text, '\0');
	sbuf_addc(&got.reasoning, '\0');
	sbuf_addc(&got.calls, '\0');
	ck_assert_str_eq(got.text.data, wholes[_i].text);
	ck_assert_str_eq(got.reasoning.data, wholes[_i].reasoning);
	ck_assert_str_eq(got.calls.data, wholes[_i].calls);
	ck_assert_str_eq(got.finish, wholes[_i].finish);
	told_free(&got);
	sbuf_free(&run.sent);
}
END_TEST

/* Exact bytes of what has no other reader here. */
static const struct {
	const char *title, *sent, *has;
} bytes[] = {
	{ "a citation",
	    START EVENT("citation-start",
		DELTA(
		    "\"citations\":{\"start\":3,\"end\":9,\"sources\":[" SOURCE(
			"https://a\\u0026b") "]}")),
	    "\"delta\":{\"annotations\":[{\"type\":\"url_citation\","
	    "\"url_citation\":{\"start_index\":3,\"end_index\":9,\"title\":"
	    "\"T\",\"url\":\"https://a\\u0026b\"}}]}" },
	{ "probabilities",
	    START EVENT("content-delta",
		DELTA(
		    "\"content\":{\"text\":\"ab\"}") ",\"logprobs\":{\"text\":"
						     "\"ab\",\"token_ids\":"
						     "[1,2],\"logprobs\":"
						     "[-0.5,-1e-3]}"),
	    "\"delta\":{},\"logprobs\":{\"content\":[{\"token\":\"ab\","
	    "\"logprob\":-0.5,\"bytes\":null,\"top_logprobs\":[]},{\"token\":"
	    "\"\",\"logprob\":-1e-3,\"bytes\":null,\"top_logprobs\":[]}],"
	    "\"refusal\":null}" },
	{ "an error",
	    START EVENT("message-end",
		",\"delta\":{\"finish_reason\":\"ERROR\",\"error\":\"bad\"}"),
	    "event: error\ndata: {\"finish_reason\":\"ERROR\",\"error\":"
	    "\"bad\"}\n\n" },
};

START_TEST(test_bytes)
{
	struct told_run run;

	told_stream(dialect_find(KIND_COHERE, SLICE("m"), 0),
	    slice_str(bytes[_i].sent), SIZE_MAX, true, &run);
	ck_assert_msg(strstr(run.sent.data, bytes[_i].has) != NULL, "%s: %s",
	    bytes[_i].title, run.sent.data);
	sbuf_free(&run.sent);
}
END_TEST

/* Figures that are given, and what is made of them: providers.md 6. */
static const struct {
	const char *title, *usage;
	bool has_usage;
	struct usage want;
} usages[] = {
	{ "an image beside the text",
	    "{\"billed_units\":{\"input_tokens\":267,\"output_tokens\":52},"
	    "\"tokens\":{\"input_tokens\":34,\"output_tokens\":56,"
	    "\"reasoning_tokens\":0,\"image_tokens\":259},\"cached_tokens\":0}",
	    true,
	    { .in_text = 34,
		.in_image = 259,
		.out_text = 56,
		.has_billed = true,
		.billed_in = 267,
		.billed_out = 52 } },
	{ "cached and thought",
	    "{\"billed_units\":{\"input_tokens\":84,\"output_tokens\":314},"
	    "\"cached_tokens\":1008,\"tokens\":{\"input_tokens\":1501,"
	    "\"output_tokens\":346,\"reasoning_tokens\":304}}",
	    true,
	    { .in_text = 493,
		.in_cached = 1008,
		.out_text = 42,
		.out_reasoning = 304,
		.has_billed = true,
		.billed_in = 84,
		.billed_out = 314 } },
	{ "no units",
	    "{\"tokens\":{\"input_tokens\":5,\"output_tokens\":null}}", true,
	    { .in_text = 5 } },
	{ "units alone", "{\"billed_units\":{\"input_tokens\":5}}", true,
	    { .in_text = 5, .has_billed = true, .billed_in = 5 } },
	{ "more cached than there is",
	    "{\"cached_tokens\":9,\"tokens\":{\"input_tokens\":5}}", true,
	    { .in_cached = 5, .anomaly = true } },
	{ "a fraction of a token",
	    "{\"tokens\":{\"input_tokens\":5.5,\"output_tokens\":1}}", false,
	    { .in_text = 0 } },
	{ "a part that is no count",
	    "{\"cached_tokens\":\"9\",\"tokens\":{\"input_tokens\":5}}", false,
	    { .in_text = 0 } },
	{ "less than nothing", "{\"tokens\":{\"output_tokens\":-1}}", false,
	    { .in_text = 0 } },
	{ "no figures", "{\"tokens\":{}}", false, { .in_text = 0 } },
};

START_TEST(test_usages)
{
	struct usage want = usages[_i].want, *got;
	struct sbuf body = { 0 };
	struct told_run run;

	want.requests = 1;
	want.provider_cost_nano = INT64_MIN;
	sbuf_addf(&body, "{\"message\":{},\"usage\":%s}", usages[_i].usage);
	told_whole(dialect_find(KIND_COHERE, SLICE("m"), 0), sbuf_slice(&body),
	    &run);
	ck_assert_int_eq(run.fed, 1);
	ck_assert_msg(run.state.has_usage == usages[_i].has_usage, "%s",
	    usages[_i].title);
	got = &run.state.usage;
	want.provider_cost_nano = got->provider_cost_nano;
	ck_assert_msg(memcmp(&want, got, sizeof want) == 0,
	    "%s: in %ld cached %ld image %ld out %ld+%ld billed %ld %ld",
	    usages[_i].title, (long)got->in_text, (long)got->in_cached,
	    (long)got->in_image, (long)got->out_text, (long)got->out_reasoning,
	    (long)got->billed_in, (long)got->billed_out);
	sbuf_free(&body);
	sbuf_free(&run.sent);
}
END_TEST

/* The provider's own words for finish. */
static const char *
want_finish(const char *word)
{
	if (strcmp(word, "MAX_TOKENS") == 0)
		return "length";
	return strcmp(word, "TOOL_CALL") == 0 ? "tool_calls" : "stop";
}

static void
want_usage(struct told *t, json_object *usage)
{
	json_object *tokens = told_dig(usage, "tokens");
	struct usage_figures *f = &t->usage;

	t->has_usage = tokens != NULL;
	f->prompt = told_count(tokens, "input_tokens") +
	            told_count(tokens, "image_tokens");
	f->completion = told_count(tokens, "output_tokens");
	f->total = f->prompt + f->completion;
	f->cached = told_count(usage, "cached_tokens");
	f->reasoning = told_count(tokens, "reasoning_tokens");
}

static void
want_call(struct told *t, json_object *call)
{
	json_object *function = told_dig(call, "function");

	sbuf_addc(&t->calls, ';');
	told_add(&t->calls, call, "id");
	sbuf_addc(&t->calls, ' ');
	told_add(&t->calls, function, "name");
	sbuf_addc(&t->calls, '=');
	told_add(&t->calls, function, "arguments");
}

static void
want_links(struct told *t, json_object *citation)
{
	json_object *sources = told_dig(citation, "sources"), *url;

	for (size_t i = 0; i < told_length(sources); i++) {
		url = told_dig(told_dig(json_object_array_get_idx(sources, i),
				   "tool_output"),
		    "url");
		if (url == NULL)
			continue;
		sbuf_addc(&t->links, ' ');
		sbuf_adds(&t->links, json_object_get_string(url));
	}
}

/* "null", or nothing, at the end of the calls is no arguments. */
static void
want_no_arguments(struct told *t)
{
	struct slice s = sbuf_slice(&t->calls);

	if (s.n > 5 && memcmp(s.p + s.n - 5, "=null", 5) == 0)
		t->calls.len -= 4;
	if (t->calls.len > 0 && t->calls.data[t->calls.len - 1] == '=')
		sbuf_adds(&t->calls, "{}");
}

static void
want_whole(struct told *t, json_object *o)
{
	json_object *message = told_dig(o, "message");
	json_object *content = told_dig(message, "content");
	json_object *calls = told_dig(message, "tool_calls");
	json_object *notes = told_dig(message, "citations");

	told_add(&t->reasoning, message, "tool_plan");
	for (size_t i = 0; i < told_length(content); i++) {
		told_add(&t->text, json_object_array_get_idx(content, i),
		    "text");
		told_add(&t->reasoning, json_object_array_get_idx(content, i),
		    "thinking");
	}
	for (size_t i = 0; i < told_length(calls); i++) {
		want_call(t, json_object_array_get_idx(calls, i));
		want_no_arguments(t);
	}
	for (size_t i = 0; i < told_length(notes); i++)
		want_links(t, json_object_array_get_idx(notes, i));
	told_finish(t, want_finish(recordings_str(o, "finish_reason")));
	want_usage(t, told_dig(o, "usage"));
}

static void
want_event(struct told *t, json_object *o)
{
	const char *type = recordings_str(o, "type");
	json_object *delta = told_dig(o, "delta");
	json_object *message = told_dig(delta, "message");
	json_object *call = told_dig(message, "tool_calls");

	told_add(&t->text, told_dig(message, "content"), "text");
	told_add(&t->reasoning, told_dig(message, "content"), "thinking");
	told_add(&t->reasoning, message, "tool_plan");
	if (strcmp(type, "tool-call-start") == 0)
		want_call(t, call);
	else if (strcmp(type, "tool-call-delta") == 0)
		told_add(&t->calls, told_dig(call, "function"), "arguments");
	else if (strcmp(type, "tool-call-end") == 0)
		want_no_arguments(t);
	else if (strcmp(type, "citation-start") == 0)
		want_links(t, told_dig(message, "citations"));
	else if (strcmp(type, "message-end") == 0) {
		told_finish(t,
		    want_finish(recordings_str(delta, "finish_reason")));
		want_usage(t, told_dig(delta, "usage"));
	}
}

static void
want_stream(struct told *t, const char *text)
{
	char *copy = strdup(text), *line, *rest = copy;
	json_object *o;

	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, "data: {", 7) != 0)
			continue;
		o = json_tokener_parse(line + 6);
		ck_assert(o != NULL);
		want_event(t, o);
		json_object_put(o);
	}
	free(copy);
}

struct seen {
	unsigned wholes, streams, errors, cuts;
};

static void
check_stream(const struct told_case *c, struct seen *seen)
{
	const struct dialect *d = dialect_find(KIND_COHERE, SLICE("m"), 0);
	struct slice text = sbuf_slice(&c->body);
	struct told want = { 0 }, got = { 0 };
	struct told_run run;

	told_stream(d, text, text.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", c->name, run.e.text);
	want_stream(&want, c->body.data);
	told_read_stream(&got, run.sent.data);
	told_expect(&want, &got, &run, c->name);
	ck_assert_uint_eq(got.done, 1);
	told_relay(&run, RELAY_COMPLETE, c->name);
	told_check_pieces(d, text, &run, c->name);
	seen->cuts += told_check_cuts(d, text, &run, c->name);
	told_check_ends(d, text, &run, c->name);
	seen->streams++;
	told_free(&want);
	told_free(&got);
	sbuf_free(&run.sent);
}

static void
check_whole(const struct told_case *c, struct seen *seen)
{
	const struct dialect *d = dialect_find(KIND_COHERE, SLICE("m"), 0);
	json_object *o = json_tokener_parse(c->body.data);
	struct told want = { 0 }, got = { 0 };
	struct told_run run;
	struct reply reply;
	struct err e;

	told_whole(d, sbuf_slice(&c->body), &run);
	ck_assert_msg(run.fed == 1, "%s: %s", c->name, run.e.text);
	ck_assert_int_eq(reply_read(sbuf_slice(&run.sent), 0, &reply, &e), 1);
	want_whole(&want, o);
	told_read_whole(&got, run.sent.data);
	told_expect(&want, &got, &run, c->name);
	seen->wholes++;
	json_object_put(o);
	told_free(&want);
	told_free(&got);
	sbuf_free(&run.sent);
}

/* An error's body is read by the reader of errors. */
static void
check_error(const struct told_case *c, struct seen *seen)
{
	struct relay_error r;

	ck_assert_int_eq(relay_error_read(sbuf_slice(&c->body), c->status, &r),
	    1);
	ck_assert_msg(slice_starts(slice_str(r.message),
			  SLICE("too many tokens: size limit exceeded")),
	    "%s: %s", c->name, r.message);
	ck_assert_str_eq(r.code, "TOO_MANY_TOKENS");
	seen->errors++;
}

static void
check_case(const struct told_case *c, void *arg)
{
	if (c->status != 200)
		check_error(c, arg);
	else if (c->stream)
		check_stream(c, arg);
	else
		check_whole(c, arg);
}

START_TEST(test_recorded)
{
	struct seen seen = { 0 };

	if (!recordings_exist())
		return;
	told_each("cohere", 15, check_case, &seen);
	ck_assert_uint_ge(seen.wholes, 8);
	ck_assert_uint_ge(seen.streams, 6);
	ck_assert_uint_ge(seen.errors, 1);
	ck_assert_uint_ge(seen.cuts, 40000);
}
END_TEST

START_TEST(test_responses_only)
{
	struct seen seen = { 0 };

	if (!recordings_exist())
		return;
	told_each("_responses_only/cohere", 6, check_case, &seen);
	ck_assert_uint_ge(seen.wholes, 5);
	ck_assert_uint_ge(seen.streams, 1);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/cohere_tell");
	TCase *tc = tcase_create("answers");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_rows, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_wholes, 0, COUNT(wholes));
	tcase_add_loop_test(tc, test_bytes, 0, COUNT(bytes));
	tcase_add_loop_test(tc, test_usages, 0, COUNT(usages));
	tcase_add_test(tc, test_recorded);
	tcase_add_test(tc, test_responses_only);
	suite_add_tcase(s, tc);
	return s;
}
