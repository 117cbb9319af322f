#include "shm/period.h"

#include <string.h>

#define DAY_S 86400
#define EPOCH_WEEKDAY 4 /* 1970-01-01 was a Thursday */

struct period_civil {
	int64_t year;
	unsigned month, day; /* from 1 */
};

static int64_t
period_floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * Both conversions count years from March, so that the leap day is the last
 * of its year (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
int64_t
period_days_from_civil(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = period_floor_div(y, 400);
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year =
	    (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 -
	                     year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static struct period_civil
period_civil_from_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = period_floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	struct period_civil c;

	c.day = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	c.year = yoe + era * 400 + (c.month <= 2);
	return c;
}

static unsigned
period_month_days(int64_t year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (unsigned)(month == 2 && leap);
}

/* A moment with months added to its date, the day cut to the month's last. */
static int64_t
period_add_months(int64_t local_s, int64_t months)
{
	int64_t days = period_floor_div(local_s, DAY_S);
	struct period_civil c = period_civil_from_days(days);
	int64_t all = c.year * 12 + (c.month - 1) + months;
	int64_t year = period_floor_div(all, 12);
	unsigned month = (unsigned)(all - year * 12) + 1;
	unsigned last = period_month_days(year, month);

	if (c.day > last)
		c.day = last;
	return period_days_from_civil(year, month, c.day) * DAY_S +
	       (local_s - days * DAY_S);
}

static struct period
period_fixed(int64_t anchor, int64_t length, int64_t t)
{
	int64_t k = period_floor_div(t - anchor, length);

	return (
	    struct period){ anchor + k * length, anchor + (k + 1) * length };
}

/* Always from the anchor, so that a cut day does not stay cut. */
static struct period
period_of_months(int64_t anchor, int64_t step, int64_t t)
{
	struct period_civil a =
	    period_civil_from_days(period_floor_div(anchor, DAY_S));
	struct period_civil c =
	    period_civil_from_days(period_floor_div(t, DAY_S));
	int64_t months = (c.year - a.year) * 12 + c.month - a.month;
	int64_t k = period_floor_div(months, step);

	if (period_add_months(anchor, k * step) > t)
		k--;
	return (struct period){ period_add_months(anchor, k * step),
		period_add_months(anchor, (k + 1) * step) };
}

struct period
period_anchored(enum period_kind kind, int64_t anchor_s, int64_t t_s,
    int32_t zone_s)
{
	int64_t anchor = anchor_s + zone_s, t = t_s + zone_s;
	struct period p = { 0, INT64_MAX };

	switch (kind) {
	case PERIOD_ALL:
		return p;
	case PERIOD_DAILY:
		p = period_fixed(anchor, DAY_S, t);
		break;
	case PERIOD_WEEKLY:
		p = period_fixed(anchor, 7 * DAY_S, t);
		break;
	case PERIOD_MONTHLY:
		p = period_of_months(anchor, 1, t);
		break;
	case PERIOD_YEARLY:
		p = period_of_months(anchor, 12, t);
		break;
	}
	p.start_s -= zone_s;
	p.end_s -= zone_s;
	return p;
}

struct period
period_calendar(enum period_kind kind, int64_t t_s, unsigned week_starts,
    int32_t zone_s)
{
	/* Sunday 4 January 1970 was day 3; 1 January began all the rest. */
	int64_t week = ((int64_t)week_starts + 7 - EPOCH_WEEKDAY) % 7;
	int64_t anchor = kind == PERIOD_WEEKLY ? week * DAY_S : 0;

	return period_anchored(kind, anchor - zone_s, t_s, zone_s);
}

int64_t
period_day(int64_t t_s, int32_t zone_s)
{
	return period_calendar(PERIOD_DAILY, t_s, 0, zone_s).start_s;
}

static const char *const period_names[] = {
	[PERIOD_ALL] = "all",
	[PERIOD_DAILY] = "daily",
	[PERIOD_WEEKLY] = "weekly",
	[PERIOD_MONTHLY] = "monthly",
	[PERIOD_YEARLY] = "yearly",
};

int
period_read(const char *text, enum period_kind *kind_r)
{
	for (unsigned i = PERIOD_DAILY; i <= PERIOD_YEARLY; i++)
		if (strcmp(text, period_names[i]) == 0) {
			*kind_r = (enum period_kind)i;
			return 1;
		}
	return 0;
}

const char *
period_name(enum period_kind kind)
{
	return period_names[kind];
}
