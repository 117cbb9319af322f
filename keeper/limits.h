#ifndef KEEPER_LIMITS_H
#define KEEPER_LIMITS_H

/*
 * limits - how much an account may spend: from the settings file, else from
 * the stored customer or key.
 */

#include <stdint.h>

#include "shm/account.h"
#include "store/defs.h"

struct book;
struct err;

/* 1 with *limit_r (ACCOUNT_UNLIMITED = none), 0 whose it is is unknown, -1. */
int limits_find(struct book *b, const struct account_key *key, int64_t *limit_r,
    struct err *e);

/*
 * When the period began that runs now for the owner of an account, whichever
 * it is of: 1, 0 whose it is is unknown, -1.
 */
int limits_running(struct book *b, const struct account_key *key,
    int64_t *start_s_r, struct err *e);

/*
 * Within a batch: write down who everybody in the settings file is, so that
 * limits_find() knows them.  0 or -1.
 */
int limits_name_owners(struct book *b, struct err *e);

/*
 * Within a batch: compare the limit of one account with its row's; install a
 * new one, memory first where it falls.  0 or -1.
 */
int limits_refresh(struct book *b, const struct account_key *key,
    struct err *e);

/* The same for every account in the segment; of one owner, or hash NULL. */
int limits_refresh_all(struct book *b, const unsigned char *hash,
    struct err *e);

#endif
