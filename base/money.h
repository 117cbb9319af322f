#ifndef BASE_MONEY_H
#define BASE_MONEY_H

/*
 * money - amounts as integers, and their text.
 *
 * Amounts are nano-USD, prices pico-USD per token (1 USD per million tokens
 * is 1,000,000 pico).  Never a double: spec/money.md 2.
 */

#include <stdint.h>

#include "base/slice.h"

struct sbuf;

#define MONEY_NONE (-1) /* no limit, or no price: absent, not zero */

/*
 * Read a plain decimal ("12.50") as a whole number of 10^-scale units: scale
 * 9 for USD to nano-USD, 6 for USD per million tokens to pico-USD per token.
 * 1 with *value_r; 0 when it is no decimal number, is negative, has more than
 * scale fraction digits, or does not fit.
 */
int money_read(struct slice text, unsigned scale, int64_t *value_r);

/*
 * Read a JSON number the same way, exponent allowed; digits below one unit
 * are dropped.  0 when negative or out of range.
 */
int money_read_json(struct slice number, unsigned scale, int64_t *value_r);

/*
 * Read a JSON number of 10^-scale USD as what it costs in nano-USD: rounded
 * up.  1; 0 when it is no number, is negative or out of range.
 */
int money_read_cost(struct slice number, unsigned scale, int64_t *nano_r);

/* "0.000218", "0.0", "100.0": what JSON bodies and headers show. */
void money_write(struct sbuf *b, int64_t nano);

/* "$9.99", "$0.000218", "$10.00": what messages show. */
void money_write_dollars(struct sbuf *b, int64_t nano);

/* amount * (10000 + markup_bp) / 10000, rounded up; -1 on overflow. */
int64_t money_markup(int64_t nano, int32_t markup_bp);

#endif
