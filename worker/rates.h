#ifndef WORKER_RATES_H
#define WORKER_RATES_H

/*
 * rates - requests and tokens per minute, and how many at once, of the key,
 * of the customer, of the organization and of the target: spec/money.md 11.
 */

#include "worker/req.h"

/*
 * Take from every window and enter every counter of who asks, or nothing at
 * all.  1; 0 when one is over its limit, with the reason in req_err().
 */
int rates_take(struct req *r);

/* The same of r->choice, which is about to be asked. */
int rates_take_target(struct req *r);

/* Nobody is asked after all: what rates_take() took from windows is back. */
void rates_refused(struct req *r);

/*
 * The target's place among those at once, and its tokens; when it was not
 * asked, its request as well.
 */
void rates_leave_target(struct req *r, bool asked);

/* Its windows are no part of what the client is told any more. */
void rates_forget_target(struct req *r);

/* Give back the places among those at once; a second time does nothing. */
void rates_leave(struct req *r);

/*
 * The answer is there: give back the tokens that were not used; when nobody
 * was asked, the target gets its request back as well.
 */
void rates_return(struct req *r, int64_t tokens_used);

#endif
