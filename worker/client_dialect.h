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
#include "proto/record.h"
#include "worker/req.h"

struct relay_error;
struct relay_out;

/* What the route's requests and replies look like. */
enum params_dialect client_dialect(const struct req *r);

/* "chat": for records and metrics. */
struct slice client_endpoint(enum route route);

/* "chat" for all dialects of it: logs.md 1. */
struct slice client_log_type(enum route route);

enum errbody_shape client_error_shape(const struct req *r);

/* r->inbound, with the body's members; NULL for C and G.  0, or -1. */
int client_scan(struct req *r);

/*
 * Behind client_scan(), when there is one: the body and the members of so many
 * headers as chat.  0, or -1.
 */
int client_read(struct req *r, const struct jscan_body *headers, unsigned n,
    struct slice *chat_r);

/*
 * After the choice: is the answer native, and can this provider be asked at
 * all?  0, or -1 with req_err().
 */
int client_choose(struct req *r);

/* The head of the answer came: r->encode, unless it needs none. */
void client_begin(struct req *r);

/* Where the events of a native stream are collected; NULL: it is none. */
struct sbuf *client_raw(struct req *r);

/* They are collected as one JSON array. */
bool client_raw_is_array(const struct req *r);

/*
 * Chat frames that are to be sent now: *out becomes what the client
 * understands of them.
 */
void client_frames(struct req *r, struct relay_out *out);

/* The same for the last ones, which lie in *b. */
void client_last_frames(struct req *r, struct sbuf *b);

/*
 * A whole chat.completion, in the answer's pieces, becomes one that the client
 * understands; of a native one that is the provider's body.
 */
void client_whole(struct req *r, struct slice body);

/* Whether a stream of this client has room for a breakdown (api.md 7.5). */
bool client_takes_breakdown(const struct req *r);

/* Another member of it: request_breakdown, unless it is empty. */
void client_whole_add(struct req *r, struct slice breakdown);

/* What is stored of an answer, and its name in the key: cache.md 2. */
enum record_family client_stored_family(const struct req *r);
struct slice client_family_name(const struct req *r);

/* The members that the key is made of, of the pool; returns how many. */
size_t client_key_members(struct req *r, struct jscan_item **members_r);

/* The provider knows what came before: the answer is of that, too. */
bool client_goes_on(struct req *r);

/* A stored answer as chat, of the pool.  1, or 0 when it cannot be read. */
int client_stored_chat(struct req *r, struct slice body, int64_t created_s,
    struct slice *chat_r);

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

/*
 * Whether tokens are to be counted and none made (api.md 1.4): it costs
 * nothing, and who has no such call is answered for.
 */
bool client_counts(const struct req *r);

/* The path of a provider that counts, behind its base URL's. */
void client_count_path(struct req *r, struct sbuf *b);

/* Our own figure as the answer: the bound of the input. */
void client_count_answer(struct req *r);

#endif
