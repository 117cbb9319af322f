#ifndef SHM_APPLY_H
#define SHM_APPLY_H

/*
 * apply - what the keeper does with a published charge: spec/money.md 8.5.
 *
 * Pure rules on values that the keeper reads from and writes to the ledger,
 * and the second half, which makes the committed values known to the workers:
 *
 *	for each money lane: lane_next(), apply_due(), settle_read()
 *		for each account: row = ledger; apply_charge(row); ledger = row
 *		cursor = seq
 *	for each entry that changed or is wanted: apply_lease(row)
 *	commit
 *	for each record: apply_publish(rows after the commit)
 *	for each entry wanted: apply_publish_row()
 *	lane_release()
 */

#include "shm/settle.h"

/* The ledger's row of an account and period. */
struct apply_row {
	int64_t settled, lease, suspense;
	int64_t limit; /* ACCOUNT_UNLIMITED = none */
	uint32_t alert_bits, version;
	int64_t first_us, last_us; /* 0 = never */
	int64_t requests;
};

/*
 * May the record seq be applied after cursor?  1 yes; 0 it was before (skip
 * it, publish it all the same); -1 a gap: stop.
 */
int apply_due(uint64_t cursor, uint64_t seq, struct err *e);

/*
 * Add account i of a record to its row.  1; 0 when the row was past its lease
 * then: the lease has followed.
 */
int apply_charge(struct apply_row *row, const struct settle_record *r,
    unsigned i, int64_t now_us);

/*
 * The lease that the row shall have now: raises row->lease when less than
 * half a chunk is free or a request waits.  1 when it rose.  Reads the entry.
 */
int apply_lease(struct segment *seg, uint32_t entry, struct apply_row *row);

/*
 * After the commit: install the committed rows of a record's accounts, free
 * its slot, wake who waits.  rows[i] belongs to r->accounts[i].
 */
void apply_publish(struct segment *seg, uint32_t seat, uint64_t seq,
    const struct settle_record *r, const struct apply_row rows[]);

/*
 * The same for one entry without a record (loaded, lease raised, operator
 * entry).  Makes a LOADING entry READY.  Nothing when the entry has another
 * key by now.
 */
void apply_publish_row(struct segment *seg, const struct account_key *key,
    const struct apply_row *row);

/*
 * Before the commit that lowers or sets a limit: memory first.  The lease in
 * memory falls to no more than max(limit, settled + reserved); *row gets the
 * limit and that lease.  A limit that rises or goes away: memory stays, the
 * row is changed, call apply_publish_row() after the commit.
 */
void apply_limit(struct segment *seg, const struct account_key *key,
    int64_t limit, struct apply_row *row);

/* Wake the seat whose UPSERT records were committed. */
void apply_upserted(struct segment *seg, uint32_t seat);

/*
 * Give back an idle lease: under the lock, memory first.  row->lease becomes
 * settled + reserved.  1 when it fell; commit it, then account_evict().
 */
int apply_unlease(struct segment *seg, uint32_t entry, struct apply_row *row);

#endif
