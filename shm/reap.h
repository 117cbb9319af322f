#ifndef SHM_REAP_H
#define SHM_REAP_H

/*
 * reap - end what a dead worker left: spec/money.md 8.6.
 *
 * Called by the master once the process is gone; it is then the only producer
 * of that money lane.
 */

#include "shm/segment.h"

/*
 * FREE: nothing.  OPEN, HELD: freed.  DONE and published: the keeper's.  DONE
 * and not published: published.  SENT: the whole hold is charged, flagged
 * ORPHAN.  Concurrency counters are counted anew, answers in flight handed
 * over.  1 when done, the seat is REAPED; 0 when the lane is full: again
 * later.
 */
int reap_seat(struct segment *seg, uint32_t seat);

#endif
