#include "base/decimal.h"

/* Digits beyond this many places change no 64-bit result. */
#define DECIMAL_EXPONENT_MAX 100000

static struct slice
decimal_take_digits(struct slice *s)
{
	struct slice got = { s->p, 0 };

	while (s->n > 0 && *s->p >= '0' && *s->p <= '9') {
		slice_take(s);
		got.n++;
	}
	return got;
}

/* 1 with the exponent taken off the front of *s, 0 when it is malformed. */
static int
decimal_take_exponent(struct slice *s, int *exponent_r)
{
	bool minus = false;
	struct slice digits;
	int value = 0;

	if (s->n == 0 || (*s->p != 'e' && *s->p != 'E'))
		return 1;
	slice_take(s);
	if (s->n > 0 && (*s->p == '-' || *s->p == '+'))
		minus = slice_take(s) == '-';
	digits = decimal_take_digits(s);
	for (size_t i = 0; i < digits.n; i++)
		if (value < DECIMAL_EXPONENT_MAX)
			value = value * 10 + (digits.p[i] - '0');
	*exponent_r = minus ? -value : value;
	return digits.n > 0;
}

int
decimal_read(struct slice text, struct decimal *d)
{
	*d = (struct decimal){ .minus = text.n > 0 && *text.p == '-' };
	if (d->minus)
		slice_take(&text);
	d->whole = decimal_take_digits(&text);
	if (text.n > 0 && *text.p == '.') {
		slice_take(&text);
		d->fraction = decimal_take_digits(&text);
		if (d->fraction.n == 0)
			return 0;
	}
	if (d->whole.n == 0 || !decimal_take_exponent(&text, &d->exponent))
		return 0;
	return text.n == 0;
}

/* Zeros follow the last one. */
static char
decimal_digit_at(const struct decimal *d, size_t i)
{
	if (i < d->whole.n)
		return d->whole.p[i];
	i -= d->whole.n;
	return i < d->fraction.n ? d->fraction.p[i] : '0';
}

uint64_t
decimal_scaled(const struct decimal *d, unsigned scale, bool *rest_r)
{
	const uint64_t most = (uint64_t)INT64_MAX + 1;
	long places = (long)d->whole.n + d->exponent + (long)scale;
	size_t digits = d->whole.n + d->fraction.n, i = 0;
	unsigned __int128 value = 0;

	*rest_r = false;
	for (; (long)i < places; i++) {
		if (i >= digits && value == 0)
			break;
		value = value * 10 + (unsigned)(decimal_digit_at(d, i) - '0');
		if (value > most)
			return most;
	}
	for (; i < digits; i++)
		if (decimal_digit_at(d, i) != '0')
			*rest_r = true;
	return (uint64_t)value;
}
