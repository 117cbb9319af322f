/* Answers told as chunks of a chat stream: spec/providers.md 7.4. */

#include "tests/suite.h"

#include "dialect/chatout.h"
#include "proto/jscan.h"
#include "tests/dialect/quotes.h"

#define HEAD                                                                   \
	"data: {'id':'i','object':'chat.completion.chunk','created':1,"        \
	"'model':'a\\'b','choices':["
#define CHUNK(delta)                                                           \
	HEAD "{'index':0,'delta':{" delta "},'finish_reason':null}]}\n\n"
#define ROLE CHUNK("'role':'assistant','content':''")
#define FINISH(word)                                                           \
	HEAD "{'index':0,'delta':{},'finish_reason':'" word "'}]}\n\n"
#define CALL(n, id, name)                                                      \
	CHUNK("'tool_calls':[{'index':" n ",'id':'" id                         \
	      "','type':'function','function':{'name':'" name                  \
	      "','arguments':''}}]")
#define PIECE(n, text)                                                         \
	CHUNK("'tool_calls':[{'index':" n ",'function':{'arguments':'" text    \
	      "'}}]")

static void
say_text(struct chatout *o)
{
	chatout_text(o, SLICE("a\\n"));
	chatout_text(o, SLICE(""));
	chatout_reasoning(o, SLICE("r"));
	chatout_refusal(o, SLICE("n"));
	chatout_refused(o);
	ck_assert_uint_eq(o->text_bytes, 5);
	ck_assert(chatout_has_content(o));
	ck_assert(!chatout_is_finished(o));
	chatout_finish(o, CHATOUT_STOP, SLICE("end"));
	ck_assert_str_eq(o->native_finish, "end");
	ck_assert(chatout_is_finished(o));
}

static void
say_after_the_end(struct chatout *o)
{
	chatout_finish(o, CHATOUT_LENGTH,
	    SLICE("a word that is far too long for it"));
	ck_assert_str_eq(o->native_finish, "a word that is far too long for");
	chatout_text(o, SLICE("x"));
	chatout_detail(o, SLICE("{}"));
	chatout_logprobs(o, SLICE("{}"));
	chatout_refused(o);
	ck_assert_int_eq(chatout_call(o, SLICE("i"), SLICE("f"), SLICE("")), 0);
	chatout_arguments(o, SLICE("x"));
	chatout_finish(o, CHATOUT_STOP, SLICE("again"));
	chatout_end(o);
}

static void
say_calls(struct chatout *o)
{
	chatout_call(o, SLICE("i"), SLICE("f"), SLICE(""));
	chatout_arguments(o, SLICE(""));
	chatout_call(o, SLICE("k"), SLICE("g"), SLICE("{\n\"e\":1}"));
	chatout_arguments(o, SLICE("{\\\"x"));
	chatout_arguments(o, SLICE("\\\":1}"));
	chatout_call_end(o);
	chatout_arguments(o, SLICE("lost"));
	chatout_call(o, SLICE("l"), SLICE("h"), SLICE(""));
	chatout_arguments_json(o, SLICE("{\"a\":\"\\n\"}"));
	chatout_finish(o, CHATOUT_STOP, SLICE(""));
	ck_assert_uint_eq(o->text_bytes, 3 + 2 + 4 + 5 + 15);
}

static void
say_forced(struct chatout *o)
{
	o->forced = FORCED_TOOL;
	chatout_call(o, SLICE("i"), SLICE("json_output"), SLICE(""));
	chatout_arguments(o, SLICE("{\\\"a\\\""));
	chatout_arguments(o, SLICE(":1}"));
	chatout_finish(o, CHATOUT_STOP, SLICE("tool_use"));
}

static void
say_wrapped(struct chatout *o)
{
	o->forced = FORCED_WRAPPED;
	chatout_call(o, SLICE("i"), SLICE("json_output"), SLICE(""));
	chatout_arguments(o, SLICE("{\\\"value\\\""));
	chatout_arguments(o, SLICE(":[\\\"x\\\"]}"));
	chatout_finish(o, CHATOUT_STOP, SLICE("tool_use"));
}

static void
say_wrapped_and_cut(struct chatout *o)
{
	o->forced = FORCED_WRAPPED;
	chatout_call(o, SLICE("i"), SLICE("json_output"), SLICE(""));
	chatout_arguments(o, SLICE("{\\\"value"));
	chatout_finish(o, CHATOUT_LENGTH, SLICE("max_tokens"));
}

static void
say_lists(struct chatout *o)
{
	chatout_detail(o, SLICE("{\"a\":\n1}"));
	chatout_annotation(o, SLICE("{}"));
	chatout_annotation(o, SLICE(""));
	chatout_image(o, SLICE("{}"));
	chatout_logprobs(o, SLICE("{\"content\":[]}"));
	chatout_fields(o, SLICE("{\"x\":\r\n1}"));
	chatout_fields(o, SLICE(""));
	ck_assert(chatout_has_content(o));
}

static void
say_choices(struct chatout *o)
{
	chatout_text(o, SLICE("a"));
	ck_assert_int_eq(chatout_choice(o, 1), 0);
	chatout_begin(o);
	ck_assert(!chatout_has_content(o));
	chatout_finish(o, CHATOUT_CONTENT_FILTER, SLICE(""));
	ck_assert(!chatout_is_finished(o));
	ck_assert_int_eq(chatout_choice(o, 0), 0);
	chatout_finish(o, CHATOUT_STOP, SLICE(""));
	ck_assert(chatout_is_finished(o));
	ck_assert_int_eq(chatout_choice(o, CHATOUT_CHOICES), -1);
}

static void
say_why(struct chatout *o)
{
	chatout_last_fields(o, SLICE("{\"a\":1}"));
	chatout_last_fields(o, SLICE("{\"b\":\n2}"));
	chatout_finish(o, CHATOUT_STOP, SLICE(""));
}

static void
say_error(struct chatout *o)
{
	ck_assert(!chatout_is_finished(o));
	chatout_error(o, SLICE("{\"error\":\n{}}"));
}

static const struct row {
	const char *title;
	void (*say)(struct chatout *o);
	const char *frames;
} rows[] = {
	{ "text", say_text,
	    ROLE CHUNK("'content':'a\\n'") CHUNK("'reasoning_content':'r'")
		CHUNK("'refusal':'n'") CHUNK("'refusal':''") FINISH("stop") },
	{ "nothing behind the end", say_after_the_end,
	    ROLE FINISH("length") "data: [DONE]\n\n" },
	{ "calls", say_calls,
	    ROLE CALL("0", "i", "f") PIECE("0", "{}") CHUNK(
		"'tool_calls':[{'index':1,'id':'k','type':'function',"
		"'function':{'name':'g','arguments':''},'extra_content':{ "
		"'e':1}}]") PIECE("1", "{\\'x") PIECE("1", "\\':1}")
		CALL("2", "l", "h") PIECE("2", "{\\'a\\':\\'\\\\n\\'}")
		    FINISH("tool_calls") },
	{ "a schema that was forced", say_forced,
	    ROLE CHUNK("'content':'{\\'a\\''") CHUNK("'content':':1}'")
		FINISH("stop") },
	{ "and wrapped", say_wrapped,
	    ROLE CHUNK("'content':'[\\'x\\']'") FINISH("stop") },
	{ "wrapped and cut", say_wrapped_and_cut,
	    ROLE CHUNK("'content':'{\\'value'") FINISH("length") },
	{ "lists, each in its line", say_lists,
	    ROLE CHUNK("'reasoning_details':[{'a': 1}]")
		CHUNK("'annotations':[{}]") CHUNK("'images':[{}]") HEAD
	    "{'index':0,'delta':{},'logprobs':{'content':[]},"
	    "'finish_reason':null}]}\n\n" HEAD
	    "],'provider_specific_fields':{'x':  1}}\n\n" },
	{ "choices", say_choices,
	    ROLE CHUNK("'content':'a'") HEAD
	    "{'index':1,'delta':{'role':'assistant','content':''},"
	    "'finish_reason':null}]}\n\n" HEAD
	    "{'index':1,'delta':{},'finish_reason':'content_filter'}]}"
	    "\n\n" FINISH("stop") },
	{ "why it is over", say_why,
	    ROLE HEAD "{'index':0,'delta':{},'finish_reason':'stop'}],"
		      "'provider_specific_fields':{'b': 2}}\n\n" },
	{ "an error", say_error, "event: error\ndata: {'error': {}}\n\n" },
};

static struct chatout
chatout_to(struct sbuf *b)
{
	return (struct chatout){ .b = b,
		.id = SLICE("i"),
		.model = SLICE("a\"b"),
		.created_s = 1 };
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct pool *pool = pool_new();
	struct sbuf b = { 0 };
	struct chatout o = chatout_to(&b);

	row->say(&o);
	ck_assert_msg(strcmp(b.data, quotes(pool, row->frames).p) == 0,
	    "%s:\n%s", row->title, b.data);
	chatout_fini(&o);
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

/* The provider's name for the model, from when it is known. */
START_TEST(test_model)
{
	struct sbuf b = { 0 };
	struct chatout o = chatout_to(&b);

	chatout_model(&o, SLICE(""));
	chatout_model(&o, SLICE("m\\n"));
	chatout_model(&o, SLICE("n"));
	chatout_begin(&o);
	ck_assert_ptr_nonnull(strstr(b.data, "\"model\":\"m\\n\","));
	chatout_fini(&o);
	sbuf_free(&b);
}
END_TEST

/* Ids that are made up: 24 digits, the same each time, not for two calls. */
START_TEST(test_ids)
{
	char ids[3][30];
	const char *p;

	for (int i = 0; i < 3; i++) {
		struct sbuf b = { 0 };
		struct chatout o = chatout_to(&b);

		o.seed[0] = 7;
		if (i == 2)
			chatout_call(&o, SLICE("x"), SLICE("f"), SLICE(""));
		sbuf_clear(&b);
		chatout_call(&o, SLICE(""), SLICE("f"), SLICE(""));
		p = strstr(b.data, "\"id\":\"call_");
		ck_assert_ptr_nonnull(p);
		memcpy(ids[i], p + 6, 29);
		ids[i][29] = '\0';
		ck_assert_uint_eq(strspn(ids[i] + 5,
				      "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
		    24);
		ck_assert_int_eq(p[6 + 29], '"');
		chatout_fini(&o);
		sbuf_free(&b);
	}
	ck_assert_str_eq(ids[0], ids[1]);
	ck_assert_str_ne(ids[0], ids[2]);
}
END_TEST

START_TEST(test_too_many)
{
	struct sbuf b = { 0 };
	struct chatout o = chatout_to(&b);

	for (int i = 0; i < CHATOUT_CALLS_MAX; i++)
		ck_assert_int_eq(chatout_call(&o, SLICE("i"), SLICE("f"),
				     SLICE("")),
		    0);
	ck_assert_int_eq(chatout_call(&o, SLICE("i"), SLICE("f"), SLICE("")),
	    -1);
	chatout_fini(&o);
	sbuf_free(&b);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/chatout");
	TCase *tc = tcase_create("chatout");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_ids);
	tcase_add_test(tc, test_too_many);
	suite_add_tcase(s, tc);
	return s;
}
