#include "proto/jnum.h"

#include "base/err.h"
#include "proto/jscan.h"

/* Digits beyond this many places change no 64-bit result. */
#define JNUM_EXPONENT_MAX 100000

/* Out of line, so that short numbers need few registers. */
#define RARE __attribute__((noinline))

/* A number as 0.DIGITS * 10^point, its digits in two runs. */
struct jnum {
	bool minus;
	struct slice whole, fraction;
	long exponent;
};

static struct slice
jnum_take_digits(struct slice *s)
{
	struct slice got = { s->p, 0 };

	while (s->n > 0 && *s->p >= '0' && *s->p <= '9') {
		slice_take(s);
		got.n++;
	}
	return got;
}

static long
jnum_take_exponent(struct slice *s)
{
	bool minus = false;
	long value = 0;

	if (s->n == 0)
		return 0;
	slice_take(s);
	if (*s->p == '-' || *s->p == '+')
		minus = slice_take(s) == '-';
	for (; s->n > 0; slice_take(s))
		if (value < JNUM_EXPONENT_MAX)
			value = value * 10 + (*s->p - '0');
	return minus ? -value : value;
}

static struct jnum
jnum_split(struct slice text)
{
	struct jnum n = { .minus = *text.p == '-' };

	if (n.minus)
		slice_take(&text);
	n.whole = jnum_take_digits(&text);
	if (text.n > 0 && *text.p == '.') {
		slice_take(&text);
		n.fraction = jnum_take_digits(&text);
	}
	n.exponent = jnum_take_exponent(&text);
	return n;
}

static char
jnum_digit(const struct jnum *n, size_t i)
{
	if (i < n->whole.n)
		return n->whole.p[i];
	i -= n->whole.n;
	return i < n->fraction.n ? n->fraction.p[i] : '0';
}

/*
 * The magnitude times 10^scale, saturated; *rest_r when something is left
 * below its last digit.
 */
static uint64_t
jnum_scaled(const struct jnum *n, unsigned scale, bool *rest_r)
{
	const uint64_t most = (uint64_t)INT64_MAX + 1;
	long places = (long)n->whole.n + n->exponent + (long)scale;
	size_t digits = n->whole.n + n->fraction.n, i = 0;
	unsigned __int128 value = 0;

	*rest_r = false;
	for (; (long)i < places; i++) {
		if (i >= digits && value == 0)
			break;
		value = value * 10 + (unsigned)(jnum_digit(n, i) - '0');
		if (value > most)
			return most;
	}
	for (; i < digits; i++)
		if (jnum_digit(n, i) != '0')
			*rest_r = true;
	return (uint64_t)value;
}

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
	struct jnum n = jnum_split(number);
	bool rest;
	uint64_t value = jnum_scaled(&n, 9, &rest);

	return jnum_signed(n.minus, rest ? value + 1 : value);
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
	struct jnum n = jnum_split(number);
	bool rest;
	uint64_t value = jnum_scaled(&n, 0, &rest);

	if (rest)
		return 0;
	*value_r = jnum_signed(n.minus, value);
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
