#ifndef SHM_RATE_H
#define SHM_RATE_H

/*
 * rate - requests and tokens per minute, and how many at once: money.md 11.
 *
 * An entry per key, customer, organization and target, by hash; lossy on
 * purpose: a full table means no limit (counted).  Windows are GCRA: one
 * word per limit is the theoretical arrival time, moved by compare-and-swap.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "shm/segment.h"

#define RATE_NONE UINT32_MAX

/*
 * Addresses have places of their own, and some share one: however many come,
 * no other object loses its place.
 */
enum rate_kind {
	RATE_KEY = 1,
	RATE_CUSTOMER,
	RATE_ORGANIZATION,
	RATE_TARGET,
	RATE_ADDRESS,
};
enum rate_window { RATE_REQUESTS, RATE_TOKENS, RATE_WINDOWS };

/* The place of (kind, hash), made when new; RATE_NONE when all are taken. */
uint32_t rate_get(struct segment *seg, enum rate_kind kind,
    const unsigned char hash[16]);

/* A limit of per_minute, with as many at once. */
struct rate_limit {
	int64_t per_minute; /* 0 = no limit */
	int64_t burst;      /* 0 = per_minute */
};

struct rate_state {
	int64_t limit, remaining;
	uint64_t reset_ns; /* until the bucket is full again */
	uint64_t wait_ns;  /* refused: until this would pass */
};

/*
 * Take cost from a window.  1; 0 when it is over the limit, and nothing was
 * taken.  *state_r (may be NULL) is filled both times.
 */
int rate_take(struct segment *seg, uint32_t entry, enum rate_window window,
    const struct rate_limit *limit, int64_t cost, uint64_t now_ns,
    struct rate_state *state_r);

/* Put back what was taken and not used. */
void rate_give(struct segment *seg, uint32_t entry, enum rate_window window,
    const struct rate_limit *limit, int64_t cost);

/* One more at once, at most max (0 = no limit).  1, or 0: over. */
int rate_enter(struct segment *seg, uint32_t entry, int64_t max);
void rate_leave(struct segment *seg, uint32_t entry);
int64_t rate_inside(const struct segment *seg, uint32_t entry);

/* The master, after a death: count all from the slots OPEN, HELD or SENT. */
void rate_recount(struct segment *seg);

#endif
