#ifndef DIALECT_PLAIN_H
#define DIALECT_PLAIN_H

/*
 * plain - a chat body that an inbound function made, for a provider of kind
 * openai: what only some of them understand is left out, and nobody is told
 * (spec/providers.md 4.8 and 9).  All else keeps its bytes.
 *
 * A chat client's own bytes are passed on as they are and never come here.
 */

#include <stdbool.h>

#include "base/slice.h"

struct sbuf;

/* What this provider takes; each stands in messages or tools. */
struct plain_keep {
	bool cache_control;     /* OpenRouter */
	bool reasoning_details; /* OpenRouter */
	bool extra_content;     /* Gemini's OpenAI face */
	/* DeepSeek, Moonshot: on messages with calls of tools. */
	bool reasoning_content;
};

/* Append the body; chat is a checked object. */
void plain_body(struct slice chat, const struct plain_keep *keep,
    struct sbuf *out);

#endif
