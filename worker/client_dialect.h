#ifndef WORKER_CLIENT_DIALECT_H
#define WORKER_CLIENT_DIALECT_H

/*
 * client_dialect - clients that do not speak OpenAI chat: spec/providers.md
 * 10, spec/api.md 1.2.
 *
 * Their request is said again as chat, which is what every step sees.  The
 * answer goes back in one of two ways: native, when the provider speaks the
 * client's dialect, as the bytes that it sent; else as chat that is encoded.
 */

#include "proto/errbody.h"
#include "worker/req.h"

struct relay_error;
struct relay_out;

/* What the route's requests and replies look like. */
enum params_dialect client_dialect(const struct req *r);

/* "chat": for records and metrics. */
struct slice client_endpoint(enum route route);

enum errbody_shape client_error_shape(const struct req *r);

/* The body as chat: *chat_r, r->body itself for C and G.  0, or -1. */
int client_read(struct req *r, struct slice *chat_r);

/*
 * After the choice: is the answer native, and can this provider be asked at
 * all?  0, or -1 with req_err().
 */
int client_choose(struct req *r);

/* The head of the answer came: r->encode, unless it needs none. */
void client_begin(struct req *r);

/* Where the events of a native stream are collected; NULL: it is none. */
struct sbuf *client_raw(struct req *r);

/*
 * Chat frames that are to be sent now: *out becomes what the client
 * understands of them.
 */
void client_frames(struct req *r, struct relay_out *out);

/* The same for the last ones, which lie in *b. */
void client_last_frames(struct req *r, struct sbuf *b);

/*
 * A whole chat.completion, in the answer's pieces, becomes what the client
 * understands; of a native one that is the provider's body.  breakdown: JSON
 * for the member request_breakdown, or empty.
 */
void client_whole(struct req *r, struct slice body, struct slice breakdown);

/* An error of the provider's is in another shape than the client's. */
bool client_rebuilds_error(const struct req *r);

/* *body_r, of the pool: the same in the client's shape. */
void client_error(struct req *r, int status, const struct relay_error *said,
    struct slice *body_r);

/* The event of a stream that failed, in *out; with r->encode only. */
void client_error_event(struct req *r, int status, struct slice message,
    struct slice type, struct slice code, struct relay_out *out);

/* Nothing was said for a while. */
void client_idle(struct req *r, struct relay_out *out);

/* "text/event-stream; charset=utf-8", or what else a stream is. */
const char *client_stream_type(const struct req *r);

#endif
