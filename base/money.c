#include "base/money.h"

#include <stdbool.h>

#include "base/sbuf.h"

#define NANO 1000000000

/* A decimal number taken apart: digits * 10^exponent. */
struct money_decimal {
	struct slice whole, fraction;
	int exponent;
};

static bool
money_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct slice
money_take_digits(struct slice *s)
{
	struct slice got = { s->p, 0 };

	while (s->n > 0 && money_is_digit(*s->p)) {
		slice_take(s);
		got.n++;
	}
	return got;
}

/* 1 with the exponent taken off the front of *s, 0 when it is malformed. */
static int
money_take_exponent(struct slice *s, int *exponent_r)
{
	bool minus = false;
	struct slice digits;
	int value = 0;

	*exponent_r = 0;
	if (s->n == 0 || (*s->p != 'e' && *s->p != 'E'))
		return 1;
	slice_take(s);
	if (s->n > 0 && (*s->p == '-' || *s->p == '+'))
		minus = slice_take(s) == '-';
	digits = money_take_digits(s);
	if (digits.n == 0)
		return 0;
	for (size_t i = 0; i < digits.n; i++)
		if (value < 100000)
			value = value * 10 + (digits.p[i] - '0');
	*exponent_r = minus ? -value : value;
	return 1;
}

static int
money_split(struct slice text, struct money_decimal *d)
{
	d->whole = money_take_digits(&text);
	d->fraction = (struct slice){ "", 0 };
	if (text.n > 0 && *text.p == '.') {
		slice_take(&text);
		d->fraction = money_take_digits(&text);
		if (d->fraction.n == 0)
			return 0;
	}
	if (d->whole.n == 0 || !money_take_exponent(&text, &d->exponent))
		return 0;
	return text.n == 0;
}

static char
money_digit_at(const struct money_decimal *d, size_t i)
{
	if (i < d->whole.n)
		return d->whole.p[i];
	i -= d->whole.n;
	return i < d->fraction.n ? d->fraction.p[i] : '0';
}

/* The first n digits of d as a number; zeros follow its last one. */
static int
money_collect(const struct money_decimal *d, long n, int64_t *value_r)
{
	__int128 value = 0;

	for (long i = 0; i < n; i++) {
		value = value * 10 + (money_digit_at(d, (size_t)i) - '0');
		if (value > INT64_MAX)
			return 0;
		if (value == 0 && (size_t)i > d->whole.n + d->fraction.n)
			break;
	}
	*value_r = (int64_t)value;
	return 1;
}

int
money_read(struct slice text, unsigned scale, int64_t *value_r)
{
	struct money_decimal d;

	if (!money_split(text, &d) || d.exponent != 0)
		return 0;
	if (memchr(text.p, 'e', text.n) || memchr(text.p, 'E', text.n))
		return 0;
	if (d.fraction.n > scale)
		return 0;
	return money_collect(&d, (long)d.whole.n + (long)scale, value_r);
}

int
money_read_json(struct slice number, unsigned scale, int64_t *value_r)
{
	struct money_decimal d;
	bool minus = number.n > 0 && *number.p == '-';

	if (minus)
		slice_take(&number);
	if (!money_split(number, &d) ||
	    !money_collect(&d, (long)d.whole.n + (long)scale + d.exponent,
		value_r))
		return 0;
	return !minus || *value_r == 0;
}

/* Fraction digits of nano with at least "least" of them, zeros cut. */
static void
money_write_fraction(struct sbuf *b, int64_t nano, size_t least)
{
	char digits[9];
	size_t n = sizeof digits;

	for (size_t i = sizeof digits; i > 0; i--, nano /= 10)
		digits[i - 1] = (char)('0' + nano % 10);
	while (n > least && digits[n - 1] == '0')
		n--;
	sbuf_addc(b, '.');
	sbuf_add(b, digits, n);
}

static void
money_write_at_least(struct sbuf *b, int64_t nano, size_t least)
{
	uint64_t size = nano < 0 ? -(uint64_t)nano : (uint64_t)nano;

	if (nano < 0)
		sbuf_addc(b, '-');
	sbuf_add_u64(b, size / NANO);
	money_write_fraction(b, (int64_t)(size % NANO), least);
}

void
money_write(struct sbuf *b, int64_t nano)
{
	money_write_at_least(b, nano, 1);
}

void
money_write_dollars(struct sbuf *b, int64_t nano)
{
	sbuf_addc(b, '$');
	money_write_at_least(b, nano, 2);
}

int64_t
money_markup(int64_t nano, int32_t markup_bp)
{
	__int128 up = (__int128)nano * (10000 + markup_bp);

	up = (up + 9999) / 10000;
	return up > INT64_MAX ? -1 : (int64_t)up;
}
