#ifndef BASE_ZONE_H
#define BASE_ZONE_H

/*
 * zone - the local time of one place, of the system's time zone database
 * (tzdata; names as "Europe/Berlin").
 *
 * There is one such place in a process.  All that is written is UTC; a place
 * only says when a day begins.
 */

#include <stdbool.h>
#include <stdint.h>

/* Be there.  False, and UTC, when the database has no such name. */
bool zone_use(const char *name);

/* Seconds that the clocks there are ahead of UTC at t_s. */
int32_t zone_offset_s(int64_t t_s);

#endif
