#ifndef SHM_INFLIGHT_H
#define SHM_INFLIGHT_H

/*
 * inflight - equal requests on their way: spec/cache.md 6.
 *
 *	FREE -> LEADING -> STORING (the logger's) -> FREE: look in the cache
 *	            |          '--> OFFERED   (record dropped, not stored)
 *	            '--> OFFERED: the first waiter that looks leads
 *
 * Waiters are a bitmap of seats; a woken worker (WAKE_TWIN) knows its own
 * requests and calls inflight_look() for each.
 *
 * Which are equal is told by a hash of what the cache key is the digest of,
 * under a seed that no client knows: what a follower gets is looked up by the
 * digest, so that a twin that is none waits in vain, and no more.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "shm/segment.h"

#ifndef INFLIGHT_SLOTS
#define INFLIGHT_SLOTS 4096
#endif

struct inflight_ref {
	uint32_t slot, generation;
};

enum inflight_state {
	INFLIGHT_LEAD, /* you ask upstream, and end it */
	INFLIGHT_WAIT, /* somebody does; wait for WAKE_TWIN */
	INFLIGHT_OVER, /* it ended: look in the cache, then join again */
	INFLIGHT_OFF,  /* the table is full: go on by yourself */
};

uint64_t inflight_key(const struct segment *seg, struct slice text);

/* Soon it will be joined for this key. */
void inflight_prefetch(const struct segment *seg, uint64_t key);

/* Soon the leader says how it ended. */
void inflight_prefetch_ref(const struct segment *seg, struct inflight_ref ref);

/* LEAD, WAIT or OFF; *ref_r with the first two. */
enum inflight_state inflight_join(struct segment *seg, uint32_t seat,
    uint64_t key, struct inflight_ref *ref_r);

/* A waiter: WAIT, OVER, or LEAD when it was offered and is yours now. */
enum inflight_state inflight_look(struct segment *seg, uint32_t seat,
    struct inflight_ref ref);

/* No request of this seat waits for it any longer. */
void inflight_leave(struct segment *seg, uint32_t seat,
    struct inflight_ref ref);

/* True while somebody waits: a leader whose client left is not cut. */
bool inflight_followed(struct segment *seg, struct inflight_ref ref);

/* The leader has put its CACHE record into the log lane. */
void inflight_storing(struct segment *seg, struct inflight_ref ref);

/* Stored and committed (logger): wakes all, they find it in the cache. */
void inflight_stored(struct segment *seg, struct inflight_ref ref);

/* Ended without an entry (leader, or logger that dropped it). */
void inflight_failed(struct segment *seg, struct inflight_ref ref);

/* The next one in STORING at or after *at, for a logger's start.  1 or 0. */
int inflight_each_storing(struct segment *seg, uint32_t *at,
    struct inflight_ref *ref_r);

/* A dead worker: what it led is offered, its waits end. */
void inflight_reap(struct segment *seg, uint32_t seat);

#endif
