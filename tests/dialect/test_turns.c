/* Conversations in turns: spec/providers.md 4.1. */

#include "tests/suite.h"

#include "dialect/turns.h"
#include "tests/dialect/asking.h"

#define U(text) "{'role':'user','content':'" text "'}"
#define A(text) "{'role':'assistant','content':'" text "'}"
#define S(text) "{'role':'system','content':'" text "'}"
#define CALLS(calls)                                                           \
	"{'role':'assistant','content':'','tool_calls':[" calls "]}"
#define CALL(id) "{'id':'" id "','type':'function','function':{'name':'f'}}"
#define R(id) "{'role':'tool','tool_call_id':'" id "','content':'r" id "'}"
#define THOUGHT(format, more)                                                  \
	"{'role':'assistant','content':'" more "','reasoning_details':[{"      \
	"'type':'reasoning.text','text':'t','format':'" format "'}]}"

static const struct turns_rules plain = { 0 };
static const struct turns_rules alone = { .results_alone = true };
static const struct turns_rules trim = { .trim_last = true,
	.thinking = SLICE("x-v1") };

static const struct row {
	const char *title;
	const struct turns_rules *rules;
	const char *messages, *turns, *warnings;
} rows[] = {
	{ "a turn", &plain, U("a"), "user:a\n", "" },
	{ "turns", &plain, U("a") "," A("b") "," U("c"),
	    "user:a\nassistant:b\nuser:c\n", "" },
	{ "neighbours", &plain, U("a") "," U("b") "," A("c") "," A("d"),
	    "user:a b\nassistant:c d\n", "" },
	{ "the system stands apart", &plain,
	    S("s") "," U("a") "," S("") "," S("t") "," U("b"),
	    "system:s t\nuser:a b\n", "" },
	{ "the system does not part neighbours", &plain,
	    U("a") "," A("b") "," S("s") "," A("c"),
	    "system:s\nuser:a\nassistant:b c\n", "" },
	{ "the assistant first", &plain, A("a") "," U("b"),
	    "user:.\nassistant:a\nuser:b\n", "" },
	{ "an empty assistant is none", &plain, A("") "," U("b"), "user:b\n",
	    "" },
	{ "and its neighbours are one", &plain,
	    U("a") "," A("") "," U("b") "," A("c"), "user:a b\nassistant:c\n",
	    "" },
	{ "an empty user", &plain, U("") "," A("b"), "user:.\nassistant:b\n",
	    "" },
	{ "nobody", &plain, S("s"), "system:s\nuser:.\n", "" },
	{ "nothing", &plain, A(""), "user:.\n", "" },
	{ "results in the order of the calls", &plain,
	    U("a") "," CALLS(CALL("1") "," CALL("2")) "," R("2") "," R("1"),
	    "user:a\nassistant:call1 call2\nuser:=1(r1) =2(r2)\n", "" },
	{ "before what the user says", &plain,
	    U("a") "," CALLS(CALL("1")) "," U("b") "," R("1") "," U("c"),
	    "user:a\nassistant:call1\nuser:=1(r1) b c\n", "" },
	{ "behind all that the assistant says", &plain,
	    U("a") "," CALLS(CALL("1")) "," S("s") "," CALLS(CALL("2")) "," R(
		"1") "," R("2"),
	    "system:s\nuser:a\nassistant:call1 call2\nuser:=1(r1) =2(r2)\n",
	    "" },
	{ "a missing one", &plain,
	    U("a") "," CALLS(CALL("1") "," CALL("2")) "," R("2"),
	    "user:a\nassistant:call1 call2\nuser:=1(failed) =2(r2)\n",
	    "tool result missing " },
	{ "missing at the end", &plain, U("a") "," CALLS(CALL("1")),
	    "user:a\nassistant:call1\nuser:=1(failed)\n",
	    "tool result missing " },
	{ "late ones are stray", &plain,
	    U("a") "," CALLS(CALL("1")) "," U("b") "," A("c") "," R("1"),
	    "user:a\nassistant:call1\nuser:=1(failed) b\nassistant:c\n"
	    "user:[tool result 1] r1\n",
	    "tool result missing tool result without call " },
	{ "so is a second one", &plain,
	    U("a") "," CALLS(CALL("1")) "," R("1") "," R("1"),
	    "user:a\nassistant:call1\nuser:=1(r1) [tool result 1] r1\n",
	    "tool result without call " },
	{ "and one without call", &plain, R("9") "," A("b"),
	    "user:[tool result 9] r9\nassistant:b\n",
	    "tool result without call " },
	{ "results alone", &alone,
	    U("a") "," CALLS(CALL("1")) "," R("1") "," U("b") "," U("c"),
	    "user:a\nassistant:call1\nuser:=1(r1)\nuser:b c\n", "" },
	{ "stray ones are text there too", &alone,
	    U("a") "," CALLS(CALL("1")) "," R("9") "," R("1") "," U("b"),
	    "user:a\nassistant:call1\nuser:=1(r1)\nuser:[tool result 9] r9 "
	    "b\n",
	    "tool result without call " },
	{ "blanks behind the last", &trim,
	    U("a ") "," A("b \\n\\t\\r\\f\\u0020 ") "," U("c") "," A(
		"d\\\\n \\u000a"),
	    "user:a \nassistant:b \\n\\t\\r\\f\\u0020 \nuser:c\n"
	    "assistant:d\\\\n\n",
	    "" },
	{ "blanks alone", &trim, U("a") "," A(" \\n") "," U("b") "," A("c"),
	    "user:a b\nassistant:c\n", "" },
	{ "blanks are text elsewhere", &plain, U("a") "," A(" "),
	    "user:a\nassistant: \n", "" },
	{ "all reasoning goes back", &plain, U("a") "," THOUGHT("y-v1", "b"),
	    "user:a\nassistant:<t> b\n", "" },
	{ "reasoning of one's own", &trim,
	    U("a") "," THOUGHT("x-v1", "b") "," U("c") "," THOUGHT("y-v1", "d"),
	    "user:a\nassistant:<t> b\nuser:c\nassistant:d\n", "" },
	{ "a turn of another's reasoning is none", &trim,
	    U("a") "," THOUGHT("y-v1", "") "," U("b"), "user:a b\n", "" },
};

static void
dump_part(struct sbuf *b, const struct chat_part *p)
{
	switch (p->type) {
	case CHAT_THINKING:
		sbuf_addf(b, "<%.*s>", SLICE_ARGS(p->text));
		break;
	case CHAT_CALL:
		sbuf_addf(b, "call%.*s", SLICE_ARGS(p->id));
		break;
	case CHAT_RESULT:
		ck_assert(slice_eq(p->name, SLICE("f")));
		sbuf_addf(b, "=%.*s(", SLICE_ARGS(p->id));
		for (unsigned i = 0; i < p->n; i++)
			sbuf_add_slice(b, p->parts[i].text);
		sbuf_adds(b, p->failed ? "failed)" : ")");
		break;
	default:
		sbuf_add_slice(b, p->text);
	}
}

static void
dump(struct sbuf *b, const struct turns *t)
{
	for (unsigned i = 0; i < t->n_system; i++) {
		sbuf_adds(b, i > 0 ? " " : "system:");
		dump_part(b, t->system[i]);
	}
	if (t->n_system > 0)
		sbuf_addc(b, '\n');
	for (unsigned i = 0; i < t->n; i++) {
		sbuf_adds(b,
		    t->turns[i].role == CHAT_USER ? "user" : "assistant");
		for (unsigned k = 0; k < t->turns[i].n; k++) {
			sbuf_addc(b, k > 0 ? ' ' : ':');
			dump_part(b, &t->turns[i].parts[k]);
		}
		sbuf_addc(b, '\n');
	}
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct sbuf request = { 0 }, b = { 0 };
	struct turns turns;
	struct asking q;
	char warnings[256] = "";

	sbuf_addf(&request, "{'messages':[%s]}", row->messages);
	asking_read(&q, quotes(pool, request.data));
	ck_assert_int_eq(q.done, 0);
	turns_make(&q.ask.chat, row->rules, pool, &q.asked.params, &turns);
	dump(&b, &turns);
	ck_assert_msg(strcmp(b.data, row->turns) == 0, "%s:\n%s", row->title,
	    b.data);
	for (unsigned i = 0; i < q.asked.params.n_warnings; i++) {
		strncat(warnings, q.asked.params.warnings[i].p,
		    q.asked.params.warnings[i].n);
		strcat(warnings, " ");
	}
	ck_assert_msg(strcmp(warnings, row->warnings) == 0, "%s: %s",
	    row->title, warnings);
	sbuf_free(&request);
	sbuf_free(&b);
	asking_end(&q);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/turns");
	TCase *tc = tcase_create("turns");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	suite_add_tcase(s, tc);
	return s;
}
