#ifndef BASE_PERIOD_H
#define BASE_PERIOD_H

/*
 * period - which budget period a moment lies in (spec/money.md 6.1), in UTC.
 *
 * A customer's periods are counted from its anchor: period k is [anchor + k
 * durations, anchor + (k + 1) durations), the day of month cut to the month's
 * last.  Periods of keys and of the organization follow the calendar: 00:00,
 * Monday, the first of the month, 1 January.
 */

#include <stdint.h>

#include "base/settings.h"

struct period {
	int64_t start_s, end_s; /* seconds since 1970; end exclusive */
};

/* All time: a total. */
#define PERIOD_ALL ((struct period){ 0, INT64_MAX })

/* DURATION_NONE is PERIOD_ALL. */
struct period period_calendar(enum budget_duration duration, int64_t now_s);

/* anchor_s may lie in the future: periods run backwards from it too. */
struct period period_anchored(enum budget_duration duration, int64_t anchor_s,
    int64_t now_s);

/* 00:00 UTC of the day. */
int64_t period_day_start(int64_t now_s);

/* "daily" .. "yearly"; DURATION_NONE when it is none of them. */
enum budget_duration period_duration(struct slice name);

/* The name of a duration; "" for none. */
const char *period_name(enum budget_duration duration);

#endif
