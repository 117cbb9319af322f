#ifndef PROTO_RELAY_DELTA_H
#define PROTO_RELAY_DELTA_H

/*
 * relay_delta - one choice of a chunk: what it says, and what has to change
 * in it before a client may see it.  For proto/relay only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/jscan.h"

struct mend_words;
struct relay_edit;
struct sbuf;

struct relay_delta {
	struct slice choice; /* the JSON object */
	unsigned index;
	unsigned finish;          /* of enum relay_finish_reason; 0 = none */
	struct slice finish_word; /* to be written, a JSON value */
	struct slice hole;        /* the only text, with its quotes */
	uint64_t text_bytes;
	bool first;       /* of its choice; set by the caller */
	bool has_content; /* text, reasoning, refusal, a call, audio */
	bool tool_calls, refusal;
	bool has_delta, has_role, has_finish, has_message;
	bool lacks_index; /* a tool call without its index */
	bool odd; /* a delta of null, a finish reason that is there twice */
	bool has_parts;       /* content that is an array */
	bool odd_arguments;   /* no text, or "null" */
	bool empty_arguments; /* "" */
	bool has_calls_member, has_content_member; /* be they null */
	struct slice content; /* when it is a string: raw */
	/* Calls by their index: those that are here, those with arguments. */
	uint64_t calls, argued;
	/* Set by the caller: what mends it. */
	const struct mend_words *words; /* in the place of the content */
	uint64_t missing; /* calls that end without having had arguments */
	struct slice finish_json; /* as it was; empty: absent */
};

enum relay_delta_want {
	RELAY_DROP_ROLE = 1,
	RELAY_NEED_ROLE = 2,
	RELAY_HOLD_FINISH = 4, /* it goes out in a chunk of its own */
	RELAY_DROP_MESSAGE = 8,
};

/* Read a choice; position counts when it has no index.  0, or -1. */
int relay_delta_read(const struct jscan_item *choice, unsigned position,
    struct relay_delta *d_r);

/* Make the edits that want (of enum relay_delta_want) and the rules ask. */
void relay_delta_edit(const struct relay_delta *d, struct relay_edit *ed,
    unsigned want);

/*
 * A member of a delta, or of a message when whole, that OpenAI's clients would
 * not understand is put right.
 */
void relay_mend_member(const struct relay_delta *d, struct relay_edit *ed,
    const struct jscan_item *item, bool whole);

/* What has no member to stand in the place of: members, joined by commas. */
void relay_mend_extra(const struct relay_delta *d, struct sbuf *b);

/* The provider's own word for the end, cut to size, NUL-terminated. */
void relay_delta_native(const struct relay_delta *d, char *out, size_t size);

/* The bit of a finish reason, its JSON in our words. */
unsigned relay_delta_finish(const struct jscan_item *finish,
    struct slice *word_r);

/* A member of a delta, or of a whole message. */
void relay_delta_take(struct relay_delta *d, const struct jscan_item *item);

#endif
