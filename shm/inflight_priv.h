#ifndef SHM_INFLIGHT_PRIV_H
#define SHM_INFLIGHT_PRIV_H

/* inflight_priv - the shared table of answers in flight. */

#include <stdatomic.h>

#include "shm/inflight.h"

#define INFLIGHT_WAYS 8
#define INFLIGHT_BUCKETS (INFLIGHT_SLOTS / INFLIGHT_WAYS)

enum inflight_slot_state {
	INFLIGHT_FREE,
	INFLIGHT_LEADING,
	INFLIGHT_STORING,
	INFLIGHT_OFFERED,
};

/*
 * The state is written last; all under the lock of the bucket.  Who joins looks
 * at a whole bucket, which lies in two lines of cache.
 */
struct inflight_slot {
	uint64_t key;
	uint32_t generation;
	_Atomic uint16_t state;
	uint16_t leader; /* seat */
};

struct inflight_table {
	_Alignas(64) struct inflight_slot slot[INFLIGHT_SLOTS];
	uint64_t waiters[INFLIGHT_SLOTS][SEGMENT_SEATS_WORDS];
};

#endif
