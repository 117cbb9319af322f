#ifndef DIALECT_CHATOUT_H
#define DIALECT_CHATOUT_H

/*
 * chatout - what a provider of another dialect answers, told as chunks of an
 * OpenAI chat stream: spec/api.md 7.1, spec/providers.md 5 and 7.4.
 *
 * The reader of a dialect says what it finds in the order in which it finds
 * it, and each word leaves at once.  A whole reply is told in the same way and
 * joined again (proto/assemble).  "raw" and "JSON" as in chat.h; nothing is
 * kept of them when a function returns.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/sbuf.h"
#include "base/slice.h"

#define CHATOUT_CHOICES 16
#define CHATOUT_CALLS_MAX 128 /* of one choice */

enum chatout_finish {
	CHATOUT_STOP, /* with calls it is told as tool_calls */
	CHATOUT_LENGTH,
	CHATOUT_CONTENT_FILTER,
};

/* The text of a reply that was forced into the arguments of a tool (4.6). */
enum chatout_forced { FORCED_NONE, FORCED_TOOL, FORCED_WRAPPED };
#define CHATOUT_FORCED_NAME "json_output"

struct chatout_choice {
	bool begun, finished, has_text;
	bool in_call, has_arguments;
	bool unwrap; /* the call's arguments are the content */
	unsigned calls;
};

struct chatout {
	/* Filled by the caller, who owns what they point to. */
	struct sbuf *b;     /* frames: "data: ...\n\n" */
	struct slice id;    /* minted */
	struct slice model; /* asked; told until the provider names one */
	int64_t created_s;
	unsigned char seed[16]; /* of ids for calls that have none */
	enum chatout_forced forced;

	/* To be read. */
	uint64_t text_bytes;
	char native_finish[32]; /* the provider's last word; "" = none */

	/* Private. */
	struct sbuf named;   /* the model that the provider named, raw */
	struct sbuf wrapped; /* arguments that must be unwrapped at the end */
	struct sbuf last;    /* fields for the finish */
	struct chatout_choice choices[CHATOUT_CHOICES];
	unsigned at; /* the choice that is spoken of */
};

void chatout_fini(struct chatout *o);

/* The model that answers, raw; the first name counts. */
void chatout_model(struct chatout *o, struct slice raw);

/* What follows is of that choice.  0, or -1 when it is beyond our room. */
int chatout_choice(struct chatout *o, unsigned index);

/* The chunk with the role, when this choice has had none: others imply it. */
void chatout_begin(struct chatout *o);

/* Empty pieces are nothing, here and below. */
void chatout_text(struct chatout *o, struct slice raw);
void chatout_reasoning(struct chatout *o, struct slice raw);
void chatout_refusal(struct chatout *o, struct slice raw);

/* The provider refuses without a word of its own. */
void chatout_refused(struct chatout *o);

/* One element of reasoning_details, annotations, images: JSON. */
void chatout_detail(struct chatout *o, struct slice json);
void chatout_annotation(struct chatout *o, struct slice json);
void chatout_image(struct chatout *o, struct slice json);

/*
 * Annotations of a text from one character to another: each line of lines is
 * what stands behind the two in its object ({"url":... }} with a comma before).
 */
void chatout_citations(struct chatout *o, struct slice lines, uint64_t from,
    uint64_t to);

/* The choice's logprobs: JSON. */
void chatout_logprobs(struct chatout *o, struct slice json);

/* The id that the next call gets when it has none of its own, and a NUL. */
#define CHATOUT_ID_SIZE 30
void chatout_mint_id(const struct chatout *o, char id[CHATOUT_ID_SIZE]);

/*
 * A call of a tool begins, and ends the one before it.  id n 0: one is minted;
 * extra (JSON, may be empty) becomes its extra_content.  0, or -1 when there
 * are too many.
 */
int chatout_call(struct chatout *o, struct slice id, struct slice name,
    struct slice extra);

/* The same for a call that is whole, arguments (JSON) and all: one chunk. */
int chatout_call_whole(struct chatout *o, struct slice id, struct slice name,
    struct slice extra, struct slice json);

/* More of its arguments: raw text, or a JSON value that becomes text. */
void chatout_arguments(struct chatout *o, struct slice raw);
void chatout_arguments_json(struct chatout *o, struct slice json);

/* The call is over: it gets "{}" when it had no arguments. */
void chatout_call_end(struct chatout *o);

/* Whether this choice has had text or a call. */
bool chatout_has_content(const struct chatout *o);

/*
 * Members of provider_specific_fields: a JSON object.  Of one name, arrays are
 * pieces of one list, of other values the last counts.
 */
void chatout_fields(struct chatout *o, struct slice json);

/* The same with the chunk that finishes a choice: why it did. */
void chatout_last_fields(struct chatout *o, struct slice json);

/*
 * The choice is over; native (no raw text) is the provider's own word.  The
 * chunk leaves now, and of this choice nothing after it.
 */
void chatout_finish(struct chatout *o, enum chatout_finish how,
    struct slice native);

/* Whether there is a choice, and each that began has its finish reason. */
bool chatout_is_finished(const struct chatout *o);

/* The provider failed: an event of JSON that proto/relay_error reads. */
void chatout_error(struct chatout *o, struct slice json);

/* [DONE] */
void chatout_end(struct chatout *o);

#endif
