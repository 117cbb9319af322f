/* What Anthropic answers, row by row: spec/providers.md 5 to 9. */

#include "tests/suite.h"

#include "dialect/anthropic.h"
#include "proto/reply.h"
#include "tests/dialect/quotes.h"
#include "tests/dialect/telling.h"

/* In rows ' stands for ", and a stream is one event a line. */
#define START                                                                  \
	"{'type':'message_start','message':{'model':'c','content':[],"         \
	"'stop_reason':null,'usage':{'input_tokens':3,'output_tokens':1}}}\n"
#define OPEN(block)                                                            \
	"{'type':'content_block_start','index':0,'content_block':" block "}\n"
#define DELTA(delta)                                                           \
	"{'type':'content_block_delta','index':0,'delta':" delta "}\n"
#define SAY(text) DELTA("{'type':'text_delta','text':'" text "'}")
#define PIECE(json)                                                            \
	DELTA("{'type':'input_json_delta','partial_json':'" json "'}")
#define CLOSE "{'type':'content_block_stop','index':0}\n"
#define STOP(reason)                                                           \
	"{'type':'message_delta','delta':{'stop_reason':'" reason              \
	"'},'usage':{'output_tokens':5}}\n"
#define END "{'type':'message_stop'}\n"
#define TEXT_BLOCK OPEN("{'type':'text','text':''}")

/* The deltas and finish reasons that become of it, one a line. */
#define ROLE "{'role':'assistant','content':''}\n"

static const struct row {
	const char *title, *events, *deltas;
	bool complete;
	const char *native;
} rows[] = {
	{ "text",
	    START TEXT_BLOCK SAY("a\\n") SAY("") SAY("b") CLOSE STOP("end_turn")
		END,
	    ROLE "{'content':'a\\n'}\n{'content':'b'}\n{} stop\n", true,
	    "end_turn" },
	{ "text that begins with its block",
	    START OPEN("{'type':'text','text':'a'}") SAY("b")
		CLOSE STOP("stop_sequence") END,
	    ROLE "{'content':'a'}\n{'content':'b'}\n{} stop\n", true,
	    "stop_sequence" },
	{ "no content at all", START STOP("stop_sequence") END,
	    ROLE "{} stop\n", true, "stop_sequence" },
	{ "pings and what is unknown",
	    "{'type':'ping'}\n" START "{'type':'x','delta':1}\n{}\n" TEXT_BLOCK
	    "{'type':'ping'}\n" DELTA("{'type':'x_delta','text':'x'}")
		DELTA("{}") SAY("a") CLOSE STOP("pause_turn") END,
	    ROLE "{'content':'a'}\n{} stop\n", true, "pause_turn" },
	{ "the limit", START TEXT_BLOCK SAY("a") CLOSE STOP("max_tokens") END,
	    ROLE "{'content':'a'}\n{} length\n", true, "max_tokens" },
	{ "the window", START STOP("model_context_window_exceeded") END,
	    ROLE "{} length\n", true, "model_context_window_exceeded" },
	{ "a word that is new", START STOP("new") END, ROLE "{} stop\n", true,
	    "new" },
	{ "a refusal", START TEXT_BLOCK SAY("a") CLOSE STOP("refusal") END,
	    ROLE "{'content':'a'}\n{'refusal':''}\n{} content_filter\n", true,
	    "refusal" },
	{ "a refusal that is explained",
	    START "{'type':'message_delta','delta':{'stop_reason':'refusal',"
		  "'stop_details':{'category':'c'}},'usage':{}}\n" END,
	    ROLE "{'refusal':''}\n{} content_filter"
		 " {'stop_details':{'category':'c'}}\n",
	    true, "refusal" },
	{ "a call in pieces",
	    START OPEN("{'type':'tool_use','id':'i','name':'f','input':{}}")
		PIECE("") PIECE("{\\'a\\'") PIECE(":1}") CLOSE STOP("tool_use")
		    END,
	    ROLE "{'tool_calls':[{'index':0,'id':'i','type':'function',"
		 "'function':{'name':'f','arguments':''}}]}\n"
		 "{'tool_calls':[{'index':0,'function':{'arguments':"
		 "'{\\'a\\''}}]}\n{'tool_calls':[{'index':0,'function':{"
		 "'arguments':':1}'}}]}\n{} tool_calls\n",
	    true, "tool_use" },
	{ "calls without arguments, and whole",
	    START OPEN("{'type':'tool_use','id':'i','name':'f','input':{}}")
		PIECE("") CLOSE OPEN("{'type':'tool_use','id':'k','name':'g',"
				     "'input':{'a':'\\''}}")
		    CLOSE STOP("tool_use") END,
	    ROLE "{'tool_calls':[{'index':0,'id':'i','type':'function',"
		 "'function':{'name':'f','arguments':''}}]}\n"
		 "{'tool_calls':[{'index':0,'function':{'arguments':'{}'}}]}\n"
		 "{'tool_calls':[{'index':1,'id':'k','type':'function',"
		 "'function':{'name':'g','arguments':''}}]}\n"
		 "{'tool_calls':[{'index':1,'function':{'arguments':"
		 "'{\\'a\\':\\'\\\\\\'\\'}'}}]}\n{} tool_calls\n",
	    true, "tool_use" },
	{ "a block that another one ends",
	    START OPEN("{'type':'tool_use','id':'i','name':'f'}")
		TEXT_BLOCK SAY("a") STOP("tool_use") END,
	    ROLE "{'tool_calls':[{'index':0,'id':'i','type':'function',"
		 "'function':{'name':'f','arguments':''}}]}\n"
		 "{'tool_calls':[{'index':0,'function':{'arguments':'{}'}}]}\n"
		 "{'content':'a'}\n{} tool_calls\n",
	    true, "tool_use" },
	{ "a thought and its signature",
	    START OPEN("{'type':'thinking','thinking':'','signature':''}")
		DELTA("{'type':'thinking_delta','thinking':'a\\n'}")
		    DELTA("{'type':'thinking_delta','thinking':'b'}") DELTA(
			"{'type':'signature_delta','signature':'s/+='}")
			CLOSE TEXT_BLOCK SAY("c") CLOSE STOP("end_turn") END,
	    ROLE "{'reasoning_content':'a\\n'}\n{'reasoning_content':'b'}\n"
		 "{'reasoning_details':[{'type':'reasoning.text','text':"
		 "'a\\nb','signature':'s/+=','format':'anthropic-claude-v1',"
		 "'index':0}]}\n{'content':'c'}\n{} stop\n",
	    true, "end_turn" },
	{ "a thought that is not shown, one that is hidden, one unsigned",
	    START OPEN("{'type':'thinking','thinking':'','signature':'s'}")
		CLOSE OPEN("{'type':'redacted_thinking','data':'d'}")
		    CLOSE OPEN("{'type':'thinking','thinking':'t'}")
			CLOSE STOP("end_turn") END,
	    ROLE "{'reasoning_details':[{'type':'reasoning.text','text':'',"
		 "'signature':'s','format':'anthropic-claude-v1','index':0}]}\n"
		 "{'reasoning_details':[{'type':'reasoning.encrypted','data':"
		 "'d','format':'anthropic-claude-v1','index':1}]}\n"
		 "{'reasoning_content':'t'}\n{} stop\n",
	    true, "end_turn" },
	{ "citations lie in the text",
	    START TEXT_BLOCK SAY("\\u00e4\\ud83d\\ude00\\n\xc3\xa4")
		CLOSE TEXT_BLOCK DELTA(
		    "{'type':'citations_delta','citation':{'url':'u',"
		    "'title':'t'}}") DELTA("{'type':'citations_delta','"
					   "citation':{'url':'u','title':"
					   "null}}")
		    DELTA("{'type':'citations_delta','citation':{'title':'u'}}")
			SAY("ab") SAY("c") CLOSE STOP("end_turn") END,
	    ROLE "{'content':'\\u00e4\\ud83d\\ude00\\n\xc3\xa4'}\n"
		 "{'content':'ab'}\n{'content':'c'}\n"
		 "{'annotations':[{'type':'url_citation','url_citation':{"
		 "'start_index':4,'end_index':7,'title':'t','url':'u'}}]}\n"
		 "{} stop\n",
	    true, "end_turn" },
	{ "what a server did is no content",
	    START OPEN("{'type':'server_tool_use','id':'s','input':{},'x':1}")
		PIECE("{\\'q\\':") PIECE("1}") CLOSE OPEN(
		    "{'type':'web_search_tool_result','content':[1]}") SAY("no")
		    CLOSE OPEN("{'type':'mcp_tool_use','input':{'a':1}}")
			CLOSE OPEN("{'type':'server_tool_use','input':{}}")
			    PIECE("{\\'q") CLOSE STOP("end_turn") END,
	    ROLE "fields {'content_blocks':[{'type':'server_tool_use','id':"
		 "'s','input':{'q':1},'x':1}]}\n"
		 "fields {'content_blocks':[{'type':'web_search_tool_result',"
		 "'content':[1]}]}\n"
		 "fields {'content_blocks':[{'type':'mcp_tool_use','input':{"
		 "'a':1}}]}\n"
		 "fields {'content_blocks':[{'type':'server_tool_use','input':"
		 "{}}]}\n{} stop\n",
	    true, "end_turn" },
	{ "all in the first event",
	    "{'type':'message_start','message':{'model':'c','content':[{'type':"
	    "'tool_use','id':'i','name':'f','input':{'a':1}}],'stop_reason':"
	    "'tool_use','usage':{'input_tokens':0,'output_tokens':0}}}\n" END,
	    ROLE "{'tool_calls':[{'index':0,'id':'i','type':'function',"
		 "'function':{'name':'f','arguments':''}}]}\n"
		 "{'tool_calls':[{'index':0,'function':{'arguments':"
		 "'{\\'a\\':1}'}}]}\n{} tool_calls\n",
	    true, "tool_use" },
	{ "the first event twice",
	    START START TEXT_BLOCK SAY("a") CLOSE STOP("end_turn")
		END END START TEXT_BLOCK SAY("b"),
	    ROLE "{'content':'a'}\n{} stop\n", true, "end_turn" },
	{ "an end without a reason is none",
	    START TEXT_BLOCK SAY("a") CLOSE END, ROLE "{'content':'a'}\n",
	    false, "" },
	{ "a reason without an end is none",
	    START TEXT_BLOCK SAY("a") CLOSE STOP("end_turn"),
	    ROLE "{'content':'a'}\n", false, "" },
	{ "an error",
	    START TEXT_BLOCK SAY(
		"a") "{'type':'error','error':{'details':null,'type':"
		     "'overloaded_error','message':'Overloaded'} }\n" STOP(
			 "end_turn") END,
	    ROLE "{'content':'a'}\n"
		 "error {'type':'error','error':{'details':null,'type':"
		 "'overloaded_error','message':'Overloaded'} }\n",
	    false, "" },
	{ "an error of another grammar", START "{'error':{'message':'m'}}\n",
	    ROLE "error {'error':{'message':'m'}}\n", false, "" },
};

/* One line for each frame: what is new in it. */
static void
shorten(struct sbuf *b, const char *frames)
{
	static const char head[] =
	    "data: {\"id\":\"chatcmpl-1\",\"object\":"
	    "\"chat.completion.chunk\",\"created\":1700000000,\"model\":\"c\","
	    "\"choices\":[";
	static const char one[] = "{\"index\":0,\"delta\":";
	static const char more[] = ",\"finish_reason\":null}]}";
	static const char fields[] = "],\"provider_specific_fields\":";
	const char *end, *p;
	size_t n;

	for (; *frames != '\0' && strcmp(frames, "data: [DONE]\n\n") != 0;
	     frames = end + 2) {
		end = strstr(frames, "\n\n");
		if (strncmp(frames, "event: error\ndata: ", 19) == 0) {
			sbuf_adds(b, "error ");
			sbuf_add(b, frames + 19, (size_t)(end - frames) - 19);
			sbuf_addc(b, '\n');
			continue;
		}
		ck_assert_msg(strncmp(frames, head, sizeof head - 1) == 0, "%s",
		    frames);
		p = frames + sizeof head - 1;
		n = (size_t)(end - p);
		if (strncmp(p, fields, sizeof fields - 1) == 0) {
			sbuf_adds(b, "fields ");
			sbuf_add(b, p + sizeof fields - 1, n - sizeof fields);
		} else if (strncmp(end - (sizeof more - 1), more,
			       sizeof more - 1) == 0) {
			p += sizeof one - 1;
			sbuf_add(b, p, (size_t)(end - p) - (sizeof more - 1));
		} else {
			sbuf_adds(b, "{} ");
			p = strstr(p, "\"finish_reason\":\"") + 17;
			sbuf_add(b, p, strcspn(p, "\""));
			p += strcspn(p, "\"") + 2;
			if (strncmp(p, fields, sizeof fields - 1) == 0) {
				p += sizeof fields - 1;
				sbuf_addc(b, ' ');
				sbuf_add(b, p, (size_t)(end - p) - 1);
			}
		}
		sbuf_addc(b, '\n');
	}
}

/* The same events, framed as the provider does. */
static void
frame(struct sbuf *b, struct slice events)
{
	const char *end;

	while (events.n > 0) {
		end = memchr(events.p, '\n', events.n);
		sbuf_adds(b, "event: e\ndata: ");
		sbuf_add(b, events.p, (size_t)(end - events.p));
		sbuf_adds(b, "  \n\n");
		events = slice_skip(events, (size_t)(end + 1 - events.p));
	}
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0) };
	struct pool *pool = pool_new();
	struct sbuf in = { 0 }, deltas = { 0 };

	frame(&in, quotes(pool, row->events));
	for (size_t step = 0; step < 40; step += 13) {
		telling_stream(&t, sbuf_slice(&in), step);
		ck_assert_msg(t.done == 0, "%s: %s", row->title, t.err.text);
		sbuf_clear(&deltas);
		shorten(&deltas, t.chat.data);
		ck_assert_msg(strcmp(deltas.data,
				  quotes(pool, row->deltas).p) == 0,
		    "%s:\n%s", row->title, deltas.data);
		ck_assert_msg(t.complete == row->complete, "%s", row->title);
		ck_assert_str_eq(t.native, row->native);
		if (t.complete)
			ck_assert_str_eq(t.relay.data, t.chat.data);
	}
	sbuf_free(&in);
	sbuf_free(&deltas);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

#define REPLY(members) "{'type':'message','model':'c'," members "}"
#define CHAT(message, finish, more)                                            \
	"{'id':'chatcmpl-1','object':'chat.completion','created':1700000000,"  \
	"'model':'c','choices':[{'index':0,'message':{'role':'assistant'"      \
	"," message "},'logprobs':null,'finish_reason':'" finish "'}]" more    \
	"}"

static const struct whole_row {
	const char *title, *reply;
	enum chatout_forced forced;
	int done;
	const char *chat;
} wholes[] = {
	{ "text",
	    REPLY("'content':[{'type':'text','text':'a'},{'type':'text',"
		  "'text':'b'}],'stop_reason':'end_turn'"),
	    FORCED_NONE, 1, CHAT("'content':'ab','refusal':null", "stop", "") },
	{ "no reason", REPLY("'content':[],'stop_reason':null"), FORCED_NONE, 1,
	    CHAT("'content':'','refusal':null", "stop", "") },
	{ "a refusal", REPLY("'content':[],'stop_reason':'refusal'"),
	    FORCED_NONE, 1,
	    CHAT("'content':'','refusal':''", "content_filter", "") },
	{ "a call",
	    REPLY("'content':[{'type':'tool_use','id':'i','name':'f',"
		  "'input':{ }}],'stop_reason':'tool_use'"),
	    FORCED_NONE, 1,
	    CHAT("'content':null,'refusal':null,'tool_calls':[{'id':'i',"
		 "'type':'function','function':{'name':'f','arguments':'{}'}}]",
		"tool_calls", "") },
	{ "elements that are no blocks",
	    REPLY("'content':[1,null,{'type':'text'},{'type':1,'x':2}],"
		  "'stop_reason':'end_turn'"),
	    FORCED_NONE, 1,
	    CHAT("'content':'','refusal':null", "stop",
		",'provider_specific_fields':{'content_blocks':[{'type':1,"
		"'x':2}]}") },
	{ "blocks over several lines",
	    REPLY("'content':[{\n'type':'x'\r\n},{'type':'y'}],'stop_reason':"
		  "'end_turn','stop_details':{\n}"),
	    FORCED_NONE, 1,
	    CHAT("'content':'','refusal':null", "stop",
		",'provider_specific_fields':{'content_blocks':[{ 'type':'x'  "
		"},{'type':'y'}],'stop_details':{ }}") },
	{ "a schema that was forced",
	    REPLY("'content':[{'type':'tool_use','id':'i','name':'json_output',"
		  "'input':{'a':[1]}}],'stop_reason':'tool_use'"),
	    FORCED_TOOL, 1,
	    CHAT("'content':'{\\'a\\':[1]}','refusal':null", "stop", "") },
	{ "and wrapped",
	    REPLY("'content':[{'type':'tool_use','id':'i','name':'json_output',"
		  "'input':{'value':[1,'x']}}],'stop_reason':'tool_use'"),
	    FORCED_WRAPPED, 1,
	    CHAT("'content':'[1,\\'x\\']','refusal':null", "stop", "") },
	{ "a tool of that name that nobody forced",
	    REPLY("'content':[{'type':'tool_use','id':'i','name':'json_output',"
		  "'input':{}}],'stop_reason':'tool_use'"),
	    FORCED_NONE, 1,
	    CHAT("'content':null,'refusal':null,'tool_calls':[{'id':'i',"
		 "'type':'function','function':{'name':'json_output',"
		 "'arguments':'{}'}}]",
		"tool_calls", "") },
	{ "an error",
	    "{'type':'error','error':{'type':'overloaded_error','message':"
	    "'m'}}",
	    FORCED_NONE, 0,
	    "{'type':'error','error':{'type':'overloaded_error','message':"
	    "'m'}}" },
	{ "no content", REPLY("'content':'a'"), FORCED_NONE, -1, "" },
	{ "no object", "[]", FORCED_NONE, -1, "" },
	{ "no JSON", "{", FORCED_NONE, -1, "" },
};

START_TEST(test_whole)
{
	const struct whole_row *row = &wholes[_i];
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0),
		.forced = row->forced };
	struct pool *pool = pool_new();

	telling_whole(&t, quotes(pool, row->reply));
	ck_assert_msg(t.done == row->done, "%s: %d", row->title, t.done);
	ck_assert_msg(t.done == -1 ||
			  strcmp(t.chat.data, quotes(pool, row->chat).p) == 0,
	    "%s:\n%s", row->title, t.chat.data);
	if (row->done == -1)
		ck_assert_int_eq(t.err.kind, ERR_UPSTREAM_INVALID);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

/* A forced schema streams as content; a wrapped one at its end. */
START_TEST(test_forced_stream)
{
	static const char *const deltas[] = {
		[FORCED_TOOL] = ROLE "{'content':'{\\'value\\''}\n"
				     "{'content':':[1]}'}\n{} stop\n",
		[FORCED_WRAPPED] = ROLE "{'content':'[1]'}\n{} stop\n",
	};
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0),
		.forced = (enum chatout_forced)_i };
	struct pool *pool = pool_new();
	struct sbuf in = { 0 }, b = { 0 };

	frame(&in,
	    quotes(pool,
		START OPEN("{'type':'tool_use','id':'i','name':'json_output',"
			   "'input':{}}") PIECE("{\\'value\\'") PIECE(":[1]}")
		    CLOSE STOP("tool_use") END));
	telling_stream(&t, sbuf_slice(&in), 1);
	shorten(&b, t.chat.data);
	ck_assert_str_eq(b.data, quotes(pool, deltas[_i]).p);
	ck_assert(t.complete);
	sbuf_free(&in);
	sbuf_free(&b);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

/* input, 5 minutes, 1 hour, cached, text, reasoning, searches, cost. */
static const struct usage_row {
	const char *title, *start, *end;
	bool has_usage, anomaly;
	int64_t figures[8], in_tokens;
} usages[] = {
	{ "plain", "{'input_tokens':3,'output_tokens':1}",
	    "{'output_tokens':5}", true, false, { 3, 0, 0, 0, 5, 0, 0, -1 },
	    3 },
	{ "spec 6: 6f42e6", "{}",
	    "{'input_tokens':4,'cache_creation_input_tokens':11107,"
	    "'cache_read_input_tokens':2836,'cache_creation':{"
	    "'ephemeral_5m_input_tokens':11107,'ephemeral_1h_input_tokens':0},"
	    "'output_tokens':155,'output_tokens_details':{'thinking_tokens':26}"
	    ",'server_tool_use':{'web_search_requests':1}}",
	    true, false, { 4, 11107, 0, 2836, 129, 26, 1, -1 }, 13947 },
	{ "spec 6: 10e7ae",
	    "{'input_tokens':1,'cache_creation_input_tokens':101,"
	    "'cache_read_input_tokens':5169,'output_tokens':9}",
	    "{'output_tokens':71}", true, false,
	    { 1, 101, 0, 5169, 71, 0, 0, -1 }, 5271 },
	{ "spec 6: e902a5",
	    "{'input_tokens':4,'cache_creation_input_tokens':0,"
	    "'cache_read_input_tokens':18131,'output_tokens':1}",
	    "{'output_tokens':50}", true, false,
	    { 4, 0, 0, 18131, 50, 0, 0, -1 }, 18135 },
	{ "the cache for an hour",
	    "{'input_tokens':1,'cache_creation_input_tokens':30,"
	    "'cache_creation':{'ephemeral_5m_input_tokens':10,"
	    "'ephemeral_1h_input_tokens':20}}",
	    "{'output_tokens':1}", true, false, { 1, 10, 20, 0, 1, 0, 0, -1 },
	    31 },
	{ "the cache's parts alone",
	    "{'input_tokens':1,'cache_creation':{"
	    "'ephemeral_5m_input_tokens':10,'ephemeral_1h_input_tokens':20}}",
	    "{'output_tokens':1}", true, false, { 1, 10, 20, 0, 1, 0, 0, -1 },
	    31 },
	{ "more for an hour than in all",
	    "{'input_tokens':1,'cache_creation_input_tokens':5,"
	    "'cache_creation':{'ephemeral_1h_input_tokens':20}}",
	    "{'output_tokens':1}", true, true, { 1, 0, 5, 0, 1, 0, 0, -1 }, 6 },
	{ "more thoughts than output", "{'input_tokens':1}",
	    "{'output_tokens':4,'output_tokens_details':{'thinking_tokens':9}}",
	    true, true, { 1, 0, 0, 0, 0, 4, 0, -1 }, 1 },
	{ "later figures win, null does not",
	    "{'input_tokens':0,'cache_read_input_tokens':7,'output_tokens':0}",
	    "{'input_tokens':32,'cache_read_input_tokens':null,"
	    "'output_tokens':16,'cost':0.000112}",
	    true, false, { 32, 0, 0, 7, 16, 0, 0, 112000 }, 39 },
	{ "figures that are none leave what was said before",
	    "{'input_tokens':3,'cache_read_input_tokens':6}",
	    "{'output_tokens':5,'input_tokens':'4','server_tool_use':null,"
	    "'cache_read_input_tokens':-1}",
	    true, false, { 3, 0, 0, 6, 5, 0, 0, -1 }, 9 },
	{ "a part below zero is no usage",
	    "{'input_tokens':3,'cache_read_input_tokens':-1}",
	    "{'output_tokens':5}", false, false, { 3, 0, 0, 0, 5, 0, 0, -1 },
	    -1 },
	{ "a part of a token is no usage",
	    "{'input_tokens':3,'cache_creation_input_tokens':1.5}",
	    "{'output_tokens':5}", false, false, { 3, 0, 0, 0, 5, 0, 0, -1 },
	    -1 },
	{ "text is no part",
	    "{'input_tokens':3,'cache_creation':{"
	    "'ephemeral_1h_input_tokens':'20'}}",
	    "{'output_tokens':5}", false, false, { 3, 0, 0, 0, 5, 0, 0, -1 },
	    -1 },
	{ "nor are more than can be counted", "{'input_tokens':3}",
	    "{'output_tokens':1099511627777}", false, false,
	    { 3, 0, 0, 0, 0, 0, 0, -1 }, 3 },
	{ "the output of the beginning is not that of the end",
	    "{'input_tokens':3,'output_tokens':8}", "null", false, false,
	    { 3, 0, 0, 0, 8, 0, 0, -1 }, 3 },
	{ "nor is an end without figures",
	    "{'input_tokens':3,'output_tokens':8}", "{'cost':null}", false,
	    false, { 3, 0, 0, 0, 8, 0, 0, -1 }, 3 },
	{ "none", "null", "[]", false, false, { 0, 0, 0, 0, 0, 0, 0, -1 }, -1 },
};

START_TEST(test_usage)
{
	const struct usage_row *row = &usages[_i];
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0) };
	const struct usage *u = &t.state.usage;
	struct pool *pool = pool_new();
	struct sbuf events = { 0 }, in = { 0 };

	sbuf_addf(&events,
	    "{'type':'message_start','message':{'usage':%s}}\n"
	    "{'type':'message_delta','delta':{'stop_reason':'end_turn'},"
	    "'usage':%s}\n" END,
	    row->start, row->end);
	frame(&in, quotes(pool, events.data));
	telling_stream(&t, sbuf_slice(&in), 0);
	ck_assert_msg(t.state.has_usage == row->has_usage, "%s", row->title);
	ck_assert_msg(u->anomaly == row->anomaly, "%s", row->title);
	ck_assert_int_eq(u->in_text, row->figures[0]);
	ck_assert_int_eq(u->in_cache_write_5m, row->figures[1]);
	ck_assert_int_eq(u->in_cache_write_1h, row->figures[2]);
	ck_assert_int_eq(u->in_cached, row->figures[3]);
	ck_assert_int_eq(u->out_text, row->figures[4]);
	ck_assert_int_eq(u->out_reasoning, row->figures[5]);
	ck_assert_int_eq(u->searches, row->figures[6]);
	ck_assert_int_eq(u->requests, 1);
	if (row->figures[7] >= 0)
		ck_assert_int_eq(u->provider_cost_nano, row->figures[7]);
	ck_assert_int_eq(t.state.in_tokens, row->in_tokens);
	sbuf_free(&events);
	sbuf_free(&in);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

/* Bedrock counts where a family does not; what the family says comes first. */
START_TEST(test_metrics)
{
	static const char *const starts[] = { "{}",
		"{'input_tokens':9,'output_tokens':1}" };
	static const int64_t prompts[] = { 7, 9 };
	static const struct dialect lines = { .frames = FRAMES_LINES,
		.state_size = sizeof(struct anthropic_state),
		.event = anthropic_event };
	struct telling t = { .dialect = &lines };
	struct pool *pool = pool_new();
	struct sbuf events = { 0 };
	struct usage_figures f;

	sbuf_addf(&events,
	    "{'type':'message_start','message':{'usage':%s}}\n"
	    "{'type':'message_delta','delta':{'stop_reason':'end_turn'},"
	    "'usage':%s}\n{'type':'message_stop',"
	    "'amazon-bedrock-invocationMetrics':{'inputTokenCount':4,"
	    "'outputTokenCount':10,'cacheReadInputTokenCount':2,"
	    "'cacheWriteInputTokenCount':1}}",
	    starts[_i], starts[_i]);
	telling_stream(&t, quotes(pool, events.data), 3);
	ck_assert(t.complete && t.state.has_usage);
	usage_sum(&t.state.usage, &f);
	ck_assert_int_eq(f.prompt, prompts[_i]);
	ck_assert_int_eq(f.completion, _i == 0 ? 10 : 1);
	sbuf_free(&events);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

/* A block without end is no reason to grow without end. */
START_TEST(test_too_long)
{
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0) };
	struct decode *d = telling_begin(&t);
	struct pool *pool = pool_new();
	struct sbuf in = { 0 };
	int fed = 0;

	frame(&in, quotes(pool, START OPEN("{'type':'thinking'}")));
	ck_assert_int_eq(decode_feed(d, sbuf_slice(&in), &t.chat, &t.err), 0);
	sbuf_clear(&in);
	sbuf_adds(&in, "data: {\"type\":\"content_block_delta\",\"delta\":{"
		       "\"type\":\"thinking_delta\",\"thinking\":\"");
	for (int i = 0; i < 100000; i++)
		sbuf_addc(&in, 'a');
	sbuf_adds(&in, "\"}}\n\n");
	for (int i = 0; i < 100 && fed == 0; i++) {
		fed = decode_feed(d, sbuf_slice(&in), &t.chat, &t.err);
		sbuf_clear(&t.chat);
	}
	ck_assert_int_eq(fed, -1);
	ck_assert_int_eq(t.err.kind, ERR_UPSTREAM_STREAM);
	decode_free(&d);
	sbuf_free(&in);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

/* More calls than an answer may have. */
START_TEST(test_too_many)
{
	struct telling t = { .dialect =
				 dialect_find(KIND_ANTHROPIC, SLICE("m"), 0) };
	struct pool *pool = pool_new();
	struct sbuf in = { 0 };

	for (int i = 0; i <= CHATOUT_CALLS_MAX; i++)
		frame(&in,
		    quotes(pool, OPEN("{'type':'tool_use','name':'f'}")));
	telling_stream(&t, sbuf_slice(&in), 0);
	ck_assert_int_eq(t.done, -1);
	ck_assert(!t.complete);
	sbuf_free(&in);
	telling_end(&t);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/anthropic_tell");
	TCase *tc = tcase_create("anthropic_tell");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_whole, 0, COUNT(wholes));
	tcase_add_loop_test(tc, test_forced_stream, FORCED_TOOL,
	    FORCED_WRAPPED + 1);
	tcase_add_loop_test(tc, test_usage, 0, COUNT(usages));
	tcase_add_loop_test(tc, test_metrics, 0, 2);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_too_many);
	suite_add_tcase(s, tc);
	return s;
}
