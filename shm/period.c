#include "shm/period.h"

#include <string.h>

#include "base/settings.h"
#include "base/zone.h"

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

struct period_rules
period_rules(const struct settings *s)
{
	struct period_rules rules = { .zone = NULL };

	/* Both are checked by setup. */
	if (zone_use(settings_str(s, s->budgets_timezone).p))
		rules.zone = zone_offset_s;
	period_read_weekday(settings_str(s, s->budgets_week_starts).p,
	    &rules.week_starts);
	return rules;
}

static int32_t
period_offset(const struct period_rules *rules, int64_t t_s)
{
	return rules->zone != NULL ? rules->zone(t_s) : 0;
}

/*
 * When the clocks of the place show this.  An hour that they show twice is
 * the first one; one that they skip is the moment of the skip.
 */
static int64_t
period_utc(const struct period_rules *rules, int64_t local_s)
{
	int64_t utc = local_s - period_offset(rules, local_s - DAY_S);
	int64_t later = local_s - period_offset(rules, utc);

	if (utc + period_offset(rules, utc) == local_s)
		return utc;
	return later + period_offset(rules, later) == local_s ? later : utc;
}

/* From what the clocks of the place show, both ways. */
static struct period
period_local(enum period_kind kind, int64_t anchor, int64_t t)
{
	switch (kind) {
	case PERIOD_ALL:
		break;
	case PERIOD_DAILY:
		return period_fixed(anchor, DAY_S, t);
	case PERIOD_WEEKLY:
		return period_fixed(anchor, 7 * DAY_S, t);
	case PERIOD_MONTHLY:
		return period_of_months(anchor, 1, t);
	case PERIOD_YEARLY:
		return period_of_months(anchor, 12, t);
	}
	return (struct period){ 0, INT64_MAX };
}

static struct period
period_at(const struct period_rules *rules, enum period_kind kind,
    int64_t anchor_local, int64_t t_s)
{
	struct period p =
	    period_local(kind, anchor_local, t_s + period_offset(rules, t_s));

	if (kind == PERIOD_ALL)
		return p;
	return (struct period){ period_utc(rules, p.start_s),
		period_utc(rules, p.end_s) };
}

struct period
period_anchored(const struct period_rules *rules, enum period_kind kind,
    int64_t anchor_s, int64_t t_s)
{
	return period_at(rules, kind, anchor_s + period_offset(rules, anchor_s),
	    t_s);
}

struct period
period_calendar(const struct period_rules *rules, enum period_kind kind,
    int64_t t_s)
{
	/* Sunday 4 January 1970 was day 3; 1 January began all the rest. */
	int64_t week = ((int64_t)rules->week_starts + 7 - EPOCH_WEEKDAY) % 7;

	return period_at(rules, kind, kind == PERIOD_WEEKLY ? week * DAY_S : 0,
	    t_s);
}

struct period
period_customer(const struct period_rules *rules, enum period_kind kind,
    int64_t start_s, int64_t end_s, int64_t t_s)
{
	if (kind != PERIOD_ALL && start_s == 0 && end_s == 0)
		return period_calendar(rules, kind, t_s);
	if (kind == PERIOD_ALL || end_s == 0 || t_s < start_s)
		return period_anchored(rules, kind, start_s, t_s);
	if (t_s < end_s)
		return (struct period){ start_s, end_s };
	return period_anchored(rules, kind, end_s, t_s);
}

int64_t
period_day(const struct period_rules *rules, int64_t t_s)
{
	return period_calendar(rules, PERIOD_DAILY, t_s).start_s;
}

int
period_read_weekday(const char *text, unsigned *week_starts_r)
{
	static const char *const days[] = { "sunday", "monday", "tuesday",
		"wednesday", "thursday", "friday", "saturday" };

	for (unsigned i = 0; i < sizeof days / sizeof days[0]; i++)
		if (strcmp(text, days[i]) == 0) {
			*week_starts_r = i;
			return 1;
		}
	return 0;
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
