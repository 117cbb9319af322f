#ifndef WORKER_RELAY_STREAM_H
#define WORKER_RELAY_STREAM_H

/*
 * relay_stream - the bytes of a streamed answer: they do not pass through the
 * step loop until the stream has ended.
 */

#include "worker/req.h"

/* "chatcmpl-" and a UUID, for an answer that its provider names nothing. */
struct slice relay_stream_mint_id(struct req *r);

/* One more that runs, or n -1: one less. */
void relay_stream_count(struct worker *w, int n);

/* The provider was asked: make ready for its events what can be. */
void relay_stream_prepare(struct req *r);

/* The provider's head came: from here on its events are read. */
void relay_stream_begin(struct req *r);

void relay_stream_data(struct req *r, struct slice bytes);
void relay_stream_end(struct req *r);

/* A timer: release what is held back, or say that the stream lives. */
void relay_stream_tick(struct req *r);

/* The client has read: below the low water mark again. */
void relay_stream_drained(struct req *r);

/* Usage and the rest of what was seen, for the settlement. */
void relay_stream_take_state(struct req *r);

#endif
