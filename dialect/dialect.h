#ifndef DIALECT_DIALECT_H
#define DIALECT_DIALECT_H

/*
 * dialect - how providers that do not speak OpenAI chat are asked, and how
 * what they answer is understood: spec/providers.md 1.
 *
 * One table of pure functions for each, in dialects.def: bytes in, bytes out;
 * no socket, clock, file or setting.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "base/slice.h"
#include "dialect/chatout.h"
#include "dialect/frames.h"
#include "proto/usage.h"

struct ask;
struct err;
struct sbuf;

/* One event of a stream. */
struct dialect_event {
	struct slice name; /* SSE "event", AWS ":event-type"; may be empty */
	struct slice data; /* JSON */
	struct slice raw;  /* the bytes that it came in */
	bool exception;    /* AWS: name is the type of an exception */
};

/* What a reader knows while it reads one answer. */
struct tell {
	const struct dialect *dialect;
	struct chatout out;
	struct usage usage;
	bool has_usage;    /* complete, as it is billed */
	int64_t in_tokens; /* the provider's figure for the input; -1 = none */
	bool complete;     /* the end that this dialect demands was seen */
	bool failed;       /* chatout_error() was called */
	uint32_t quirks;
	/* The dialect's own: zeroed, state_size bytes, nothing in it to free.
	 */
	void *state;
	struct sbuf kept; /* text that it must keep from event to event */
};

struct dialect {
	struct slice name;
	enum dialect_frames frames;
	size_t state_size;
	int64_t default_max_tokens; /* of who demands a cap; 0 = nobody */
	bool wants_bytes;           /* of an image: http URLs are not taken */

	/* The path behind the base URL's, with its query. */
	void (*path)(const struct ask *a, struct sbuf *b);

	/* The body.  0, or -1 with *e: a refusal of the request (4xx). */
	int (*ask)(struct ask *a, struct sbuf *b, struct err *e);

	/*
	 * A whole answer (checked JSON object) told to t->out.  0, or -1 when
	 * it lacks what the dialect cannot do without.  An error in a 200 is
	 * t->failed.
	 */
	int (*reply)(struct tell *t, struct slice json, struct err *e);

	/*
	 * One event of a stream; its data is a checked JSON object.  0, or -1
	 * when it is malformed.
	 */
	int (*event)(struct tell *t, const struct dialect_event *ev,
	    struct err *e);

	/* The body of a stream has ended in good order; may be NULL. */
	void (*end)(struct tell *t);

	/*
	 * An event for a client of this dialect; NULL: the bytes it came in.
	 */
	void (*native)(const struct dialect_event *ev, struct sbuf *raw);
};

/* Beside chat at kinds openai and azure, for the models that demand it. */
extern const struct dialect dialect_responses;

/* Two kinds share an address where the model says which one it speaks. */
enum provider_kind dialect_kind(enum provider_kind kind, struct slice model,
    uint32_t features);

/*
 * The dialect of a kind for this model; NULL for kinds that take the client's
 * own bytes.
 */
const struct dialect *dialect_find(enum provider_kind kind, struct slice model,
    uint32_t features);

#endif
