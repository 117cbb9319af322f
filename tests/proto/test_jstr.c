#include "proto/jstr.h"

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "tests/suite.h"

static const struct {
	const char *title, *raw;
	struct slice text;
} cases[] = {
	{ "empty", "", { "", 0 } },
	{ "plain", "abc", { "abc", 3 } },
	{ "short escapes", "\\\"\\\\\\/\\b\\f\\n\\r\\t",
	    { "\"\\/\b\f\n\r\t", 8 } },
	{ "one byte", "\\u0041", { "A", 1 } },
	{ "NUL", "a\\u0000b", { "a\0b", 3 } },
	{ "two bytes, upper case", "\\u00E9", { "\xc3\xa9", 2 } },
	{ "three bytes, lower case", "\\u4e2d", { "\xe4\xb8\xad", 3 } },
	{ "a pair", "x\\ud83d\\ude00y", { "x\xf0\x9f\x98\x80y", 6 } },
	{ "escape at the end", "abc\\n", { "abc\n", 4 } },
};

START_TEST(unescapes)
{
	struct slice raw = slice_str(cases[_i].raw), got;
	struct pool *pool = pool_new();
	struct sbuf b = { 0 };

	got = jstr_decode(raw, pool);
	ck_assert_msg(slice_eq(got, cases[_i].text), "%s", cases[_i].title);
	jstr_add(&b, raw);
	ck_assert(slice_eq(sbuf_slice(&b), cases[_i].text));
	ck_assert(jstr_equal(raw, cases[_i].text));
	ck_assert(jstr_same(raw, raw));
	sbuf_free(&b);
	pool_free(&pool);
}
END_TEST

START_TEST(tells_texts_apart)
{
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t j = 0; j < COUNT(cases); j++) {
			ck_assert(jstr_equal(slice_str(cases[i].raw),
				      cases[j].text) == (i == j));
			ck_assert(jstr_same(slice_str(cases[i].raw),
				      slice_str(cases[j].raw)) == (i == j));
		}
	ck_assert(jstr_same(SLICE("\\u0061bc"), SLICE("a\\u0062c")));
	ck_assert(!jstr_same(SLICE("ab"), SLICE("abc")));
	ck_assert(!jstr_equal(SLICE("abc"), SLICE("ab")));
}
END_TEST

static const struct {
	const char *raw;
	size_t n;
} lengths[] = { { "", 0 }, { "abc", 3 }, { "a\\nb", 3 }, { "\\\\u0041", 6 },
	{ "\\u0041\xc3\xa9\xe4\xb8\xad", 3 },
	{ "x\\ud83d\\ude00\xf0\x9f\x98\x80", 3 } };

START_TEST(counts_characters)
{
	ck_assert_uint_eq(jstr_chars(slice_str(lengths[_i].raw)),
	    lengths[_i].n);
}
END_TEST

START_TEST(does_not_copy_plain_text)
{
	struct pool *pool = pool_new();
	struct slice raw = SLICE("plain");

	ck_assert(jstr_decode(raw, pool).p == raw.p);
	pool_free(&pool);
}
END_TEST

static const struct {
	const char *text;
	int64_t nano;
	int integer; /* is it one */
	int64_t value;
} numbers[] = {
	{ "0", 0, 1, 0 },
	{ "-0", 0, 1, 0 },
	{ "100.0", 100000000000, 1, 100 },
	{ "1e2", 100000000000, 1, 100 },
	{ "12E-1", 1200000000, 0, 0 },
	{ "120e-1", 12000000000, 1, 12 },
	{ "2.0000000001", 2000000001, 0, 0 },
	{ "-2.0000000001", -2000000001, 0, 0 },
	{ "1e-400", 1, 0, 0 },
	{ "0e400", 0, 1, 0 },
	{ "1e400", INT64_MAX, 1, INT64_MAX },
	{ "-1e99999999999999999999", INT64_MIN, 1, INT64_MIN },
	{ "9223372036854775807", INT64_MAX, 1, INT64_MAX },
	{ "-9223372036854775808", INT64_MIN, 1, INT64_MIN },
	{ "12345678901234567890", INT64_MAX, 1, INT64_MAX },
	{ "0.000000001", 1, 0, 0 },
};

START_TEST(reads_numbers)
{
	struct slice text = slice_str(numbers[_i].text);
	int64_t value;
	int integer = jnum_int(text, &value);

	ck_assert(jnum_is(text));
	ck_assert_int_eq(jnum_nano(text), numbers[_i].nano);
	ck_assert_int_eq(integer, numbers[_i].integer);
	if (integer)
		ck_assert_int_eq(value, numbers[_i].value);
}
END_TEST

START_TEST(knows_what_is_no_number)
{
	static const char *const texts[] = { "", " 1", "1 ", "01", "1.", ".5",
		"+1", "1e", "0x1", "NaN", "\"1\"", "-" };

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(!jnum_is(slice_str(texts[i])), "%s", texts[i]);
	ck_assert(jnum_is_plain(SLICE("-12")));
	ck_assert(!jnum_is_plain(SLICE("1e2")));
	ck_assert(!jnum_is_plain(SLICE("1.0")));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("jstr");
	TCase *t = tcase_create("jstr");

	tcase_add_loop_test(t, unescapes, 0, COUNT(cases));
	tcase_add_test(t, tells_texts_apart);
	tcase_add_loop_test(t, counts_characters, 0, COUNT(lengths));
	tcase_add_test(t, does_not_copy_plain_text);
	tcase_add_loop_test(t, reads_numbers, 0, COUNT(numbers));
	tcase_add_test(t, knows_what_is_no_number);
	suite_add_tcase(s, t);
	return s;
}
