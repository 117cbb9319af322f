#ifndef DIALECT_GEMINI_PRIV_H
#define DIALECT_GEMINI_PRIV_H

/* gemini_priv - the files of gemini: requests and answers. */

#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "dialect/turns.h"
#include "proto/jscan.h"

/* How a model is told to think: providers.md 4.7. */
enum gemini_thinks { THINKS_NOT, THINKS_BY_BUDGET, THINKS_BY_LEVEL };

/* What the name of a model says.  Names without a number are the newest's. */
struct gemini_model {
	enum gemini_thinks thinks;
	bool pro;
	bool signs; /* insists on signatures of calls: generation 3 */
};

struct gemini_model gemini_model(const struct ask *a);

/* The word that a call without a signature has in its place. */
#define GEMINI_NO_SIGNATURE "skip_thought_signature_validator"
#define GEMINI_FORMAT "google-gemini-v1"

/*
 * "systemInstruction" and "contents"; urls: the provider fetches them itself
 * (Vertex).  0 or -1.
 */
int gemini_contents(struct ask *a, bool urls, struct sbuf *b, struct err *e);

/*
 * The request with the signatures among reasoning_details on the parts that
 * they belong to, and without all thoughts.  In the pool: the next attempt may
 * be at somebody else's, who wants his own back.
 */
struct chat gemini_signatures(const struct ask *a);

/* "generationConfig", when it has members.  0 or -1. */
int gemini_config(struct ask *a, struct sbuf *b, struct err *e);

/*
 * A JSON schema in the subset of OpenAPI that older models know: providers.md
 * 4.3.  0, or -1 when it cannot be said.
 */
int gemini_schema(struct ask *a, struct slice schema, struct sbuf *b,
    struct err *e);

/* Figures as they were given, each the last of its name; -1 = not yet. */
struct gemini_figures {
	int64_t prompt, cached, tool, candidates, thoughts;
	int64_t audio, image, audio_cached, image_cached;
	int64_t audio_tool, image_tool, audio_out, image_out;
};

void gemini_figures_init(struct gemini_figures *f);

/* One usageMetadata.  True when it had figures. */
bool gemini_figures_read(struct gemini_figures *f, struct slice json);

/* *in_r: the figure for the input alone, -1 when it was not told. */
void gemini_usage(const struct gemini_figures *f, struct usage *u_r,
    int64_t *in_r);

/* Members of an object by name, of type null when absent; the last counts. */
void gemini_members(struct slice object, const struct slice *names, unsigned n,
    struct jscan_item *at);

/* What a candidate says beside its parts. */
void gemini_logprobs(struct chatout *o, struct slice json);

/* A call whose arguments come in pieces. */
struct gemini_partial {
	bool open;    /* a call began and is not over */
	bool started; /* its arguments have */
	bool in_text; /* inside the quotes of a value */
	char path[256];
};

/*
 * The array of partialArgs.  0, or -1 when they are in no order in which JSON
 * can be written.
 */
int gemini_partial_read(struct gemini_partial *p, struct chatout *o,
    struct slice pieces);

/* The call is over, if one is open. */
void gemini_partial_end(struct gemini_partial *p, struct chatout *o);

#endif
