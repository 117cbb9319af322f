#include "tests/suite.h"

#include "base/slice.h"

static const struct {
	struct slice a, b;
	bool equal, starts; /* a is b, a starts with b */
} cases[] = {
	{ { "", 0 }, { "", 0 }, true, true },
	{ { "a", 1 }, { "", 0 }, false, true },
	{ { "", 0 }, { "a", 1 }, false, false },
	{ { "Bearer", 6 }, { "bearer", 6 }, true, true },
	{ { "bEARER x", 8 }, { "bearer", 6 }, false, true },
	{ { "beare", 5 }, { "bearer", 6 }, false, false },
	{ { "+JSON", 5 }, { "+json", 5 }, true, true },
	/* What differs in the bit of the case and is no letter. */
	{ { "a[b", 3 }, { "a{b", 3 }, false, false },
	{ { "a@b", 3 }, { "a`b", 3 }, false, false },
	{ { "a\r", 2 }, { "a-", 2 }, false, false },
	{ { "%2E", 3 }, { "%2e", 3 }, true, true },
	{ { "\xc3\x84", 2 }, { "\xc3\xa4", 2 }, false, false },
	{ { "\xe1", 1 }, { "\xc1", 1 }, false, false },
	/* A NUL is a byte like any other. */
	{ { "a\0b", 3 }, { "a\0c", 3 }, false, false },
	{ { "a\0B", 3 }, { "a\0b", 3 }, true, true },
};

START_TEST(case_is_ignored)
{
	ck_assert_int_eq(slice_eq_nocase(cases[_i].a, cases[_i].b),
	    cases[_i].equal);
	ck_assert_int_eq(slice_starts_nocase(cases[_i].a, cases[_i].b),
	    cases[_i].starts);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/slice");
	TCase *t = tcase_create("slice");

	tcase_add_loop_test(t, case_is_ignored, 0, COUNT(cases));
	suite_add_tcase(s, t);
	return s;
}
