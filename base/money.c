#include "base/money.h"

#include <stdbool.h>
#include <string.h>

#include "base/decimal.h"
#include "base/sbuf.h"

#define NANO 1000000000
#define NANO_DIGITS 9

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

int
money_read_cost(struct slice number, unsigned scale, int64_t *nano_r)
{
	struct decimal d;
	uint64_t nano;
	bool rest;

	if (!decimal_read(number, &d))
		return 0;
	d.exponent += NANO_DIGITS - (int)scale;
	nano = decimal_scaled(&d, 0, &rest);
	if (nano > INT64_MAX - (uint64_t)rest || (d.minus && nano + rest > 0))
		return 0;
	*nano_r = (int64_t)(nano + rest);
	return 1;
}

/* With at least so many digits of the fraction; further zeros are cut. */
static void
money_write_at_least(struct sbuf *b, int64_t nano, unsigned least)
{
	uint64_t size = nano < 0 ? -(uint64_t)nano : (uint64_t)nano;
	uint64_t whole = size / NANO;
	uint32_t fraction = (uint32_t)(size % NANO);
	char text[32], *p = text + sizeof text;
	unsigned digits = NANO_DIGITS;

	for (; digits > least && fraction % 10 == 0; digits--)
		fraction /= 10;
	for (; digits > 0; digits--, fraction /= 10)
		*--p = (char)('0' + fraction % 10);
	*--p = '.';
	do
		*--p = (char)('0' + whole % 10);
	while ((whole /= 10) != 0);
	if (nano < 0)
		*--p = '-';
	sbuf_add(b, p, (size_t)(text + sizeof text - p));
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

	if (markup_bp == 0)
		return nano; /* each request asks eight times */
	up = (up + 9999) / 10000;
	return up > INT64_MAX ? -1 : (int64_t)up;
}
