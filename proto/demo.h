#ifndef PROTO_DEMO_H
#define PROTO_DEMO_H

/*
 * demo - the provider that needs no network: spec/api.md 13.
 *
 * Pure: it reads an OpenAI-dialect body of chat or of embeddings and writes
 * what a provider would, a reply or one stream event per call; the worker
 * times them and acts on the directive.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct demo;
struct err;
struct sbuf;

enum demo_directive {
	DEMO_NONE,
	DEMO_STATUS,    /* value: answer with this HTTP status */
	DEMO_DELAY,     /* value: milliseconds before the first byte */
	DEMO_CUT,       /* value: after so many chunks the stream breaks */
	DEMO_STALL,     /* value: after so many chunks nothing comes any more */
	DEMO_MALFORMED, /* value: the chunk after so many is no JSON */
	DEMO_TOOL,      /* a tool call is answered */
};

struct demo_opts {
	struct slice model; /* "echo" or "lorem", "embed" for embeddings */
	bool embeddings;    /* they are asked for, not chat */
	struct slice id;    /* "chatcmpl-…" */
	int64_t created;    /* seconds */
	bool directives;    /* demo.directives */
};

/*
 * Read the upstream body (valid JSON, messages checked before).  *dp is the
 * caller's to free; it borrows nothing.  0, or -1 with *e filled
 * (ERR_MODEL_NOT_FOUND for another model, or one that does not do what is
 * asked; ERR_INVALID_VALUE).
 */
int demo_open(struct demo **dp, const struct demo_opts *opts, struct slice body,
    struct err *e);
void demo_free(struct demo **dp);

/* The directive of the last user message and its value. */
enum demo_directive demo_directive(const struct demo *d, int64_t *value_r);

/* Of the vectors, where "dimensions" does not say another number. */
#define DEMO_DIMENSIONS 8
#define DEMO_DIMENSIONS_MAX 4096
#define DEMO_TEXTS_MAX 2048 /* of one request */

/* "stream":true was in the body. */
bool demo_streams(const struct demo *d);

/* The whole chat.completion (no stream), or the list of embeddings. */
void demo_reply(struct demo *d, struct sbuf *b);

/* The error body that goes with DEMO_STATUS. */
void demo_error(struct demo *d, struct sbuf *b);

/*
 * Append the next event of the stream, framing included, [DONE] last.  1; 0
 * when there are no more.  DEMO_MALFORMED is already done here; CUT and STALL
 * are the caller's, who counts: demo_chunks_sent().
 */
int demo_next(struct demo *d, struct sbuf *b);
int64_t demo_chunks_sent(const struct demo *d);

#endif
