#ifndef DIALECT_CHAT_H
#define DIALECT_CHAT_H

/*
 * chat - a chat request in memory, for providers that cannot take its bytes:
 * spec/providers.md 4.
 *
 * It is read from parameters that have passed proto/params.  Nothing is
 * decoded that need not be: a "raw" slice is what stands between the quotes of
 * a JSON string, escapes kept, and can be written between quotes again as it
 * is; a "JSON" slice is a whole value.  An absent one has n 0.  All live as
 * long as the request's body and pool.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct err;
struct params;
struct pool;

enum chat_role { CHAT_SYSTEM, CHAT_USER, CHAT_ASSISTANT, CHAT_TOOL };

enum chat_part_type {
	CHAT_TEXT,
	CHAT_IMAGE,
	CHAT_AUDIO,
	CHAT_FILE,
	CHAT_THINKING, /* reasoning that came back: providers.md 9 */
	CHAT_CALL,     /* of a tool */
	CHAT_RESULT,   /* of a call */
	CHAT_UNKNOWN,  /* a type that has no meaning for us */
};

struct chat_media {
	struct slice type;     /* "image/png", no raw text; n 0: not told */
	struct slice data;     /* base64, raw */
	struct slice url;      /* no raw text, when there is no data */
	struct slice id, name; /* raw: file_id, filename */
	struct slice detail;   /* raw: of an image */
	size_t *sent;          /* see struct chat; NULL: not counted */
};

struct chat_part {
	enum chat_part_type type;
	struct slice text; /* raw: TEXT, THINKING */
	struct chat_media media;
	struct slice id, name;  /* raw: CALL; a RESULT has those of its call */
	struct slice arguments; /* JSON object: CALL */
	struct slice signature; /* raw: THINKING; Gemini's also on CALL, TEXT */
	struct slice encrypted; /* raw: THINKING whose text is hidden */
	struct slice format;    /* raw: THINKING, who made it */
	int64_t index;          /* THINKING: the number its maker gave it */
	struct slice cache_control; /* JSON */
	struct chat_part *parts;    /* RESULT: its content */
	unsigned n;
	/*
	 * CALL: its result; RESULT: its call.  Only where the result comes
	 * between the call and what the assistant says next, once; else NULL.
	 */
	struct chat_part *other;
	bool failed; /* RESULT: there was none, or it says so */
	/* Where it stood, for faults: messages[message].content[at]. */
	unsigned message, at;
};

struct chat_message {
	enum chat_role role;
	struct chat_part *parts;
	unsigned n;
	/* raw, ASSISTANT: what plain reasoning_content came back. */
	struct slice reasoning;
};

struct chat_tool {
	struct slice name, description; /* raw */
	struct slice parameters;        /* JSON */
	struct slice cache_control;     /* JSON */
	bool strict;
};

enum chat_choice {
	CHOICE_ABSENT,
	CHOICE_AUTO,
	CHOICE_NONE,
	CHOICE_REQUIRED,
	CHOICE_NAMED,
};

enum chat_format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SCHEMA };

enum chat_effort {
	EFFORT_ABSENT,
	EFFORT_NONE,
	EFFORT_MINIMAL,
	EFFORT_LOW,
	EFFORT_MEDIUM,
	EFFORT_HIGH,
	EFFORT_XHIGH,
	EFFORT_MAX,
	EFFORT_OTHER, /* a word that only the provider may know */
};

struct chat {
	struct chat_message *messages;
	unsigned n;
	unsigned n_calls;        /* in all messages */
	struct chat_tool *tools; /* old "functions" too */
	unsigned n_tools;
	enum chat_choice choice;
	struct slice choice_name; /* raw, of CHOICE_NAMED */
	bool one_call;            /* parallel_tool_calls: false */
	enum chat_format format;
	struct slice schema, schema_name; /* JSON; raw */
	bool schema_strict;
	struct slice *stops; /* raw */
	unsigned n_stops;
	enum chat_effort effort; /* of reasoning_effort alone */
	struct slice thinking;   /* JSON, Anthropic's form */
	/*
	 * Bytes of media that the writer wrote, ask_data(): not all are sent
	 * that were read.  They are no text, and not held as text.
	 */
	size_t media_sent;
};

/*
 * Read a request.  0, or -1: ERR_INVALID_TYPE or ERR_UNSUPPORTED_PARAMETER
 * with the member that cannot be said to anybody but its own kind (tools of
 * type "custom", content parts of no known type).
 */
int chat_read(const struct params *p, struct pool *pool, struct chat *chat_r,
    struct err *e);

/* A member that proto/params does not know (top_k).  JSON; n 0: absent. */
struct slice chat_member(const struct params *p, struct slice name);

#endif
