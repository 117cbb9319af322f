#ifndef WORKER_NEEDS_H
#define WORKER_NEEDS_H

/*
 * needs - what a request demands of a model, and whether the catalogue says
 * that a model has it: spec/routing.md 2 and 5.1.
 *
 * The catalogue may be wrong: what follows from a lack is the caller's.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"

struct req;

struct needs {
	/* Of TOOLS, VISION, JSON_SCHEMA and EMBEDDINGS. */
	uint32_t features;  /* of enum model_feature */
	bool n, logprobs;   /* several choices; probabilities */
	int64_t tokens;     /* input bound without images, and max_tokens */
	int64_t max_tokens; /* as sent; 0 = none */
	int64_t images;     /* each counts what the model says */
};

/* Of a request whose parameters are read; a few loads when it is plain. */
void needs_of(struct req *r, struct needs *n_r);

/*
 * Why m cannot serve them, in the words of routing.md 5.1 (static); NULL: it
 * can, or nothing is known of it (m NULL, an open model).
 */
const char *needs_missing(const struct needs *n,
    const struct settings_model *m);

/*
 * The same, and what the provider of m is known to lack whatever the model:
 * its dialect has no word for n or logprobs, a quirk is against it.
 */
const char *needs_missing_there(const struct needs *n, const struct settings *s,
    const struct settings_model *m);

/*
 * Demands and abilities as bits, for those who look at many models: of enum
 * model_feature and of these.
 */
enum needs_ability {
	ABLE_CHAT = 1 << 24, /* not embeddings alone */
	ABLE_N = 1 << 25,
	ABLE_LOGPROBS = 1 << 26,
};

uint32_t needs_demands(const struct needs *n);
uint32_t needs_abilities(const struct settings *s,
    const struct settings_model *m);

/* The words for what is lacking; NULL: nothing is. */
const char *needs_words(uint32_t lacking);

extern const char needs_words_context[];

/* Tokens that they take of a window, with so many for an image. */
static inline int64_t
needs_window(const struct needs *n, int64_t image_tokens)
{
	return n->tokens + n->images * image_tokens;
}

#endif
