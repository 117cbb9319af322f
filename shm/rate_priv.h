#ifndef SHM_RATE_PRIV_H
#define SHM_RATE_PRIV_H

/* rate_priv - the shared words of one rate-limited object. */

#include "shm/rate.h"

#define RATE_ADDRESSES 1024 /* places behind those of all others */

struct rate {
	_Alignas(64) _Atomic uint64_t tag; /* of kind and hash; 0 = free */
	_Atomic uint64_t arrival_ns[RATE_WINDOWS];
	_Atomic int64_t inside;
	_Atomic uint64_t waiters[SEGMENT_SEATS_WORDS];
};

#endif
