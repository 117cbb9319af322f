#ifndef SHM_WAKE_H
#define SHM_WAKE_H

/*
 * wake - how one process gets another to look.
 *
 * A consumer (keeper, logger) that wants to sleep:
 *
 *	wake_doze(seg, ROLE_KEEPER);
 *	if (nothing in any lane, no want)  poll(eventfd, 100 ms);
 *	wake_rise(seg, ROLE_KEEPER);
 *
 * One that lets records gather for a moment naps instead: only what somebody
 * waits for wakes it.
 *
 * A worker is always in its loop: it reads its eventfd, then takes its word
 * with wake_take() and runs again the requests that wait for what is set.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shm/segment.h"

enum wake_reason {
	WAKE_MONEY = 1,       /* a lease, a release, an account loaded */
	WAKE_UPSERT = 2,      /* a customer record was committed */
	WAKE_TWIN = 4,        /* an answer in flight ended */
	WAKE_CONCURRENCY = 8, /* a place became free */
	WAKE_LANE = 16,       /* the money lane has room again */
};

/* Say that this consumer sleeps; the lanes must be read again after it. */
void wake_doze(struct segment *seg, enum segment_role role);
void wake_nap(struct segment *seg, enum segment_role role);
void wake_rise(struct segment *seg, enum segment_role role);

/* After publishing: write the eventfds of those (1 << role) that doze. */
void wake_roles(struct segment *seg, unsigned roles);
/* Even if it naps: a request is parked until this is done. */
void wake_role_now(struct segment *seg, enum segment_role role);

/* Set bits in a seat's word; the first bit writes its eventfd. */
void wake_seat(struct segment *seg, uint32_t seat, uint32_t reasons);

/*
 * Whoever died may have set a word and not written: after a death, write all
 * the same, to one seat or to everybody.
 */
void wake_seat_surely(struct segment *seg, uint32_t seat, uint32_t reasons);
void wake_everybody(struct segment *seg);

/* wake_seat() for each bit of a bitmap of seats. */
void wake_seats(struct segment *seg, const uint64_t seats[SEGMENT_SEATS_WORDS],
    uint32_t reasons);

/* Take and clear this seat's word.  The eventfd is read before. */
uint32_t wake_take(struct segment *seg, uint32_t seat);

/*
 * The safety net: call when a 100 ms poll, not an eventfd, found work.  The
 * count must be 0 in tests.
 */
void wake_missed(struct segment *seg);
uint64_t wake_missed_count(const struct segment *seg);

#endif
