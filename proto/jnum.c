#include "proto/jnum.h"

#include "base/decimal.h"
#include "base/err.h"
#include "base/rare.h"
#include "proto/jscan.h"

static int64_t
jnum_signed(bool minus, uint64_t value)
{
	if (minus)
		return (int64_t)(0 - value);
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

bool
jnum_is(struct slice text)
{
	struct jscan_item item;
	struct err e;

	/* Blanks around it would pass the scan, so the whole must be it. */
	return text.n > 0 && jscan_value(text, &item, &e) == 0 &&
	       item.type == JSCAN_NUMBER && item.value.n == text.n;
}

/* Take up to max digits off the front of *s: their value, and their number. */
static int64_t
jnum_take_few(struct slice *s, size_t max, size_t *n_r)
{
	int64_t value = 0;
	size_t n = 0;

	for (; n < s->n && n < max; n++) {
		if (s->p[n] < '0' || s->p[n] > '9')
			break;
		value = value * 10 + (s->p[n] - '0');
	}
	*s = slice_skip(*s, n);
	*n_r = n;
	return value;
}

/* Most numbers are short: digits, and perhaps a point and digits. */
static bool
jnum_short_nano(struct slice number, int64_t *nano_r)
{
	static const int64_t units[] = { 1000000000, 100000000, 10000000,
		1000000, 100000, 10000, 1000, 100, 10, 1 };
	int64_t value;
	size_t n;

	value = jnum_take_few(&number, 9, &n) * units[0];
	if (number.n > 0 && *number.p == '.') {
		slice_take(&number);
		value += jnum_take_few(&number, 9, &n) * units[n];
	}
	*nano_r = value;
	return number.n == 0;
}

static RARE int64_t
jnum_long_nano(struct slice number)
{
	struct decimal d;
	bool rest;
	uint64_t value;

	decimal_read(number, &d);
	value = decimal_scaled(&d, 9, &rest);
	return jnum_signed(d.minus, rest ? value + 1 : value);
}

int64_t
jnum_nano(struct slice number)
{
	int64_t nano;

	return jnum_short_nano(number, &nano) ? nano : jnum_long_nano(number);
}

static RARE int
jnum_long_int(struct slice number, int64_t *value_r)
{
	struct decimal d;
	bool rest;
	uint64_t value;

	decimal_read(number, &d);
	value = decimal_scaled(&d, 0, &rest);
	if (rest)
		return 0;
	*value_r = jnum_signed(d.minus, value);
	return 1;
}

int
jnum_int(struct slice number, int64_t *value_r)
{
	struct slice left = number;
	size_t n;
	int64_t value = jnum_take_few(&left, 18, &n);

	if (left.n > 0)
		return jnum_long_int(number, value_r);
	*value_r = value;
	return 1;
}

bool
jnum_is_plain(struct slice number)
{
	for (size_t i = 0; i < number.n; i++)
		if (number.p[i] != '-' &&
		    (number.p[i] < '0' || number.p[i] > '9'))
			return false;
	return true;
}
