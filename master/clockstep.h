#ifndef MASTER_CLOCKSTEP_H
#define MASTER_CLOCKSTEP_H

/*
 * clockstep - was the wall clock set?  Periods of budgets are of that clock
 * (money.md 13); no step frees money, but one that nobody meant opens periods
 * too early or too late.
 */

#include <stdint.h>

#define CLOCKSTEP_EVERY_NS INT64_C(10000000000)
#define CLOCKSTEP_LEAST_S 60

struct clockstep {
	int64_t ahead_us; /* the wall clock of the one that only runs */
	int known;
};

/*
 * By both clocks in this moment: how many seconds the wall clock was moved
 * since the last call; 0 when by less than what is worth telling, which is
 * then added to the next.
 */
int64_t clockstep_look(struct clockstep *c, int64_t real_us, int64_t boot_us);

#endif
