#ifndef KEEPER_CUSTOMERS_H
#define KEEPER_CUSTOMERS_H

/*
 * customers - those of the store, made and changed (money.md 6.2, 8.2).
 */

#include "base/slice.h"
#include "store/defs.h"

struct account_key;
struct book;
struct err;

/*
 * A worker's UPSERT, within a batch.  An unknown customer is made with the
 * defaults unless customers.unknown refuses it; one of the settings file is
 * left alone.  0 or -1: a payload that cannot be read stops the keeper.
 */
int customers_upsert(struct book *b, struct slice payload, struct err *e);

/*
 * What an administrator asks: 1 done, 0 there is no such customer (or none to
 * change), -1 with ERR_INVALID_VALUE when the settings file defines it,
 * ERR_CHANGED when it has another version than the one told.
 */
int customers_change(struct book *b, const struct customer_change *change,
    struct err *e);
int customers_delete(struct book *b, const struct customer_change *change,
    struct err *e);

/* 1 when the owner of this account is written down, 0 not, -1. */
int customers_known(struct book *b, const struct account_key *key,
    struct err *e);

#endif
