#ifndef PROTO_REPLAY_H
#define PROTO_REPLAY_H

/*
 * replay - a stored chat.completion as a stream: spec/cache.md 5.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

struct err;
struct replay;
struct sbuf;

/*
 * Begin with a stored body, which must stay until replay_free().  0, or -1
 * when it is no chat.completion (the entry is a miss then).
 */
int replay_open(struct replay **rp, struct slice body, bool include_usage,
    struct err *e);
void replay_free(struct replay **rp);

/*
 * Append the JSON of the next chunk, without framing.  1, or 0 when there are
 * no more; the caller frames it (relay_frame_write), then sends the breakdown
 * if asked and the terminator.
 */
int replay_next(struct replay *r, struct sbuf *b);

#endif
