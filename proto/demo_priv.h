#ifndef PROTO_DEMO_PRIV_H
#define PROTO_DEMO_PRIV_H

/* demo_priv - what the files of proto/demo share. */

#include "base/sbuf.h"
#include "proto/demo.h"

struct demo {
	struct sbuf model, id; /* plain text */
	int64_t created;
	struct sbuf text;            /* of the answer */
	struct sbuf tool, arguments; /* DEMO_TOOL */
	enum demo_directive directive;
	int64_t value;
	int64_t prompt_tokens;
	unsigned n;
	bool stream, include_usage;
	bool cut;            /* max_tokens ended the text */
	struct sbuf vectors; /* of embeddings: the value of "data" */
	/* The stream's place: one round per piece, one step per choice. */
	size_t at; /* in text */
	unsigned round, choice;
	int64_t sent;
};

/* One token per started four bytes. */
static inline int64_t
demo_tokens(size_t bytes)
{
	return (int64_t)((bytes + 3) / 4);
}

/*
 * The body of a request for embeddings: makes d->vectors, counts the tokens,
 * and leaves the last text in *last.  0, or -1 with *e.
 */
int demo_read_embeddings(struct demo *d, struct slice body, struct sbuf *last,
    struct err *e);

/* Read "!status 503" and its like from the last user message. */
void demo_read_directive(struct demo *d, struct slice text);

#endif
