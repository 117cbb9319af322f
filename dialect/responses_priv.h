#ifndef DIALECT_RESPONSES_PRIV_H
#define DIALECT_RESPONSES_PRIV_H

/* responses_priv - the files that read OpenAI's Responses. */

#include <stdbool.h>
#include <stdint.h>

#include "dialect/dialect.h"

#define RESPONSES_FORMAT "openai-responses-v1"
#define RESPONSES_ITEMS 256 /* whose pieces are kept apart in a stream */

/* What is known of a stream beside what was told of it. */
struct responses_state {
	uint64_t said[RESPONSES_ITEMS / 64]; /* pieces of it have been told */
	unsigned open;    /* 1 + the place of the call that is told; 0: none */
	bool has_pieces;  /* of that call's arguments */
	bool seen;        /* an item has been told, or a piece of one */
	unsigned carried; /* items that chat has a place for: its order */
	bool in_message;  /* the one message of chat has begun */
};

int responses_reply(struct tell *t, struct slice json, struct err *e);
int responses_event(struct tell *t, const struct dialect_event *ev,
    struct err *e);

/*
 * Of a response that is over: the items of its output that were not told, then
 * usage and finish.  0, or -1 when there are too many calls.
 */
int responses_output(struct tell *t, struct slice output);
void responses_finish(struct tell *t, struct slice response);
bool responses_has_failed(struct slice response);

/*
 * All of an item of the output.  said: its text has been told in pieces.  0,
 * or -1 when there are too many calls.
 */
int responses_item(struct tell *t, struct slice item, bool said);

/* Words of the message, or the first piece of them: it has its place. */
void responses_in_message(struct tell *t);

/* A call's head; its arguments follow.  0 or -1 as above. */
int responses_call(struct tell *t, struct slice item);

/* Its arguments, when no piece of them came. */
void responses_arguments(struct tell *t, struct slice item);

bool responses_is_call(struct slice item);

/* The logprobs of a text: a JSON array, which may be empty. */
void responses_logprobs(struct tell *t, struct slice list);

struct ask;
struct chat_part;

/* "input": the conversation.  0, or -1 with *e: a refusal. */
int responses_input(struct ask *a, struct sbuf *b, struct err *e);

/* Whether a part is reasoning that such a provider encrypted. */
bool responses_is_ours(const struct chat_part *p);

#endif
