#include "tests/suite.h"

#include <stdlib.h>

#include "base/httpdate.h"

#define NOW INT64_C(1767225600) /* 2026-01-01 */

static const struct {
	const char *text;
	int64_t time_s; /* -1: no date */
} dates[] = {
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
	{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
	{ "Sun Nov  6 08:49:37 1994", 784111777 },
	{ "Wed Nov 16 08:49:37 1994", 784975777 },
	{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
	{ "Thu, 29 Feb 2024 23:59:60 GMT", 1709251200 },
	{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
	/* Two digits: at most 50 years ahead. */
	{ "Friday, 01-Jan-76 00:00:00 GMT", 3345062400 },
	{ "Saturday, 01-Jan-77 00:00:00 GMT", 220924800 },
	{ "", -1 },
	{ "Sun, 06 Nov 1994 08:49:37", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT ", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 CET", -1 },
	{ "sun, 06 nov 1994 08:49:37 gmt", -1 },
	{ "Sun, 6 Nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 00 Nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 32 Nov 1994 08:49:37 GMT", -1 },
	{ "Sun, 06 Foo 1994 08:49:37 GMT", -1 },
	{ "Sun, 06 Nov 1994 24:00:00 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:60:00 GMT", -1 },
	{ "Sun, 06 Nov 1994 08:00:61 GMT", -1 },
	{ "Sun, 06-Nov-94 08:49:37 GMT", -1 },
	{ "Sun Nov   08:49:37 1994", -1 },
	{ "Su", -1 },
};

START_TEST(dates_are_read)
{
	int64_t got = -1;
	int known = httpdate_read(slice_str(dates[_i].text), NOW, &got);

	ck_assert_msg(known == (dates[_i].time_s >= 0) &&
			  got == dates[_i].time_s,
	    "\"%s\": %d %lld", dates[_i].text, known, (long long)got);
}
END_TEST

/* Late in a century the next one is near. */
START_TEST(two_digits_late)
{
	const int64_t late = INT64_C(3471292800); /* 2080-01-01 */
	int64_t got;

	ck_assert_int_eq(httpdate_read(SLICE(
					   "Wednesday, 01-Jan-10 00:00:00 GMT"),
			     late, &got),
	    1);
	ck_assert_int_eq(got, INT64_C(4417977600)); /* 2110-01-01 */
	ck_assert_int_eq(httpdate_read(SLICE("Sunday, 01-Jan-30 00:00:00 GMT"),
			     late, &got),
	    1);
	ck_assert_int_eq(got, INT64_C(5049129600)); /* 2130-01-01 */
	ck_assert_int_eq(httpdate_read(SLICE(
					   "Wednesday, 01-Jan-31 00:00:00 GMT"),
			     late, &got),
	    1);
	ck_assert_int_eq(got, INT64_C(1924992000)); /* 2031-01-01 */
}
END_TEST

/* What is cut anywhere is no date, and nothing behind the end is read. */
START_TEST(dates_cut_short)
{
	static const char text[] = "Sunday, 06-Nov-94 08:49:37 GMT";
	int64_t got;

	for (size_t n = 0; n < sizeof text - 1; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, text, n);
		ck_assert_int_eq(httpdate_read((struct slice){ copy, n }, NOW,
				     &got),
		    0);
		free(copy);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/httpdate");
	TCase *t = tcase_create("httpdate");

	tcase_add_loop_test(t, dates_are_read, 0, COUNT(dates));
	tcase_add_test(t, two_digits_late);
	tcase_add_test(t, dates_cut_short);
	suite_add_tcase(s, t);
	return s;
}
