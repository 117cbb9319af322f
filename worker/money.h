#ifndef WORKER_MONEY_H
#define WORKER_MONEY_H

/*
 * money - a request's accounts, its hold and its charge: the worker's part of
 * spec/money.md.  The protocol itself is shm/hold.h and shm/settle.h.
 */

#include <stdint.h>

#include "worker/req.h"

/*
 * How long a request waits for a keeper that commits nothing.  A disk that
 * needs longer for one commit is broken; one that needs 50 ms under load is
 * not, and nobody is refused for it.  While the keeper commits, the request's
 * turn comes: it waits on, but not for ever.
 */
#define MONEY_KEEPER_MS 1000
#define MONEY_KEEPER_MOST_MS 10000

/*
 * May the request, which needs the keeper, wait for it (once more)?  Sets its
 * timer then.  money_waited() when it need not any more.
 */
bool money_wait(struct req *r);
void money_waited(struct req *r);

/* The accounts of key, customer and organization, as of now. */
void money_accounts(struct req *r);

/*
 * The price of r->choice; 0, or -1 with ERR_PRICE_UNKNOWN when a budget could
 * not be enforced.
 */
int money_find_price(struct req *r);

/* What a request without a limit of its own gets put in; 0 = nothing. */
int64_t money_max_tokens(struct req *r);

/*
 * What the client's own max_tokens is lowered to where that is asked for
 * (clamp_max_tokens); 0: it stays.  The body as it would be sent is made.
 */
int64_t money_clamp(struct req *r);

/* Is that number sent?  demo/lorem has a default of its own, far below it. */
bool money_sends_max_tokens(const struct req *r);

/* The bound of r->edit as it will be sent.  0, or -1 with r->err-> */
int money_bound(struct req *r);

/* Try to set the money aside. */
enum hold_result money_hold(struct req *r);

/* The cost of what r->outcome says, and what of it is in doubt. */
void money_price(struct req *r);

/* Publish both as charged.  1, or 0: the lane is full, again next turn. */
int money_settle(struct req *r);

/* The slot's end, whatever happened. */
void money_close(struct req *r);

/* r->err for a refusal of money_hold(): the exact words of api.md 9.4. */
void money_refuse(struct req *r, enum hold_result why);

/*
 * What the tightest account of the request has left after it, as its admission
 * saw it; false when none has a limit.
 */
bool money_remaining(const struct req *r, int64_t *nano_r);

/* limit_info packed for the record, in w->scratch; or an empty slice. */
struct slice money_limit_info(struct req *r);

#endif
