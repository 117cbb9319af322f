#ifndef SHM_PERIOD_H
#define SHM_PERIOD_H

/*
 * period - when a budget's period begins and ends: spec/money.md 6.1.
 *
 * Pure.  Times are seconds since 1970 UTC; a zone is a fixed offset that the
 * caller has found for its time zone (0 for UTC).
 */

#include <stdint.h>

enum period_kind {
	PERIOD_ALL,
	PERIOD_DAILY,
	PERIOD_WEEKLY,
	PERIOD_MONTHLY,
	PERIOD_YEARLY,
};

struct period {
	int64_t start_s;
	int64_t end_s; /* first second after it; INT64_MAX for ALL */
};

/*
 * The period of anchor + k * duration that contains t_s; k may be negative.
 * Months and years are added to the anchor and cut to the month's last day.
 */
struct period period_anchored(enum period_kind kind, int64_t anchor_s,
    int64_t t_s, int32_t zone_s);

/*
 * The calendar period that contains t_s: 00:00, the first day of the week
 * (0 = Sunday, 1 = Monday ...), the first of the month, 1 January.
 */
struct period period_calendar(enum period_kind kind, int64_t t_s,
    unsigned week_starts, int32_t zone_s);

/*
 * A customer's period: counted from start_s (0: calendar periods of UTC).
 * end_s, when not 0, ends the period that began at start_s, and later ones
 * are counted from there.
 */
static inline struct period
period_customer(enum period_kind kind, int64_t start_s, int64_t end_s,
    int64_t t_s)
{
	if (kind != PERIOD_ALL && start_s == 0 && end_s == 0)
		return period_calendar(kind, t_s, 1, 0);
	if (kind == PERIOD_ALL || end_s == 0 || t_s < start_s)
		return period_anchored(kind, start_s, t_s, 0);
	if (t_s < end_s)
		return (struct period){ start_s, end_s };
	return period_anchored(kind, end_s, t_s, 0);
}

/* 00:00 of the day that contains t_s. */
int64_t period_day(int64_t t_s, int32_t zone_s);

/* The day number since 1970 of a date of the Gregorian calendar. */
int64_t period_days_from_civil(int64_t year, unsigned month, unsigned day);

/* "daily" and so on; 1, or 0 when it is none of them. */
int period_read(const char *text, enum period_kind *kind_r);
const char *period_name(enum period_kind kind);

#endif
