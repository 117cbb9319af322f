/* Periods: every row is a moment and the period that must contain it. */
#include "shm/period.h"

#include <time.h>

#include "base/zone.h"
#include "tests/suite.h"

static int64_t
period_at(const char *text)
{
	struct tm tm = { 0 };

	ck_assert_ptr_nonnull(strptime(text, "%Y-%m-%dT%H:%M:%S", &tm));
	return timegm(&tm);
}

struct period_row {
	const char *title;
	enum period_kind kind;
	const char *anchor; /* NULL = calendar */
	const char *t, *start, *end;
	int32_t zone_s;
	unsigned week_starts;
};

static int32_t zone_now_s;

static int32_t
zone_fixed(int64_t t_s)
{
	(void)t_s;
	return zone_now_s;
}

static const struct period_row rows[] = {
	{ "a day from its anchor", PERIOD_DAILY, "2026-01-05T00:00:00",
	    "2026-01-07T12:00:00", "2026-01-07T00:00:00", "2026-01-08T00:00:00",
	    0, 0 },
	{ "a day that starts at noon", PERIOD_DAILY, "2026-01-05T12:00:00",
	    "2026-01-07T11:59:59", "2026-01-06T12:00:00", "2026-01-07T12:00:00",
	    0, 0 },
	{ "the first second belongs to the new one", PERIOD_DAILY,
	    "2026-01-05T12:00:00", "2026-01-07T12:00:00", "2026-01-07T12:00:00",
	    "2026-01-08T12:00:00", 0, 0 },
	{ "before the anchor", PERIOD_DAILY, "2026-01-05T00:00:00",
	    "2026-01-04T23:59:59", "2026-01-04T00:00:00", "2026-01-05T00:00:00",
	    0, 0 },
	{ "a week from a Wednesday", PERIOD_WEEKLY, "2026-01-07T00:00:00",
	    "2026-01-20T23:59:59", "2026-01-14T00:00:00", "2026-01-21T00:00:00",
	    0, 0 },
	{ "a month", PERIOD_MONTHLY, "2026-01-15T08:00:00",
	    "2026-03-15T07:59:59", "2026-02-15T08:00:00", "2026-03-15T08:00:00",
	    0, 0 },
	{ "31 January is cut to February's last day", PERIOD_MONTHLY,
	    "2026-01-31T00:00:00", "2026-03-01T00:00:00", "2026-02-28T00:00:00",
	    "2026-03-31T00:00:00", 0, 0 },
	{ "and March has its 31st again", PERIOD_MONTHLY, "2026-01-31T00:00:00",
	    "2026-03-31T00:00:00", "2026-03-31T00:00:00", "2026-04-30T00:00:00",
	    0, 0 },
	{ "31 January in a leap year", PERIOD_MONTHLY, "2028-01-31T00:00:00",
	    "2028-02-29T00:00:00", "2028-02-29T00:00:00", "2028-03-31T00:00:00",
	    0, 0 },
	{ "the day before the cut day", PERIOD_MONTHLY, "2026-01-31T00:00:00",
	    "2026-02-27T23:59:59", "2026-01-31T00:00:00", "2026-02-28T00:00:00",
	    0, 0 },
	{ "months over a new year", PERIOD_MONTHLY, "2025-11-10T00:00:00",
	    "2026-01-05T00:00:00", "2025-12-10T00:00:00", "2026-01-10T00:00:00",
	    0, 0 },
	{ "months before the anchor", PERIOD_MONTHLY, "2026-03-31T00:00:00",
	    "2026-02-28T00:00:00", "2026-02-28T00:00:00", "2026-03-31T00:00:00",
	    0, 0 },
	{ "a year", PERIOD_YEARLY, "2024-06-01T00:00:00", "2026-05-31T23:59:59",
	    "2025-06-01T00:00:00", "2026-06-01T00:00:00", 0, 0 },
	{ "29 February in a common year", PERIOD_YEARLY, "2024-02-29T00:00:00",
	    "2025-02-28T00:00:00", "2025-02-28T00:00:00", "2026-02-28T00:00:00",
	    0, 0 },
	{ "29 February four years on", PERIOD_YEARLY, "2024-02-29T00:00:00",
	    "2028-02-28T23:59:59", "2027-02-28T00:00:00", "2028-02-29T00:00:00",
	    0, 0 },
	{ "2100 is no leap year", PERIOD_MONTHLY, "2100-01-29T00:00:00",
	    "2100-02-28T12:00:00", "2100-02-28T00:00:00", "2100-03-29T00:00:00",
	    0, 0 },
	{ "calendar day", PERIOD_DAILY, NULL, "2026-07-31T23:59:59",
	    "2026-07-31T00:00:00", "2026-08-01T00:00:00", 0, 1 },
	{ "calendar week from Monday, on a Sunday", PERIOD_WEEKLY, NULL,
	    "2026-11-22T12:00:00", "2026-11-16T00:00:00", "2026-11-23T00:00:00",
	    0, 1 },
	{ "calendar week from Monday, on a Monday", PERIOD_WEEKLY, NULL,
	    "2026-11-23T00:00:00", "2026-11-23T00:00:00", "2026-11-30T00:00:00",
	    0, 1 },
	{ "calendar week from Sunday", PERIOD_WEEKLY, NULL,
	    "2026-11-22T00:00:00", "2026-11-22T00:00:00", "2026-11-29T00:00:00",
	    0, 0 },
	{ "calendar week from Saturday", PERIOD_WEEKLY, NULL,
	    "2026-11-22T00:00:00", "2026-11-21T00:00:00", "2026-11-28T00:00:00",
	    0, 6 },
	{ "calendar month", PERIOD_MONTHLY, NULL, "2024-02-29T23:59:59",
	    "2024-02-01T00:00:00", "2024-03-01T00:00:00", 0, 1 },
	{ "calendar year", PERIOD_YEARLY, NULL, "2026-12-31T23:59:59",
	    "2026-01-01T00:00:00", "2027-01-01T00:00:00", 0, 1 },
	{ "calendar year before 1970", PERIOD_YEARLY, NULL,
	    "1969-12-31T23:59:59", "1969-01-01T00:00:00", "1970-01-01T00:00:00",
	    0, 1 },
	{ "calendar month, two hours east", PERIOD_MONTHLY, NULL,
	    "2026-10-31T22:00:00", "2026-10-31T22:00:00", "2026-11-30T22:00:00",
	    7200, 1 },
	{ "calendar day, five hours west", PERIOD_DAILY, NULL,
	    "2026-10-31T04:59:59", "2026-10-30T05:00:00", "2026-10-31T05:00:00",
	    -18000, 1 },
	{ "31st anchors are the zone's", PERIOD_MONTHLY, "2026-01-30T22:00:00",
	    "2026-03-01T00:00:00", "2026-02-27T22:00:00", "2026-03-30T22:00:00",
	    7200, 1 },
};

START_TEST(rows_hold)
{
	const struct period_row *r = &rows[_i];
	int64_t t = period_at(r->t);
	struct period_rules rules = { zone_fixed, r->week_starts };
	struct period p;

	zone_now_s = r->zone_s;
	p = r->anchor != NULL
	        ? period_anchored(&rules, r->kind, period_at(r->anchor), t)
	        : period_calendar(&rules, r->kind, t);

	ck_assert_msg(p.start_s == period_at(r->start), "%s: start %lld",
	    r->title, (long long)(p.start_s - period_at(r->start)));
	ck_assert_msg(p.end_s == period_at(r->end), "%s: end %lld", r->title,
	    (long long)(p.end_s - period_at(r->end)));
}
END_TEST

/* Every moment is in its period, and periods follow without a gap. */
START_TEST(periods_join)
{
	int64_t anchor = period_at("2023-12-31T17:00:00");
	struct period_rules rules = { zone_fixed, 1 };

	zone_now_s = 3600;
	for (unsigned kind = PERIOD_DAILY; kind <= PERIOD_YEARLY; kind++)
		for (int64_t t = anchor - 400 * 86400;
		     t < anchor + 3000 * 86400; t += 35971) {
			struct period p = period_anchored(&rules,
			    (enum period_kind)kind, anchor, t);
			struct period q = period_anchored(&rules,
			    (enum period_kind)kind, anchor, p.end_s);

			ck_assert_int_le(p.start_s, t);
			ck_assert_int_gt(p.end_s, t);
			ck_assert_int_eq(q.start_s, p.end_s);
		}
}
END_TEST

/* Where clocks are set: the day of the place, whatever its length. */
static const struct {
	const char *title, *zone;
	enum period_kind kind;
	const char *anchor; /* NULL = calendar */
	const char *t, *start, *end;
} places[] = {
	{ "a month that begins in winter and ends in summer time",
	    "Europe/Berlin", PERIOD_MONTHLY, NULL, "2026-03-31T12:00:00",
	    "2026-02-28T23:00:00", "2026-03-31T22:00:00" },
	{ "a day of 23 hours", "Europe/Berlin", PERIOD_DAILY, NULL,
	    "2026-03-29T21:59:59", "2026-03-28T23:00:00",
	    "2026-03-29T22:00:00" },
	{ "a day of 25 hours", "Europe/Berlin", PERIOD_DAILY, NULL,
	    "2026-10-25T22:59:59", "2026-10-24T22:00:00",
	    "2026-10-25T23:00:00" },
	{ "its second half past two", "Europe/Berlin", PERIOD_DAILY, NULL,
	    "2026-10-25T01:30:00", "2026-10-24T22:00:00",
	    "2026-10-25T23:00:00" },
	{ "an anchor keeps its hour", "Europe/Berlin", PERIOD_MONTHLY,
	    "2026-01-15T08:00:00", "2026-07-15T06:59:59", "2026-06-15T07:00:00",
	    "2026-07-15T07:00:00" },
	{ "a day whose midnight is skipped", "America/Santiago", PERIOD_DAILY,
	    NULL, "2026-09-06T12:00:00", "2026-09-06T04:00:00",
	    "2026-09-07T03:00:00" },
	{ "the day before it", "America/Santiago", PERIOD_DAILY, NULL,
	    "2026-09-06T03:59:59", "2026-09-05T04:00:00",
	    "2026-09-06T04:00:00" },
	{ "clocks set back at midnight", "America/Santiago", PERIOD_DAILY, NULL,
	    "2026-04-05T03:30:00", "2026-04-04T03:00:00",
	    "2026-04-05T04:00:00" },
	{ "UTC by its name", "UTC", PERIOD_DAILY, NULL, "2026-03-29T12:00:00",
	    "2026-03-29T00:00:00", "2026-03-30T00:00:00" },
};

START_TEST(places_hold)
{
	struct period_rules rules = { zone_offset_s, 1 };
	int64_t t = period_at(places[_i].t);
	const char *anchor = places[_i].anchor;
	struct period p;

	ck_assert(zone_use(places[_i].zone));
	p = anchor != NULL
	        ? period_anchored(&rules, places[_i].kind, period_at(anchor), t)
	        : period_calendar(&rules, places[_i].kind, t);
	ck_assert_msg(p.start_s == period_at(places[_i].start),
	    "%s: start %lld", places[_i].title,
	    (long long)(p.start_s - period_at(places[_i].start)));
	ck_assert_msg(p.end_s == period_at(places[_i].end), "%s: end %lld",
	    places[_i].title, (long long)(p.end_s - period_at(places[_i].end)));
}
END_TEST

static const char *const joined_zones[] = { "Europe/Berlin", "America/Santiago",
	"Australia/Lord_Howe", "Africa/Cairo" };

/* The same for periods of every kind through five years of set clocks. */
START_TEST(periods_of_places_join)
{
	struct period_rules rules = { zone_offset_s, 0 };
	int64_t first = period_at("2024-12-31T17:00:00");

	ck_assert(zone_use(joined_zones[_i]));
	for (unsigned kind = PERIOD_DAILY; kind <= PERIOD_YEARLY; kind++)
		for (int64_t t = first; t < first + 5 * 365 * 86400;
		     t += 1787) {
			struct period p =
			    period_calendar(&rules, (enum period_kind)kind, t);
			struct period q = period_calendar(&rules,
			    (enum period_kind)kind, p.end_s);

			ck_assert_int_le(p.start_s, t);
			ck_assert_int_gt(p.end_s, t);
			ck_assert_int_eq(q.start_s, p.end_s);
		}
}
END_TEST

START_TEST(zones_that_are_none)
{
	static const char *const names[] = { "", "Europe", "Europe/Nowhere",
		"../../etc/passwd", "/usr/share/zoneinfo/Europe/Berlin",
		":Europe/Berlin", "<+03>-3" };

	ck_assert(zone_use("Asia/Tokyo"));
	ck_assert_int_eq(zone_offset_s(0), 9 * 3600);
	for (size_t i = 0; i < COUNT(names); i++)
		ck_assert_msg(!zone_use(names[i]), "%s", names[i]);
	ck_assert_int_eq(zone_offset_s(0), 0);
}
END_TEST

START_TEST(days_agree_with_the_library)
{
	for (int64_t t = -86400LL * 365 * 80; t < 86400LL * 365 * 200;
	     t += 86400LL * 13) {
		time_t at = t;
		struct tm tm;

		gmtime_r(&at, &tm);
		ck_assert_int_eq(period_days_from_civil(tm.tm_year + 1900,
				     (unsigned)tm.tm_mon + 1,
				     (unsigned)tm.tm_mday) *
				     86400,
		    t);
	}
}
END_TEST

START_TEST(names_are_read)
{
	struct period_rules utc = { NULL, 1 };
	enum period_kind kind;
	unsigned day;

	ck_assert_int_eq(period_read("weekly", &kind), 1);
	ck_assert_int_eq(kind, PERIOD_WEEKLY);
	ck_assert_str_eq(period_name(kind), "weekly");
	ck_assert_int_eq(period_read("all", &kind), 0);
	ck_assert_int_eq(period_read("Weekly", &kind), 0);
	ck_assert(period_anchored(&utc, PERIOD_ALL, 5, 9).end_s == INT64_MAX);
	ck_assert_int_eq(period_anchored(&utc, PERIOD_ALL, 5, 9).start_s, 0);
	ck_assert_int_eq(period_day(&utc, 86400 * 3 + 5), 86400 * 3);
	ck_assert_int_eq(period_read_weekday("saturday", &day), 1);
	ck_assert_uint_eq(day, 6);
	ck_assert_int_eq(period_read_weekday("Monday", &day), 0);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("period");
	TCase *t = tcase_create("period");

	tcase_add_loop_test(t, rows_hold, 0, COUNT(rows));
	tcase_add_test(t, periods_join);
	tcase_add_loop_test(t, places_hold, 0, COUNT(places));
	tcase_add_loop_test(t, periods_of_places_join, 0, COUNT(joined_zones));
	tcase_add_test(t, zones_that_are_none);
	tcase_add_test(t, days_agree_with_the_library);
	tcase_add_test(t, names_are_read);
	suite_add_tcase(s, t);
	return s;
}
