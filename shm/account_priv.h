#ifndef SHM_ACCOUNT_PRIV_H
#define SHM_ACCOUNT_PRIV_H

/* account_priv - for the other files of the money protocol. */

#include "shm/account.h"
#include "shm/seat.h"

/*
 * Is the entry in use, and this account's?  With the account's stripe held it
 * stays so.  The state is read first: an entry that is let go keeps its key,
 * and the next one to have it writes its own before it is in use.
 */
bool account_is(const struct account *a, const struct account_key *key);

/* With the stripe held: what the entry says. */
void account_copy(const struct account *a, struct account_view *view_r);

/* What comes and goes in the table does so between this and its unlock. */
void account_table_lock(struct segment *seg);

/* The entry with this key, made when there is none; ACCOUNT_NONE: full. */
uint32_t account_insert(struct segment *seg, const struct account_key *key,
    int64_t now_s);

/* Unhook an entry; its stripe is held as well. */
void account_unlink(struct segment *seg, uint32_t index);

/* With the stripe held: reserved of all its accounts becomes 0. */
void account_forget_reserved(struct segment *seg, unsigned stripe);

/* Mark a seat as waiting; under the stripe, so that no release is missed. */
void account_await(struct account *a, uint32_t seat);

/* Wake who waits for any of a set of entries; after the unlock. */
void account_wake(struct segment *seg, const uint32_t entries[], unsigned n);

/* The stripes of the accounts that a slot names; bad indexes are skipped. */
uint64_t account_slot_set(const struct segment *seg, const struct slot *s);

/* How many accounts of a slot may be read, whatever it says. */
unsigned account_slot_count(const struct slot *s);

/*
 * Under the stripes of a slot: take its amounts out of reserved.  The slot's
 * state is for the caller to change before the unlock.
 */
void account_slot_unreserve(struct segment *seg, const struct slot *s);

#endif
