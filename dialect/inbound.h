#ifndef DIALECT_INBOUND_H
#define DIALECT_INBOUND_H

/*
 * inbound - a request in another dialect, said again as a chat request:
 * spec/providers.md 10.
 *
 * The chat body is what parameters, budgets, cache and log see, whatever
 * provider answers; it is what other kinds are asked with, too.  Respan's own
 * parameters are copied as they are.
 */

#include <stdbool.h>

#include "base/slice.h"

struct err;
struct in_merge_headers;
struct jscan_body;
struct pool;
struct sbuf;

#define INBOUND_LEFT_MAX 8

struct inbound {
	const struct jscan_body *body;          /* checked: jscan_body() */
	const struct in_merge_headers *headers; /* NULL: none */
	struct pool *pool;
	struct slice model; /* of the path (Gemini), decoded; n 0: none */
	bool stream;        /* the path says so (Gemini) */
	unsigned char id[16];
	/*
	 * Filled: the first member that chat cannot carry and that only its
	 * own kind can serve, dotted ("tools[0].type"); "" = none.  Whoever
	 * asks another kind refuses the request with it.
	 */
	char own_kind_only[96];
	/* What its own kind may do beyond the text of it: money.md 5. */
	bool unsized;    /* reads what is not in it: files, what it stored */
	bool own_tools;  /* has tools that chat has not: hidden prompts */
	bool runs_tools; /* runs tools itself, and reads what they found */
	bool speaks;     /* answers in sound */
	/* Members that another kind does without: warnings when it is asked. */
	struct slice left[INBOUND_LEFT_MAX];
	unsigned n_left;
};

/*
 * Append the chat body.  0, or -1 with the fault named as the client spelt it
 * (api.md 4.5, 5.2).
 */
typedef int inbound_fn(struct inbound *in, struct sbuf *chat, struct err *e);

inbound_fn inbound_anthropic, inbound_gemini, inbound_responses;

#endif
