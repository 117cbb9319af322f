#ifndef DIALECT_CLAUDE_H
#define DIALECT_CLAUDE_H

/*
 * claude - what Claude wants, whoever is asked for it: spec/providers.md 4.2,
 * 4.7, 9.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "dialect/chat.h"

struct ask;
struct err;
struct turns;

/* Who made reasoning that may come back: spec/providers.md 9. */
#define CLAUDE_FORMAT "anthropic-claude-v1"

/* Where nothing else is to be sent; a budget is capped, else room is made. */
#define CLAUDE_ROOM_MIN 2048

/* Tokens of thinking; 0: that word names no budget. */
int64_t claude_budget(enum chat_effort effort);

/* Calls are being answered whose thoughts did not come back. */
bool claude_lacks_thoughts(const struct turns *t);

/* Whether a stop sequence is of blanks alone, which are refused. */
bool claude_is_blank(const struct ask *a, struct slice raw);

/*
 * What of the samplers goes out beside thinking: JSON, n 0 for what was absent
 * or dropped.  A temperature above 1 is 1.  0, or -1 of ask_drop().
 */
struct claude_samplers {
	struct slice temperature, top_p, top_k;
};

int claude_samplers(struct ask *a, bool thinks, struct claude_samplers *s_r,
    struct err *e);

#endif
