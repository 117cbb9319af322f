#ifndef SHM_PERIOD_H
#define SHM_PERIOD_H

/*
 * period - when a budget's period begins and ends: spec/money.md 6.1, 13.
 *
 * Times are seconds since 1970 UTC.  Days, weeks and months are those of a
 * place: its midnight, also where a day has 23 hours.
 */

#include <stdint.h>

struct settings;

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

/* What a place says of days. */
struct period_rules {
	/* Seconds that its clocks are ahead of UTC at t_s; NULL = UTC. */
	int32_t (*zone)(int64_t t_s);
	unsigned week_starts; /* 0 = Sunday, 1 = Monday ... */
};

/* Of budgets.timezone and budgets.week_starts. */
struct period_rules period_rules(const struct settings *s);

/*
 * The period of anchor + k * duration that contains t_s; k may be negative.
 * Months and years are added to the anchor and cut to the month's last day.
 */
struct period period_anchored(const struct period_rules *rules,
    enum period_kind kind, int64_t anchor_s, int64_t t_s);

/*
 * The calendar period that contains t_s: 00:00, the first day of the week,
 * the first of the month, 1 January.
 */
struct period period_calendar(const struct period_rules *rules,
    enum period_kind kind, int64_t t_s);

/*
 * A customer's period: counted from start_s (0: calendar periods).  end_s,
 * when not 0, ends the period that began at start_s, and later ones are
 * counted from there.
 */
struct period period_customer(const struct period_rules *rules,
    enum period_kind kind, int64_t start_s, int64_t end_s, int64_t t_s);

/* 00:00 of the day that contains t_s. */
int64_t period_day(const struct period_rules *rules, int64_t t_s);

/* The day number since 1970 of a date of the Gregorian calendar. */
int64_t period_days_from_civil(int64_t year, unsigned month, unsigned day);

/* The first day of the week by its name, "monday"; 1, or 0 when it is none. */
int period_read_weekday(const char *text, unsigned *week_starts_r);

/* "daily" and so on; 1, or 0 when it is none of them. */
int period_read(const char *text, enum period_kind *kind_r);
const char *period_name(enum period_kind kind);

#endif
