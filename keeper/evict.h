#ifndef KEEPER_EVICT_H
#define KEEPER_EVICT_H

/*
 * evict - make room in the segment's table of accounts (money.md 8.2).
 */

struct book;
struct err;

/*
 * Once a second: when the table is more than half full, give back the leases
 * of some accounts that nobody has used for a minute, and drop their entries.
 * 0 or -1.
 */
int evict_idle(struct book *b, struct err *e);

#endif
