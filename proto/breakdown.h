#ifndef PROTO_BREAKDOWN_H
#define PROTO_BREAKDOWN_H

/*
 * breakdown - request_breakdown, the bill inside the answer: spec/api.md 7.5.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct sbuf;

struct breakdown {
	int64_t prompt_tokens, completion_tokens;
	int64_t cost_nano;               /* before markup */
	struct slice prompt_messages;    /* JSON array; empty = [] */
	struct slice completion_message; /* JSON object; empty = null text */
	struct slice model;              /* the slug, plain text */
	bool cached, stream;
	int64_t arrival_us; /* since 1970 */
	int64_t latency_us;
	int64_t routing_us;
	struct slice metadata;     /* JSON object; empty = {} */
	struct slice full_request; /* JSON object; empty = {} */
	struct slice tokens;       /* token_breakdown; empty = not sent */
};

/* The object itself: what a non-stream reply gets. */
void breakdown_write(struct sbuf *b, const struct breakdown *d);

/* The chunk of a stream, JSON without framing; created in seconds. */
void breakdown_write_chunk(struct sbuf *b, const struct breakdown *d,
    int64_t created);

#endif
