#ifndef DIALECT_COHERE_PRIV_H
#define DIALECT_COHERE_PRIV_H

/* cohere_priv - the files of cohere. */

#include <stdbool.h>

#include "base/slice.h"

struct ask;
struct dialect_event;
struct err;
struct sbuf;
struct tell;

/* What a reader keeps from event to event. */
struct cohere {
	/*
	 * A call without arguments has the text "null" for them: so many of
	 * its letters came and were not told.
	 */
	unsigned nulls;
	bool told; /* the call has arguments */
};

/* Tools, the shape of the answer, reasoning.  0 or -1. */
int cohere_options(struct ask *a, struct sbuf *b, struct err *e);

/* Whether an answer, or an event of no known type, says that it failed. */
bool cohere_is_error(struct slice json);

/* Objects of an answer; an empty slice is none. */
void cohere_usage(struct tell *t, struct slice usage);
void cohere_citation(struct tell *t, struct slice citation);

/* The member "logprobs" of a reply, or of an event. */
void cohere_logprobs(struct tell *t, struct slice json);

int cohere_reply(struct tell *t, struct slice json, struct err *e);
int cohere_event(struct tell *t, const struct dialect_event *ev, struct err *e);

#endif
