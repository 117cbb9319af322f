#ifndef SHM_SETTLE_H
#define SHM_SETTLE_H

/*
 * settle - say what an attempt really cost: spec/money.md 8.4, and the
 * payload of SETTLE and ORPHAN records.
 */

#include "shm/seat.h"

enum settle_cause {
	SETTLE_USAGE,    /* the provider's own figure */
	SETTLE_NO_USAGE, /* complete answer without one: the bound */
	SETTLE_CUT,      /* a stream that broke, by either side */
	SETTLE_NOTHING,  /* failed before it could cost */
	SETTLE_UNKNOWN,  /* sent, never answered: the hold */
	SETTLE_ORPHAN,   /* its worker died: the hold */
	SETTLE_CAUSES,
};

struct settle_usage {
	int64_t tokens_in, tokens_cached, tokens_out, tokens_reasoning;
};

/* What the worker knows at the end of an attempt. */
struct settle_charge {
	int64_t actual[ACCOUNTS_PER_HOLD]; /* in the order of the hold */
	int64_t suspense[ACCOUNTS_PER_HOLD];
	struct settle_usage usage;
	enum settle_cause cause;
};

/* One account in a record. */
struct settle_account {
	struct account_key key;
	uint32_t entry; /* where it was in the segment */
	uint32_t zero;
	int64_t held, actual, suspense;
};

/* The payload: the head and n_accounts accounts. */
struct settle_record {
	uint32_t slot;
	uint8_t n_accounts;
	uint8_t cause; /* enum settle_cause */
	uint16_t attempt;
	uint64_t price_version;
	int64_t started_us;
	unsigned char request_id[16];
	struct settle_usage usage;
	struct settle_account accounts[ACCOUNTS_PER_HOLD];
};

/*
 * SENT (or HELD, or OPEN: nothing was held) becomes DONE and its record is
 * published: from here on the charge cannot be lost.  1; 0 when the money
 * lane is full: the slot is SENT still, call again next turn, and do not
 * admit budgeted requests meanwhile.
 */
int settle_publish(struct seat_owner *o, uint32_t slot,
    const struct settle_charge *charge);

/* True when the money lane has no room for a record of the longest kind. */
bool settle_full(struct seat_owner *o);

/* Copy and check a record's payload.  1, or -1. */
int settle_read(const struct lane_record *rec, struct settle_record *r,
    struct err *e);

#endif
