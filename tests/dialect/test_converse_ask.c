/* What Bedrock's Converse is asked: spec/providers.md 4. */

#include "tests/suite.h"

#include "proto/jscan.h"
#include "tests/dialect/asking.h"

#define M "amazon.nova-lite-v1:0"
#define CLAUDE "us.anthropic.claude-haiku-4-5-20251001-v1:0"

/* Requests. */
#define USER "{'role':'user','content':'hi'}"
#define MESSAGES(m) "{'messages':[" m "]}"
#define PARTS(p) "{'messages':[{'role':'user','content':[" p "]}]}"
#define ASK(members) "{'messages':[" USER "]," members "}"
#define TOOL "{'type':'function','function':{'name':'f'}}"
#define TOOLS(m) "{'messages':[" m "],'tools':[" TOOL "]}"
#define CALL(i)                                                                \
	"{'id':'" i "','type':'function','function':{'name':'f','arguments':"  \
	"'{}'}}"
#define MARK "'cache_control':{'type':'ephemeral'}"
#define THOUGHT                                                                \
	"{'type':'reasoning.text','text':'t','signature':'s','format':"        \
	"'anthropic-claude-v1','index':0}"
#define ID64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Bodies. */
#define TEXT(t) "{'text':'" t "'}"
#define TURN(role, parts) "{'role':'" role "','content':[" parts "]}"
#define PUT_USER TURN("user", TEXT("hi"))
#define PUT_MESSAGES(m) "{'messages':[" m "]}"
#define PUT_TOOL                                                               \
	"{'toolSpec':{'name':'f','inputSchema':{'json':{'type':'object',"      \
	"'properties':{}}}}}"
#define PUT_TOOLS(m)                                                           \
	"{'messages':[" m "],'toolConfig':{'tools':[" PUT_TOOL "]}}"
#define PUT_CHOICE(c)                                                          \
	"{'messages':[" PUT_USER "],'toolConfig':{'tools':[" PUT_TOOL          \
	"],'toolChoice':" c "}}"
#define PUT_FORCED(schema)                                                     \
	"{'messages':[" PUT_USER "],'toolConfig':{'tools':[{'toolSpec':{"      \
	"'name':'json_output','inputSchema':{'json':" schema                   \
	"}}}],'toolChoice':{'tool':{'name':'json_output'}}}}"
#define PUT_ADDITIONAL(members)                                                \
	"{'messages':[" PUT_USER "],'additionalModelRequestFields':{" members  \
	"}}"
#define BUDGET(n) "'reasoning_config':{'type':'enabled','budget_tokens':" n "}"
#define PUT_BUDGET(n) PUT_ADDITIONAL(BUDGET(n))
#define PUT_ROOM(max, n)                                                       \
	"{'inferenceConfig':{'maxTokens':" max "},'messages':[" PUT_USER       \
	"],'additionalModelRequestFields':{" BUDGET(n) "}}"
#define USE(i) "{'toolUse':{'toolUseId':'" i "','name':'f','input':{}}}"
#define RESULT(i, t)                                                           \
	"{'toolResult':{'toolUseId':'" i "','content':[{'text':'" t "'}]}}"
#define PNG "{'image':{'format':'png','source':{'bytes':'iVBORw0KGgoA'}}}"
#define DOCUMENT(format, name, data)                                           \
	"{'document':{'format':'" format "','name':'" name                     \
	"','source':{'bytes':'" data "'}}}"
#define POINT "{'cachePoint':{'type':'default'}}"

static const struct row {
	const char *title, *model, *request;
	uint32_t features;
	const char *body;     /* NULL: refused */
	const char *warnings; /* or the parameter that is refused */
} rows[] = {
#include "tests/dialect/converse_ask.def"
};

static void
ask(struct asking *q, const struct row *row, struct slice request)
{
	const struct dialect *d =
	    dialect_find(KIND_BEDROCK, slice_str(row->model), row->features);

	asking_read(q, request);
	q->ask.features = row->features;
	q->ask.model = slice_str(row->model);
	asking_put(q, d);
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct asking q;
	struct jscan_item item;
	struct slice body;
	struct err e;

	ask(&q, row, quotes(pool, row->request));
	if (row->body == NULL) {
		ck_assert_msg(q.done == -1, "%s: %s", row->title, q.body.data);
		ck_assert_int_eq(q.asked.err.kind, ERR_UNSUPPORTED_PARAMETER);
		ck_assert_str_eq(q.asked.err.param, row->warnings);
	} else {
		body = quotes(pool, row->body);
		ck_assert_msg(q.done == 0, "%s: %s", row->title,
		    q.asked.err.text);
		ck_assert_msg(jscan_value(sbuf_slice(&q.body), &item, &e) == 0,
		    "%s: %s", row->title, q.body.data);
		ck_assert_msg(slice_eq(sbuf_slice(&q.body), body),
		    "%s:\n%s\nis not\n%s", row->title, q.body.data, body.p);
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
	bool fine =
	    row->body != NULL && (row->warnings[0] == '\0' ||
				     strncmp(row->warnings, "tool ", 5) == 0);

	sbuf_adds(&b, "{\"require_parameters\":true,");
	sbuf_add_slice(&b, slice_skip(quotes(pool, row->request), 1));
	ask(&q, row, sbuf_slice(&b));
	ck_assert_msg(q.done == (fine ? 0 : -1), "%s", row->title);
	asking_end(&q);
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

/* spec/providers.md 4.10 */
static const struct row worked = { "the worked request", M,
	"{'model':'x','max_completion_tokens':50,'stop':'END',"
	"'parallel_tool_calls':false,'messages':["
	"{'role':'developer','content':'Be brief.'},"
	"{'role':'user','content':'Weather in Rome and Oslo?'},"
	"{'role':'assistant','content':null,'tool_calls':["
	"{'id':'call_a','type':'function','function':{'name':'w',"
	"'arguments':'{\\u0022c\\u0022:\\u0022Rome\\u0022}'}},"
	"{'id':'call_b','type':'function','function':{'name':'w',"
	"'arguments':'{\\u0022c\\u0022:\\u0022Oslo\\u0022}'}}]},"
	"{'role':'tool','tool_call_id':'call_a','content':'20'},"
	"{'role':'tool','tool_call_id':'call_b','content':'5'}],"
	"'tools':[{'type':'function','function':{'name':'w','parameters':"
	"{'type':'object','properties':{'c':{'type':'string'}}}}}]}",
	0,
	"{'system':[{'text':'Be brief.'}],'inferenceConfig':{'maxTokens':50,"
	"'stopSequences':['END']},"
	"'messages':[{'role':'user','content':[{'text':'Weather in Rome and "
	"Oslo?'}]},"
	"{'role':'assistant','content':[{'toolUse':{'toolUseId':'call_a',"
	"'name':'w','input':{'c':'Rome'}}},{'toolUse':{'toolUseId':'call_b',"
	"'name':'w','input':{'c':'Oslo'}}}]},"
	"{'role':'user','content':[{'toolResult':{'toolUseId':'call_a',"
	"'content':[{'text':'20'}]}},{'toolResult':{'toolUseId':'call_b',"
	"'content':[{'text':'5'}]}}]}],"
	"'toolConfig':{'tools':[{'toolSpec':{'name':'w','inputSchema':{'json':"
	"{'type':'object','properties':{'c':{'type':'string'}}}}}}]}}",
	"parallel_tool_calls " };

START_TEST(test_worked)
{
	struct pool *pool = pool_new();
	struct asking q;

	ask(&q, &worked, quotes(pool, worked.request));
	ck_assert_int_eq(q.done, 0);
	ck_assert_str_eq(q.body.data, quotes(pool, worked.body).p);
	ck_assert_str_eq(q.warnings, worked.warnings);
	ck_assert_int_eq(q.ask.output_asked, 50);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

static const struct {
	const char *model;
	bool stream;
	const char *path;
} paths[] = {
	{ M, false, "/model/amazon.nova-lite-v1%3A0/converse" },
	{ CLAUDE, true,
	    "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/"
	    "converse-stream" },
	{ "arn:aws:bedrock:us-east-1:1:inference-profile/a b~_", false,
	    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2F"
	    "a%20b~_/converse" },
};

START_TEST(test_path)
{
	struct ask a = { .model = slice_str(paths[_i].model),
		.stream = paths[_i].stream };
	struct sbuf b = { 0 };

	dialect_find(KIND_BEDROCK, a.model, 0)->path(&a, &b);
	ck_assert_str_eq(b.data, paths[_i].path);
	sbuf_free(&b);
}
END_TEST

/* A model that can write no more than so much. */
static const struct {
	const char *request;
	int64_t max_output;
	const char *body;
} limits[] = {
	{ ASK("'reasoning_effort':'high'"), 8192, PUT_BUDGET("8191") },
	{ ASK("'reasoning_effort':'high'"), 32768, PUT_BUDGET("16384") },
	{ ASK("'reasoning_effort':'high','max_tokens':500"), 8192,
	    PUT_ROOM("8192", "8191") },
	{ ASK("'reasoning_effort':'low','max_tokens':9000"), 8192,
	    PUT_ROOM("9000", "1024") },
};

START_TEST(test_limit)
{
	struct pool *pool = pool_new();
	struct asking q;

	asking_read(&q, quotes(pool, limits[_i].request));
	q.ask.features = FEATURE_REASONING;
	q.ask.model = SLICE(CLAUDE);
	q.ask.max_output = limits[_i].max_output;
	asking_put(&q, dialect_find(KIND_BEDROCK, q.ask.model, 0));
	ck_assert_str_eq(q.body.data, quotes(pool, limits[_i].body).p);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

/* What the reader of the answer and the hold must be told. */
static const struct {
	const char *request;
	enum chatout_forced forced;
	int64_t output_asked;
} told[] = {
	{ ASK("'max_tokens':7"), FORCED_NONE, 7 },
	{ ASK("'n':1"), FORCED_NONE, 0 },
	{ ASK("'max_tokens':7,'thinking':{'type':'enabled','budget_tokens':"
	      "3000}"),
	    FORCED_NONE, 3001 },
	{ ASK("'response_format':{'type':'json_schema','json_schema':{'name':"
	      "'x','schema':{'type':'object'}}}"),
	    FORCED_TOOL, 0 },
	{ ASK("'response_format':{'type':'json_schema','json_schema':{'name':"
	      "'x','schema':{'type':'string'}}}"),
	    FORCED_WRAPPED, 0 },
	{ ASK("'response_format':{'type':'json_schema','json_schema':{'name':"
	      "'x','schema':{'anyOf':[]}}}"),
	    FORCED_WRAPPED, 0 },
};

START_TEST(test_told)
{
	struct row row = { .model = CLAUDE, .request = told[_i].request };
	struct pool *pool = pool_new();
	struct asking q;

	ask(&q, &row, quotes(pool, row.request));
	ck_assert_int_eq(q.done, 0);
	ck_assert_int_eq(q.ask.forced, told[_i].forced);
	ck_assert_int_eq(q.ask.output_asked, told[_i].output_asked);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/converse_ask");
	TCase *tc = tcase_create("requests");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_required, 0, COUNT(rows));
	tcase_add_test(tc, test_worked);
	tcase_add_loop_test(tc, test_path, 0, COUNT(paths));
	tcase_add_loop_test(tc, test_limit, 0, COUNT(limits));
	tcase_add_loop_test(tc, test_told, 0, COUNT(told));
	suite_add_tcase(s, tc);
	return s;
}
