#ifndef DIALECT_ENCODE_H
#define DIALECT_ENCODE_H

/*
 * encode - an OpenAI chat answer, made into what a client of another dialect
 * or framing understands: spec/providers.md 10, spec/api.md 8.3 to 8.6.
 *
 * It takes the chunks that proto/relay lets out, which are strict: one id, a
 * role first, one finish reason for each choice, the usage chunk (always asked
 * for) behind it, then the end.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "base/slice.h"

struct encode;
struct err;
struct jscan_body;

enum encode_family {
	ENCODE_ANTHROPIC,
	ENCODE_GEMINI,       /* alt=sse */
	ENCODE_GEMINI_ARRAY, /* one JSON array */
	ENCODE_RESPONSES,
	ENCODE_FRAMED, /* chat still, framed as opts.framing says; no whole */
	ENCODE_FAMILIES,
};

/* spec/api.md 8.4 and 8.5. */
struct encode_framing {
	struct slice field, delimiter; /* before and behind each JSON */
	bool ends;                     /* with [DONE] */
};

struct encode_opts {
	enum encode_family family;
	unsigned char id[16]; /* of the request: ids are made from it */
	struct slice name;    /* raw: the answer's own id; n 0: made */
	struct slice model;   /* told until a chunk names one */
	int64_t created_s;
	/* The client's own body, for what an answer repeats of it; or NULL. */
	const struct jscan_body *request;
	struct encode_framing framing; /* ENCODE_FRAMED; its text outlives */
};

/* What a family's functions share.  state: zeroed, state_size bytes. */
struct encode_ctx {
	struct encode_opts opts;
	void *state;
	unsigned passed; /* events that went out before: a native stream's */
	struct sbuf kept[10]; /* text that is needed later; freed at the end */
};

struct encode_ops {
	size_t state_size;
	/* One chunk: checked JSON, an object. */
	void (
	    *chunk)(struct encode_ctx *x, struct slice json, struct sbuf *out);
	/* All chunks have come, the usage chunk too. */
	void (*end)(struct encode_ctx *x, struct sbuf *out);
	/* The stream failed: one event.  type and code may be empty. */
	void (*error)(struct encode_ctx *x, int status, struct slice message,
	    struct slice type, struct slice code, struct sbuf *out);
	/* Nothing was said for a while; NULL: a comment of SSE. */
	void (*idle)(struct encode_ctx *x, struct sbuf *out);
	/* A whole chat.completion, checked JSON. */
	void (
	    *whole)(struct encode_ctx *x, struct slice json, struct sbuf *out);
};

struct encode *encode_new(const struct encode_opts *opts);

/* Release *xp and set it to NULL; NULL is accepted. */
void encode_free(struct encode **xp);

/*
 * Frames as proto/relay writes them ("data: ...\n\n"), in any cutting; [DONE]
 * makes the end.  0, or -1 with ERR_UPSTREAM_STREAM.
 */
int encode_feed(struct encode *x, struct slice frames, struct sbuf *out,
    struct err *e);

/* The provider's own events, so many, went to the client before the next. */
void encode_passed(struct encode *x, unsigned n);

void encode_error(struct encode *x, int status, struct slice message,
    struct slice type, struct slice code, struct sbuf *out);
void encode_idle(struct encode *x, struct sbuf *out);

/* 0, or -1 with ERR_UPSTREAM_INVALID when json is no object. */
int encode_whole(struct encode *x, struct slice json, struct sbuf *out,
    struct err *e);

#endif
