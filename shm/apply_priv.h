#ifndef SHM_APPLY_PRIV_H
#define SHM_APPLY_PRIV_H

/* apply_priv - under the locks, for apply and recover. */

#include "shm/apply.h"

/* With the stripe held: the entry says what the row says, and is READY. */
void apply_install(struct account *a, const struct apply_row *row);

/* With the stripes of its accounts held: free a slot that is DONE as seq. */
void apply_free_slot(struct segment *seg, uint32_t seat, uint32_t slot,
    uint64_t seq);

#endif
