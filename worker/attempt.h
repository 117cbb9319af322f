#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

/*
 * attempt - one try at a provider as the records and the metrics see it: when
 * it is in flight, whose it was, how it ended.  How it is made is step_ask.c.
 */

#include "base/slice.h"
#include "worker/req.h"

struct failure;
struct failure_policy;
struct sbuf;

/* Words of routing.md 12. */
enum attempt_outcome {
	ATTEMPT_OK,
	ATTEMPT_RETRY,    /* another of the same model followed */
	ATTEMPT_FALLBACK, /* of another one */
	ATTEMPT_END,
	ATTEMPT_CLIENT_GONE,
	ATTEMPT_OUTCOMES,
};

extern const struct slice attempt_outcome_names[ATTEMPT_OUTCOMES];

/*
 * How long the provider may take: to the first byte of a stream, between two of
 * it, for all; 0 = no limit.
 */
struct attempt_times {
	int64_t first_byte_ms, idle_ms, total_ms;
};

void attempt_times(const struct req *r, struct attempt_times *t_r);

/* Of a provider's wish: how long it counts, and what a client is told. */
#define ATTEMPT_WISH_MAX_MS 60000

/* It leaves now. */
void attempt_begin(struct req *r);

/* What the gateway itself needed until now: no attempt, and no wait. */
uint64_t attempt_own_ns(const struct req *r, uint64_t now_ns);

/* Nobody asks the provider any more; may be said again. */
void attempt_end(struct req *r);

/*
 * It is over, with r->outcome, and another one follows: settle and note it.
 * The slot is open again.  False: the money lane is full, or there is no slot
 * any more; the request ends with what it has.
 */
bool attempt_close(struct req *r, enum attempt_outcome how);

/* Clear what it left in the request; nothing of its answer was released. */
void attempt_forget(struct req *r);

/* No other one follows: the request is over. */
void attempt_over(struct req *r);

/* Then: append all attempts, packed for the record (routing.md 12). */
void attempt_pack_all(struct req *r, struct sbuf *packed);

/* The health of its target, after an answer or a failure. */
void attempt_good(struct req *r);
void attempt_bad(struct req *r, const struct failure *f,
    const struct failure_policy *policy);

/* There was neither: if it was the one that may try, another may now. */
void attempt_untold(struct req *r);

/* Of the last attempt, when the request is over. */
enum attempt_outcome attempt_outcome(const struct req *r);

/*
 * Who answers or was to: "respan" for a stored answer, "demo" for one that
 * the request brought itself; n 0: the request did not get so far.  Two equal
 * names have one address.
 */
struct slice attempt_provider(const struct req *r);

#endif
