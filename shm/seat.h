#ifndef SHM_SEAT_H
#define SHM_SEAT_H

/*
 * seat - what one worker owns in the segment: two lanes, a table of slots,
 * counters and a heartbeat.
 *
 *	FREE -> OWNED (worker) -> REAPED (its slots are charged or freed)
 *	     -> drained by keeper and logger -> FREE
 *
 * The master moves the state.  A slot is one attempt of one request; its
 * state is a word of the seat's dense array:
 *
 *	FREE -> OPEN -> HELD -> SENT -> DONE -> FREE (by the keeper)
 *	         ^-------'  gave up before the first byte
 */

#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>

#include "shm/account.h"
#include "shm/lane.h"

#ifndef SEAT_SLOTS /* the simulation has fewer */
#define SEAT_SLOTS 4096
#endif
#define SEAT_NONE UINT32_MAX
#define SLOT_NONE UINT32_MAX
#define SLOT_COUNTERS 4 /* key, customer, organization, target */

enum seat_state { SEAT_FREE, SEAT_OWNED, SEAT_REAPED };
enum slot_state { SLOT_FREE, SLOT_OPEN, SLOT_HELD, SLOT_SENT, SLOT_DONE };

/* Shared; written by its worker, by the master once the worker is dead. */
struct slot {
	uint8_t n_accounts;
	uint8_t marked; /* bit i: account i counts with the markup */
	uint16_t attempt;
	int32_t markup_bp;
	uint32_t entry[ACCOUNTS_PER_HOLD];
	_Atomic int64_t amount[ACCOUNTS_PER_HOLD]; /* held, nano-USD */
	int64_t actual[ACCOUNTS_PER_HOLD];
	int64_t suspense[ACCOUNTS_PER_HOLD];
	_Atomic uint64_t seq; /* of its SETTLE in the money lane */
	_Atomic uint32_t counter[SLOT_COUNTERS];   /* rate entries, RATE_NONE */
	_Atomic int64_t progress_in, progress_out; /* tokens seen so far */
	int64_t in_pico, out_pico; /* what a token of progress costs */
	uint64_t price_version;
	int64_t started_us; /* real time of the admission */
	unsigned char request_id[16];
};
_Static_assert(sizeof(struct slot) == 320, "a slot is five cache lines");

/* Figures of a worker, plain stores, for status and metrics. */
struct seat_figures {
	_Atomic uint64_t heartbeat_ns;
	_Atomic uint64_t requests_inflight, streams, connections;
	_Atomic uint64_t settings_generation;
	_Atomic uint32_t draining, step; /* step: last words of a crash */
};

/* Shared: the page of a seat, kept while the seat is free. */
struct seat {
	_Atomic uint32_t state;
	_Atomic uint32_t generation; /* raised by each seat_take() */
	_Atomic int32_t pid;
	_Alignas(64) _Atomic uint32_t wake;
	_Alignas(64) struct seat_figures figures;
	_Alignas(64) struct lane_words money;
	_Alignas(64) struct lane_words log;
};
_Static_assert(sizeof(struct seat) <= 4096, "a seat's header is a page");

/* Process-local: the sole producer of a seat, worker or reaping master. */
struct seat_owner {
	struct segment *seg;
	struct seat *seat;
	_Atomic uint32_t *states;
	struct slot *slots;
	uint32_t index;
	uint32_t hint; /* where to look for a free slot */
	struct lane money, log;
};

/* -- master -- */

/*
 * Take a free seat: allocate its pages, raise its generation.  1 with its
 * index; 0 when all are taken; -1 when the file system is full.
 */
int seat_take(struct segment *seg, uint32_t *seat_r, struct err *e);
void seat_set_pid(struct segment *seg, uint32_t seat, int32_t pid);

/* 1 when a reaped seat was drained and is FREE again, 0 not yet. */
int seat_return(struct segment *seg, uint32_t seat);

/* Seats that nobody has. */
uint32_t seat_count_free(const struct segment *seg);

/* -- the producer -- */

/* Become the producer of a seat: finds where its lanes stand. */
void seat_own(struct segment *seg, uint32_t seat, struct seat_owner *o);

/* Wake those who sleep over what its lanes hold by now. */
void seat_wake(struct seat_owner *o);

/* Store the time; once a second. */
void seat_beat(struct seat_owner *o, uint64_t now_ns);

/* -- anybody -- */

struct seat *seat_at(const struct segment *seg, uint32_t seat);
_Atomic uint32_t *seat_states(const struct segment *seg, uint32_t seat);
struct slot *seat_slots(const struct segment *seg, uint32_t seat);
uint64_t seat_log_bytes(const struct segment *seg);

/* True when the seat's states, slots and lanes may be touched. */
bool seat_mapped(const struct segment *seg, uint32_t seat);

/* A consumer's handle on one of its lanes, at what was not yet released. */
void seat_reader(struct segment *seg, uint32_t seat, enum lane_kind kind,
    struct lane_reader *r);

#endif
