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

/* The state is written last; all under the lock of the bucket. */
struct inflight_slot {
	uint64_t key;
	_Atomic uint32_t state;
	uint32_t generation;
	uint32_t leader; /* seat */
	uint32_t zero;
	uint64_t waiters[SEGMENT_SEATS_WORDS];
};

struct inflight_table {
	struct inflight_slot slot[INFLIGHT_SLOTS];
};

#endif
