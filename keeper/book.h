#ifndef KEEPER_BOOK_H
#define KEEPER_BOOK_H

/*
 * book - the stores and the segment, and one batch of changes to them.
 *
 * A batch is one transaction of the ledger.  Rows are read into it once,
 * changed in memory, written together, and published to the workers after the
 * commit.  -1 from anything here ends the keeper: what is not committed is
 * found again in lanes and ledger by the next one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "shm/apply.h"
#include "store/ledger.h"
#include "store/objects.h"

struct err;
struct settings;

#ifndef BATCH_RECORDS
#define BATCH_RECORDS 512
#endif
#define BATCH_ROWS (BATCH_RECORDS * ACCOUNTS_PER_HOLD)

/* A row in the hands of this batch. */
struct batch_row {
	struct account_key key;
	struct apply_row row;
	uint64_t batch; /* the place counts in this batch only */
	bool dirty;     /* to be written */
	bool publish;   /* to be shown to the workers by itself */
	bool overran;   /* a charge of this batch passed its hold */
};

struct book {
	const struct settings *settings;
	struct segment *seg;
	struct ledger *ledger;
	struct objects *objects;
	uint64_t epoch;
	uint64_t cursors[SEGMENT_SEATS_MAX];

	uint64_t batch;         /* number of the open one; places of others
	                           are free */
	struct batch_row *rows; /* open addressing, 2 * BATCH_ROWS places */
	uint32_t used[BATCH_ROWS];
	uint32_t used_n;
	bool objects_open; /* a transaction of objects belongs to it */
	bool customers_changed, customers_deleted, keys_changed;
	bool groups_changed, credentials_changed;

	uint64_t told_seq; /* number of the first that was told since the
	                      handover looked; 0 = none */

	struct sbuf owner; /* an owner's id */
	struct sbuf def;   /* a definition's strings */
};

/* Open both stores.  The struct is zeroed but settings and seg.  0 or -1. */
int book_open(struct book *b, struct err *e);
void book_close(struct book *b);

int book_begin(struct book *b, struct err *e);

/* Write objects, then rows, commit; publish rows marked so, raise the words. */
int book_commit(struct book *b, struct err *e);

/*
 * The same for a batch of charges alone.  They bind nobody: an account with a
 * limit is held to its lease, which is durable, so that these may reach the
 * disk a little later (book_sync()).
 */
int book_commit_charges(struct book *b, struct err *e);
int book_sync(struct book *b, struct err *e);

/* Within a batch: keep an alert or an orphan, packed, for the logger. */
int book_tell(struct book *b, struct slice packed, struct err *e);

/* Forget the batch. */
void book_abort(struct book *b);

/* Room for one more record's rows? */
bool book_has_room(const struct book *b);

/*
 * The row of an account within this batch, made when the ledger has none; its
 * limit is then the owner's.  NULL with *e.
 */
struct batch_row *book_row(struct book *b, const struct account_key *key,
    struct err *e);

/* The same, but only a row that the ledger has: 1, 0, -1. */
int book_row_find(struct book *b, const struct account_key *key,
    struct batch_row **row_r, struct err *e);

/* The open transaction of objects, begun when need be. */
int book_objects(struct book *b, struct err *e);

/* Between the ledger's form and the segment's. */
struct row_key book_row_key(const struct account_key *key);
struct account_key book_account_key(const struct row_key *k);
void book_row_unpack(const struct ledger_row *from, struct apply_row *row_r);
void book_row_pack(const struct apply_row *from, struct ledger_row *row_r);

int64_t book_now_s(void);

#endif
