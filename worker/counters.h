#ifndef WORKER_COUNTERS_H
#define WORKER_COUNTERS_H

/*
 * counters - the worker's part of the metrics (logs.md 7): plain adds into
 * the segment, the places of the labels remembered.
 */

#include <stdint.h>

#include "worker/attempt.h"
#include "worker/req.h"

struct counters;
struct record_attempt;

/* Those without labels. */
enum counter {
	COUNTER_CACHE_HITS,
	COUNTER_CACHE_MISSES,
	COUNTER_CACHE_COLLAPSED,
	COUNTER_CACHE_ERRORS,
	COUNTER_CACHE_SPARED,
	COUNTER_UNENFORCED,
	COUNTERS,
};

struct counters *counters_new(struct worker *w);
void counters_free(struct counters **cp);

void counters_add(struct counters *c, enum counter which, int64_t n);

/* The attempt at hand is over and another follows. */
void counters_attempt(struct counters *c, const struct record_attempt *a,
    enum attempt_outcome how);

/* Everything that a finished request counts. */
void counters_request(struct counters *c, struct req *r);

#endif
