#ifndef ADMIN_BUDGETS_H
#define ADMIN_BUDGETS_H

/* budgets - the rows of the ledger that belong to one owner. */

#include "admin/office.h"

struct budget_rows {
	struct ledger *ledger;
	unsigned char hash[OWNER_HASH_SIZE];
	struct row_key key;
	struct ledger_row row;
};

int budget_rows_open(struct budget_rows *r, struct office *o,
    const struct account_owner *owner, struct err *e);

/* 1 with key and row, 0 after the last one, -1. */
int budget_rows_next(struct budget_rows *r, struct err *e);

#endif
