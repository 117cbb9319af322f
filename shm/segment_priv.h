#ifndef SHM_SEGMENT_PRIV_H
#define SHM_SEGMENT_PRIV_H

/* segment_priv - what lies where, for the files of this room. */

#include <pthread.h>
#include <stdatomic.h>

#include "shm/gen.h"
#include "shm/health.h"
#include "shm/seat.h"
#include "shm/segment.h"
#include "shm/sim.h"

#define SEGMENT_MAGIC 0x7473616664736c66ull
#define SEGMENT_PAGE 4096u
#define SEGMENT_INFLIGHT_LOCKS 16

/* A mutex alone on its cache line. */
struct segment_lock {
	_Alignas(64) pthread_mutex_t mutex;
};

/* Shared. */
struct segment_header {
	uint64_t magic;
	uint32_t layout;
	_Atomic uint32_t relinks; /* of the chains of accounts; odd: now */
	unsigned char id[SEGMENT_ID_SIZE];
	struct segment_shape shape;
	uint64_t size;
	uint64_t inflight_seed; /* shm/inflight.h */
	_Atomic uint64_t epoch;
	_Atomic uint64_t generation[GEN_KINDS];
	_Atomic uint64_t beat_ns[ROLES];
	_Atomic uint64_t committed_ns; /* keeper */
	_Atomic uint64_t clock_steps;
	_Atomic int64_t clock_step_s; /* the last one */
	_Alignas(64) _Atomic uint32_t asleep[ROLES];
	_Alignas(64) _Atomic uint64_t missed_wakes, repairs, rates_full;
	/* accounts, under the table lock */
	_Alignas(64) _Atomic uint32_t accounts_used; /* ever: high water */
	_Atomic uint32_t accounts_live;
	_Atomic uint32_t accounts_free; /* list by next, index + 1 */
	_Atomic uint32_t wants;         /* a bit may be set in the bitmap */
	/* stats, under the stats lock */
	_Alignas(64) _Atomic uint32_t stats_next_cell, stats_names;
	_Atomic uint32_t stats_series;
	_Atomic uint64_t stats_overflow;
	struct segment_lock table_lock, stats_lock;
	struct segment_lock inflight_lock[SEGMENT_INFLIGHT_LOCKS];
};

/* Offsets of the parts, a pure function of the shape. */
struct segment_map {
	uint64_t stripes, wants, buckets, accounts, rates, health, inflight;
	uint64_t sieve;
	uint64_t names, series, areas, seats, end;
	uint64_t seat_bytes;
	uint32_t n_seats, n_buckets, n_rates;
};

struct segment {
	char *base;
	int fd;
	struct segment_header *head;
	struct segment_map map;
	int seat_fd[SEGMENT_SEATS_MAX];
	int role_fd[ROLES];
};

static inline void *
segment_part(const struct segment *seg, uint64_t offset)
{
	return seg->base + offset;
}

static inline struct account *
segment_account(const struct segment *seg, uint32_t index)
{
	return (struct account *)segment_part(seg, seg->map.accounts) + index;
}

/* A robust mutex shared by processes. */
void segment_lock_init(struct segment_lock *l);

/* Lock; 0 or EOWNERDEAD, and then to be made consistent by the caller. */
int segment_lock_raw(struct segment_lock *l);

/* Lock; 1 when its last owner died inside (it is consistent again). */
int segment_lock(struct segment_lock *l);
void segment_unlock(struct segment_lock *l);

/* Allocate or give back a range of the file.  0, or an errno. */
int segment_allocate(const struct segment *seg, uint64_t off, uint64_t len);
void segment_punch(const struct segment *seg, uint64_t off, uint64_t len);

#endif
