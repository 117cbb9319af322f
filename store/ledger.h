#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

/*
 * ledger - the book: rows of settled money, leases and cursors, in the LMDB
 * environment "ledger" (money.md 7).
 *
 * Only the keeper writes and only keeper and admin open it.  All amounts are
 * nano-USD.  A batch is one transaction; a failed commit is never tried again
 * (M13): the keeper ends.
 */

#include "store/defs.h"

struct err;
struct sbuf;
struct ledger;

struct ledger_row {
	int64_t settled, suspense;
	int64_t lease; /* means nothing without a limit */
	int64_t limit; /* MONEY_NONE = no limit */
	uint32_t alert_bits;
	uint32_t ver;              /* raised by each operator's entry */
	int64_t first_us, last_us; /* first and last charge; 0 = never */
	int64_t requests;
};

/* What the ledger remembers of the segment it worked with. */
struct ledger_meta {
	unsigned char segment_id[16];
	uint64_t epoch;
	bool clean; /* the last keeper wrote leases back and ended */
};

struct ledger *ledger_open_writer(const char *path, uint64_t size_bytes,
    struct err *e);
struct ledger *ledger_open_reader(const char *path, struct err *e);
void ledger_close(struct ledger **lp);

/* Begin, commit or abandon the one write transaction. */
int ledger_begin(struct ledger *l, struct err *e);
int ledger_commit(struct ledger *l, struct err *e);

/*
 * Commit what nobody relies on, charges: a power cut may take back the last
 * such commit until another commit or ledger_sync(), which does nothing when
 * there is no such commit.
 */
int ledger_commit_lazily(struct ledger *l, struct err *e);
int ledger_sync(struct ledger *l, struct err *e);
void ledger_abort(struct ledger *l);

/* Reads see the open write transaction's own changes.  1, 0, -1. */
int ledger_row_get(struct ledger *l, const struct row_key *k,
    struct ledger_row *row_r, struct err *e);
int ledger_row_put(struct ledger *l, const struct row_key *k,
    const struct ledger_row *row, struct err *e);

/* 0, also when there was none; -1. */
int ledger_row_del(struct ledger *l, const struct row_key *k, struct err *e);

/* The row after *k in key order; *k moves on.  Start with zeroes. */
int ledger_row_next(struct ledger *l, struct row_key *k,
    struct ledger_row *row_r, struct err *e);

/* Who an owner's hash stands for (the id points into *buf).  1, 0, -1. */
int ledger_owner_get(struct ledger *l,
    const unsigned char hash[OWNER_HASH_SIZE], struct sbuf *buf,
    struct account_owner *owner_r, struct err *e);
int ledger_owner_put(struct ledger *l, const struct account_owner *owner,
    struct err *e);

/* The last applied sequence of a money lane; 0 when there is none. */
int ledger_cursor_get(struct ledger *l, uint64_t epoch, uint32_t lane,
    uint64_t *seq_r, struct err *e);
int ledger_cursor_put(struct ledger *l, uint64_t epoch, uint32_t lane,
    uint64_t seq, struct err *e);

/* 1, 0 when the ledger is new, -1. */
int ledger_meta_get(struct ledger *l, struct ledger_meta *meta_r,
    struct err *e);
int ledger_meta_put(struct ledger *l, const struct ledger_meta *meta,
    struct err *e);

/* Append an operator's entry: one line of text, who did what and why. */
int ledger_journal_add(struct ledger *l, struct slice text, struct err *e);

/* The entry after *seq (start with 0), its text in *buf.  1, 0, -1. */
int ledger_journal_next(struct ledger *l, uint64_t *seq, struct sbuf *buf,
    struct err *e);

/*
 * Alerts that nobody has acknowledged, packed (store/alert.h), and numbered
 * as they came (a number is taken again when the last one went): add within
 * a transaction; the one after *seq (start with 0),
 * 1, 0, -1; take away the one of that number that begins with id, 1, 0, -1.
 */
int ledger_alert_add(struct ledger *l, struct slice packed, uint64_t *seq_r,
    struct err *e);
int ledger_alert_next(struct ledger *l, uint64_t *seq, struct sbuf *buf,
    struct err *e);
int ledger_alert_del(struct ledger *l, uint64_t seq, struct slice id,
    struct err *e);
int ledger_alert_count(struct ledger *l, uint64_t *n_r, struct err *e);

/* Read everything, in a child (M4).  0 or -1; or the child dies. */
int ledger_walk(struct ledger *l, struct err *e);

/* Free the slots of readers that died (M8). */
void ledger_check_readers(struct ledger *l);

#endif
