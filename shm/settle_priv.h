#ifndef SHM_SETTLE_PRIV_H
#define SHM_SETTLE_PRIV_H

/* settle_priv - one way to publish, for the worker and for the reaper. */

#include "shm/settle.h"

/*
 * Publish slot.actual and slot.suspense, which the caller has stored.  The
 * slot becomes DONE with the next number of the lane.  1, or 0 when the lane
 * is full and nothing changed.
 */
int settle_post(struct seat_owner *o, uint32_t slot, uint16_t type,
    enum settle_cause cause, const struct settle_usage *usage);

#endif
