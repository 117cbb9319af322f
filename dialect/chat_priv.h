#ifndef DIALECT_CHAT_PRIV_H
#define DIALECT_CHAT_PRIV_H

/* chat_priv - the files of chat. */

#include "base/err.h"
#include "base/pool.h"
#include "dialect/chat.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "proto/params.h"

struct chat_reader {
	const struct params *params;
	struct pool *pool;
	struct err *e;
	struct chat *chat;
	unsigned message; /* the one that is read */
};

/* Raw text of a string member, JSON of any other value; n 0: absent, null. */
struct slice chat_raw(struct slice object, struct slice name);
struct slice chat_json(struct slice object, struct slice name);

/*
 * The parts of a content: a string is one of text, null is none.  room: free
 * parts behind them for the caller.  0 or -1.
 */
int chat_parts(struct chat_reader *c, struct slice content, unsigned room,
    struct chat_part **parts_r, unsigned *n_r);

/* A call's arguments, which are text, as one JSON object. */
struct slice chat_arguments(struct pool *pool, const struct jscan_item *item);

/* Calls and reasoning of an assistant's message, behind *n of its parts. */
int chat_assistant(struct chat_reader *c, struct slice message,
    struct chat_message *m);

/* Join calls and results, as chat_part.other says. */
void chat_match(struct chat *chat, struct pool *pool);

/* tools, tool_choice, functions, response_format. */
int chat_options(struct chat_reader *c);

#endif
