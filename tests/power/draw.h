#ifndef TESTS_POWER_DRAW_H
#define TESTS_POWER_DRAW_H

/* draw - numbers that look random and come again with the seed. */

#include <stdint.h>

struct draw {
	uint64_t state; /* not 0 */
};

static inline uint64_t
draw_next(struct draw *d)
{
	d->state ^= d->state << 13;
	d->state ^= d->state >> 7;
	d->state ^= d->state << 17;
	return d->state * UINT64_C(2685821657736338717) >> 16;
}

/* 0 to n - 1. */
static inline uint64_t
draw(struct draw *d, uint64_t n)
{
	return draw_next(d) % n;
}

#endif
