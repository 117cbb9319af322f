#ifndef DIALECT_CONVERSE_ASK_PRIV_H
#define DIALECT_CONVERSE_ASK_PRIV_H

/* converse_ask_priv - the files that write a request for Converse. */

#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/turns.h"

/* What is decided before the first byte of the body is written. */
struct converse_plan {
	struct turns turns;
	bool is_claude;
	bool forced;      /* the schema is a tool's */
	bool sends_tools; /* else calls and results are told as text */
	bool thinks;
	int64_t budget;        /* of thinking; 0 = none */
	struct slice thinking; /* JSON: without a budget, as the client says */
	int64_t max_tokens;    /* 0 = nobody said */
};

/* Whether and how the model thinks (4.7).  0 or -1. */
int converse_think(struct ask *a, struct converse_plan *plan, struct err *e);

/* "system", "messages" (4.1, 4.5, 4.6, 4.8).  0 or -1. */
void converse_put_system(const struct ask *a, const struct converse_plan *plan,
    struct sbuf *b);
int converse_put_messages(struct ask *a, const struct converse_plan *plan,
    struct sbuf *b, struct err *e);

/* "toolConfig" (4.3, 4.6).  0 or -1. */
int converse_put_tools(struct ask *a, const struct converse_plan *plan,
    struct sbuf *b, struct err *e);

/* Claude's "tool_choice", which can forbid a second call. */
void converse_put_one_call(const struct ask *a,
    const struct converse_plan *plan, struct sbuf *b);

/* Is a call of a certain tool, or of any, demanded? */
bool converse_is_forced(const struct ask *a, const struct converse_plan *plan);

/* An image or a document (4.5).  0, or -1: it cannot be said. */
int converse_put_media(struct ask *a, const struct chat_part *p, struct sbuf *b,
    struct err *e);

/* Behind what the client wants cached. */
void converse_put_cache_point(struct slice cache_control, struct sbuf *b);

#endif
