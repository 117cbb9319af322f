#ifndef TESTS_SIM_FLIGHT_H
#define TESTS_SIM_FLIGHT_H

/* flight - one request of a worker, from its customer to its charge. */

#include "tests/sim/sim.h"

#define FLIGHTS 6

enum flight_state { IDLE, UNKNOWN, WANTS, SENT, STUCK };

struct flight {
	enum flight_state state;
	bool again; /* worth a try: new, or woken */
	bool limited;
	enum sim_wait waits;
	unsigned customer;
	uint64_t ticket;
	uint32_t slot;
	struct hold_terms terms;
	struct settle_charge charge;
};

struct worker {
	struct seat_owner o;
	struct flight flights[FLIGHTS];
	unsigned left;
};

/* IDLE: take a slot. */
void flight_begin(struct worker *w, struct flight *f);
/* UNKNOWN: find the customer, or make it known. */
void flight_know(struct worker *w, struct flight *f);
/* WANTS: try to hold. */
void flight_take(struct worker *w, struct flight *f);
/* SENT: some more of the answer is billed. */
void flight_relay(struct worker *w, struct flight *f);
/* STUCK: publish what it cost. */
void flight_settle(struct worker *w, struct flight *f);
/* Nothing was sent: give the slot back. */
void flight_leave(struct worker *w, struct flight *f);

#endif
