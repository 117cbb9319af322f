#ifndef TESTS_POWER_PAST_H
#define TESTS_POWER_PAST_H

/*
 * past - what really happened, for comparing with what a disk remembers: the
 * records of each lane, the operator's entries, the keepers' recoveries.  And
 * the promise: what somebody relies upon at one moment of it.
 */

#include <stdbool.h>

#include "tests/power/world.h"

/* What a row must show. */
struct past_sums {
	int64_t settled, suspense, requests;
};

struct past_row {
	struct past_sums of[WORLD_ACCOUNTS];
};

/* Rows by number: of a lane, after each record; of the journal, each entry. */
struct past_rows {
	struct past_row *row;
	size_t n, room;
};

struct past_epoch {
	struct past_row begun; /* the rows when its first keeper was ready */
	size_t journal;        /* entries by then */
	struct past_rows lanes[WORLD_WORKERS];
};

#define PAST_EPOCHS 64

struct past {
	struct past_epoch epochs[PAST_EPOCHS];
	struct past_rows journal;
};

struct promise_account {
	int64_t billed;   /* by the provider, requests in flight included */
	int64_t lease;    /* that the workers see; 0 when there are none */
	int64_t most;     /* neither lease nor settled may pass it */
	int64_t limit[2]; /* in force, and being written; often the same */
	int64_t defined;  /* 1: somebody was told that limit[0] is written */
};

/* Sampled whenever it changes, and put on the tape (record_mark()). */
struct promise {
	struct promise_account accounts[WORLD_ACCOUNTS];
	uint64_t epoch;
	uint64_t journal;               /* entries that were acknowledged */
	uint64_t cursor[WORLD_WORKERS]; /* records that are durable */
	bool clean;
};

extern struct past past;

/* Forget all. */
void past_free(void);

/* Add to the sums of the last row, as the next row; it is for the caller. */
struct past_row *past_rows_add(struct past_rows *r);

/* What the rows must show with these cursors and entries. */
struct past_sums past_sums(uint64_t epoch, const uint64_t cursor[WORLD_WORKERS],
    uint64_t journal, unsigned account);

#endif
