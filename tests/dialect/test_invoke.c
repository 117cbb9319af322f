/*
 * Bedrock's invoke: frames with base64 in them, and the families inside
 * (spec/providers.md 7.2).  In the rows ' stands for ".
 */

#include "tests/suite.h"

#include <openssl/evp.h>

#include "base/kind.h"
#include "base/pool.h"
#include "tests/dialect/asking.h"
#include "tests/dialect/aws.h"
#include "tests/dialect/brief.h"
#include "tests/dialect/told.h"

#define ROLE "{'role':'assistant','content':''}"
#define SAID(t) "{'content':'" t "'}"
#define METRICS                                                                \
	"'amazon-bedrock-invocationMetrics':{'inputTokenCount':3,"             \
	"'outputTokenCount':2,'cacheReadInputTokenCount':5,"                   \
	"'cacheWriteInputTokenCount':7}"

static const struct dialect *
invoke(void)
{
	return dialect_find(KIND_BEDROCK_INVOKE, SLICE("m"), 0);
}

static void
add_chunk(struct sbuf *b, struct slice inner)
{
	unsigned char *text = malloc(2 * inner.n + 8);
	struct sbuf payload = { 0 };

	EVP_EncodeBlock(text, (const unsigned char *)inner.p, (int)inner.n);
	sbuf_addf(&payload, "{\"bytes\":\"%s\",\"p\":\"abc\"}",
	    (const char *)text);
	aws_message(b, "event", "chunk", sbuf_slice(&payload));
	sbuf_free(&payload);
	free(text);
}

/* prompt/completion, cached, written; has_usage when told at all. */
static const struct {
	const char *title;
	const char *events[16];
	const char *told;
	int64_t prompt, completion;
	bool has_usage;
} streams[] = {
	{ "Claude",
	    { "{'type':'message_start','message':{'model':'c','usage':{'input_"
	      "tokens':4,'output_tokens':1}}}",
		"{'type':'content_block_start','index':0,'content_block':{"
		"'type':'text','text':''}}",
		"{'type':'content_block_delta','index':0,'delta':{'type':'text"
		"_delta','text':'a'}}",
		"{'type':'content_block_stop','index':0}",
		"{'type':'message_delta','delta':{'stop_reason':'end_turn'},"
		"'usage':{'output_tokens':9}}",
		"{'type':'message_stop'," METRICS "}" },
	    ROLE SAID("a") "=stop.", 4, 9, true },
	{ "Claude that fails",
	    { "{'type':'message_start','message':{}}",
		"{'type':'error','error':{'type':'overloaded_error','message':"
		"'x'}}" },
	    ROLE "!{'type':'error','error':{'type':'overloaded_error',"
		 "'message':'x'}}",
	    0, 0, false },
	{ "the first Claudes",
	    { "{'completion':'a','stop_reason':null}",
		"{'completion':'','stop_reason':'max_tokens'," METRICS "}" },
	    ROLE SAID("a") "=length.", 15, 2, true },
	{ "Nova",
	    { "{'messageStart':{'role':'assistant'}}",
		"{'contentBlockDelta':{'delta':{'text':'a'},"
		"'contentBlockIndex':0}}",
		"{'contentBlockStop':{'contentBlockIndex':0}}",
		"{'messageStop':{'stopReason':'end_turn'}}",
		"{'metadata':{'usage':{'inputTokens':8,'outputTokens':1},"
		"'metrics':{},'trace':{}}," METRICS "}" },
	    ROLE SAID("a") "+{'trace':{}}=stop.", 8, 1, true },
	{ "Llama",
	    { "{'generation':'a','prompt_token_count':9,"
	      "'generation_token_count':1,'stop_reason':null}",
		"{'generation':'','prompt_token_count':null,"
		"'generation_token_count':2,'stop_reason':'length'," METRICS
		"}" },
	    ROLE SAID("a") "=length.", 15, 2, true },
	{ "Titan",
	    { "{'outputText':'a','index':0,'totalOutputTextTokenCount':null,"
	      "'completionReason':null,'inputTextTokenCount':5}",
		"{'outputText':'b','index':0,'completionReason':'FINISH'"
		"," METRICS "}" },
	    ROLE SAID("a") SAID("b") "=stop.", 15, 2, true },
	{ "Mistral",
	    { "{'outputs':[{'text':'a','stop_reason':null}]}",
		"{'outputs':[{'text':'','stop_reason':'stop'}]," METRICS "}" },
	    ROLE SAID("a") "=stop.", 15, 2, true },
	{ "Command",
	    { "{'is_finished':false,'text':'a'}",
		"{'finish_reason':'MAX_TOKENS','is_finished':true," METRICS
		"}" },
	    ROLE SAID("a") "=length.", 15, 2, true },
	{ "Jamba, whose metrics come alone",
	    { "{'choices':[{'index':0,'delta':{'role':'assistant','content':"
	      "''},'finish_reason':null}]}",
		"{'choices':[{'index':0,'delta':{'content':'a'},'finish_reason'"
		":'stop','stop_reason':518}],'usage':{'prompt_tokens':1,"
		"'completion_tokens':1}}",
		"{" METRICS "}" },
	    ROLE SAID("a") "=stop.", 15, 2, true },
	{ "no end", { "{'generation':'a','stop_reason':'stop'}" },
	    ROLE SAID("a"), 0, 0, false },
	{ "figures that are not the last",
	    { "{'choices':[{'delta':{'content':'a'}}],'usage':{'prompt_tokens'"
	      ":1,'completion_tokens':1}}",
		"{'generation':'b','prompt_token_count':3,"
		"'generation_token_count':4}" },
	    ROLE SAID("a") SAID("b"), 0, 0, false },
	{ "no reason", { "{'generation':'a'}", "{" METRICS "}" },
	    ROLE SAID("a"), 15, 2, true },
	{ "nothing that is known", { "{'glow':1}", "{}", "{'choices':[7]}" },
	    "", 0, 0, false },
};

START_TEST(test_stream)
{
	struct pool *pool = pool_new();
	struct sbuf frames = { 0 }, brief = { 0 };
	struct usage_figures f;
	struct told_run run;
	const char *want = quotes(pool, streams[_i].told).p;

	for (size_t i = 0; streams[_i].events[i] != NULL; i++)
		add_chunk(&frames, quotes(pool, streams[_i].events[i]));
	told_stream(invoke(), sbuf_slice(&frames), frames.len, true, &run);
	ck_assert_msg(run.fed == 0, "%s: %s", streams[_i].title, run.e.text);
	brief_frames(&brief, run.sent.data);
	ck_assert_msg(strcmp(brief.data, want) == 0, "%s:\n%s\nis not\n%s",
	    streams[_i].title, brief.data, want);
	told_check_pieces(invoke(), sbuf_slice(&frames), &run,
	    streams[_i].title);
	usage_sum(&run.state.usage, &f);
	ck_assert_msg(run.state.has_usage == streams[_i].has_usage &&
			  (!run.state.has_usage ||
			      (f.prompt == streams[_i].prompt &&
				  f.completion == streams[_i].completion)),
	    "%s: %ld/%ld", streams[_i].title, (long)f.prompt,
	    (long)f.completion);
	sbuf_free(&run.sent);
	sbuf_free(&frames);
	sbuf_free(&brief);
	pool_free(&pool);
}
END_TEST

/* Frames as they lie. */
static const struct {
	const char *title, *kind, *type, *payload;
	int fed;
	const char *told; /* or the fault */
} frames_of[] = {
	{ "escaped base64", "event", "chunk",
	    "{'bytes':'eyJnZW5lcmF0aW9uIjoi\\u0050z8\\/In0='}", 0,
	    ROLE SAID("???") },
	{ "no bytes", "event", "chunk", "{'p':'abc'}", 0, "" },
	{ "empty bytes", "event", "chunk", "{'bytes':''}", 0, "" },
	{ "no base64", "event", "chunk", "{'bytes':'e*'}", -1,
	    "invoke: invalid character" },
	{ "no JSON", "event", "chunk", "{'bytes':'AAAA'}", -1, "" },
	{ "no object", "event", "chunk", "{'bytes':'W10='}", -1,
	    "invoke: event is no object" },
	{ "an exception", "exception", "throttlingException",
	    "{'message':'slow'}", 0,
	    "!{'error':{'message':'slow','code':'throttlingException',"
	    "'status_code':429}}" },
};

START_TEST(test_frame)
{
	struct pool *pool = pool_new();
	struct sbuf frames = { 0 }, brief = { 0 };
	struct told_run run;
	const char *want = quotes(pool, frames_of[_i].told).p;

	aws_message(&frames, frames_of[_i].kind, frames_of[_i].type,
	    quotes(pool, frames_of[_i].payload));
	told_stream(invoke(), sbuf_slice(&frames), frames.len, true, &run);
	ck_assert_msg(run.fed == frames_of[_i].fed, "%s", frames_of[_i].title);
	if (run.fed == 0) {
		brief_frames(&brief, run.sent.data);
		ck_assert_msg(strcmp(brief.data, want) == 0, "%s: %s",
		    frames_of[_i].title, brief.data);
	} else if (want[0] != '\0') {
		ck_assert_str_eq(run.e.text, want);
	}
	sbuf_free(&run.sent);
	sbuf_free(&frames);
	sbuf_free(&brief);
	pool_free(&pool);
}
END_TEST

#define REPLY(content, finish)                                                 \
	"'message':{'role':'assistant','content':'" content                    \
	"','refusal':null},'logprobs':null,'finish_reason':'" finish "'"

static const struct {
	const char *title, *body;
	const char *told; /* NULL: refused */
	bool has_usage;
	int64_t prompt, completion, in_tokens;
} replies[] = {
	{ "Claude",
	    "{'content':[{'type':'text','text':'a'}],'stop_reason':'end_turn','"
	    "usage':{'input_tokens':4,'output_tokens':5}}",
	    REPLY("a", "stop"), true, 4, 5, 4 },
	{ "the first Claudes",
	    "{'type':'completion','completion':' "
	    "a','stop_reason':'stop_sequence','stop':'h'}",
	    REPLY(" a", "stop"), false, 0, 0, -1 },
	{ "Nova",
	    "{'output':{'message':{'content':[{'text':'a'}]}},'stopReason':'"
	    "max_tokens','usage':{'inputTokens':30}}",
	    REPLY("a", "length"), false, 0, 0, 30 },
	{ "Llama",
	    "{'generation':'a','prompt_token_count':8,'generation_token_count':"
	    "35,'stop_reason':'stop'}",
	    REPLY("a", "stop"), true, 8, 35, 8 },
	{ "Titan",
	    "{'inputTextTokenCount':5,'results':[{'tokenCount':9,'outputText':'"
	    "a','completionReason':'LENGTH'}]}",
	    REPLY("a", "length"), false, 0, 0, 5 },
	{ "Titan's filter",
	    "{'results':[{'outputText':'a','completionReason':'CONTENT_"
	    "FILTERED'}]}",
	    REPLY("a", "content_filter"), false, 0, 0, -1 },
	{ "Command",
	    "{'generations':[{'text':'a','finish_reason':'COMPLETE'}],'prompt':"
	    "'p'}",
	    REPLY("a", "stop"), false, 0, 0, -1 },
	{ "Mistral", "{'outputs':[{'text':'a','stop_reason':'length'}]}",
	    REPLY("a", "length"), false, 0, 0, -1 },
	{ "Jamba",
	    "{'choices':[{'index':0,'message':{'role':'assistant','content':'a'"
	    "},'finish_reason':'stop'}],'usage':{'prompt_tokens':3,'completion_"
	    "tokens':4,'total_tokens':7}}",
	    REPLY("a", "stop"), true, 3, 4, 3 },
	{ "no family", "{'glow':1}", NULL, false, 0, 0, -1 },
};

START_TEST(test_reply)
{
	struct pool *pool = pool_new();
	struct usage_figures f;
	struct told_run run;

	told_whole(invoke(), quotes(pool, replies[_i].body), &run);
	usage_sum(&run.state.usage, &f);
	ck_assert_msg(run.fed == (replies[_i].told != NULL ? 1 : -1), "%s",
	    replies[_i].title);
	if (run.fed == 1)
		ck_assert_msg(strstr(run.sent.data,
				  quotes(pool, replies[_i].told).p) != NULL,
		    "%s: %s", replies[_i].title, run.sent.data);
	ck_assert_msg(run.state.has_usage == replies[_i].has_usage &&
			  (!run.state.has_usage ||
			      (f.prompt == replies[_i].prompt &&
				  f.completion == replies[_i].completion)) &&
			  run.state.in_tokens == replies[_i].in_tokens,
	    "%s: usage", replies[_i].title);
	sbuf_free(&run.sent);
	pool_free(&pool);
}
END_TEST

/* For clients of Anthropic: spec/providers.md 10.3. */
static const struct {
	const char *inner, *sse;
} natives[] = {
	{ "{'type':'ping' , 'a':1.0}",
	    "event: ping\ndata: {'type':'ping' , 'a':1.0}\n\n" },
	{ "{'type':'message_stop'," METRICS "}",
	    "event: message_stop\ndata: {'type':'message_stop'}\n\n" },
	{ "{'type':'message_stop' ,\n" METRICS " , 'b':[\n]}",
	    "event: message_stop\ndata: {'type':'message_stop'  , 'b':[ "
	    "]}\n\n" },
	{ "{ " METRICS " , 'type':'message_stop'}",
	    "event: message_stop\ndata: {  'type':'message_stop'}\n\n" },
	{ "{" METRICS "}", "data: {}\n\n" },
	{ "{'generation':'a'}", "data: {'generation':'a'}\n\n" },
};

static int
feed_native(struct slice frames, struct sbuf *raw)
{
	struct decode_opts opts = told_opts(invoke());
	struct sbuf chat = { 0 };
	struct decode *d;
	struct err e;
	int fed;

	opts.raw = raw;
	d = decode_new(&opts);
	fed = decode_feed(d, frames, &chat, &e);
	if (fed == 0)
		fed = decode_end(d, &chat, &e);
	decode_free(&d);
	sbuf_free(&chat);
	return fed;
}

START_TEST(test_native)
{
	struct pool *pool = pool_new();
	struct sbuf frames = { 0 }, raw = { 0 };

	add_chunk(&frames, quotes(pool, natives[_i].inner));
	aws_message(&frames, "event", "chunk", SLICE("{\"p\":\"abc\"}"));
	ck_assert_int_eq(feed_native(sbuf_slice(&frames), &raw), 0);
	ck_assert_str_eq(raw.data, quotes(pool, natives[_i].sse).p);
	sbuf_free(&frames);
	sbuf_free(&raw);
	pool_free(&pool);
}
END_TEST

/* A checksum may end in what ends a line elsewhere. */
START_TEST(test_native_end)
{
	struct sbuf frames = { 0 }, raw = { 0 };
	char inner[32] = "";

	for (int n = 0; frames.len == 0 ||
			memcmp(frames.data + frames.len - 2, "\n\r", 2) != 0;
	     n++) {
		sbuf_clear(&frames);
		snprintf(inner, sizeof inner, "{\"n\":%d}", n);
		add_chunk(&frames, slice_str(inner));
	}
	ck_assert_int_eq(feed_native(sbuf_slice(&frames), &raw), 0);
	ck_assert_msg(strncmp(raw.data, "data: {\"n\":", 11) == 0 &&
			  strcmp(strchr(raw.data, '}'), "}\n\n") == 0,
	    "%s", raw.data);
	sbuf_free(&frames);
	sbuf_free(&raw);
}
END_TEST

START_TEST(test_ask)
{
	struct pool *pool = pool_new();
	struct sbuf path = { 0 };
	struct asking q;

	asking_read(&q,
	    quotes(pool,
		"{'messages':[{'role':'user','content':'hi'}],'stream':true}"));
	q.ask.model = SLICE("anthropic.claude-v1:0");
	asking_put(&q, invoke());
	ck_assert_int_eq(q.done, 0);
	ck_assert_str_eq(q.body.data,
	    quotes(pool,
		"{'max_tokens':4096,'messages':[{'role':'user','content':[{"
		"'type':'text','text':'hi'}]}],'anthropic_version':"
		"'bedrock-2023-05-31'}")
		.p);
	invoke()->path(&q.ask, &path);
	ck_assert_str_eq(path.data,
	    "/model/anthropic.claude-v1%3A0/invoke-with-response-stream");
	sbuf_free(&path);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/invoke");
	TCase *tc = tcase_create("invoke");

	tcase_add_loop_test(tc, test_stream, 0, COUNT(streams));
	tcase_add_loop_test(tc, test_frame, 0, COUNT(frames_of));
	tcase_add_loop_test(tc, test_reply, 0, COUNT(replies));
	tcase_add_loop_test(tc, test_native, 0, COUNT(natives));
	tcase_add_test(tc, test_native_end);
	tcase_add_test(tc, test_ask);
	suite_add_tcase(s, tc);
	return s;
}
