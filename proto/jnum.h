#ifndef PROTO_JNUM_H
#define PROTO_JNUM_H

/*
 * jnum - JSON numbers as integers, never through a double.
 *
 * The text has passed proto/jscan, or jnum_is() for numbers in strings.
 */

#include <stdint.h>

#include "base/slice.h"

/* Whether the text is one JSON number and nothing else. */
bool jnum_is(struct slice text);

/*
 * The number times 10^9.  A part below 10^-9 is rounded away from zero, so
 * that comparisons with bounds are exact; what does not fit becomes INT64_MAX
 * or INT64_MIN.
 */
int64_t jnum_nano(struct slice number);

/*
 * 1 with an integer (a zero fraction such as "100.0" is one), saturated to 64
 * bits; 0 when it has a fraction.
 */
int jnum_int(struct slice number, int64_t *value_r);

/* Whether it is written with digits and a sign only. */
bool jnum_is_plain(struct slice number);

#endif
