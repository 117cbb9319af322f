/* Escapes, queries, and what a request says of its body. */
#include "base/err.h"
#include "base/pool.h"
#include "proto/media.h"
#include "proto/url.h"
#include "tests/suite.h"

static const struct {
	const char *raw, *text; /* NULL: none */
	bool plus;
} decoded[] = {
	{ "", "", false },
	{ "a-b", "a-b", false },
	{ "a%2Fb%2fc", "a/b/c", false },
	{ "%41%C3%bc", "A\xc3\xbc", false },
	{ "a+b", "a+b", false },
	{ "a+b", "a b", true },
	{ "%2B", "+", true },
	{ "%2541", "%41", false },
	{ "%", NULL, false },
	{ "%4", NULL, false },
	{ "%4g", NULL, false },
	{ "%ff", NULL, false },
	{ "\xff", NULL, false },
	{ "%ed%a0%80", NULL, false },
};

START_TEST(escapes)
{
	struct pool *pool = pool_new();
	struct slice got;
	int good = url_decode(slice_str(decoded[_i].raw), decoded[_i].plus,
	    pool, &got);

	ck_assert_msg(good == (decoded[_i].text != NULL), "%s",
	    decoded[_i].raw);
	if (good)
		ck_assert_msg(slice_eq(got, slice_str(decoded[_i].text)), "%s",
		    decoded[_i].raw);
	pool_free(&pool);
}
END_TEST

START_TEST(queries)
{
	static const char *const want[][3] = { { "a", "1", "a=1" },
		{ "b", "", "b" }, { "c d", "x=y", "c+d=x%3Dy" },
		{ "", "z", "=z" } };
	struct slice query = SLICE("&a=1&&b&c+d=x%3Dy&=z&"), name, value, raw;
	struct pool *pool = pool_new();

	for (size_t i = 0; i < COUNT(want); i++) {
		ck_assert_int_eq(url_query_next(&query, pool, &name, &value,
				     &raw),
		    1);
		ck_assert(slice_eq(name, slice_str(want[i][0])));
		ck_assert(slice_eq(value, slice_str(want[i][1])));
		ck_assert(slice_eq(raw, slice_str(want[i][2])));
	}
	ck_assert_int_eq(url_query_next(&query, pool, &name, &value, NULL), 0);
	query = SLICE("a=%f");
	ck_assert_int_eq(url_query_next(&query, pool, &name, &value, NULL), -1);
	query = (struct slice){ NULL, 0 };
	ck_assert_int_eq(url_query_next(&query, pool, &name, &value, NULL), 0);
	pool_free(&pool);
}
END_TEST

static const struct {
	const char *type, *coding;
	int json;
	const char *says;
} media[] = {
	{ "", "", 1, NULL },
	{ "application/json", "", 1, NULL },
	{ "Application/JSON; charset=utf-8", "identity", 1, NULL },
	{ "text/json", "", 1, NULL },
	{ "application/vnd.x+json ;a=b", "", 1, NULL },
	{ "application/x-www-form-urlencoded", "", 0, NULL },
	{ "text/xml", "", -1, "Unsupported media type 'text/xml'." },
	{ "application/+json", "", -1,
	    "Unsupported media type 'application/+json'." },
	{ "application/json", "gzip", -1, "Unsupported media type 'gzip'." },
};

START_TEST(media_types)
{
	struct err e = { .text = "" };

	ck_assert_msg(media_check_json(slice_str(media[_i].type),
			  slice_str(media[_i].coding), &e) == media[_i].json,
	    "%s", media[_i].type);
	if (media[_i].says != NULL)
		ck_assert_str_eq(e.text, media[_i].says);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("proto/url");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, escapes, 0, COUNT(decoded));
	tcase_add_test(t, queries);
	tcase_add_loop_test(t, media_types, 0, COUNT(media));
	suite_add_tcase(s, t);
	return s;
}
