#ifndef SHM_HOLD_H
#define SHM_HOLD_H

/*
 * hold - money set aside before a request leaves: spec/money.md 8.1-8.3.
 *
 * Called by the worker that owns the seat.  hold_open() at step limit;
 * hold_take() before each attempt; hold_sent() before the first upstream byte
 * (connection set-up comes before it); then settle_publish() (shm/settle.h),
 * or hold_release() when the attempt never sent.  Every slot that was opened
 * ends with settle_publish() or hold_close().
 */

#include "shm/seat.h"

enum hold_result {
	HOLD_OK,
	HOLD_EXCEEDED, /* spent: 429 budget_exceeded */
	HOLD_HELD,     /* only held by others: park up to hold_wait, then 429 */
	HOLD_LEASE,    /* the keeper was asked: park, then 503 */
	HOLD_LOADING,  /* the account is being loaded: park, then 503 */
	HOLD_BUSY,     /* a lock is taken: next turn */
	HOLD_FULL,     /* no place for the account: 503 and an alarm */
};

struct hold_account {
	struct account_key key;
	int64_t amount; /* nano-USD, markup included where it applies */
	bool marked;    /* counts with the customer's markup */
};

/* What an attempt is and costs; kept in its slot for whoever ends it. */
struct hold_terms {
	struct hold_account accounts[ACCOUNTS_PER_HOLD];
	uint32_t n_accounts;
	int32_t markup_bp;
	int64_t in_pico, out_pico;
	uint64_t price_version;
	uint16_t attempt;
};

/* The account that refused, and its figures at that instant. */
struct hold_refusal {
	uint32_t which; /* index into terms->accounts */
	int64_t settled, held, limit, lease, suspense;
};

/* The figures of an account at admission: for limit_info. */
struct hold_seen {
	int64_t settled;
	int64_t held;  /* by others */
	int64_t limit; /* ACCOUNT_UNLIMITED */
	int64_t suspense;
};

/* Take a slot as OPEN.  Its index, or SLOT_NONE when all are in use. */
uint32_t hold_open(struct seat_owner *o, const unsigned char request_id[16],
    int64_t started_us, const uint32_t counter[SLOT_COUNTERS]);

/*
 * All accounts or none: OPEN becomes HELD on HOLD_OK.  now_s is of the
 * monotonic clock: the keeper drops what is not used.  *why_r is filled on
 * EXCEEDED, HELD and LEASE; seen_r[] (one for each account of terms, or NULL)
 * whenever the locks were had.
 * After HELD, LEASE and LOADING the seat is woken (WAKE_MONEY) when it may be
 * worth trying again.
 */
enum hold_result hold_take(struct seat_owner *o, uint32_t slot,
    const struct hold_terms *terms, int64_t now_s, struct hold_refusal *why_r,
    struct hold_seen *seen_r);

/* It entered one more rate counter: place which of its slot. */
void hold_count(struct seat_owner *o, uint32_t slot, unsigned which,
    uint32_t entry);

/* Store SENT; before the first upstream byte. */
void hold_sent(struct seat_owner *o, uint32_t slot);

/* What a dead worker's attempt is judged by; at most once per event. */
void hold_progress(struct seat_owner *o, uint32_t slot, int64_t tokens_in,
    int64_t tokens_out);

/* HELD, nothing sent: give the money back, the slot is OPEN again. */
void hold_release(struct seat_owner *o, uint32_t slot);

/* OPEN or HELD to FREE. */
void hold_close(struct seat_owner *o, uint32_t slot);

/* What is left for a new hold on this account, or INT64_MAX. */
int64_t hold_free(struct segment *seg, const struct account_key *key);

#endif
