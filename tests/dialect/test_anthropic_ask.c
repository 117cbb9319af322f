/* What Anthropic, and Claude behind Vertex and invoke, are asked: 4. */

#include "tests/suite.h"

#include "dialect/anthropic.h"
#include "proto/jscan.h"
#include "tests/dialect/asking.h"

/* A request of these messages, one of the user, and their bodies. */
#define MESSAGES(m) "{'messages':[" m "]}"
#define USER "{'role':'user','content':'hi'}"
#define ASK(members) "{'messages':[" USER "]," members "}"
#define PUT_USER                                                               \
	"'messages':[{'role':'user','content':[{'type':'text','text':'hi'}]}]"
#define PUT(members) "{'model':'m','max_tokens':4096," members "}"
#define PUT_MESSAGES(m) PUT("'messages':[" m "]")
#define TEXT(t) "{'type':'text','text':'" t "'}"
#define TURN(role, parts) "{'role':'" role "','content':[" parts "]}"

#define TOOL "{'type':'function','function':{'name':'f'}}"
#define PUT_TOOL                                                               \
	"'tools':[{'name':'f','input_schema':{'type':'object','properties':{"  \
	"}}}]"
#define CALL(i)                                                                \
	"{'id':'" i "','type':'function','function':{'name':'f','arguments':"  \
	"'{}'}}"
#define USE(i) "{'type':'tool_use','id':'" i "','name':'f','input':{}}"
#define RESULT(i, t)                                                           \
	"{'type':'tool_result','tool_use_id':'" i "','content':'" t "'}"
#define NO_RESULT(i)                                                           \
	"{'type':'tool_result','tool_use_id':'" i                              \
	"','content':'','is_error':true}"
#define THOUGHT                                                                \
	"{'type':'reasoning.text','text':'t','signature':'s','format':"        \
	"'anthropic-claude-v1','index':0}"

static const struct row {
	const char *title, *request;
	uint32_t features;
	const char *body;     /* NULL: refused */
	const char *warnings; /* or the parameter that is refused */
} rows[] = {
#include "tests/dialect/anthropic_ask.def"
};

/* A second attempt asks the same: the first has left nothing behind. */
static void
expect_again(struct asking *q)
{
	struct sbuf again = { 0 };
	const struct dialect *d = dialect_find(KIND_ANTHROPIC, SLICE("m"), 0);

	ck_assert_int_eq(d->ask(&q->ask, &again, &q->asked.err), 0);
	ck_assert_str_eq(again.data, q->body.data);
	sbuf_free(&again);
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct asking q;
	struct slice body;

	asking_read(&q, quotes(pool, row->request));
	q.ask.features = row->features;
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	if (row->body == NULL) {
		ck_assert_msg(q.done == -1, "%s: %s", row->title, q.body.data);
		ck_assert_int_eq(q.asked.err.kind, ERR_UNSUPPORTED_PARAMETER);
		ck_assert_str_eq(q.asked.err.param, row->warnings);
	} else {
		body = quotes(pool, row->body);
		ck_assert_msg(q.done == 0, "%s: %s", row->title,
		    q.asked.err.text);
		ck_assert_msg(slice_eq(sbuf_slice(&q.body), body),
		    "%s:\n%s\nis not\n%s", row->title, q.body.data, body.p);
		expect_again(&q);
		ck_assert_msg(strcmp(q.warnings, row->warnings) == 0, "%s: %s",
		    row->title, q.warnings);
	}
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

/* Each drop is a refusal when the request says so. */
START_TEST(test_required)
{
	const struct row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct sbuf b = { 0 };
	struct asking q;
	struct slice request = quotes(pool, row->request);

	sbuf_adds(&b, "{\"require_parameters\":true,");
	sbuf_add_slice(&b, slice_skip(request, 1));
	asking_read(&q, sbuf_slice(&b));
	q.ask.features = row->features;
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	if (row->body != NULL && (row->warnings[0] == '\0' ||
				     strncmp(row->warnings, "tool ", 5) == 0))
		ck_assert_int_eq(q.done, 0);
	else
		ck_assert_int_eq(q.done, -1);
	asking_end(&q);
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

static const char worked[] =
    "{'model':'x','max_completion_tokens':50,'stop':'END',"
    "'parallel_tool_calls':false,'messages':[{'role':'developer','content':"
    "'Be brief.'},{'role':'user','content':'Weather in Rome and Oslo?'},"
    "{'role':'assistant','content':null,'tool_calls':[{'id':'call_a','type':"
    "'function','function':{'name':'w','arguments':'{\\'c\\':\\'Rome\\'}'}},"
    "{'id':'call_b','type':'function','function':{'name':'w','arguments':"
    "'{\\'c\\':\\'Oslo\\'}'}}]},{'role':'tool','tool_call_id':'call_a',"
    "'content':'20'},{'role':'tool','tool_call_id':'call_b','content':'5'}],"
    "'tools':[{'type':'function','function':{'name':'w','parameters':{'type':"
    "'object','properties':{'c':{'type':'string'}}}}}]}";

#define WORKED                                                                 \
	"'max_tokens':50,'system':'Be brief.','stop_sequences':['END'],"       \
	"'tool_choice':{'type':'auto','disable_parallel_tool_use':true},"      \
	"'messages':[{'role':'user','content':[{'type':'text','text':"         \
	"'Weather in Rome and Oslo?'}]},{'role':'assistant','content':[{"      \
	"'type':'tool_use','id':'call_a','name':'w','input':{'c':'Rome'}},{"   \
	"'type':'tool_use','id':'call_b','name':'w','input':{'c':'Oslo'}}]},"  \
	"{'role':'user','content':[{'type':'tool_result','tool_use_id':"       \
	"'call_a','content':'20'},{'type':'tool_result','tool_use_id':"        \
	"'call_b','content':'5'}]}],'tools':[{'name':'w','input_schema':{"     \
	"'type':'object','properties':{'c':{'type':'string'}}}}]"

static const struct form_row {
	const char *title;
	enum provider_kind kind;
	bool stream;
	const char *model, *path, *body;
} forms[] = {
	{ "Anthropic", KIND_ANTHROPIC, false, "claude-haiku-4-5", "/messages",
	    "{'model':'claude-haiku-4-5'," WORKED "}" },
	{ "Vertex", KIND_VERTEX_CLAUDE, false, "claude-3-7-sonnet@20250219",
	    "/projects/P/locations/us-east5/publishers/anthropic/models/"
	    "claude-3-7-sonnet@20250219:rawPredict",
	    "{" WORKED ",'anthropic_version':'vertex-2023-10-16'}" },
	{ "Vertex by the model's name, in a stream", KIND_VERTEX_GEMINI, true,
	    "claude-x/y",
	    "/projects/P/locations/us-east5/publishers/anthropic/models/"
	    "claude-x%2Fy:streamRawPredict",
	    "{" WORKED ",'anthropic_version':'vertex-2023-10-16'}" },
};

START_TEST(test_form)
{
	const struct form_row *row = &forms[_i];
	const struct dialect *dialect =
	    dialect_find(row->kind, slice_str(row->model), 0);
	struct pool *pool = pool_new();
	struct asking q;
	struct sbuf path = { 0 };

	asking_read(&q, quotes(pool, worked));
	q.ask.model = slice_str(row->model);
	q.ask.project = SLICE("P");
	q.ask.location = SLICE("us-east5");
	q.ask.stream = row->stream;
	asking_put(&q, dialect);
	dialect->path(&q.ask, &path);
	ck_assert_str_eq(path.data, row->path);
	ck_assert_str_eq(q.body.data, quotes(pool, row->body).p);
	ck_assert_int_eq(q.ask.output_asked, 50);
	sbuf_free(&path);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

START_TEST(test_invoke)
{
	struct pool *pool = pool_new();
	struct asking q;
	struct sbuf path = { 0 };

	asking_read(&q, quotes(pool, worked));
	q.ask.model = SLICE("arn:aws:bedrock:x/us.anthropic.claude-v1:0");
	ck_assert_int_eq(anthropic_invoke_ask(&q.ask, &q.body, &q.asked.err),
	    0);
	ck_assert_str_eq(q.body.data,
	    quotes(pool,
		"{" WORKED ",'anthropic_version':'bedrock-2023-05-31'}")
		.p);
	anthropic_invoke_path(&q.ask, &path);
	ck_assert_str_eq(path.data,
	    "/model/arn%3Aaws%3Abedrock%3Ax%2Fus.anthropic.claude-v1%3A0/"
	    "invoke");
	q.ask.stream = true;
	sbuf_clear(&path);
	anthropic_invoke_path(&q.ask, &path);
	ck_assert_ptr_nonnull(
	    strstr(path.data, "0/invoke-with-response-stream"));
	sbuf_free(&path);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

/* Neither Vertex nor invoke fetches anything. */
START_TEST(test_urls)
{
	struct pool *pool = pool_new();
	struct asking q;

	asking_read(&q,
	    quotes(pool,
		MESSAGES("{'role':'user','content':[{'type':'text','text':'a'}"
			 ",{'type':'image_url','image_url':{'url':"
			 "'https://h/i.png'}}]}")));
	asking_put(&q, dialect_find(KIND_VERTEX_CLAUDE, SLICE("m"), 0));
	ck_assert_int_eq(q.done, -1);
	ck_assert_str_eq(q.asked.err.param, "messages[0].content[1].image_url");
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

#define MANY 20000

/* Many messages and odd ids behind them: each is found in no time. */
START_TEST(test_many_ids)
{
	struct sbuf b = { 0 };
	struct asking q;

	sbuf_adds(&b, "{\"messages\":[");
	for (int i = 0; i < MANY; i++)
		sbuf_adds(&b, "{\"role\":\"user\",\"content\":\"a\"},");
	sbuf_adds(&b, "{\"role\":\"assistant\",\"tool_calls\":[");
	for (int i = 0; i < MANY; i++)
		sbuf_addf(&b,
		    "%s{\"id\":\"c.%d\",\"type\":\"function\",\"function\":{"
		    "\"name\":\"f\"}}",
		    i > 0 ? "," : "", i);
	sbuf_adds(&b, "]}]}");
	asking_read(&q, sbuf_slice(&b));
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_int_eq(q.done, 0);
	ck_assert_ptr_null(strstr(q.body.data, "c_1"));
	asking_end(&q);
	sbuf_free(&b);
}
END_TEST

static const struct user_row {
	const char *request, *put;
} users[] = {
	{ ASK("'user':'u\\n'"), "'metadata':{'user_id':'u\\n'}," },
	{ ASK("'safety_identifier':'s','user':'u'"),
	    "'metadata':{'user_id':'u'}," },
	{ ASK("'safety_identifier':'s'"), "'metadata':{'user_id':'s'}," },
};

START_TEST(test_user)
{
	struct pool *pool = pool_new();
	struct sbuf body = { 0 };
	struct asking q;

	sbuf_addf(&body, PUT("%s" PUT_USER), users[_i].put);
	asking_read(&q, quotes(pool, users[_i].request));
	q.ask.send_user = true;
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_str_eq(q.body.data, quotes(pool, body.data).p);
	ck_assert_str_eq(q.warnings, "");
	asking_end(&q);
	sbuf_free(&body);
	pool_free(&pool);
}
END_TEST

/* sha256sum of 257 times "a" */
static const char digest_of_257[] =
    "{\"user_id\":"
    "\"e8d95cc2b4bc198c54b40bd214df958afb65f5e73d2c2eafe0593cf5c635c1f0\"}";

START_TEST(test_long_user)
{
	struct pool *pool = pool_new();
	struct sbuf request = { 0 };
	struct asking q;

	sbuf_adds(&request,
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"user\":\"");
	for (int i = 0; i < 257; i++)
		sbuf_addc(&request, 'a');
	sbuf_adds(&request, "\"}");
	asking_read(&q, sbuf_slice(&request));
	q.ask.send_user = true;
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_msg(strstr(q.body.data, digest_of_257) != NULL, "%s",
	    q.body.data);
	asking_end(&q);
	sbuf_free(&request);
	pool_free(&pool);
}
END_TEST

static const struct think_row {
	const char *title, *request;
	int64_t max_output;
	const char *model, *put; /* what must stand in the body */
	int64_t asked;
} thinks[] = {
	{ "the budget stands before the room", ASK("'reasoning_effort':'high'"),
	    0, "m", "'budget_tokens':16384", 4096 + 16384 },
	{ "a small room of the client's too",
	    ASK("'reasoning_effort':'medium','max_tokens':50"), 0, "m",
	    "'max_tokens':4146,", 4146 },
	{ "a large room holds both",
	    ASK("'reasoning_effort':'high','max_tokens':2048"), 0, "m",
	    "'max_tokens':2048,'thinking':{'type':'enabled','budget_tokens':"
	    "2047}",
	    2048 },
	{ "and bounds nothing that it has room for",
	    ASK("'reasoning_effort':'low','max_tokens':2048"), 0, "m",
	    "'budget_tokens':1024", 2048 },
	{ "no more than the model writes", ASK("'reasoning_effort':'max'"),
	    8192, "m",
	    "'max_tokens':8192,'thinking':{'type':'enabled',"
	    "'budget_tokens':8191}",
	    8192 },
	{ "nor by itself", ASK("'stream':false"), 1000, "m",
	    "'max_tokens':1000,", 1000 },
	{ "the client's own budget",
	    ASK("'thinking':{'type':'enabled','budget_tokens':5000}"), 0, "m",
	    "'thinking':{'type':'enabled','budget_tokens':5000}", 9096 },
	{ "the client's own, with room",
	    ASK("'thinking':{'type':'enabled','budget_tokens':5000},"
		"'max_tokens':5001"),
	    0, "m", "'max_tokens':5001", 5001 },
	{ "nonsense",
	    ASK("'thinking':{'type':'enabled','budget_tokens':1e300}"), 0, "m",
	    "'budget_tokens':1e300", 4096 },
	{ "negative", ASK("'thinking':{'type':'enabled','budget_tokens':-1}"),
	    0, "m", "'budget_tokens':-1", 4096 },
	{ "the most that is a number",
	    ASK("'reasoning_effort':'low','max_tokens':9223372036854775807"), 0,
	    "m", "'max_tokens':9223372036854775807,", INT64_MAX },
};

START_TEST(test_think)
{
	const struct think_row *row = &thinks[_i];
	struct pool *pool = pool_new();
	struct asking q;

	asking_read(&q, quotes(pool, row->request));
	q.ask.max_output = row->max_output;
	q.ask.features = FEATURE_REASONING;
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_msg(strstr(q.body.data, quotes(pool, row->put).p) != NULL,
	    "%s: %s", row->title, q.body.data);
	ck_assert_int_eq(q.ask.output_asked, row->asked);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

static const struct effort_row {
	const char *word, *model, *put;
} efforts[] = {
	{ "minimal", "claude-opus-4-7", "low" },
	{ "low", "claude-opus-4-7", "low" },
	{ "medium", "claude-opus-4-7", "medium" },
	{ "high", "claude-opus-4-7", "high" },
	{ "xhigh", "claude-opus-4-7", "xhigh" },
	{ "xhigh", "claude-opus-4-6", "high" },
	{ "max", "claude-opus-4-6", "max" },
	{ "new", "claude-opus-4-6", "new" },
};

START_TEST(test_adaptive)
{
	const struct effort_row *row = &efforts[_i];
	struct sbuf request = { 0 }, body = { 0 };
	struct asking q;

	sbuf_addf(&request,
	    "{\"messages\":[{\"role\":\"user\",\"content\":\"\"}],\"reasoning_"
	    "effort\":\"%s\"}",
	    row->word);
	sbuf_addf(&body,
	    "\"thinking\":{\"type\":\"adaptive\"},\"output_config\":{"
	    "\"effort\":\"%s\"}",
	    row->put);
	asking_read(&q, sbuf_slice(&request));
	q.ask.features = FEATURE_ADAPTIVE;
	q.ask.model = slice_str(row->model);
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_msg(strstr(q.body.data, body.data) != NULL, "%s",
	    q.body.data);
	ck_assert_int_eq(q.ask.output_asked, 4096);
	asking_end(&q);
	sbuf_free(&request);
	sbuf_free(&body);
}
END_TEST

/* n tools, each with that schema, how many of them stay strict. */
static const struct strict_row {
	const char *title;
	unsigned tools;
	const char *schema;
	unsigned strict;
} stricts[] = {
	{ "twenty", 21, "{'type':'object'}", 20 },
	{ "optional ones in all", 7,
	    "{'type':'object','properties':{'a':{},'b':{},'c':{},'d':{}}}", 6 },
	{ "required ones are free", 20,
	    "{'type':'object','properties':{'a':{},'b':{},'c':{},'d':{}},"
	    "'required':['d','c','b','a']}",
	    20 },
	{ "inner ones count", 20,
	    "{'type':'object','properties':{'a':{'type':'object','properties':"
	    "{'b':{},'c':{}}}},'required':['a']}",
	    12 },
	{ "unions in all", 9,
	    "{'type':'object','properties':{'a':{'anyOf':[{},{}]},'b':{'type':["
	    "'string','null']}},'required':['a','b']}",
	    8 },
	{ "the root is no object", 1, "{'type':'string'}", 0 },
	{ "a reference", 2,
	    "{'$defs':{'x':{'type':'string'}},'properties':{'a':{'$ref':"
	    "'#/$defs/x'},'b':{'$ref':'#/$defs/x'}},'required':['a','b']}",
	    2 },
	{ "to itself", 1,
	    "{'$defs':{'x':{'items':{'$ref':'#/$defs/x'}}},'properties':{'a':"
	    "{'$ref':'#/$defs/x'}},'required':['a']}",
	    0 },
	{ "to the root", 1,
	    "{'properties':{'a':{'$ref':'#'}},'required':['a']}", 0 },
	{ "to nothing", 1,
	    "{'properties':{'a':{'$ref':'#/a/b'}},'required':['a']}", 1 },
	{ "to no path", 1,
	    "{'properties':{'a':{'$ref':'#a'}},'required':['a']}", 1 },
};

START_TEST(test_strict)
{
	const struct strict_row *row = &stricts[_i];
	struct pool *pool = pool_new();
	struct sbuf request = { 0 };
	struct asking q;
	unsigned strict = 0;
	const char *p;

	sbuf_adds(&request, "{'messages':[" USER "],'tools':[");
	for (unsigned i = 0; i < row->tools; i++)
		sbuf_addf(&request,
		    "%s{'type':'function','function':{'name':'f','strict':true"
		    ",'parameters':%s}}",
		    i > 0 ? "," : "", row->schema);
	sbuf_adds(&request, "]}");
	asking_read(&q, quotes(pool, request.data));
	asking_put(&q, dialect_find(KIND_ANTHROPIC, SLICE("m"), 0));
	ck_assert_int_eq(q.done, 0);
	for (p = q.body.data; (p = strstr(p, "\"strict\":true")) != NULL; p++)
		strict++;
	ck_assert_msg(strict == row->strict, "%s: %u", row->title, strict);
	ck_assert_str_eq(q.warnings, strict < row->tools ? "strict " : "");
	asking_end(&q);
	sbuf_free(&request);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/anthropic_ask");
	TCase *tc = tcase_create("anthropic_ask");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_required, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_form, 0, COUNT(forms));
	tcase_add_test(tc, test_invoke);
	tcase_add_test(tc, test_urls);
	tcase_add_loop_test(tc, test_user, 0, COUNT(users));
	tcase_add_test(tc, test_long_user);
	tcase_add_test(tc, test_many_ids);
	tcase_add_loop_test(tc, test_think, 0, COUNT(thinks));
	tcase_add_loop_test(tc, test_adaptive, 0, COUNT(efforts));
	tcase_add_loop_test(tc, test_strict, 0, COUNT(stricts));
	suite_add_tcase(s, tc);
	return s;
}
