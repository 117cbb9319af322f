/* Conditions of a list: what passes, what is refused, what is told back. */
#include "admin/faults.h"
#include "admin/filter.h"
#include "base/pool.h"
#include "proto/jscan.h"
#include "tests/suite.h"

static const struct filter_field fields[] = {
	{ "name", FILTER_TEXT },
	{ "cost", FILTER_NUMBER },
};

struct row {
	const char *name;
	int64_t cost_nano;
};

/* One letter each: "a" cost 0, "b" 0.5, "c" (nameless) 2. */
static const struct row rows[] = { { "Alpha", 0 }, { "Beta", 500000000 },
	{ "", 2000000000 } };

static void
get(const void *row, unsigned field, struct filter_value *v)
{
	const struct row *r = row;

	if (field == 0)
		v->text = slice_str(r->name);
	else
		v->nano = r->cost_nano;
}

static const struct {
	const char *title, *body, *quick[2]; /* "name", "value" */
	const char *passes, *shown;
} passing[] = {
	{ "none", "{}", { NULL }, "abc", "{}" },
	{ "equal", "{\"filters\":{\"name\":{\"value\":[\"Alpha\"]}}}", { NULL },
	    "a", "{\"name\":{\"operator\":\"\",\"value\":[\"Alpha\"]}}" },
	{ "no value equals nothing", "{\"filters\":{\"name\":{\"value\":[]}}}",
	    { NULL }, "", "{\"name\":{\"operator\":\"\",\"value\":[]}}" },
	{ "exact to the nano",
	    "{\"filters\":{\"cost\":{\"operator\":\"gte\",\"value\":[5e-1]}}}",
	    { NULL }, "bc",
	    "{\"cost\":{\"operator\":\"gte\",\"value\":[5e-1]}}" },
	{ "a hair above",
	    "{\"filters\":{\"cost\":{\"operator\":\"gt\","
	    "\"value\":0.4999999999}}}",
	    { NULL }, "c",
	    "{\"cost\":{\"operator\":\"gt\",\"value\":[0.4999999999]}}" },
	{ "not of several",
	    "{\"filters\":{\"cost\":{\"operator\":\"not\",\"value\":[0,2]}}}",
	    { NULL }, "b", NULL },
	{ "letter case",
	    "{\"filters\":{\"name\":{\"operator\":\"ilike\","
	    "\"value\":[\"PH\"]}}}",
	    { NULL }, "a", NULL },
	{ "null is no text",
	    "{\"filters\":{\"name\":{\"operator\":\"isnull\","
	    "\"value\":[true]}}}",
	    { NULL }, "c",
	    "{\"name\":{\"operator\":\"isnull\",\"value\":[true]}}" },
	{ "bundle",
	    "{\"filters\":{\"cost\":{\"connector\":\"OR\",\"filter_params\":["
	    "{\"operator\":\"lt\",\"value\":[0.1]},{\"operator\":\"gt\","
	    "\"value\":[1]}]}}}",
	    { NULL }, "ac",
	    "{\"cost\":{\"connector\":\"OR\",\"filter_params\":["
	    "{\"operator\":\"lt\",\"value\":[0.1]},{\"operator\":\"gt\","
	    "\"value\":[1]}]}}" },
	{ "quick", "{}", { "cost", "0.5" }, "b",
	    "{\"cost\":{\"operator\":\"\",\"value\":[0.5]}}" },
	{ "quick with a quote", "{}", { "name", "a\"\\b" }, "",
	    "{\"name\":{\"operator\":\"\",\"value\":[\"a\\\"\\\\b\"]}}" },
	{ "quick and any of the body",
	    "{\"connector\":\"OR\",\"filters\":{\"name\":{\"value\":[\"Alpha\"]"
	    "},\"cost\":{\"value\":[2]}}}",
	    { "cost", "2" }, "c", NULL },
	{ "any of the body",
	    "{\"connector\":\"OR\",\"filters\":{\"name\":{\"value\":[\"Alpha\"]"
	    "},\"cost\":{\"value\":[2]}}}",
	    { NULL }, "ac", NULL },
};

static struct filter *
read_filter(struct pool *pool, const char *body, const char *const *quick,
    struct faults *f)
{
	struct filter *filter = filter_new(pool, fields, COUNT(fields));
	struct jscan_item whole;
	struct err e;

	ck_assert_int_eq(jscan_value(slice_str(body), &whole, &e), 0);
	filter_add_body(filter, whole.value, f);
	if (quick[0] != NULL)
		filter_add_quick(filter, slice_str(quick[0]),
		    slice_str(quick[1]), f);
	filter_end(filter, f);
	return filter;
}

START_TEST(test_passes)
{
	struct pool *pool = pool_new();
	struct faults f = { .n = 0 };
	struct filter *filter =
	    read_filter(pool, passing[_i].body, passing[_i].quick, &f);
	struct sbuf got = { 0 };

	ck_assert_msg(f.n == 0, "%s: %s", passing[_i].title, f.first.text);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (filter_passes(filter, get, &rows[i]))
			sbuf_addc(&got, "abc"[i]);
	ck_assert_msg(slice_eq(sbuf_slice(&got), slice_str(passing[_i].passes)),
	    "%s: %s", passing[_i].title, got.data);
	sbuf_clear(&got);
	filter_show(filter, &got);
	if (passing[_i].shown != NULL)
		ck_assert_str_eq(got.data, passing[_i].shown);
	sbuf_free(&got);
	pool_free(&pool);
}
END_TEST

static const struct {
	const char *body, *quick[2], *json; /* without the last brace */
} refused[] = {
	{ "{}", { "colour", "x" },
	    "{\"filters\":[\"Unknown field 'colour'.\"]" },
	{ "{}", { "cost", "" }, "{\"cost\":[\"A valid number is required.\"]" },
	{ "{}", { "name[operator]", "regex" },
	    "{\"filters\":[\"Operator 'regex' is not supported.\"]" },
	{ "{}", { "name[color]", "x" },
	    "{\"filters\":[\"Unexpected member 'color'.\"]" },
	{ "{}", { "name[", "x" }, "{\"filters\":[\"Unknown field 'name['.\"]" },
	{ "{\"filters\":{\"a\":{},\"b\":{},\"cost\":{\"value\":[\"x\"]},"
	  "\"c\":{}}}",
	    { NULL },
	    "{\"filters\":[\"Unknown field 'a'.\",\"Unknown field 'b'.\","
	    "\"Unknown field 'c'.\"],"
	    "\"cost\":[\"A valid number is required.\"]" },
	{ "{\"filters\":{\"name\":[3]}}", { NULL },
	    "{\"filters\":[\"A condition is an object.\"]" },
	{ "{\"filters\":{\"name\":{\"filter_params\":{}}}}", { NULL },
	    "{\"filters\":[\"filter_params is a list.\"]" },
};

/* What is told, all but the last brace. */
static void
ck_told(const struct faults *f, const char *want)
{
	struct sbuf json = { 0 };

	faults_write(f, &json);
	json.data[json.len - 1] = '\0';
	ck_assert_str_eq(json.data, want);
	sbuf_free(&json);
}

START_TEST(test_refused)
{
	struct pool *pool = pool_new();
	struct faults f = { .n = 0 };

	read_filter(pool, refused[_i].body, refused[_i].quick, &f);
	ck_assert_msg(f.n > 0, "%s", refused[_i].body);
	ck_told(&f, refused[_i].json);
	faults_free(&f);
	pool_free(&pool);
}
END_TEST

/* More conditions and values than there is room for. */
START_TEST(test_too_many)
{
	static const char *const none[2];
	struct pool *pool = pool_new();
	struct faults f = { .n = 0 };
	struct sbuf body = { 0 };

	sbuf_adds(&body, "{\"filters\":{\"name\":[{}");
	for (int i = 0; i < 200; i++)
		sbuf_adds(&body, ",{}");
	sbuf_adds(&body, "]}}");
	read_filter(pool, body.data, none, &f);
	ck_told(&f, "{\"filters\":[\"At most 64 conditions.\"]");
	faults_free(&f);
	f = (struct faults){ .n = 0 };
	sbuf_clear(&body);
	sbuf_adds(&body, "{\"filters\":{\"name\":{\"value\":[\"x\"");
	for (int i = 0; i < 500; i++)
		sbuf_adds(&body, ",\"x\"");
	sbuf_adds(&body, "]}}}");
	read_filter(pool, body.data, none, &f);
	ck_told(&f, "{\"filters\":[\"Operator '' takes at most 256.\"]");
	faults_free(&f);
	sbuf_clear(&body);
	f = (struct faults){ .n = 0 };
	sbuf_adds(&body, "{\"filters\":{\"name\":{}");
	for (int i = 0; i < 200; i++)
		sbuf_adds(&body, ",\"name\":{}");
	sbuf_adds(&body, "}}");
	read_filter(pool, body.data, none, &f);
	ck_assert_uint_gt(f.n, 0);
	faults_free(&f);
	sbuf_free(&body);
	pool_free(&pool);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("admin/filter");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, test_passes, 0, COUNT(passing));
	tcase_add_loop_test(t, test_refused, 0, COUNT(refused));
	tcase_add_test(t, test_too_many);
	suite_add_tcase(s, t);
	return s;
}
