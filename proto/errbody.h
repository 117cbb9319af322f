#ifndef PROTO_ERRBODY_H
#define PROTO_ERRBODY_H

/*
 * errbody - the JSON of an error that the gateway raises (api.md 9.1, 9.3).
 */

#include <stdint.h>

#include "base/slice.h"

struct err;
struct sbuf;

/* The shapes that clients of each dialect understand. */
enum errbody_shape { ERRBODY_OPENAI, ERRBODY_ANTHROPIC, ERRBODY_GEMINI };

struct errbody {
	enum errbody_shape shape;
	int status;              /* of the reply: 402 for a budget, if set so */
	struct slice detail;     /* member "detail"; empty = the message */
	int64_t retry_after_s;   /* 0 = not known */
	struct slice request_id; /* Anthropic's member of that name */
};

/* Append the body for *e.  Members of b->status 401 and 429: api.md 9.1. */
void errbody_write(const struct errbody *b, const struct err *e,
    struct sbuf *out);

/* The same with a code of the caller's, not of the kind. */
void errbody_write_code(const struct errbody *b, struct slice message,
    struct slice param, const char *code, struct sbuf *out);

/*
 * The error event of a stream that failed after its head (api.md 8.6), in the
 * shape of C: {"error":{...}} alone, without framing.
 */
void errbody_write_event(const struct err *e, struct sbuf *out);

/* The word that Gemini's clients know a status by: "UNAVAILABLE". */
const char *errbody_gemini_status(int status);

/* "Too Many Requests": RFC 9110; "" for a status without a name. */
const char *errbody_reason(int status);

#endif
