#ifndef DIALECT_EMBED_H
#define DIALECT_EMBED_H

/*
 * embed - embeddings of providers that do not speak OpenAI's API: how they
 * are asked, and how what they answer becomes a list of OpenAI's
 * (spec/providers.md 11).
 *
 * One table of pure functions for each, like dialect.  They know texts alone:
 * tokens are for kinds openai and azure.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "base/slice.h"
#include "proto/relay_error.h"

struct ask;
struct err;
struct sbuf;

/* The elements of "data", as a reader finds them. */
struct embed_list {
	struct sbuf *b; /* what is written: [{"object":"embedding",...},...] */
	bool base64;
	unsigned n;
	int64_t in_tokens;  /* the provider's figure; -1 = none */
	struct slice model; /* its name for the model, raw; n 0: none */
};

struct embed {
	/* Members that params.def lacks and this provider knows; NULL ends. */
	const char *const *members;

	/* The path behind the base URL's; depends on the number of texts. */
	void (*path)(const struct ask *a, struct sbuf *b);

	/* The body.  0, or -1 with *e: a refusal of the request (4xx). */
	int (*ask)(struct ask *a, struct sbuf *b, struct err *e);

	/* A whole answer (checked JSON object).  1, or 0: it is none. */
	int (*tell)(struct embed_list *list, struct slice json);
};

/* Kinds that take the client's bytes and answer as it expects. */
bool embed_is_plain(enum provider_kind kind);

/* How a model of another kind is asked; NULL: there is no way. */
const struct embed *embed_find(enum provider_kind kind, struct slice model);

/*
 * The body of a request, whose parameters are a->params.  0, or -1 with the
 * fault that the client is told.
 */
int embed_ask(const struct embed *x, struct ask *a, struct sbuf *b,
    struct err *e);

/*
 * An answer to that request: 1 with the value of "data" in *list->b and the
 * rest of *list filled; 0 when it is an error in a 200 (*error_r); -1 with
 * ERR_UPSTREAM_INVALID.  Slices lie in body.
 */
int embed_tell(const struct embed *x, const struct ask *a, struct slice body,
    struct embed_list *list, struct relay_error *error_r, struct err *e);

#endif
