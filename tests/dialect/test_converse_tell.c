/*
 * What Bedrock's Converse answers, as chat: spec/providers.md 5 to 9.  In the
 * rows ' stands for ".
 */

#include "tests/suite.h"

#include "base/kind.h"
#include "base/pool.h"
#include "tests/dialect/quotes.h"
#include "tests/dialect/aws.h"
#include "tests/dialect/brief.h"
#include "tests/dialect/told.h"

#define ROLE "{'role':'assistant','content':''}"
#define SAID(t) "{'content':'" t "'}"
#define CALL(n, i, f)                                                          \
	"{'tool_calls':[{'index':" n ",'id':'" i                               \
	"','type':'function','function':{'name':'" f "','arguments':''}}]}"
#define ARGS(n, a)                                                             \
	"{'tool_calls':[{'index':" n ",'function':{'arguments':'" a "'}}]}"
#define THOUGHT(t, s, n)                                                       \
	"{'reasoning_details':[{'type':'reasoning.text','text':'" t            \
	"','signature':'" s "','format':'anthropic-claude-v1','index':" n      \
	"}]}"
#define HIDDEN(d, n)                                                           \
	"{'reasoning_details':[{'type':'reasoning.encrypted','data':'" d       \
	"','format':'anthropic-claude-v1','index':" n "}]}"
#define LINK(from, to)                                                         \
	"{'annotations':[{'type':'url_citation','url_citation':{"              \
	"'start_index':" from ",'end_index':" to                               \
	",'title':'T','url':'https://a.example'}}]}"
#define WEB "{'title':'T','location':{'web':{'url':'https://a.example'}}}"
#define CHAR "{'title':'T','location':{'documentChar':{'documentIndex':0}}}"

/* Events: "name" JSON, one after the other. */
#define START "messageStart", "{'role':'assistant'}"
#define TEXT(i, t)                                                             \
	"contentBlockDelta",                                                   \
	    "{'contentBlockIndex':" i ",'delta':{'text':'" t "'},'p':'abc'}"
#define DELTA(i, d)                                                            \
	"contentBlockDelta", "{'contentBlockIndex':" i ",'delta':{" d "}}"
#define BEGIN(i, s)                                                            \
	"contentBlockStart", "{'contentBlockIndex':" i ",'start':{" s "}}"
#define USE(i, id) BEGIN(i, "'toolUse':{'toolUseId':'" id "','name':'f'}")
#define INPUT(i, p) DELTA(i, "'toolUse':{'input':'" p "'}")
#define END(i) "contentBlockStop", "{'contentBlockIndex':" i "}"
#define STOP(r) "messageStop", "{'stopReason':'" r "'}"
#define META "metadata", "{'usage':{'inputTokens':3,'outputTokens':2}}"

static const struct {
	const char *title;
	const char *events[32]; /* pairs */
	const char *told;
} streams[] = {
	{ "text without its beginning",
	    { START, TEXT("0", "a\\n"), TEXT("0", "b"), END("0"),
		STOP("end_turn"), META },
	    ROLE SAID("a\\n") SAID("b") "=stop." },
	{ "text with its beginning",
	    { START, BEGIN("0", ""), TEXT("0", ""), TEXT("0", "a"), END("0"),
		STOP("stop_sequence"), META },
	    ROLE SAID("a") "=stop." },
	{ "metadata first", { START, TEXT("0", "a"), META, STOP("end_turn") },
	    ROLE SAID("a") "=stop." },
	{ "no metadata at all", { TEXT("0", "a"), STOP("end_turn") },
	    ROLE SAID("a") "=stop." },
	{ "no words", { START, STOP("end_turn"), META }, ROLE "=stop." },
	{ "no end", { START, TEXT("0", "a"), END("0"), META }, ROLE SAID("a") },
	{ "a stop without a reason",
	    { START, TEXT("0", "a"), "messageStop", "{}", META },
	    ROLE SAID("a") },
	{ "the limit", { START, TEXT("0", "a"), STOP("max_tokens"), META },
	    ROLE SAID("a") "=length." },
	{ "the window", { START, STOP("model_context_window_exceeded"), META },
	    ROLE "=length." },
	{ "a guardrail",
	    { START, TEXT("0", "no"), STOP("guardrail_intervened"), "metadata",
		"{'trace':{'guardrail':{'a':1}}}" },
	    ROLE SAID(
		"no") "+{'trace':{'guardrail':{'a':1}}}=content_filter." },
	{ "a filter", { START, STOP("content_filtered"), META },
	    ROLE "=content_filter." },
	{ "a reason that is new",
	    { START, TEXT("0", "a"), STOP("tired"), META },
	    ROLE SAID("a") "=stop." },
	{ "nonsense after words",
	    { START, TEXT("0", "a"), STOP("malformed_model_output"), META },
	    ROLE SAID("a") "=stop." },
	{ "nonsense alone", { START, STOP("malformed_tool_use"), META },
	    ROLE "!{'error':{'message':'The model wrote what cannot be read.',"
		 "'code':'malformed_tool_use','status_code':502}}" },
	{ "two calls",
	    { START, TEXT("0", "a"), END("0"), USE("1", "x"), INPUT("1", ""),
		INPUT("1", "{\\u0022c\\u0022:"), INPUT("1", "1}"), END("1"),
		USE("2", "y"), INPUT("2", "{}"), END("2"), STOP("tool_use"),
		META },
	    ROLE SAID("a") CALL("0", "x", "f") ARGS("0", "{\\u0022c\\u0022:")
		ARGS("0", "1}") CALL("1", "y", "f")
		    ARGS("1", "{}") "=tool_calls." },
	{ "a call without arguments",
	    { START, USE("0", "x"), INPUT("0", ""), END("0"), STOP("tool_use"),
		META },
	    ROLE CALL("0", "x", "f") ARGS("0", "{}") "=tool_calls." },
	{ "a call that was cut",
	    { START, USE("0", "x"), INPUT("0", "{\\u0022c"), END("0"),
		STOP("max_tokens"), META },
	    ROLE CALL("0", "x", "f") ARGS("0", "{\\u0022c") "=length." },
	{ "blocks without ends",
	    { TEXT("0", "a"), USE("1", "x"), INPUT("1", "{}"), TEXT("2", "b"),
		USE("3", "y"), STOP("tool_use") },
	    ROLE SAID("a") CALL("0", "x", "f") ARGS("0", "{}") SAID("b")
		CALL("1", "y", "f") ARGS("1", "{}") "=tool_calls." },
	{ "signed thoughts",
	    { START, DELTA("0", "'reasoningContent':{'text':'a'}"),
		DELTA("0", "'reasoningContent':{'text':'\\n'}"),
		DELTA("0", "'reasoningContent':{'signature':'s'}"),
		DELTA("0", "'reasoningContent':{'signature':'t'}"), END("0"),
		DELTA("1", "'reasoningContent':{'text':'b'}"),
		DELTA("1", "'reasoningContent':{'signature':'u'}"),
		TEXT("2", "c"), END("2"), STOP("end_turn"), META },
	    ROLE "{'reasoning_content':'a'}{'reasoning_content':'\\n'}" THOUGHT(
		"a\\n", "st", "0") "{'reasoning_content':'b'}" THOUGHT("b", "u",
		"1") SAID("c") "=stop." },
	{ "thoughts that nobody signed",
	    { START, DELTA("0", "'reasoningContent':{'text':'a'}"), END("0"),
		TEXT("1", "c"), STOP("end_turn"), META },
	    ROLE "{'reasoning_content':'a'}" SAID("c") "=stop." },
	{ "hidden thoughts",
	    { START,
		DELTA("0", "'reasoningContent':{'redactedContent':'ZA=='}"),
		END("0"), TEXT("1", "c"), STOP("end_turn"), META },
	    ROLE HIDDEN("ZA==", "0") SAID("c") "=stop." },
	{ "citations",
	    { START, TEXT("0", "\\u00e9\xc3\xa9"), END("0"), TEXT("1", "ab"),
		DELTA("1", "'citation':" WEB), DELTA("1", "'citation':" CHAR),
		TEXT("1", "c"), END("1"), STOP("end_turn"), META },
	    ROLE SAID("\\u00e9\xc3\xa9") SAID("ab") SAID("c")
		LINK("2", "5") "=stop." },
	{ "a tool that ran there",
	    { START,
		BEGIN("0", "'toolUse':{'toolUseId':'x','name':'n','type':'"
			   "server_tool_use'}"),
		INPUT("0", "{\\u0022a\\u0022"), INPUT("0", ":1}"), END("0"),
		BEGIN("1", "'toolResult':{'toolUseId':'x','status':'success'}"),
		DELTA("1", "'toolResult':[{'text':'r'}]"),
		DELTA("1", "'toolResult':[{'json':{'s':2}}]"), END("1"),
		TEXT("2", "c"), STOP("end_turn"), META },
	    ROLE "+{'content_blocks':[{'toolUse':{'toolUseId':'x','name':'n',"
		 "'type':'server_tool_use','input':{'a':1}}}]}"
		 "+{'content_blocks':[{'toolResult':{'toolUseId':'x','status':"
		 "'success','content':[{'text':'r'},{'json':{'s':2}}]}}]}" SAID(
		     "c") "=stop." },
	{ "one that ran there with nothing",
	    { START, BEGIN("0", "'toolUse':{'type':'server_tool_use'}"),
		BEGIN("1", "'toolResult':{}"), STOP("end_turn"), META },
	    ROLE "+{'content_blocks':[{'toolUse':{'type':'server_tool_use',"
		 "'input':{}}}]}+{'content_blocks':[{'toolResult':{'content':"
		 "[]}}]}=stop." },
	{ "what is new",
	    { START, "contentBlockGlow", "{'a':1}", BEGIN("0", "'song':{}"),
		DELTA("0", "'song':'la'"), DELTA("0", "'text':7"), END("0"),
		"contentBlockDelta", "{}", "contentBlockStart", "{'start':1}",
		TEXT("1", "a"), STOP("end_turn"), META },
	    ROLE SAID("a") "=stop." },
};

static struct slice
frames_of(struct pool *pool, const char *const *events)
{
	struct sbuf b = { 0 };
	struct slice text;

	for (; *events != NULL; events += 2)
		aws_message(&b, "event", events[0], quotes(pool, events[1]));
	text = pool_copy(pool, sbuf_slice(&b));
	sbuf_free(&b);
	return text;
}

static const struct dialect *
converse(void)
{
	return dialect_find(KIND_BEDROCK, SLICE("m"), 0);
}

static void
expect_stream(const char *title, struct slice frames, const char *want)
{
	struct told_run run;
	struct sbuf brief = { 0 };

	told_stream(converse(), frames, frames.n, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", title, run.e.text);
	brief_frames(&brief, run.sent.data);
	ck_assert_msg(strcmp(brief.data, want) == 0, "%s:\n%s\nis not\n%s",
	    title, brief.data, want);
	told_check_pieces(converse(), frames, &run, title);
	sbuf_free(&brief);
	sbuf_free(&run.sent);
}

START_TEST(test_stream)
{
	struct pool *pool = pool_new();

	expect_stream(streams[_i].title, frames_of(pool, streams[_i].events),
	    quotes(pool, streams[_i].told).p);
	pool_free(&pool);
}
END_TEST

#define MESSAGE(content, rest)                                                 \
	"{'output':{'message':{'role':'assistant','content':[" content         \
	"]}}," rest "}"
#define REPLY(message, finish)                                                 \
	"'message':{'role':'assistant'," message "},"                          \
	"'logprobs':null,'finish_reason':'" finish "'"

static const struct {
	const char *title, *reply;
	const char *told; /* the choice; NULL: refused */
} replies[] = {
	{ "texts",
	    MESSAGE("{'text':'a'},{'type':'text','text':'b\\n'}",
		"'stopReason':'end_turn'"),
	    REPLY("'content':'ab\\n','refusal':null", "stop") },
	{ "no content",
	    "{'output':{'message':{'role':'assistant'}},'stopReason':'end_turn'"
	    "}",
	    REPLY("'content':'','refusal':null", "stop") },
	{ "no reason", MESSAGE("{'text':'a'}", "'usage':null"),
	    REPLY("'content':'a','refusal':null", "stop") },
	{ "a call",
	    MESSAGE("{'text':'a'},{'toolUse':{'toolUseId':'x','name':'f','"
		    "input':{'c' : "
		    "['\\u0022']}}},{'toolUse':{'toolUseId':'y','name':'g'}}",
		"'stopReason':'tool_use'"),
	    REPLY("'content':'a','refusal':null,'tool_calls':[{'id':'x','type':"
		  "'function','function':{'name':'f','arguments':'{\\'c\\' : "
		  "[\\'\\\\u0022\\']}'}},{'id':'y','type':'function','function'"
		  ":{'name':'g','arguments':'{}'}}]",
		"tool_calls") },
	{ "thoughts",
	    MESSAGE("{'reasoningContent':{'reasoningText':{'text':'t','"
		    "signature':'s'}}},{'reasoningContent':{'redactedContent':'"
		    "ZA=='}},{'text':'a'}",
		"'stopReason':'end_turn'"),
	    REPLY("'content':'a','reasoning_content':'t','refusal':null,'"
		  "reasoning_details':[{'type':'reasoning.text','text':'t','"
		  "signature':'s','format':'anthropic-claude-v1','index':0},{'"
		  "type':'reasoning.encrypted','data':'ZA==','format':'"
		  "anthropic-claude-v1','index':1}]",
		"stop") },
	{ "citations",
	    MESSAGE("{'text':'ab'},{'citationsContent':{'content':[{'text':'c'}"
		    ",{'text':'d'}],'citations':[" WEB "," CHAR "]}}",
		"'stopReason':'end_turn'"),
	    REPLY("'content':'abcd','refusal':null,'annotations':[{'type':'url_"
		  "citation','url_citation':{'start_index':2,'end_index':4,'"
		  "title':'T','url':'https://a.example'}}]",
		"stop") },
	{ "blocks that are new",
	    MESSAGE("7,{'song':{}},{'text':'a'}", "'stopReason':'end_turn'"),
	    REPLY("'content':'a','refusal':null", "stop") },
	{ "no output", "{'stopReason':'end_turn'}", NULL },
	{ "no message", "{'output':{},'stopReason':'end_turn'}", NULL },
	{ "no object", "[]", NULL },
	{ "no JSON", "{", NULL },
};

START_TEST(test_reply)
{
	struct pool *pool = pool_new();
	struct told_run run;

	told_whole(converse(), quotes(pool, replies[_i].reply), &run);
	if (replies[_i].told == NULL) {
		ck_assert_int_eq(run.fed, -1);
		ck_assert_int_eq(run.e.kind, ERR_UPSTREAM_INVALID);
	} else {
		ck_assert_msg(run.fed == 1, "%s", replies[_i].title);
		ck_assert_msg(strstr(run.sent.data,
				  quotes(pool, replies[_i].told).p) != NULL,
		    "%s: %s", replies[_i].title, run.sent.data);
	}
	sbuf_free(&run.sent);
	pool_free(&pool);
}
END_TEST

/* Pretty-printed, with what is kept whole; and a failure. */
START_TEST(test_reply_fields)
{
	struct pool *pool = pool_new();
	struct told_run run;
	struct relay_error error;

	told_whole(converse(),
	    quotes(pool,
		MESSAGE("\n {'toolUse':{'toolUseId':'x',\n'name':'n','type':"
			"'server_tool_use','input':{}}},{'toolResult':{'a':\n1"
			"}}\n",
		    "'trace':{\n'guardrail':\r\n{}},'stopReason':'end_turn'")),
	    &run);
	ck_assert_int_eq(run.fed, 1);
	ck_assert_ptr_nonnull(strstr(run.sent.data,
	    quotes(pool,
		"'provider_specific_fields':{'content_blocks':[{'toolUse':{"
		"'toolUseId':'x', 'name':'n','type':'server_tool_use','input':"
		"{}}},{'toolResult':{'a': 1}}],'trace':{ 'guardrail':  {}}}")
		.p));
	ck_assert_ptr_null(strstr(run.sent.data, "tool_calls"));
	sbuf_free(&run.sent);
	told_whole(converse(),
	    quotes(pool, MESSAGE("", "'stopReason':'malformed_model_output'")),
	    &run);
	ck_assert_int_eq(run.fed, 0);
	ck_assert_int_eq(relay_error_read(sbuf_slice(&run.sent), 200, &error),
	    1);
	ck_assert_int_eq(error.status, 502);
	ck_assert_str_eq(error.code, "malformed_model_output");
	sbuf_free(&run.sent);
	pool_free(&pool);
}
END_TEST

/* spec/providers.md 6, spec/money.md 4 */
static const struct {
	const char *title, *usage;
	bool has;
	int64_t in_text, in_cached, write_5m, write_1h, out, in_tokens;
} usages[] = {
	{ "plain", "{'inputTokens':3,'outputTokens':2,'totalTokens':5}", true,
	    3, 0, 0, 0, 2, 3 },
	{ "cached, outside the input",
	    "{'inputTokens':2,'cacheReadInputTokens':1322,"
	    "'cacheReadInputTokenCount':1322,'cacheWriteInputTokens':7,"
	    "'cacheWriteInputTokenCount':7,'outputTokens':5}",
	    true, 2, 1322, 7, 0, 5, 1331 },
	{ "the twins alone",
	    "{'inputTokens':2,'cacheReadInputTokenCount':4,"
	    "'cacheWriteInputTokenCount':7,'outputTokens':5}",
	    true, 2, 4, 7, 0, 5, 13 },
	{ "null is absent",
	    "{'inputTokens':2,'cacheReadInputTokens':null,"
	    "'cacheReadInputTokenCount':4,'outputTokens':5}",
	    true, 2, 4, 0, 0, 5, 6 },
	{ "written for an hour",
	    "{'inputTokens':2,'outputTokens':5,'cacheWriteInputTokens':9,"
	    "'cacheDetails':[{'ttl':'5m','inputTokens':3},{'ttl':'1h',"
	    "'inputTokens':6},7,{}]}",
	    true, 2, 0, 3, 6, 5, 11 },
	{ "more for an hour than in all",
	    "{'inputTokens':2,'outputTokens':5,'cacheWriteInputTokens':4,"
	    "'cacheDetails':[{'ttl':'1h','inputTokens':6}]}",
	    true, 2, 0, 0, 4, 5, 6 },
	{ "the input alone", "{'inputTokens':30}", false, 30, 0, 0, 0, 0, 30 },
	{ "no figures", "{}", false, 0, 0, 0, 0, 0, -1 },
	{ "a fraction", "{'inputTokens':3.5,'outputTokens':2}", false, 0, 0, 0,
	    0, 0, -1 },
	{ "below zero", "{'inputTokens':3,'outputTokens':-2}", false, 0, 0, 0,
	    0, 0, -1 },
	{ "beyond measure", "{'inputTokens':3,'outputTokens':1e13}", false, 0,
	    0, 0, 0, 0, -1 },
	{ "words", "{'inputTokens':'3','outputTokens':2}", false, 0, 0, 0, 0, 0,
	    -1 },
	{ "no object", "7", false, 0, 0, 0, 0, 0, -1 },
};

START_TEST(test_usage)
{
	struct pool *pool = pool_new();
	struct sbuf b = { 0 };
	struct told_run run;
	const struct usage *u = &run.state.usage;

	sbuf_addf(&b, "{\"output\":{\"message\":{}},\"usage\":%s}",
	    quotes(pool, usages[_i].usage).p);
	told_whole(converse(), sbuf_slice(&b), &run);
	ck_assert_int_eq(run.fed, 1);
	ck_assert_msg(run.state.has_usage == usages[_i].has, "%s",
	    usages[_i].title);
	ck_assert_msg(u->in_text == usages[_i].in_text &&
			  u->in_cached == usages[_i].in_cached &&
			  u->in_cache_write_5m == usages[_i].write_5m &&
			  u->in_cache_write_1h == usages[_i].write_1h &&
			  u->out_text == usages[_i].out && u->requests == 1,
	    "%s", usages[_i].title);
	ck_assert_int_eq(run.state.in_tokens, usages[_i].in_tokens);
	sbuf_free(&run.sent);
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

/* spec/providers.md 8.2 */
static const struct {
	const char *name, *payload;
	int status;
	const char *type, *message;
} exceptions[] = {
	{ "throttlingException", "{'message':'slow \\'down\\''}", 429,
	    "rate_limit_error", "slow \"down\"" },
	{ "ThrottlingException", "{'Message':'slow'}", 429, "rate_limit_error",
	    "slow" },
	{ "serviceUnavailableException", "{'message':'x'}", 503, "api_error",
	    "x" },
	{ "internalServerException", "{'message':'x'}", 500, "api_error", "x" },
	{ "modelStreamErrorException", "{'message':'x'}", 424,
	    "invalid_request_error", "x" },
	{ "modelStreamErrorException",
	    "{'message':'','originalMessage':'o','originalStatusCode':529}",
	    529, "overloaded_error", "o" },
	{ "modelStreamErrorException",
	    "{'message':'x','originalStatusCode':200}", 424,
	    "invalid_request_error", "x" },
	{ "validationException", "{'message':'x'}", 400,
	    "invalid_request_error", "x" },
	{ "modelTimeoutException", "{'message':'x'}", 408,
	    "invalid_request_error", "x" },
	{ "brandNewException", "{'message':'x'}", 502, "api_error", "x" },
	{ "throttlingException", "", 429, "rate_limit_error",
	    "throttlingException" },
	{ "throttlingException", "too fast", 429, "rate_limit_error",
	    "too fast" },
};

START_TEST(test_exception)
{
	struct pool *pool = pool_new();
	struct sbuf b = { 0 };
	struct told_run run;
	struct relay_error error;
	const char *data;

	aws_message(&b, "event", "contentBlockDelta",
	    SLICE("{\"delta\":{\"text\":\"a\"}}"));
	aws_message(&b, "exception", exceptions[_i].name,
	    quotes(pool, exceptions[_i].payload));
	aws_message(&b, "event", "messageStop",
	    SLICE("{\"stopReason\":\"end_turn\"}"));
	told_stream(converse(), sbuf_slice(&b), b.len, true, &run);
	ck_assert_int_eq(run.fed, 0);
	told_relay(&run, RELAY_ERROR, exceptions[_i].name);
	ck_assert_ptr_null(strstr(run.sent.data, "[DONE]"));
	ck_assert_ptr_null(strstr(run.sent.data, "\"stop\""));
	data = strstr(run.sent.data, "event: error\ndata: ");
	ck_assert_ptr_nonnull(data);
	relay_error_read(slice_str(data + 19), 200, &error);
	ck_assert_int_eq(error.status, exceptions[_i].status);
	ck_assert_str_eq(error.type, exceptions[_i].type);
	ck_assert_str_eq(error.code, exceptions[_i].name);
	ck_assert_str_eq(error.message, exceptions[_i].message);
	sbuf_free(&run.sent);
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

/* A schema that was made a tool: its arguments are the content. */
START_TEST(test_forced)
{
	static const struct {
		enum chatout_forced forced;
		const char *first, *second, *told;
	} rows[] = {
		{ FORCED_TOOL, "{\\u0022a\\u0022:", "1}",
		    ROLE SAID("{\\u0022a\\u0022:") SAID("1}") "=stop." },
		{ FORCED_WRAPPED, "{\\u0022value\\u0022:", "[1]}",
		    ROLE SAID("[1]") "=stop." },
	};
	const char *events[] = { START,
		BEGIN("0", "'toolUse':{'toolUseId':"
			   "'x','name':'json_output'}"),
		"contentBlockDelta", "", "contentBlockDelta", "", END("0"),
		STOP("tool_use"), META, NULL };
	struct decode_opts opts = told_opts(converse());
	struct pool *pool = pool_new();
	struct sbuf chat = { 0 }, brief = { 0 }, a = { 0 }, b = { 0 };
	struct decode *d;
	struct err e;

	opts.forced = rows[_i].forced;
	d = decode_new(&opts);
	sbuf_addf(&a, "{'delta':{'toolUse':{'input':'%s'}}}", rows[_i].first);
	sbuf_addf(&b, "{'delta':{'toolUse':{'input':'%s'}}}", rows[_i].second);
	events[5] = a.data;
	events[7] = b.data;
	ck_assert_int_eq(decode_feed(d, frames_of(pool, events), &chat, &e), 0);
	brief_frames(&brief, chat.data);
	ck_assert_str_eq(brief.data, quotes(pool, rows[_i].told).p);
	decode_free(&d);
	sbuf_free(&chat);
	sbuf_free(&brief);
	sbuf_free(&a);
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

/* A thought is kept for its signature, but not without end. */
START_TEST(test_endless)
{
	struct sbuf payload = { 0 }, frame = { 0 }, chat = { 0 };
	struct decode_opts opts = told_opts(converse());
	struct decode *d = decode_new(&opts);
	struct err e;
	int fed = 0, n = 0;

	sbuf_adds(&payload, "{\"delta\":{\"reasoningContent\":{\"text\":\"");
	while (payload.len < 900000)
		sbuf_addc(&payload, 'a');
	sbuf_adds(&payload, "\"}}}");
	aws_message(&frame, "event", "contentBlockDelta", sbuf_slice(&payload));
	for (; fed == 0 && n < 100; n++) {
		sbuf_clear(&chat);
		fed = decode_feed(d, sbuf_slice(&frame), &chat, &e);
	}
	ck_assert_int_eq(fed, -1);
	ck_assert_int_eq(e.kind, ERR_UPSTREAM_STREAM);
	ck_assert_int_eq(n, 5);
	decode_free(&d);
	sbuf_free(&payload);
	sbuf_free(&frame);
	sbuf_free(&chat);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/converse_tell");
	TCase *tc = tcase_create("answers");

	tcase_add_loop_test(tc, test_stream, 0, COUNT(streams));
	tcase_add_loop_test(tc, test_reply, 0, COUNT(replies));
	tcase_add_test(tc, test_reply_fields);
	tcase_add_loop_test(tc, test_usage, 0, COUNT(usages));
	tcase_add_loop_test(tc, test_exception, 0, COUNT(exceptions));
	tcase_add_loop_test(tc, test_forced, 0, 2);
	tcase_add_test(tc, test_endless);
	suite_add_tcase(s, tc);
	return s;
}
