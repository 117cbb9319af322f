#ifndef STORE_LEDGER_PRIV_H
#define STORE_LEDGER_PRIV_H

/* The handle of the ledger, for the files of this room that read it. */

#include "store/env.h"
#include "store/ledger.h"

enum { ROWS, ACCOUNTS, CURSORS, JOURNAL, META, ALERTS_KEPT, TABLES };

struct ledger {
	struct env *env;
	bool lazy; /* the last commit may not be on the disk yet */
};

/* LMDB's keys and values to write are not const, but it only reads them. */
MDB_val ledger_bytes(const void *p, size_t n);

/* A number as a key: big-endian. */
void ledger_number(uint64_t n, unsigned char key_r[8]);

#endif
