#ifndef SHM_HEALTH_H
#define SHM_HEALTH_H

/*
 * health - what all workers know about a target: a few words by its hash.
 *
 * The rules (routing.md) are the worker's; here are only the words, all
 * atomics, lossy by design: a full table gives HEALTH_NONE, always healthy.
 */

#include <stdatomic.h>
#include <stdint.h>

struct segment;

#define HEALTH_SLOTS 1024
#define HEALTH_NONE UINT32_MAX

/* Shared; a cache line.  Times are CLOCK_MONOTONIC. */
struct health {
	_Atomic uint64_t hash;       /* 0 = free */
	_Atomic uint64_t until_ns;   /* ejected until, 0 = not */
	_Atomic uint64_t failures;   /* in a row */
	_Atomic uint64_t ejections;  /* in a row, for the back-off */
	_Atomic uint64_t probe_ns;   /* who may try first, until then */
	_Atomic uint64_t latency_ns; /* moving average */
	_Atomic uint64_t window;     /* for counts within a window */
	_Atomic uint64_t drained;    /* by hand */
};

/* The place of a target, made when new. */
uint32_t health_get(struct segment *seg, uint64_t hash);
struct health *health_at(struct segment *seg, uint32_t index);

#endif
