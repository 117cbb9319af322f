#ifndef WORKER_RATES_H
#define WORKER_RATES_H

/*
 * rates - requests and tokens per minute, and how many at once, of the key
 * and of the customer: spec/money.md 11.
 */

#include "worker/req.h"

/*
 * Take from every window and enter every counter, or nothing at all.  1; 0
 * when one is over its limit, with the reason in req_err().
 */
int rates_take(struct req *r);

/* Give back the places among those at once; a second time does nothing. */
void rates_leave(struct req *r);

/* The answer is there: give back the tokens that were not used. */
void rates_return(struct req *r, int64_t tokens_used);

#endif
