#ifndef TESTS_SHM_TORTURE_H
#define TESTS_SHM_TORTURE_H

/*
 * torture - workers and a keeper that are killed at any store to shared
 * memory, and the truth that the money is compared with.
 *
 * The room's sources are compiled again with a SIM_POINT() that yields now
 * and then, so that kills fall between any two stores.
 */

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

extern uint64_t torture_seed;

static inline uint64_t
torture_draw(void)
{
	torture_seed ^= torture_seed << 13;
	torture_seed ^= torture_seed >> 7;
	torture_seed ^= torture_seed << 17;
	return torture_seed;
}

/* Now and then let the others run; seldom, long enough for all of them. */
static inline void
torture_point(void)
{
	static const struct timespec pause = { 0, 200000 };
	uint64_t draw = torture_draw() % 1024;

	if (draw == 0)
		nanosleep(&pause, NULL);
	else if (draw < 32)
		sched_yield();
}

#define SIM_POINT() torture_point()

#define TORTURE_ACCOUNTS 12
#define TORTURE_WORKERS 4
#define TORTURE_SEATS 16
#define TORTURE_HOLD_MAX 4000
#define TORTURE_TAKEN 1000 /* holds: with fewer nothing is contended */
#define TORTURE_MORE_NS (uint64_t)30000000000

#include "shm/apply.h"
#include "shm/hold.h"
#include "shm/reap.h"
#include "shm/recover.h"
#include "shm/stripe.h"
#include "shm/wake.h"

/* What a commit makes durable. */
struct torture_book {
	struct apply_row row[TORTURE_ACCOUNTS];
	uint64_t cursor[TORTURE_SEATS];
};

/* Shared by all, outside the segment: it survives every death. */
struct torture {
	struct segment *seg;
	struct torture_book book[2];
	_Atomic unsigned now; /* the durable one; the flip is the commit */
	_Atomic int64_t bill[TORTURE_ACCOUNTS]; /* the provider's truth */
	_Atomic uint64_t taken[TORTURE_WORKERS];
	_Atomic uint64_t refused, waits, failures;
	_Atomic uint32_t stop, ready;
	char why[512];
};

struct account_key torture_key(unsigned id);
unsigned torture_id(const struct account_key *key);

/* Bodies of the children; they return when t->stop says so. */
void torture_worker(struct torture *t, uint32_t seat, unsigned who);
void torture_keeper(struct torture *t);

/* Note a violation; the first is kept. */
void torture_fail(struct torture *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
