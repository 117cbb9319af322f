#ifndef KEEPER_JOURNAL_H
#define KEEPER_JOURNAL_H

/*
 * journal - every change of an account that is no charge of a living worker,
 * as a line of JSON in the ledger's table "journal": what administrators
 * correct, and what deaths left in doubt (money.md 7, 10).
 *
 *	{"time":"...","action":"release","by":"uid 0","account":"6f...",
 *	 "settled_nano":-5,"suspense_nano":-5,"reason":"..."}
 *
 * account is the row's key in hex.  settled_nano and suspense_nano are what
 * the entry added to the row, so that row and log store can be compared.
 */

#include "keeper/book.h"

struct journal_entry {
	const char *action; /* adjust, release, confirm, orphan, lost */
	struct slice by;    /* empty: the keeper itself */
	struct slice reason;
	struct row_key row;
	const unsigned char *request; /* 16 bytes, or NULL */
	int64_t settled_nano, suspense_nano;
};

/* Within a batch: 0 or -1. */
int journal_add(struct book *b, const struct journal_entry *entry,
    struct err *e);

#endif
