#ifndef PROTO_PRICE_H
#define PROTO_PRICE_H

/*
 * price - what a usage costs: spec/money.md 2 and 3.
 *
 * Integers only: pico-USD per token times tokens in 128 bits, one rounding
 * upwards per attempt.
 */

#include <stdint.h>

#include "base/settings.h"

struct err;
struct usage;

/* A price row with every gap filled, for one size of prompt. */
struct price_rates {
	int64_t input, cached_input, cache_write, cache_write_1h; /* pico */
	int64_t audio_input, cached_audio_input, image_input;
	int64_t output, reasoning_output, audio_output;
	int64_t per_request, per_search; /* nano */
};

/*
 * Fill the gaps of p for a prompt of so many tokens: the tier is chosen and
 * missing special prices take the general one, never nothing.  p must be
 * known.
 */
void price_rates(const struct settings_price *p, int64_t prompt_tokens,
    struct price_rates *r_r);

/*
 * The cost of u in nano-USD.  0 and *cost_nano_r; -1 when it does not fit
 * ("price out of range").  A price that is not known costs 0: the caller
 * has refused or noted that before.
 */
int price_cost(const struct settings_price *p, const struct usage *u,
    int64_t *cost_nano_r, struct err *e);

/* ceil(pico / 1000) + fees_nano.  0 or -1 as above; pico is not negative. */
int price_round(__int128 pico, __int128 fees_nano, int64_t *nano_r,
    struct err *e);

#endif
