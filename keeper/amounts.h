#ifndef KEEPER_AMOUNTS_H
#define KEEPER_AMOUNTS_H

/*
 * amounts - an administrator corrects an account: ASK_ADJUST, ASK_RELEASE and
 * ASK_CONFIRM (money.md 10), within a batch, row and journal together.
 *
 * 1 done, 0 there is no such row, -1 with *e: ERR_INVALID_VALUE refuses it,
 * anything else is the store.
 */

#include "base/slice.h"

struct book;
struct err;

int amounts_adjust(struct book *b, struct slice body, struct err *e);
int amounts_release(struct book *b, struct slice body, struct err *e);
int amounts_confirm(struct book *b, struct slice body, struct err *e);

#endif
