#ifndef WORKER_RELAY_WHOLE_H
#define WORKER_RELAY_WHOLE_H

/*
 * relay_whole - an answer that is read as a whole: not streamed, or an error.
 */

#include "worker/req.h"
#include "worker/retry.h"

void relay_whole_data(struct req *r, struct slice bytes);
void relay_whole_end(struct req *r);

/* --- what both ways of relaying use (step_relay.c) --- */

/*
 * The attempt failed: req_err() says how, class is its error_class.  Ends the
 * request, unless the plan has another.  status is of FAILURE_STATUS.
 */
void relay_fail(struct req *r, enum outcome outcome, const char *class,
    enum failure_kind kind, int status);

/* The request is at fault, as req_err() says: nobody else is asked. */
void relay_refuse(struct req *r, const char *class);

/* The request ends while the source works: what is that charged as? */
void relay_abandon(struct req *r);

/*
 * A provider's text without the credential that it was sent: neither client
 * nor log may see it.  Borrowed, or a copy in the request's pool.
 */
struct slice relay_redact(struct req *r, struct slice body);

/* request_breakdown as JSON, in w->scratch; empty when not asked. */
struct slice relay_breakdown(struct req *r, struct slice message);

/* Kinds openai and azure keep the bytes of their usage (api.md 7.3). */
bool relay_usage_passes(const struct req *r);

#endif
