#ifndef DIALECT_TURNS_H
#define DIALECT_TURNS_H

/*
 * turns - a conversation in which user and assistant take turns, as Anthropic,
 * Gemini and Converse want it: spec/providers.md 4.1.
 *
 * Texts of the system stand apart, neighbours of one role are one turn, the
 * first is the user's, nothing is empty, and all results of a turn's calls
 * come in the turn behind it, before anything else and in the order of the
 * calls; one that is missing is made up, one without a call becomes text.
 * There is always a turn.
 */

#include "dialect/chat.h"

struct params;

struct turns_rules {
	bool results_alone; /* Gemini: a turn of results holds nothing else */
	/*
	 * Anthropic: no blanks behind a last assistant, and a text of blanks
	 * alone is an empty one.
	 */
	bool trim_last;
	/* Reasoning of another format stays behind (9); n 0: all is kept. */
	struct slice thinking;
};

struct turns {
	const struct chat_part **system; /* texts */
	unsigned n_system;
	struct chat_message *turns; /* of role USER or ASSISTANT only */
	unsigned n;
};

/* What was made up or became text is a warning in *p. */
void turns_make(const struct chat *c, const struct turns_rules *rules,
    struct pool *pool, struct params *p, struct turns *turns_r);

#endif
