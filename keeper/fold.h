#ifndef KEEPER_FOLD_H
#define KEEPER_FOLD_H

/*
 * fold - periods that ended long ago become one sum: spec/money.md 7.
 *
 * Of each account the period that runs and budgets.keep_periods before it stay
 * rows; older ones are added to a row of their own kind (ROW_OLDER) and go.
 * Nothing is charged to them any more; what a customer spent in all still
 * counts them.
 */

#include "store/ledger.h"

struct book;
struct err;
struct fold;

struct fold *fold_new(void);
void fold_free(struct fold **fp);

/* One small step through the rows; once an hour through all.  0 or -1. */
int fold_step(struct fold *f, struct book *b, struct err *e);

#endif
