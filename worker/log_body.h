#ifndef WORKER_LOG_BODY_H
#define WORKER_LOG_BODY_H

/*
 * log_body - the text of requests and answers on its way to the logger, in
 * fragments; credentials and media are cut out here (logs.md 2).
 */

#include "worker/req.h"

struct relay_out;

/* Frames of a stream, as they are sent. */
void log_body_stream(struct req *r, const struct relay_out *out);

/* The client's body and the reply: at the end of the request. */
void log_body_request(struct req *r);
void log_body_reply(struct req *r);

/*
 * Where the client gets more than was answered (api.md 7.4, 7.5): what is
 * kept of the reply, before the additions.
 */
void log_body_plain(struct req *r, const struct slice *pieces, size_t n);

/* Whether anybody wants the text of this request. */
bool log_body_wanted(const struct req *r);

/* RECORD_FOR_LOG and RECORD_FOR_CACHE as they apply; 0 = nobody wants it. */
unsigned log_body_flags(const struct req *r);

/* The logger keeps up with its records, and could do more. */
bool log_body_is_idle(const struct req *r);

/*
 * What the key of the cache is made of.  False: the logger has no time to make
 * it, or will not get all of the text.
 */
bool log_body_key(struct req *r, struct slice text);

/* The body for a client that does not speak chat: what is stored. */
void log_body_native(struct req *r, struct slice body);

#endif
