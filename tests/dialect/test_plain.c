#include "tests/suite.h"

#include "base/sbuf.h"
#include "dialect/plain.h"
#include "tests/dialect/inbound_rows.h"

#define CACHE ",'cache_control':{'type':'ephemeral'}"

static const struct plain_keep nothing = { .cache_control = false };
static const struct plain_keep router = { .cache_control = true,
	.reasoning_details = true };
static const struct plain_keep google = { .extra_content = true };
static const struct plain_keep deep = { .reasoning_content = true };

static const struct {
	const char *title;
	const struct plain_keep *keep;
	const char *from, *to;
} rows[] = {
	{ "marks of caches", &nothing,
	    "{'messages':[{'role':'user','content':[{'type':'text','text':'"
	    "a'" CACHE "},{'type':'text','text':'b'}]},{'role':'tool',"
	    "'tool_call_id':'i','content':'r'" CACHE
	    "}],'tools':[{'type':'function','function':{'name':'w'}" CACHE
	    "}],'x':1.0}",
	    "{'messages':[{'role':'user','content':[{'type':'text','text':'a'"
	    "},{'type':'text','text':'b'}]},{'role':'tool',"
	    "'tool_call_id':'i','content':'r'"
	    "}],'tools':[{'type':'function','function':{'name':'w'}"
	    "}],'x':1.0}" },
	{ "thoughts and signatures", &nothing,
	    "{'messages':[{'role':'assistant','reasoning_content':'h',"
	    "'content':null,'reasoning_details':[{'type':'reasoning.text'}],"
	    "'tool_calls':[{'id':'a','extra_content':{'google':{}},"
	    "'function':{'name':'w','arguments':'{}'}" CACHE "}]}]}",
	    "{'messages':[{'role':'assistant','content':null,'tool_calls':["
	    "{'id':'a','function':{'name':'w','arguments':'{}'}}]}]}" },
	{ "OpenRouter takes both", &router,
	    "{'messages':[{'role':'assistant','content':[{'type':'text',"
	    "'text':'a'" CACHE "}],'reasoning_details':[],"
	    "'reasoning_content':'h'}]}",
	    "{'messages':[{'role':'assistant','content':[{'type':'text',"
	    "'text':'a'" CACHE "}],'reasoning_details':[]}]}" },
	{ "Google its signatures", &google,
	    "{'messages':[{'tool_calls':[{'extra_content':{'google':{}}}]}]}",
	    "{'messages':[{'tool_calls':[{'extra_content':{'google':{}}}]}]}" },
	{ "DeepSeek thoughts before calls", &deep,
	    "{'messages':[{'reasoning_content':'h','tool_calls':[]},"
	    "{'reasoning_content':'h','content':'a'}]}",
	    "{'messages':[{'reasoning_content':'h','tool_calls':[]},"
	    "{'content':'a'}]}" },
	{ "what a tool's schema says is nobody's mark", &nothing,
	    "{'tools':[{'function':{'parameters':{'properties':{"
	    "'cache_control':{},'extra_content':{}}}}}],'cache_control':1,"
	    "'messages':['x',{'content':'cache_control'}]}",
	    "{'tools':[{'function':{'parameters':{'properties':{"
	    "'cache_control':{},'extra_content':{}}}}}],'cache_control':1,"
	    "'messages':['x',{'content':'cache_control'}]}" },
};

START_TEST(test_rows)
{
	struct sbuf from = { 0 }, want = { 0 }, out = { 0 };

	inbound_unquote(rows[_i].from, &from);
	inbound_unquote(rows[_i].to, &want);
	plain_body(sbuf_slice(&from), rows[_i].keep, &out);
	ck_assert_msg(slice_eq(sbuf_slice(&out), sbuf_slice(&want)),
	    "%s:\n%s\n%s", rows[_i].title, out.data, want.data);
	sbuf_free(&from);
	sbuf_free(&want);
	sbuf_free(&out);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("plain");
	TCase *t = tcase_create("plain");

	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}
