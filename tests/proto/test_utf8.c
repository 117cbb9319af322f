#include "proto/utf8.h"

#include "tests/suite.h"

static const struct {
	const char *title;
	struct slice text;
	size_t valid; /* bytes before the first fault */
} cases[] = {
	{ "empty", { "", 0 }, 0 },
	{ "ASCII over a word", { "abcdefghijklm", 13 }, 13 },
	{ "two bytes", { "\xc3\xa9", 2 }, 2 },
	{ "three bytes", { "\xe4\xb8\xad\xe6\x96\x87", 6 }, 6 },
	{ "four bytes", { "\xf0\x9f\x98\x80", 4 }, 4 },
	{ "highest", { "\xf4\x8f\xbf\xbf", 4 }, 4 },
	{ "above the highest", { "\xf4\x90\x80\x80", 4 }, 0 },
	{ "overlong two", { "a\xc0\xaf", 3 }, 1 },
	{ "overlong three", { "\xe0\x80\xaf", 3 }, 0 },
	{ "overlong four", { "\xf0\x80\x80\xaf", 4 }, 0 },
	{ "surrogate", { "\xed\xa0\x80", 3 }, 0 },
	{ "before the surrogates", { "\xed\x9f\xbf", 3 }, 3 },
	{ "lone tail", { "ab\x80", 3 }, 2 },
	{ "cut three", { "\xe4\xb8", 2 }, 0 },
	{ "cut four", { "x\xf0\x9f\x98", 4 }, 1 },
	{ "bad third", { "\xe4\xb8zz", 4 }, 0 },
	{ "0xff", { "\xff", 1 }, 0 },
	{ "fault behind a word", { "abcdefgh\xff", 9 }, 8 },
};

START_TEST(finds_the_first_fault)
{
	ck_assert_msg(utf8_prefix(cases[_i].text).n == cases[_i].valid, "%s",
	    cases[_i].title);
	ck_assert_msg(utf8_valid(cases[_i].text) ==
			  (cases[_i].valid == cases[_i].text.n),
	    "%s", cases[_i].title);
}
END_TEST

START_TEST(writes_what_it_reads)
{
	char out[4];
	size_t n;

	for (unsigned code = 1; code <= 0x10ffff; code += 7) {
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		n = utf8_write(code, out);
		ck_assert_uint_eq(utf8_step(out, out + n), n);
		ck_assert_uint_eq(utf8_step(out, out + n - 1 + (n == 1)),
		    n == 1 ? 1 : 0);
	}
}
END_TEST

START_TEST(cuts_between_code_points)
{
	struct slice s = SLICE("a\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80z");
	static const size_t ends[] = { 0, 1, 3, 6, 10, 11, 11 };

	for (size_t i = 0; i < COUNT(ends); i++)
		ck_assert_uint_eq(utf8_cut(s, i).n, ends[i]);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("utf8");
	TCase *t = tcase_create("utf8");

	tcase_add_loop_test(t, finds_the_first_fault, 0, COUNT(cases));
	tcase_add_test(t, writes_what_it_reads);
	tcase_add_test(t, cuts_between_code_points);
	suite_add_tcase(s, t);
	return s;
}
