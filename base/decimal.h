#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

/*
 * decimal - numbers as text: taken apart, scaled to an integer, written.
 *
 * What a number means, and whether it may be negative, is the caller's
 * (base/money, proto/jnum).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* The digits of whole and fraction, the point between, times 10^exponent. */
struct decimal {
	bool minus;
	struct slice whole, fraction; /* of the text */
	int exponent;                 /* 6 digits at the most, the rest cut */
};

/*
 * "-12.50e3": digits, and perhaps a sign, a fraction and an exponent, as JSON
 * has them; zeros may lead.  1, or 0 when the text is anything else.
 */
int decimal_read(struct slice text, struct decimal *d);

/*
 * The magnitude times 10^scale, without what is below its last digit;
 * *rest_r when that is not zero.  INT64_MAX + 1 stands for all that is more.
 */
uint64_t decimal_scaled(const struct decimal *d, unsigned scale, bool *rest_r);

#define DECIMAL_DIGITS 20 /* of UINT64_MAX */

/* The digits of n, at the end of room. */
static inline struct slice
decimal_write(uint64_t n, char room[DECIMAL_DIGITS])
{
	char *end = room + DECIMAL_DIGITS, *p = end;

	do {
		*--p = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	return (struct slice){ p, (size_t)(end - p) };
}

#endif
