#ifndef PROTO_RELAY_H
#define PROTO_RELAY_H

/*
 * relay - an OpenAI-dialect chat stream on its way to a chat client.
 *
 * Bytes of the provider go in, frames for the client come out in the same
 * call.  An event that already obeys spec/api.md 8.2 leaves as the bytes it
 * came in, borrowed from the input; any other is edited by the smallest
 * splice.  No text is kept, but for request_breakdown.  One small struct per
 * stream, no clock, no socket: the caller feeds, sends and decides.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/relay_error.h"
#include "proto/relay_frame.h"
#include "proto/usage.h"

#define RELAY_CHOICES_MAX 128
#define RELAY_TEXT_MAX (256 * 1024) /* kept for a breakdown at most */

struct err;
struct relay;

/* All slices live as long as the relay. */
struct relay_opts {
	uint32_t quirks;    /* of enum provider_quirk */
	int32_t end;        /* enum provider_end */
	bool include_usage; /* the client asked for the usage chunk */
	bool usage_as_is;   /* kinds openai and azure: api.md 7.3 */
	bool keep_message;  /* for request_breakdown */
	struct slice id;    /* minted; used when the provider has none */
	struct slice model; /* asked upstream; when the provider names none */
	int64_t created;    /* seconds at arrival of the upstream head */
	struct slice prompt_message; /* JSON array for echo; empty = none */
};

enum relay_finish_reason {
	RELAY_STOP = 1,
	RELAY_LENGTH = 2,
	RELAY_TOOL_CALLS = 4,
	RELAY_CONTENT_FILTER = 8,
	RELAY_FUNCTION_CALL = 16,
};

enum relay_end {
	RELAY_COMPLETE,
	RELAY_CUT,   /* the provider went away in the middle */
	RELAY_ERROR, /* it said so itself: relay_error_of() */
};

/* What has been seen so far; valid as long as the relay. */
struct relay_state {
	bool has_content; /* first content event: routing.md 8.2 */
	bool done;        /* the provider's [DONE] came: relay_finish() now */
	bool has_error;   /* the provider's error came: relay_finish() now */
	bool refusal;
	bool tool_calls;
	unsigned finish;        /* of enum relay_finish_reason, all choices */
	char native_finish[24]; /* the provider's own last word */
	uint64_t text_bytes;    /* of output: text, reasoning, arguments */
	uint64_t events;
	const struct usage *usage; /* lies in the relay; NULL: none */
};

struct relay *relay_new(const struct relay_opts *opts);

/* Release *rp and set it to NULL; NULL is accepted. */
void relay_free(struct relay **rp);

/*
 * Take some bytes of the body and append frames to *out (the caller clears
 * it; slices may point into in).  0; or -1 with *e filled (ERR_UPSTREAM_STREAM)
 * when the stream is malformed: what *out has may be sent, then the caller
 * ends it with an error event.  After has_error, done or -1 further bytes are
 * ignored.
 */
int relay_feed(struct relay *r, struct slice in, struct relay_out *out,
    struct err *e);

/*
 * No more bytes will come; body_ended says that the HTTP body ended properly.
 * Appends what was held back (the usage chunk) when complete.  Then, when
 * complete: relay_close(); else relay_error_frame().
 */
enum relay_end relay_finish(struct relay *r, bool body_ended,
    struct relay_out *out);

/*
 * Before relay_finish(): figures for the usage chunk of a provider that sent
 * none; known: they are its own all the same, told in another dialect, and
 * else an estimate.
 */
void relay_set_usage(struct relay *r, const struct usage *u, bool known);

/* The breakdown chunk (empty: none) and the terminator. */
void relay_close(struct slice breakdown, struct relay_out *out);

/* The last frame of a stream that failed after release: api.md 8.6. */
void relay_error_frame(struct slice message, struct slice type,
    struct slice code, struct relay_out *out);

const struct relay_state *relay_state(const struct relay *r);

/* The provider's own error, when has_error; else NULL. */
const struct relay_error *relay_error_of(const struct relay *r);

/* What the stream calls itself, without quotes, JSON escapes kept; may be "" */
struct slice relay_id(const struct relay *r);
struct slice relay_model(const struct relay *r);

/*
 * With keep_message: write the first choice's message as JSON
 * ({"role":"assistant","content":…}).
 */
struct sbuf;
void relay_message(struct relay *r, struct sbuf *b);

#endif
