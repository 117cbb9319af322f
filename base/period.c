#include "base/period.h"

#define DAY_S INT64_C(86400)
#define WEEK_S (7 * DAY_S)
#define FIRST_MONDAY_S (4 * DAY_S) /* 1970-01-05 */

static const struct {
	const char *name;
	int64_t seconds; /* 0 when its length varies */
	int months;
	int64_t calendar_anchor_s;
} period_kinds[] = {
	[DURATION_NONE] = { "", 0, 0, 0 },
	[DURATION_DAILY] = { "daily", DAY_S, 0, 0 },
	[DURATION_WEEKLY] = { "weekly", WEEK_S, 0, FIRST_MONDAY_S },
	[DURATION_MONTHLY] = { "monthly", 0, 1, 0 },
	[DURATION_YEARLY] = { "yearly", 0, 12, 0 },
};

#define KINDS (sizeof period_kinds / sizeof period_kinds[0])

/* A date of the proleptic Gregorian calendar and a time of day. */
struct civil {
	int64_t year;
	int month, day; /* 1.. */
	int64_t second; /* of the day */
};

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Days and dates after Howard Hinnant, "chrono-compatible low-level date
 * algorithms": years begin in March, so that a leap day comes last.
 */
static int64_t
civil_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = floor_div(y, 400);
	int64_t of_era = y - era * 400;
	int64_t of_year =
	    (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static struct civil
civil_from(int64_t at_s)
{
	int64_t days = floor_div(at_s, DAY_S);
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t year =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t march = (5 * of_year + 2) / 153;
	struct civil c;

	c.day = (int)(of_year - (153 * march + 2) / 5 + 1);
	c.month = (int)(march < 10 ? march + 3 : march - 9);
	c.year = year + era * 400 + (c.month <= 2);
	c.second = at_s - days * DAY_S;
	return c;
}

static int
month_days(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* The anchor moved by so many months, its day cut to the month's last. */
static int64_t
add_months(const struct civil *anchor, int64_t months)
{
	int64_t count = anchor->year * 12 + anchor->month - 1 + months;
	int64_t year = floor_div(count, 12);
	int month = (int)(count - year * 12) + 1;
	int last = month_days(year, month);
	int day = anchor->day < last ? anchor->day : last;

	return civil_days(year, month, day) * DAY_S + anchor->second;
}

static struct period
period_by_months(int months, int64_t anchor_s, int64_t now_s)
{
	struct civil anchor = civil_from(anchor_s), now = civil_from(now_s);
	int64_t apart =
	    (now.year - anchor.year) * 12 + now.month - anchor.month;
	int64_t k = floor_div(apart, months);

	/* The month's count is right; its day may not have come yet. */
	if (add_months(&anchor, k * months) > now_s)
		k--;
	return (struct period){ add_months(&anchor, k * months),
		add_months(&anchor, (k + 1) * months) };
}

struct period
period_anchored(enum budget_duration duration, int64_t anchor_s, int64_t now_s)
{
	int64_t seconds = period_kinds[duration].seconds, start_s;

	if (duration == DURATION_NONE)
		return PERIOD_ALL;
	if (seconds == 0)
		return period_by_months(period_kinds[duration].months, anchor_s,
		    now_s);
	start_s = anchor_s + floor_div(now_s - anchor_s, seconds) * seconds;
	return (struct period){ start_s, start_s + seconds };
}

struct period
period_calendar(enum budget_duration duration, int64_t now_s)
{
	return period_anchored(duration,
	    period_kinds[duration].calendar_anchor_s, now_s);
}

int64_t
period_day_start(int64_t now_s)
{
	return floor_div(now_s, DAY_S) * DAY_S;
}

enum budget_duration
period_duration(struct slice name)
{
	for (unsigned i = 1; i < KINDS; i++)
		if (slice_eq(name, slice_str(period_kinds[i].name)))
			return (enum budget_duration)i;
	return DURATION_NONE;
}

const char *
period_name(enum budget_duration duration)
{
	return period_kinds[duration].name;
}
