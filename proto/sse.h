#ifndef PROTO_SSE_H
#define PROTO_SSE_H

/*
 * sse - split a provider's byte stream into server-sent events.
 *
 * Bytes arrive in any cutting and events leave whole: WHATWG's grammar with
 * CR, LF and CRLF, a byte order mark, comments, several data lines, and one
 * thing more, a bare JSON block without "data:" (spec/providers.md 7.1).
 * An event that lies whole in the input is never copied: its slices point
 * into the input.  Only an unfinished event is kept here.  Nothing reads a
 * socket or knows what an event means.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/sbuf.h"
#include "base/slice.h"

#define SSE_EVENT_MAX (1024 * 1024)

struct err;

struct sse_event {
	struct slice raw;  /* the event's bytes, its empty line included */
	struct slice name; /* of the field "event"; empty when not named */
	struct slice data; /* its lines joined by '\n' */
	bool plain;        /* raw is exactly "data: " data "\n\n" */
	bool bare;         /* data is a JSON block that had no "data:" */
	bool borrowed;     /* raw and data point into the caller's input */
};

/* Private: a caller only provides the room, 56 bytes and an unfinished event.
 */
struct sse {
	struct sbuf held;   /* the unfinished event */
	struct sbuf joined; /* data of an event with several lines */
	bool at_line, after_cr, handed_out;
	unsigned char mark; /* bytes of the byte order mark seen; 4 = past it */
};

void sse_init(struct sse *s);
void sse_fini(struct sse *s);

/*
 * Take bytes off the front of *in until one event with data is complete.
 *
 * Returns 1 with *ev_r filled; 0 when the bytes ran out first, what is left
 * of them is kept; -1 with *e filled when the event is longer than
 * SSE_EVENT_MAX, after which the stream is of no use.  A borrowed *ev_r lives
 * as long as the input, any other until the next call.
 */
int sse_next(struct sse *s, struct slice *in, struct sse_event *ev_r,
    struct err *e);

/*
 * The body has ended: hand out what lacks only its last empty line.  1 with
 * *ev_r filled (the caller checks that its data is a whole JSON value, else
 * the event was cut), 0 when there is nothing.
 */
int sse_end(struct sse *s, struct sse_event *ev_r);

#endif
