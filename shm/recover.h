#ifndef SHM_RECOVER_H
#define SHM_RECOVER_H

/*
 * recover - after a death: spec/money.md 8.6.
 *
 * A new keeper, with the ledger open and workers running: recover_counters();
 * for each entry (account_each) recover_account() with its row; then for each
 * seat recover_seat() with its durable cursor; then on at the tails as usual.
 */

#include "shm/apply.h"

/* Add up what all slots hold, one stripe after another. */
void recover_counters(struct segment *seg);

/* Install a row, settled and lease absolute; a LOADING entry is READY. */
void recover_account(struct segment *seg, uint32_t entry,
    const struct apply_row *row);

/* Free the slots of a seat whose charges the ledger has. */
void recover_seat(struct segment *seg, uint32_t seat, uint64_t cursor);

/*
 * The segment of this row is lost: all of the lease that is not settled may
 * have been spent.  1 when the row changed.  Rows without a limit: 0.
 */
int recover_lost(struct apply_row *row);

/* A clean stop: nothing is held, lease = settled.  1 when it changed. */
int recover_clean(struct apply_row *row);

#endif
