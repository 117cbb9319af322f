#ifndef WORKER_ATTEMPT_H
#define WORKER_ATTEMPT_H

/*
 * attempt - one try at a provider as the records and the metrics see it: when
 * it is in flight, whose it was, how it ended.  How it is made is step_ask.c.
 */

#include "base/slice.h"
#include "worker/req.h"

/* Words of routing.md 12; there are no fallbacks. */
enum attempt_outcome {
	ATTEMPT_OK,
	ATTEMPT_RETRY, /* another followed */
	ATTEMPT_END,
	ATTEMPT_CLIENT_GONE,
	ATTEMPT_OUTCOMES,
};

extern const struct slice attempt_outcome_names[ATTEMPT_OUTCOMES];

/* It leaves now. */
void attempt_begin(struct req *r);

/* Nobody asks the provider any more; may be said again. */
void attempt_end(struct req *r);

/* The attempt is over for that reason (error_class), another one follows. */
void attempt_retry(struct req *r, const char *class);

/* Of the last attempt, when the request is over. */
enum attempt_outcome attempt_outcome(const struct req *r);

/*
 * Who answers or was to: "respan" for a stored answer, "demo" for one that
 * the request brought itself; n 0: the request did not get so far.  Two equal
 * names have one address.
 */
struct slice attempt_provider(const struct req *r);

#endif
