#ifndef BASE_HTTPDATE_H
#define BASE_HTTPDATE_H

/*
 * httpdate - dates as HTTP writes them, in any locale.
 */

#include <stdint.h>

#include "base/slice.h"

/*
 * The three forms of RFC 9110 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT",
 * "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994".  The name of
 * the day is not compared with the date.  Two digits of a year are those of
 * the latest year that is at most 50 years after now_s.  1 with seconds since
 * 1970, 0 when the text is anything else.
 */
int httpdate_read(struct slice text, int64_t now_s, int64_t *time_s_r);

#endif
