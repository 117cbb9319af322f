#ifndef PROTO_REPLY_H
#define PROTO_REPLY_H

/*
 * reply - a whole chat.completion as a provider of kind openai sent it.
 *
 * Read once, never rebuilt: what has to change is spliced, everything else
 * stays the provider's bytes (spec/api.md 7.1, 7.3 to 7.5).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "proto/relay_error.h"
#include "proto/usage.h"

struct err;
struct sbuf;

struct reply {
	struct slice body; /* without blanks around it; the slices lie in it */
	struct slice id, model;  /* without quotes, escapes kept; "" = absent */
	struct slice usage_json; /* the member's value; empty = absent */
	struct slice message;    /* of the first choice, a JSON object */
	unsigned choices;
	unsigned finish; /* of enum relay_finish_reason */
	bool tool_calls, refusal, has_usage;
	bool mends;               /* reply_mend() has something to put right */
	uint64_t text_bytes;      /* of output: text, reasoning, arguments */
	struct usage usage;       /* when has_usage */
	struct relay_error error; /* when reply_read() said 0 */
};

/*
 * 1 when body is a usable answer; 0 when it is an error in a 200 (r->error);
 * -1 with ERR_UPSTREAM_INVALID when it is neither (not one JSON value, no
 * choices).  *r borrows from body.
 */
int reply_read(struct slice body, uint32_t quirks, struct reply *r,
    struct err *e);

/*
 * Append the body with what OpenAI's clients would not understand put right
 * (proto/mend; finish reasons of other words, or of none).  Read it again.
 */
void reply_mend(const struct reply *r, uint32_t quirks, struct sbuf *b);

/* What is to be spliced; NULL or empty = leave. */
struct reply_edit {
	const struct usage *usage;   /* written in our form: kinds but openai */
	struct slice prompt_message; /* JSON array */
	struct slice breakdown;      /* JSON object */
};

#define REPLY_SLICES 4

/*
 * The body to send as at most REPLY_SLICES slices, borrowed from the reply's
 * body and from *scratch (which is cleared first).  Returns how many.
 */
size_t reply_slices(const struct reply *r, const struct reply_edit *edit,
    struct sbuf *scratch, struct slice out[REPLY_SLICES]);

#endif
