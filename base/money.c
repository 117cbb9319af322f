#include "base/money.h"

#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"
#include "base/sbuf.h"

#define NANO 1000000000

/* The magnitude in units of 10^-scale, digits below dropped; 0: too large. */
static int
money_scaled(const struct decimal *d, unsigned scale, int64_t *value_r)
{
	bool rest;
	uint64_t value = decimal_scaled(d, scale, &rest);

	if (value > INT64_MAX)
		return 0;
	*value_r = (int64_t)value;
	return 1;
}

int
money_read(struct slice text, unsigned scale, int64_t *value_r)
{
	struct decimal d;

	if (!decimal_read(text, &d) || d.minus || d.fraction.n > scale)
		return 0;
	if (memchr(text.p, 'e', text.n) || memchr(text.p, 'E', text.n))
		return 0;
	return money_scaled(&d, scale, value_r);
}

int
money_read_json(struct slice number, unsigned scale, int64_t *value_r)
{
	struct decimal d;

	if (!decimal_read(number, &d) || !money_scaled(&d, scale, value_r))
		return 0;
	return !d.minus || *value_r == 0;
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
