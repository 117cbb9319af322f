#include <string.h>
#include <time.h>

#include "base/period.h"
#include "tests/suite.h"

static int64_t
at(const char *iso)
{
	struct tm tm = { 0 };

	ck_assert_ptr_nonnull(strptime(iso, "%Y-%m-%dT%H:%M:%S", &tm));
	return (int64_t)timegm(&tm);
}

static const struct {
	const char *title;
	enum budget_duration duration;
	const char *anchor; /* NULL: calendar */
	const char *now, *start, *end;
} cases[] = {
	{ "calendar day", DURATION_DAILY, NULL, "2026-02-28T23:59:59",
	    "2026-02-28T00:00:00", "2026-03-01T00:00:00" },
	{ "a week begins on Monday", DURATION_WEEKLY, NULL,
	    "2026-11-22T23:59:59", "2026-11-16T00:00:00",
	    "2026-11-23T00:00:00" },
	{ "calendar month", DURATION_MONTHLY, NULL, "2026-12-31T23:59:59",
	    "2026-12-01T00:00:00", "2027-01-01T00:00:00" },
	{ "calendar year", DURATION_YEARLY, NULL, "2028-02-29T12:00:00",
	    "2028-01-01T00:00:00", "2029-01-01T00:00:00" },
	{ "the first second is in", DURATION_MONTHLY, NULL,
	    "2026-11-01T00:00:00", "2026-11-01T00:00:00",
	    "2026-12-01T00:00:00" },
	{ "day from an hour", DURATION_DAILY, "2026-01-01T06:30:00",
	    "2026-01-03T06:29:59", "2026-01-02T06:30:00",
	    "2026-01-03T06:30:00" },
	{ "31 January, in February", DURATION_MONTHLY, "2026-01-31T00:00:00",
	    "2026-02-28T00:00:00", "2026-02-28T00:00:00",
	    "2026-03-31T00:00:00" },
	{ "31 January, the day before", DURATION_MONTHLY, "2026-01-31T00:00:00",
	    "2026-02-27T23:59:59", "2026-01-31T00:00:00",
	    "2026-02-28T00:00:00" },
	{ "31 January, in a leap year", DURATION_MONTHLY, "2028-01-31T00:00:00",
	    "2028-03-01T00:00:00", "2028-02-29T00:00:00",
	    "2028-03-31T00:00:00" },
	{ "29 February, a year later", DURATION_YEARLY, "2028-02-29T00:00:00",
	    "2029-03-01T00:00:00", "2029-02-28T00:00:00",
	    "2030-02-28T00:00:00" },
	{ "29 February, four years later", DURATION_YEARLY,
	    "2028-02-29T00:00:00", "2032-02-29T00:00:00", "2032-02-29T00:00:00",
	    "2033-02-28T00:00:00" },
	{ "before the anchor", DURATION_MONTHLY, "2026-03-15T00:00:00",
	    "2026-01-01T00:00:00", "2025-12-15T00:00:00",
	    "2026-01-15T00:00:00" },
	{ "before 1970", DURATION_WEEKLY, NULL, "1969-12-31T23:59:59",
	    "1969-12-29T00:00:00", "1970-01-05T00:00:00" },
};

START_TEST(test_period)
{
	int64_t now = at(cases[_i].now);
	struct period p = cases[_i].anchor == NULL
	                      ? period_calendar(cases[_i].duration, now)
	                      : period_anchored(cases[_i].duration,
				    at(cases[_i].anchor), now);

	ck_assert_msg(p.start_s == at(cases[_i].start) &&
			  p.end_s == at(cases[_i].end),
	    "%s: [%lld, %lld)", cases[_i].title, (long long)p.start_s,
	    (long long)p.end_s);
}
END_TEST

/* Periods leave no gap and do not overlap, whatever the anchor. */
START_TEST(test_tiles)
{
	static const enum budget_duration durations[] = { DURATION_DAILY,
		DURATION_WEEKLY, DURATION_MONTHLY, DURATION_YEARLY };
	int64_t anchor = at("2024-01-28T13:00:00");

	for (int a = 0; a < 5; a++, anchor += 86400)
		for (size_t d = 0; d < COUNT(durations); d++) {
			int64_t now = anchor;

			for (int k = 0; k < 100; k++) {
				struct period p =
				    period_anchored(durations[d], anchor, now);

				ck_assert_int_eq(p.start_s, now);
				ck_assert_int_eq(period_anchored(durations[d],
						     anchor, p.end_s - 1)
						     .start_s,
				    p.start_s);
				now = p.end_s;
			}
		}
}
END_TEST

START_TEST(test_names)
{
	ck_assert_int_eq(period_duration(SLICE("weekly")), DURATION_WEEKLY);
	ck_assert_int_eq(period_duration(SLICE("week")), DURATION_NONE);
	ck_assert_int_eq(period_duration(SLICE("")), DURATION_NONE);
	ck_assert_str_eq(period_name(DURATION_YEARLY), "yearly");
	ck_assert_int_eq(period_calendar(DURATION_NONE,
			     at("2026-01-01T00:00:00"))
			     .end_s,
	    INT64_MAX);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("period");
	TCase *t = tcase_create("period");

	tcase_add_loop_test(t, test_period, 0, COUNT(cases));
	tcase_add_test(t, test_tiles);
	tcase_add_test(t, test_names);
	suite_add_tcase(s, t);
	return s;
}
