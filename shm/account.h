#ifndef SHM_ACCOUNT_H
#define SHM_ACCOUNT_H

/*
 * account - one budget row in one period, as the workers see it.
 *
 * The entry is a cache: settled from the ledger's row, reserved from the
 * slots, lease from the row.  settled, reserved and lease change under the
 * account's stripe only (shm/stripe.h).  An entry is found by its key, is
 * LOADING until the keeper has published its row, and may be evicted when no
 * slot names it; so an index is checked against the key under the lock.
 */

#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/segment.h"

#define ACCOUNTS_PER_HOLD 8
#define ACCOUNT_NONE UINT32_MAX
#define ACCOUNT_UNLIMITED (-1) /* limit: none, the lease is infinite */

enum account_kind {
	ACCOUNT_CUSTOMER_PERIOD = 1,
	ACCOUNT_CUSTOMER_TOTAL,
	ACCOUNT_KEY_PERIOD,
	ACCOUNT_KEY_TOTAL,
	ACCOUNT_ORG_PERIOD,
	ACCOUNT_ORG_CREDITS,
	ACCOUNT_KEY_USES, /* requests instead of money, see ACCOUNT_USE */
	ACCOUNT_KINDS,
};

/*
 * What one request is on ACCOUNT_KEY_USES, in the place of nano-USD: whatever
 * writes amounts of money writes the number of requests.
 */
#define ACCOUNT_USE 1000000000

/* Build with account_key(): the padding must be zero. */
struct account_key {
	unsigned char hash[16]; /* of (organization, environment, name) */
	int64_t period_s;       /* start of the period, 0 = all */
	uint32_t kind;          /* enum account_kind */
	uint32_t zero;
};

enum account_state { ACCOUNT_FREE, ACCOUNT_LOADING, ACCOUNT_READY };

/* Shared. */
struct account {
	struct account_key key;
	_Atomic uint32_t state;
	_Atomic uint32_t next;   /* in its hash chain, index + 1, 0 = end */
	_Atomic uint64_t digest; /* of the last customer_params */
	_Atomic int64_t
	    used_s; /* monotonic time of the last hold, tried or had */
	_Alignas(64) _Atomic int64_t limit;
	_Atomic int64_t settled, reserved, lease, suspense;
	_Atomic int64_t need;         /* sum of the holds that met the lease
	                                 since the keeper published it */
	_Atomic int64_t largest_hold; /* since it was loaded */
	_Atomic int64_t spend_per_s;  /* keeper's figure, for the chunk */
	_Alignas(64) _Atomic uint64_t waiters[SEGMENT_SEATS_WORDS];
	_Atomic uint64_t refused; /* 429s of this account */
	/* charged above holds and adjusted upwards, since it was loaded */
	_Atomic uint64_t overrun_nano;
};

/* A consistent copy. */
struct account_view {
	struct account_key key;
	enum account_state state;
	int64_t limit, settled, reserved, lease, suspense;
};

struct account_key account_key(const unsigned char hash[16],
    enum account_kind kind, int64_t period_s);

bool account_key_same(const struct account_key *a, const struct account_key *b);

/* The entry with this key, or ACCOUNT_NONE. */
uint32_t account_find(const struct segment *seg, const struct account_key *key);

/*
 * The entry with this key, inserted as LOADING and wanted from the keeper
 * when there was none.  ACCOUNT_NONE when the table is full.
 */
uint32_t account_get(struct segment *seg, const struct account_key *key,
    int64_t now_s);

/* Borrowed; index < segment_max_accounts(). */
struct account *account_at(struct segment *seg, uint32_t index);

/* Copy entry index under its stripe.  1, or 0 when it is free. */
int account_view(struct segment *seg, uint32_t index,
    struct account_view *view_r);

/* Ask the keeper to look at this entry (load it or raise its lease). */
void account_want(struct segment *seg, uint32_t index);

/*
 * The keeper's side: the next entry that is wanted, whose mark is cleared.
 * Start with *at = 0.  1 with *index_r, 0 when none is left.
 */
int account_wanted(struct segment *seg, uint32_t *at, uint32_t *index_r);
bool account_any_wanted(const struct segment *seg);

/*
 * Drop an entry without slots and without use since before_s, whose lease the
 * keeper has written back.  1; 0 when it is in use after all.
 */
int account_evict(struct segment *seg, uint32_t index, int64_t before_s);

/* The next entry at or after *at that is not free, for walks.  1 or 0. */
int account_each(const struct segment *seg, uint32_t *at, uint32_t *index_r);

uint32_t account_count(const struct segment *seg);

#endif
