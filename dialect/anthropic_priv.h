#ifndef DIALECT_ANTHROPIC_PRIV_H
#define DIALECT_ANTHROPIC_PRIV_H

/* anthropic_priv - the files that write a request for Anthropic. */

#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/anthropic.h"
#include "dialect/ask.h"
#include "dialect/turns.h"

enum anthropic_thinking {
	THINKING_ABSENT,
	THINKING_OFF,
	THINKING_BUDGET,
	THINKING_ADAPTIVE,
	THINKING_AS_IS, /* the client's own object */
};

/* What is decided before the first byte of the body is written. */
struct anthropic_plan {
	const struct anthropic_form *form;
	struct turns turns;
	enum anthropic_thinking thinking;
	bool thinks; /* thinking is on */
	enum chat_effort asked;
	int64_t budget;      /* of THINKING_BUDGET, AS_IS; 0 = none */
	struct slice effort; /* word of output_config; n 0: none */
	bool forced_tool;    /* the schema is a tool's */
	int64_t max_tokens;
};

/* thinking, effort, budget and max_tokens (4.7).  0 or -1. */
int anthropic_think(struct ask *a, struct anthropic_plan *plan, struct err *e);
void anthropic_put_thinking(const struct ask *a,
    const struct anthropic_plan *plan, struct sbuf *b);

/* "messages" (4.1, 4.5).  0 or -1. */
int anthropic_put_messages(struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b, struct err *e);

/* "system" (4.1, 4.6). */
void anthropic_put_system(const struct ask *a,
    const struct anthropic_plan *plan, struct sbuf *b);

/* "tool_choice" and "tools" (4.3, 4.6).  0 or -1. */
int anthropic_put_tools(struct ask *a, const struct anthropic_plan *plan,
    struct sbuf *b, struct err *e);
void anthropic_put_choice(const struct ask *a,
    const struct anthropic_plan *plan, struct sbuf *b);

/* Is a forced call of a tool asked for? */
bool anthropic_is_forced(const struct ask *a,
    const struct anthropic_plan *plan);

/* What of the strict schemas of a request counts against limits (4.3). */
struct anthropic_strict {
	unsigned tools, optional, unions;
	unsigned visits; /* values that were looked at */
};

/*
 * Whether one more strict tool with that schema (JSON object, or empty) is
 * within the limits; it is counted then.
 */
bool anthropic_is_strict(struct anthropic_strict *s, struct slice schema);

#endif
