#ifndef DIALECT_OUT_PRIV_H
#define DIALECT_OUT_PRIV_H

/*
 * out_priv - what the writers of answers in other dialects share: how a chat
 * chunk or a whole answer is read.
 *
 * "raw" and "JSON" as in chat.h.
 */

#include "dialect/ask.h"
#include "dialect/chat_priv.h"
#include "dialect/encode.h"
#include "proto/jscan.h"
#include "proto/usage.h"

enum out_finish {
	OUT_NONE,
	OUT_STOP,
	OUT_LENGTH,
	OUT_CALLS,
	OUT_FILTER,
};

/* A chunk or a whole answer. */
struct out_chunk {
	struct slice model;   /* raw, or n 0 */
	struct slice choices; /* JSON array */
	struct slice usage;   /* JSON object, or n 0 */
	struct slice fields; /* provider_specific_fields: JSON object, or n 0 */
	struct slice prompt; /* prompt_message: JSON array, or n 0 */
};

/* A choice: its delta or message. */
struct out_choice {
	unsigned index;
	struct slice text, reasoning, refusal; /* raw */
	struct slice details, images, calls;   /* JSON arrays, or n 0 */
	struct slice annotations, logprobs;    /* the same */
	struct slice breakdown; /* request_breakdown: JSON object, or n 0 */
	enum out_finish finish;
	struct slice stop_reason; /* raw: the text that it stopped at */
};

/* A piece of a call. */
struct out_call {
	unsigned index;
	struct slice id, name, arguments; /* raw; n 0 when it has none */
	struct slice signature;           /* raw: Google's */
};

/* One of reasoning_details. */
struct out_detail {
	struct slice text, signature, data, id, format; /* raw */
	bool encrypted;
};

void out_chunk_read(struct slice json, struct out_chunk *chunk_r);

/*
 * Each choice of a chunk or an answer, with its delta or message.  What the
 * last one said lives until the next; out_choices_end() releases it.
 */
struct out_choices {
	struct jscan_iter it;
	struct slice member;
	unsigned n;
	struct sbuf text, reasoning; /* of a content that is an array */
};
void out_choices_enter(struct out_choices *all, struct slice choices,
    struct slice member);
int out_choices_next(struct out_choices *all, struct out_choice *choice_r);
void out_choices_end(struct out_choices *all);

/* Each element of an array of calls or details. */
int out_call_next(struct jscan_iter *it, unsigned at, struct out_call *call_r);
int out_detail_next(struct jscan_iter *it, struct out_detail *detail_r);

/* The figures of a chunk's usage, when it has one. */
void out_usage(const struct out_chunk *chunk, struct usage_figures *f_r);

/* "name":...; the model that was named (raw), else the one that was asked. */
void out_model(const struct encode_ctx *x, struct slice model, const char *name,
    struct sbuf *out);

/* A text that the provider says it stopped at; raw, or n 0. */
struct slice out_stop_sequence(const struct out_chunk *chunk,
    const struct out_choice *choice);

/* The arguments of a call as one JSON object, on one line. */
void out_arguments(struct slice raw, struct sbuf *out);

#endif
