#ifndef DIALECT_DECODE_H
#define DIALECT_DECODE_H

/*
 * decode - an answer in another dialect, made into OpenAI chat as it comes.
 *
 * A stream is cut into events in any cutting of its bytes, and the chunks that
 * an event makes leave in the same call, ready for proto/relay.  The end of
 * such a stream is [DONE], and only where the dialect's own end was seen.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dialect/chatout.h"
#include "proto/usage.h"

struct decode;
struct dialect;
struct err;
struct sbuf;

struct decode_opts {
	const struct dialect *dialect;
	struct slice id;    /* minted; lives as long as the decode */
	struct slice model; /* asked; lives as long */
	int64_t created_s;
	uint32_t quirks;
	enum chatout_forced forced; /* as struct ask says */
	unsigned char seed[16];
	/*
	 * Where the events of a stream are appended too, as a client of this
	 * dialect wants them; NULL: nobody does.  Outlives the decode.
	 */
	struct sbuf *raw;
	bool raw_array; /* as one JSON array of their data, not as events */
};

/* What is known so far. */
struct decode_state {
	struct usage usage;
	bool has_usage;
	int64_t in_tokens; /* -1 = the provider said nothing of it */
	uint64_t text_bytes;
	unsigned raw_events;       /* that were appended to raw */
	const char *native_finish; /* "" = none */
};

struct decode *decode_new(const struct decode_opts *opts);

/* Release *dp and set it to NULL; NULL is accepted. */
void decode_free(struct decode **dp);

/*
 * Some bytes of a stream; frames are appended to *chat.  0, or -1 with
 * ERR_UPSTREAM_STREAM when it is malformed; what *chat has may be used.
 */
int decode_feed(struct decode *d, struct slice in, struct sbuf *chat,
    struct err *e);

/* The body has ended in good order: the last frames.  0 or -1 as above. */
int decode_end(struct decode *d, struct sbuf *chat, struct err *e);

/*
 * A whole answer: 1 with the chat.completion in *chat; 0 when it is an error
 * in a 200, whose JSON *chat then has; -1 with ERR_UPSTREAM_INVALID.
 */
int decode_whole(struct decode *d, struct slice body, struct sbuf *chat,
    struct err *e);

void decode_state(const struct decode *d, struct decode_state *state_r);

#endif
