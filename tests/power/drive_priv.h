#ifndef TESTS_POWER_DRIVE_PRIV_H
#define TESTS_POWER_DRIVE_PRIV_H

/* drive_priv - what the two halves of drive share. */

#include "tests/power/drive.h"
#include "tests/power/past.h"

#define FLIGHTS 24

/* A request; n 0: none. */
struct flight {
	unsigned worker, n, accounts[4];
	uint32_t slot;
	int64_t hold, actual, suspense; /* of account i: i more */
	bool sent;
};

struct drive {
	struct draw *draw;
	struct drive_counts counts;
	struct flight flights[FLIGHTS];
	struct promise now, told;        /* told: the one on the tape */
	uint64_t applied[WORLD_WORKERS]; /* cursors after the last turn */
	bool known[WORLD_ACCOUNTS];      /* its owner has a definition */
	bool working;                    /* there are workers */
};

extern struct drive drive_state;

/* Put what may be relied upon on the tape, if it changed. */
void drive_tell(void);
void drive_all_durable(void);

/* Run the keeper once: 1 when there was something, 0 when not. */
int drive_turn(void);

void drive_request(void);
void drive_send_one(void);
void drive_settle_some(void);

/* Settle what flies, apply what is published. */
void drive_finish_requests(void);

int64_t drive_draw_limit(void);

/* Around what writes a limit: from here it may be so, from here it is. */
void drive_limit_begins(unsigned account, int64_t limit);
void drive_limit_ends(unsigned account);

void drive_change_customer(void);
void drive_change_key(unsigned account);
void drive_change_some_key(void);
void drive_enter(void);

void drive_begin(void);
void drive_kill_keeper(void);
void drive_stop(void);
void drive_lose(void);

#endif
