#ifndef KEEPER_ORPHANS_H
#define KEEPER_ORPHANS_H

/*
 * orphans - what becomes of an ORPHAN beside its charge: a line of the
 * journal for each account, and its row for the log (store/orphan.h), both
 * written by the transaction that charges it.
 */

#include "keeper/book.h"

struct lane_record;

/* The record as it was read, of that seat.  0 or -1. */
int orphans_note(struct book *b, uint32_t seat, const struct lane_record *rec,
    const struct settle_record *r, struct err *e);

#endif
