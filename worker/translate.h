#ifndef WORKER_TRANSLATE_H
#define WORKER_TRANSLATE_H

/*
 * translate - answers of providers that do not speak chat, for relay_stream
 * and relay_whole.  With r->dialect only.
 */

#include "worker/req.h"

struct decode;

/* The decode of an answer whose head has come; id: the one minted for it. */
struct decode *translate_begin(struct req *r, struct slice id);

/*
 * A whole answer: *body_io becomes chat, of the pool.  1; 0 when it is an
 * error, and *body_io what the provider said; -1 with *e.
 */
int translate_whole(struct req *r, struct slice *body_io, struct err *e);

/* The usage of what was decoded, in place of what chat can say of it. */
void translate_usage(struct req *r, struct usage *usage, bool *has_usage);

/* The same for r itself, when a stream is over; without a decode nothing. */
void translate_take_state(struct req *r);

/*
 * An error of the provider's in the shape that chat clients know: *body_io, of
 * the pool.
 */
void translate_error(struct req *r, const struct relay_error *said,
    struct slice *body_io);

#endif
