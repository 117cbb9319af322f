#ifndef ADMIN_ACCOUNTS_H
#define ADMIN_ACCOUNTS_H

/*
 * accounts - the rows of an owner, and how people name an account:
 * "customer:alice", "customer-total:alice", "key:h5vo0ju3", "key-total:...",
 * "key-uses:...",
 * "organization".  Without a period its latest row is meant.
 */

#include "admin/office.h"
#include "shm/account.h"

/* The rows of an owner, one after the other. */
struct account_rows {
	struct ledger *ledger;
	unsigned char hash[OWNER_HASH_SIZE];
	struct row_key key;
	struct ledger_row row;
};

int accounts_open(struct account_rows *r, struct office *o,
    const struct account_owner *owner, struct err *e);

/* 1 with key and row, 0 after the last one, -1. */
int accounts_next(struct account_rows *r, struct err *e);

/* The latest row of a kind: 1, 0, -1. */
int accounts_latest(struct office *o, const struct account_owner *owner,
    enum account_kind kind, struct row_key *row_r, struct err *e);

/*
 * The row that the arguments "account", "environment" and "period_start"
 * name: 1, 0 when there is none, -1 with *e.
 */
int accounts_named(struct office *o, struct slice args, struct row_key *row_r,
    struct err *e);

/* Members "account", "environment" and "period_start" of a row. */
int accounts_show(struct office *o, const struct row_key *k, struct sbuf *out,
    struct err *e);

/*
 * Ask the keeper to correct a->row by a->amount_nano, for the argument
 * "reason".  1 once it is committed, 0, -1.
 */
int accounts_correct(struct office *o, enum ask_op op, struct slice args,
    struct ask_amount *a, struct err *e);

/* A row as it is after that, as an object: 1, 0, -1. */
int accounts_result(struct office *o, const struct row_key *k, struct sbuf *out,
    struct err *e);

#endif
