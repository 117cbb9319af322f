#ifndef DIALECT_CONVERSE_PRIV_H
#define DIALECT_CONVERSE_PRIV_H

/*
 * converse_priv - the reader of Converse, whose grammar Nova speaks to invoke
 * as well.
 */

#include "dialect/bedrock_priv.h"
#include "dialect/chat_priv.h"
#include "dialect/claude.h"
#include "proto/jscan.h"

/* A block that is open.  What it needs to its end is in t->kept. */
enum converse_block {
	CONVERSE_NONE,
	CONVERSE_TEXT,
	CONVERSE_REASONING,
	CONVERSE_CALL,
	CONVERSE_USE,    /* of a tool that runs at the provider's */
	CONVERSE_RESULT, /* of such a one */
};

struct converse_state {
	enum converse_block block;
	int64_t index;     /* of it; -1 = not told */
	bool signing;      /* REASONING: the signature has begun */
	size_t fill_at;    /* USE, RESULT: where its deltas begin in kept */
	unsigned details;  /* told so far */
	uint64_t chars;    /* of content told so far */
	uint64_t begun_at; /* chars before this block */
	char stop[40];     /* the reason to stop; "" = not yet */
	bool metadata;     /* was seen */
};

/* A whole answer, an event, the end: as struct dialect has them. */
int converse_reply(struct tell *t, struct slice json, struct err *e);
int converse_event(struct tell *t, const struct dialect_event *ev,
    struct err *e);
void converse_end(struct tell *t);

/* One event by its name; data is checked JSON, an object. */
int converse_take(struct tell *t, struct slice name, struct slice data,
    struct err *e);

/* Blocks (converse_block.c).  0, or -1 when there are too many or too much. */
int converse_whole(struct tell *t, struct slice block, struct err *e);
int converse_start(struct tell *t, struct slice start, int64_t index,
    struct err *e);
int converse_delta(struct tell *t, struct slice delta, int64_t index,
    struct err *e);
void converse_close(struct tell *t);

/* Begin a block of that kind, unless it is the one that is open. */
void converse_open(struct tell *t, enum converse_block kind, int64_t index);

/* Text and its citations (converse_text.c). */
void converse_text(struct tell *t, struct slice raw, int64_t index);
void converse_citation(struct tell *t, struct slice citation, int64_t index);
void converse_cited(struct tell *t, struct slice block);
void converse_close_text(struct tell *t);

/* What ran at the provider's (converse_server.c). */
bool converse_is_of_server(struct slice tool);
void converse_open_server(struct tell *t, enum converse_block kind,
    struct slice start, int64_t index);
void converse_fill(struct tell *t, struct slice input);
void converse_fill_elements(struct tell *t, struct slice array);
void converse_close_use(struct tell *t);
void converse_close_result(struct tell *t);
/* The whole block, as a member of provider_specific_fields. */
void converse_keep(struct tell *t, struct slice block);

/* A member's value, when it is of that type. */
bool converse_find(struct slice object, struct slice name, enum jscan_type type,
    struct slice *value_r);

#endif
