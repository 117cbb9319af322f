#ifndef KEEPER_STARTSTOP_H
#define KEEPER_STARTSTOP_H

/*
 * startstop - the start and the end of a keeper: money.md 8.6.
 */

#include <stdbool.h>

struct book;
struct err;

/*
 * Bring ledger and segment together: the same segment as before, or another
 * one (then unused leases go to suspense, unless the last stop was clean).
 * 0 or -1.
 */
int startstop_begin(struct book *b, struct err *e);

/*
 * Nothing runs any more: write lease = settled everywhere and mark the ledger
 * clean.  Does nothing when something is held after all.  0 or -1.
 */
int startstop_end(struct book *b, struct err *e);

#endif
