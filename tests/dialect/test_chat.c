/* A chat request read into memory: every shape of message and option. */

#include "tests/suite.h"

#include "tests/dialect/asking.h"

#define MESSAGES(m) "{'messages':[" m "]}"
#define ASK(members) "{'messages':[{'role':'user','content':'hi'}]," members "}"
#define HI "user text hi\n"
#define CALL(id, arguments)                                                    \
	"{'id':'" id                                                           \
	"','type':'function','function':{'name':'f','arguments':" arguments    \
	"}}"

static void
dump_slice(struct sbuf *b, const char *name, struct slice s)
{
	if (s.n > 0)
		sbuf_addf(b, " %s%.*s", name, SLICE_ARGS(s));
}

static void
dump_part(struct sbuf *b, const struct chat_part *p)
{
	static const char *const types[] = { [CHAT_TEXT] = " text",
		[CHAT_IMAGE] = " image",
		[CHAT_AUDIO] = " audio",
		[CHAT_FILE] = " file",
		[CHAT_THINKING] = " thinking",
		[CHAT_CALL] = " call",
		[CHAT_RESULT] = " result" };

	sbuf_adds(b, types[p->type]);
	dump_slice(b, "", p->text);
	dump_slice(b, "type=", p->media.type);
	dump_slice(b, "data=", p->media.data);
	dump_slice(b, "url=", p->media.url);
	dump_slice(b, "file=", p->media.id);
	dump_slice(b, "name=", p->media.name);
	dump_slice(b, "id=", p->id);
	dump_slice(b, "of=", p->name);
	dump_slice(b, "arguments=", p->arguments);
	dump_slice(b, "signature=", p->signature);
	dump_slice(b, "encrypted=", p->encrypted);
	dump_slice(b, "format=", p->format);
	dump_slice(b, "cache=", p->cache_control);
	if (p->other != NULL) {
		ck_assert_ptr_eq(p->other->other, p);
		sbuf_adds(b, " matched");
	}
	for (unsigned i = 0; i < p->n; i++)
		dump_part(b, &p->parts[i]);
}

static void
dump_messages(struct sbuf *b, const struct chat *c)
{
	static const char *const roles[] = { [CHAT_SYSTEM] = "system",
		[CHAT_USER] = "user",
		[CHAT_ASSISTANT] = "assistant",
		[CHAT_TOOL] = "tool" };

	for (unsigned i = 0; i < c->n; i++) {
		const struct chat_message *m = &c->messages[i];

		sbuf_adds(b, roles[m->role]);
		for (unsigned k = 0; k < m->n; k++) {
			ck_assert_uint_eq(m->parts[k].message, i);
			dump_part(b, &m->parts[k]);
		}
		dump_slice(b, "reasoning=", m->reasoning);
		sbuf_addc(b, '\n');
	}
}

static void
dump_options(struct sbuf *b, const struct chat *c)
{
	for (unsigned i = 0; i < c->n_tools; i++) {
		dump_slice(b, "tool=", c->tools[i].name);
		dump_slice(b, "", c->tools[i].description);
		dump_slice(b, "", c->tools[i].parameters);
		dump_slice(b, "cache=", c->tools[i].cache_control);
		sbuf_adds(b, c->tools[i].strict ? " strict" : "");
	}
	if (c->choice != CHOICE_ABSENT)
		sbuf_addf(b, " choice=%d", (int)c->choice);
	dump_slice(b, "", c->choice_name);
	sbuf_adds(b, c->one_call ? " one" : "");
	if (c->format != FORMAT_TEXT)
		sbuf_addf(b, " format=%d", (int)c->format);
	dump_slice(b, "", c->schema_name);
	dump_slice(b, "", c->schema);
	sbuf_adds(b, c->schema_strict ? " strict" : "");
	for (unsigned i = 0; i < c->n_stops; i++)
		dump_slice(b, "stop=", c->stops[i]);
	if (c->effort != EFFORT_ABSENT)
		sbuf_addf(b, " effort=%d", (int)c->effort);
	dump_slice(b, "thinking=", c->thinking);
}

static const struct row {
	const char *title, *request;
	const char *chat; /* NULL: refused */
	const char *param;
} rows[] = {
	{ "roles",
	    MESSAGES("{'role':'system','content':'a'},{'role':'developer',"
		     "'content':'b'},{'role':'user','content':'c'},{'role':"
		     "'assistant','content':'d'}"),
	    "system text a\nsystem text b\nuser text c\nassistant text d\n",
	    "" },
	{ "no content, empty content",
	    MESSAGES("{'role':'user','content':''},{'role':'assistant',"
		     "'content':null},{'role':'assistant'},{'role':'user',"
		     "'content':[]}"),
	    "user text\nassistant\nassistant\nuser\n", "" },
	{ "escapes stay", MESSAGES("{'role':'user','content':'\\n\\'\\u00e4'}"),
	    "user text \\n\\'\\u00e4\n", "" },
	{ "parts of all kinds of text",
	    MESSAGES("{'role':'user','content':['s',{'type':'text','text':'a'},"
		     "{'type':'input_text','text':'b'},{'type':'output_text',"
		     "'text':'c','cache_control':{'type':'ephemeral'}},{'type':"
		     "'refusal','refusal':'d'},{'type':'text','text':null}]}"),
	    "user text s text a text b text c cache={'type':'ephemeral'} text "
	    "d text\n",
	    "" },
	{ "images",
	    MESSAGES("{'role':'user','content':[{'type':'image_url',"
		     "'image_url':{'url':'https:\\/\\/h'}},{'type':"
		     "'image_url','image_url':'data:image\\/png;base64,a\\/b'}"
		     ",{'type':'image_url','image_url':{}},{'type':"
		     "'image_url','image_url':{'url':'data:x'}}]}"),
	    "user image url=https://h image type=image/png data=a\\/b image "
	    "image\n",
	    "" },
	{ "data that would end a string stays escaped",
	    MESSAGES("{'role':'user','content':[{'type':'image_url',"
		     "'image_url':{'url':'data:image/png,a\\'b'}}]}"),
	    "user image type=image/png data=a\\'b\n", "" },
	{ "sound",
	    MESSAGES("{'role':'user','content':[{'type':'input_audio',"
		     "'input_audio':{'data':'AA','format':'mp3'}},{'type':"
		     "'input_audio','input_audio':{'data':'BB','format':'wav'}}"
		     ",{'type':'input_audio'}]}"),
	    "user audio type=audio/mp3 data=AA audio type=audio/wav data=BB "
	    "audio\n",
	    "" },
	{ "files",
	    MESSAGES("{'role':'user','content':[{'type':'file','file':{"
		     "'file_id':'f'}},{'type':'file','file':{'filename':'n',"
		     "'file_data':'data:text/x;base64,AA'}},{'type':'file',"
		     "'file':{'file_data':'BB'}},{'type':'file','file':{"
		     "'file_data':'https://h'}},{'type':'file'}]}"),
	    "user file file=f file type=text/x data=AA name=n file "
	    "type=application/pdf data=BB file url=https://h file\n",
	    "" },
	{ "calls and results find each other",
	    MESSAGES("{'role':'assistant','content':'t','tool_calls':[" CALL(
		"a", "'{\\'x\\':1}'") "," CALL("b",
		"{'y':2}") "]},{'role':"
			   "'tool','tool_call_id':'b','content':'B'},{'role':'"
			   "tool',"
			   "'tool_call_id':'\\u0061','content':[{'type':'text',"
			   "'text':'A'}]}"),
	    "assistant text t call id=a of=f arguments={'x':1} matched call "
	    "id=b of=f arguments={'y':2} matched\n"
	    "tool result id=b of=f matched text B\n"
	    "tool result id=a of=f matched text A\n",
	    "" },
	{ "a second result, one of nothing, one that is late",
	    MESSAGES("{'role':'assistant','tool_calls':[" CALL("a",
		"''") "]},"
		      "{'role':'tool','tool_call_id':'a','content':'1'},"
		      "{'role':'tool','tool_call_id':'a','content':'2'},"
		      "{'role':'tool','tool_call_id':'x','content':'3'},"
		      "{'role':'assistant','content':'t'},"
		      "{'role':'tool','tool_call_id':'a','content':'4'}"),
	    "assistant call id=a of=f arguments={} matched\n"
	    "tool result id=a of=f matched text 1\n"
	    "tool result id=a of=f text 2\ntool result id=x text 3\n"
	    "assistant text t\ntool result id=a of=f text 4\n",
	    "" },
	{ "one id in two turns",
	    MESSAGES("{'role':'assistant','tool_calls':[" CALL("a",
		"''") "]},"
		      "{'role':'tool','tool_call_id':'a','content':'1'},"
		      "{'role':'assistant','tool_calls':[" CALL("a",
			  "''") "]},"
				"{'role':'tool','tool_call_id':'a','content':'"
				"2'}"),
	    "assistant call id=a of=f arguments={} matched\n"
	    "tool result id=a of=f matched text 1\n"
	    "assistant call id=a of=f arguments={} matched\n"
	    "tool result id=a of=f matched text 2\n",
	    "" },
	{ "messages side by side are one turn",
	    MESSAGES("{'role':'assistant','tool_calls':[" CALL("a",
		"''") "]},"
		      "{'role':'system','content':'s'},"
		      "{'role':'assistant','tool_calls':[" CALL("b",
			  "''") "]},"
				"{'role':'tool','tool_call_id':'a','content':'"
				"1'},"
				"{'role':'tool','tool_call_id':'b','content':'"
				"2'}"),
	    "assistant call id=a of=f arguments={} matched\nsystem text s\n"
	    "assistant call id=b of=f arguments={} matched\n"
	    "tool result id=a of=f matched text 1\n"
	    "tool result id=b of=f matched text 2\n",
	    "" },
	{ "arguments of every kind",
	    MESSAGES("{'role':'assistant','tool_calls':[" CALL("a",
		"'null'") "," CALL("b", "null") "," CALL("c",
		"'{\\'x'") "," CALL("d", "'[1]'") "," CALL("e",
		"' {} '") ",{'type':'function'},"
			  "{'type':'function','function':{'name':'f'}}]}"),
	    "assistant call id=a of=f arguments={} call id=b of=f "
	    "arguments={} call id=c of=f arguments={'_raw':'{\\'x'} call id=d "
	    "of=f arguments={'_raw':'[1]'} call id=e of=f arguments={} call "
	    "id=call_0_5 arguments={} call id=call_0_6 of=f arguments={}\n",
	    "" },
	{ "old functions",
	    MESSAGES("{'role':'assistant','content':null,'function_call':{"
		     "'name':'f','arguments':'{}'}},{'role':'function','name':"
		     "'f','content':'r'}"),
	    "assistant call id=call_fn_0 of=f arguments={} matched\n"
	    "tool result id=call_fn_0 of=f matched text r\n",
	    "" },
	{ "thoughts stand first",
	    MESSAGES("{'role':'assistant','content':'c','reasoning':'r',"
		     "'reasoning_details':[{'type':'reasoning.text','text':'t',"
		     "'signature':'s','format':'x'},7,{'type':"
		     "'reasoning.encrypted','data':'d','id':'i'},{'type':"
		     "'reasoning.summary','summary':'u'}],'refusal':'no'}"),
	    "assistant thinking t signature=s format=x thinking id=i "
	    "encrypted=d thinking u text c text no reasoning=r\n",
	    "" },
	{ "reasoning_content counts before reasoning",
	    MESSAGES("{'role':'assistant','content':'c','reasoning':'r',"
		     "'reasoning_content':'q'}"),
	    "assistant text c reasoning=q\n", "" },
	{ "Google's signature on a call",
	    MESSAGES("{'role':'assistant','tool_calls':[{'id':'a','type':"
		     "'function','function':{'name':'f','arguments':'{}'},"
		     "'extra_content':{'google':{'thought_signature':'s'}},"
		     "'cache_control':{}}]}"),
	    "assistant call id=a of=f arguments={} signature=s cache={}\n",
	    "" },
	{ "a part that is none", MESSAGES("{'role':'user','content':[1]}"),
	    NULL, "messages[0].content[0]" },
	{ "a part of no known type",
	    MESSAGES("{'role':'user','content':'a'},{'role':'user','content':"
		     "['a',{'type':'x'}]}"),
	    NULL, "messages[1].content[1]" },
	{ "a part of no type", MESSAGES("{'role':'user','content':[{}]}"), NULL,
	    "messages[0].content[0]" },
	{ "a call that is none",
	    MESSAGES("{'role':'assistant','tool_calls':[1]}"), NULL,
	    "messages[0].tool_calls[0]" },
	{ "a call of a custom tool",
	    MESSAGES("{'role':'assistant','tool_calls':[{'id':'a','type':"
		     "'custom','custom':{'name':'f','input':'x'}}]}"),
	    NULL, "messages[0].tool_calls[0]" },
	{ "tools",
	    ASK("'tools':[{'type':'function','function':{'name':'f',"
		"'description':'d','parameters':{'a':1},'strict':true},"
		"'cache_control':{'type':'e'}},{'type':'function','function':{"
		"'name':'g','parameters':null,'strict':null}}],"
		"'parallel_tool_calls':false"),
	    HI " tool=f d {'a':1} cache={'type':'e'} strict tool=g one", "" },
	{ "functions",
	    ASK("'functions':[{'name':'f','parameters':{}}],'function_call':"
		"'none'"),
	    HI " tool=f {} choice=2", "" },
	{ "a function by name",
	    ASK("'functions':[{'name':'f'}],'function_call':{'name':'f'}"),
	    HI " tool=f choice=4 f", "" },
	{ "a custom tool",
	    ASK("'tools':[{'type':'custom','custom':{'name':"
		"'f'}}]"),
	    NULL, "tools[0]" },
	{ "JSON", ASK("'response_format':{'type':'json_object'}"),
	    HI " format=1", "" },
	{ "JSON of Vertex's clients",
	    ASK("'response_format':{'type':'json_object','response_schema':{"
		"'a':1}}"),
	    HI " format=1 {'a':1}", "" },
	{ "text", ASK("'response_format':{'type':'text'}"), HI, "" },
	{ "a schema",
	    ASK("'response_format':{'type':'json_schema','json_schema':{'name':"
		"'n','strict':true,'schema':{'a':1}}}"),
	    HI " format=2 n {'a':1} strict", "" },
	{ "a schema without one",
	    ASK("'response_format':{'type':'json_schema','json_schema':{'name':"
		"'n'}}"),
	    HI " format=2 n {}", "" },
	{ "stops", ASK("'stop':['a','\\n']"), HI " stop=a stop=\\n", "" },
	{ "a stop", ASK("'stop':'a'"), HI " stop=a", "" },
	{ "an effort", ASK("'reasoning_effort':'high'"), HI " effort=5", "" },
	{ "another effort", ASK("'reasoning_effort':'x'"), HI " effort=8", "" },
	{ "thinking", ASK("'thinking':{'type':'enabled'}"),
	    HI " thinking={'type':'enabled'}", "" },
	{ "null is absent",
	    ASK("'tools':null,'stop':null,'thinking':null,'reasoning_effort':"
		"null,'tool_choice':null,'response_format':null"),
	    HI, "" },
};

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct sbuf b = { 0 };
	struct asking q;

	asking_read(&q, quotes(pool, row->request));
	if (row->chat == NULL) {
		ck_assert_msg(q.done == -1, "%s", row->title);
		ck_assert_str_eq(q.asked.err.param, row->param);
	} else {
		ck_assert_msg(q.done == 0, "%s: %s", row->title,
		    q.asked.err.text);
		dump_messages(&b, &q.ask.chat);
		dump_options(&b, &q.ask.chat);
		ck_assert_msg(strcmp(b.data, quotes(pool, row->chat).p) == 0,
		    "%s:\n%s", row->title, b.data);
	}
	sbuf_free(&b);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

START_TEST(test_member)
{
	struct pool *pool = pool_new();
	struct asking q;
	struct slice found;

	asking_read(&q, quotes(pool, ASK("'top_k':7,'x':null,'stop':'s'")));
	found = chat_member(&q.asked.params, SLICE("top_k"));
	ck_assert(slice_eq(found, SLICE("7")));
	ck_assert_uint_eq(chat_member(&q.asked.params, SLICE("x")).n, 0);
	ck_assert_uint_eq(chat_member(&q.asked.params, SLICE("stop")).n, 0);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

#define MANY 20000

/* Many calls, their results in reverse: found without trying all. */
START_TEST(test_many)
{
	struct sbuf b = { 0 };
	struct asking q;

	sbuf_adds(&b,
	    "{\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[");
	for (int i = 0; i < MANY; i++)
		sbuf_addf(&b,
		    "%s{\"id\":\"c%d\",\"type\":\"function\",\"function\":{"
		    "\"name\":\"f\",\"arguments\":\"\"}}",
		    i > 0 ? "," : "", i);
	sbuf_adds(&b, "]}");
	for (int i = MANY; i-- > 0;)
		sbuf_addf(&b,
		    ",{\"role\":\"tool\",\"tool_call_id\":\"c%d\","
		    "\"content\":\"\"}",
		    i);
	sbuf_adds(&b, "]}");
	asking_read(&q, sbuf_slice(&b));
	ck_assert_int_eq(q.done, 0);
	for (unsigned i = 0; i < MANY; i++)
		ck_assert_ptr_eq(q.ask.chat.messages[0].parts[i].other,
		    q.ask.chat.messages[MANY - i].parts);
	asking_end(&q);
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/chat");
	TCase *tc = tcase_create("chat");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_test(tc, test_member);
	tcase_add_test(tc, test_many);
	suite_add_tcase(s, tc);
	return s;
}
