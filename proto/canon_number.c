#include "proto/canon_priv.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: doubles count by ones below */
#define EXACT_DIGITS 15              /* a double tells any of these apart */
#define NUMBER_MAX 512               /* longer ones stay as they are */

static inline bool
canon_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline const char *
canon_digits(const char *p, const char *end)
{
	while (p < end && canon_is_digit(*p))
		p++;
	return p;
}

static const char *
canon_number_end(const char *p, const char *end)
{
	while (p < end && (canon_is_digit(*p) || strchr("+-.eE", *p) != NULL))
		p++;
	return p;
}

/* The shortest decimal, by way of the double. */
static void
canon_double(struct canon_out *out, const char *p, size_t n)
{
	char text[NUMBER_MAX], best[64];
	double value;
	int digits = 1, len;

	if (n >= sizeof text) {
		canon_copy(out, p, n);
		return;
	}
	memcpy(text, p, n);
	text[n] = '\0';
	value = strtod(text, NULL);
	if (isinf(value)) {
		canon_copy(out, p, n);
		return;
	}
	if (fabs(value) < EXACT_MAX && (double)(long long)value == value) {
		len = snprintf(best, sizeof best, "%lld", (long long)value);
	} else {
		do
			len =
			    snprintf(best, sizeof best, "%.*g", digits, value);
		while (strtod(best, NULL) != value && digits++ < 17);
	}
	canon_copy(out, best, (size_t)len);
}

/*
 * Few digits with a point in them, the usual fraction: it is the shortest
 * already but for zeros at its end.  Smaller ones are written with exponents.
 */
static bool
canon_is_short(const char *p, const char *point, const char *last)
{
	p += *p == '-';
	if (last - p > EXACT_DIGITS + 1)
		return false;
	if (point - p > 1 || *p != '0')
		return true;
	for (int i = 1; i <= 4 && point + i < last; i++)
		if (point[i] != '0')
			return true;
	return false;
}

static void
canon_short_fraction(struct canon_out *out, const char *p, const char *point,
    const char *last)
{
	while (last[-1] == '0')
		last--;
	if (last[-1] == '.')
		last = point;
	canon_copy(out, p, (size_t)(last - p));
}

const char *
canon_number(struct canon_out *out, const char *p, const char *end)
{
	const char *point = canon_digits(p + (*p == '-'), end), *last = point;

	if (point < end && *point == '.')
		last = canon_digits(point + 1, end);
	if (last < end && (*last | 0x20) == 'e') {
		last = canon_number_end(last, end);
		canon_double(out, p, (size_t)(last - p));
	} else if (last == point) {
		if (last - p == 2 && p[0] == '-' && p[1] == '0')
			p++;
		canon_copy(out, p, (size_t)(last - p));
	} else if (canon_is_short(p, point, last)) {
		canon_short_fraction(out, p, point, last);
	} else {
		canon_double(out, p, (size_t)(last - p));
	}
	return last;
}
