#ifndef DIALECT_OUT_RESPONSES_PRIV_H
#define DIALECT_OUT_RESPONSES_PRIV_H

/* out_responses_priv - the files that write OpenAI's Responses. */

#include <stdbool.h>
#include <stdint.h>

#include "dialect/out_priv.h"

/* What is kept of the chunks: encode_ctx.kept[]. */
enum {
	KEPT_MODEL,    /* raw */
	KEPT_TEXT,     /* raw: of the part that is open; a call's arguments */
	KEPT_ITEM,     /* of the open item: elements; of a call: members */
	KEPT_OUTPUT,   /* items that are done: elements of an array */
	KEPT_DETAILS,  /* reasoning_details: elements of an array */
	KEPT_NOTES,    /* annotations of the open text: elements */
	KEPT_LOGPROBS, /* of the open text: elements */
	KEPT_WAITING,  /* pieces of calls whose turn it is not: elements */
	KEPT_PROMPT,   /* prompt_message: JSON */
	KEPT_BREAKDOWN /* request_breakdown: JSON */
};

enum out_item { ITEM_NONE, ITEM_REASONING, ITEM_MESSAGE, ITEM_CALL };
enum out_part { PART_NONE, PART_SUMMARY, PART_TEXT, PART_REFUSAL };

#define OUT_RESPONSES_ID 56     /* of an item, with its NUL */
#define OUT_RESPONSES_CALLS 128 /* chat's indexes of calls are below */

struct out_responses {
	struct sbuf *b; /* where events go, while a function runs */
	enum out_item item;
	enum out_part part;
	unsigned sequence;     /* of the next event */
	unsigned output_index; /* of the open item, or the next one */
	char id[OUT_RESPONSES_ID];
	unsigned parts; /* of the open item, those that are done */
	unsigned notes; /* of the open text */
	unsigned call;  /* the open one's index in chat */
	uint64_t called[OUT_RESPONSES_CALLS / 64]; /* opened, by index */
	bool begun, over; /* created was told; the finish reason came */
	bool whole;       /* it is a reply, not chunks */
	bool cut, filtered;
	bool has_usage;
	struct usage usage;
};

/*
 * The response as it stands, but for its closing bracket; output and usage
 * only when it is over.
 */
void out_responses_object(const struct encode_ctx *x, bool over,
    struct sbuf *b);

/* prefix and 48 digits that depend on the request and on n. */
#define OUT_RESPONSES_SELF UINT32_MAX
void out_responses_id(const struct encode_ctx *x, const char *prefix,
    uint32_t n, struct sbuf *b);

/* Begin and end an event; its type and number are written. */
struct sbuf *out_responses_event(struct encode_ctx *x, const char *type);
void out_responses_event_end(struct encode_ctx *x);

/* The same about the open item, or its open part. */
struct sbuf *out_responses_item_event(struct encode_ctx *x, const char *type);
struct sbuf *out_responses_part_event(struct encode_ctx *x, const char *type);

/* members: of a call, beside its arguments; else empty. */
void out_responses_open(struct encode_ctx *x, enum out_item item,
    struct slice members);
void out_responses_open_part(struct encode_ctx *x, enum out_part part);

/* More raw text of the open part, or of the open call. */
void out_responses_say(struct encode_ctx *x, struct slice raw);
void out_responses_arguments(struct encode_ctx *x, struct slice raw);

/* The open item is done, with all its parts; there may be none. */
void out_responses_close(struct encode_ctx *x);

/* The tool_calls of a delta or a message. */
void out_responses_calls(struct encode_ctx *x, struct slice calls);

/* The turn of calls that wait, until none does; the last one stays open. */
void out_responses_waiting(struct encode_ctx *x);

/* An element behind others. */
void out_responses_add(struct sbuf *b, struct slice element);

/* One of chat's logprobs, as an element of the list *out. */
void out_responses_logprob(struct slice json, struct sbuf *out);

#endif
