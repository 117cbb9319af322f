#ifndef PROTO_MEND_H
#define PROTO_MEND_H

/*
 * mend - what providers of the OpenAI dialect say in a way that OpenAI's
 * clients do not understand: spec/providers.md 5.2.  Thoughts among the
 * content, arguments that are no text.  For proto/relay and proto/reply.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "proto/jscan.h"

struct relay_edit;

/* What a content was made of: raw text. */
struct mend_words {
	struct sbuf reasoning, content;
};

void mend_words_clear(struct mend_words *w);
void mend_words_free(struct mend_words *w);

/* Append the texts of a content that is an array of parts. */
void mend_parts(struct slice array, struct mend_words *w);

/*
 * <think>...</think> in front of a content that comes in pieces.  A zeroed
 * struct is at its beginning.
 */
enum mend_think_state { THINK_BEFORE, THINK_INSIDE, THINK_BEHIND };

struct mend_think {
	enum mend_think_state state;
	unsigned n; /* bytes held: perhaps the beginning of a tag */
	char held[32];
};

/* A piece, raw; last: nothing more comes, so nothing is held any longer. */
void mend_think(struct mend_think *t, struct slice raw, bool last,
    struct mend_words *w);

/* Whether a whole content may begin with the tag. */
bool mend_may_think(struct slice raw);

/* "reasoning_content":"...","content":"...", of which one may be missing. */
void mend_write(struct sbuf *b, const struct mend_words *w);

/* Whether arguments are anything but text that may be more than "null". */
bool mend_is_odd(const struct jscan_item *arguments);

/* The text that odd arguments stand for, as JSON; none: what is empty. */
void mend_arguments(const struct jscan_item *arguments, struct slice none,
    struct sbuf *b);

#endif
