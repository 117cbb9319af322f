#ifndef DIALECT_FRAMES_H
#define DIALECT_FRAMES_H

/*
 * frames - the bytes of a stream cut into events: server-sent events, a JSON
 * value a line, or AWS's binary frames (spec/providers.md 7.1).
 */

#include <stdbool.h>

#include "base/sbuf.h"
#include "proto/sse.h"

struct dialect_event;
struct err;

enum dialect_frames { FRAMES_SSE, FRAMES_LINES, FRAMES_AWS };

/* An array of objects, which Gemini sends for events: frames_array.c. */
struct frames_array {
	bool is; /* the stream turned out to be one */
	bool in_text, escaped;
	unsigned depth;
};

struct frames {
	enum dialect_frames how;
	struct sse sse;
	struct sbuf held; /* an unfinished line or frame */
	bool handed_out;  /* held has one that was handed out */
	struct sbuf made; /* data of an exception that had no JSON */
	bool begun;       /* SSE: the first byte was seen */
	struct frames_array array;
};

void frames_init(struct frames *f, enum dialect_frames how);
void frames_fini(struct frames *f);

/*
 * Take bytes off the front of *in until an event is complete.  1 with *ev_r,
 * which lives as long as the input and until the next call; 0 when the bytes
 * ran out, what is left of them is kept; -1 with *e when they are malformed or
 * longer than SSE_EVENT_MAX.
 */
int frames_next(struct frames *f, struct slice *in, struct dialect_event *ev_r,
    struct err *e);

/* The same for the elements of an array. */
int frames_next_element(struct frames *f, struct slice *in,
    struct dialect_event *ev_r, struct err *e);

/* The body has ended: an event that lacks only its line end.  1 or 0. */
int frames_end(struct frames *f, struct dialect_event *ev_r);

/* The body has ended inside a frame: it was cut, whatever came before. */
bool frames_is_cut(const struct frames *f);

#endif
