#ifndef WORKER_ANSWER_H
#define WORKER_ANSWER_H

/*
 * answer - the bytes that a client gets: headers of api.md 7.2, error bodies,
 * whole replies, the last frames of a stream.
 */

#include <stdbool.h>

#include "base/slice.h"
#include "worker/req.h"

/* Send what req->answer says; the exchange is finished after it. */
void answer_send(struct req *r);

/* The provider was asked for a stream: make the head of the reply ready. */
void answer_prepare_stream(struct req *r);

/* Begin the reply of a stream: status 200 and its headers, not yet sent. */
void answer_begin_stream(struct req *r);

/* Send what is in w->out as one chunk.  False when nobody reads any more. */
bool answer_write_out(struct req *r);

/* A body made by us: a page, a model list. */
void answer_page(struct req *r, unsigned status, const char *type,
    struct slice body);

/* A JSON body with further header lines: of the platform API. */
void answer_platform(struct req *r, unsigned status, struct slice headers,
    struct slice body);

/* 204 with Allow; STEP_DONE. */
enum step_result answer_options(struct req *r);

/* The status that the record says. */
int answer_status(const struct req *r);

/* A leader with followers goes on although its client left (cache.md 6.4). */
bool answer_continues_without_client(struct req *r);

#endif
