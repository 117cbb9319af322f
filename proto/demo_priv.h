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
	bool cut; /* max_tokens ended the text */
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

/* Read "!status 503" and its like from the last user message. */
void demo_read_directive(struct demo *d, struct slice text);

#endif
