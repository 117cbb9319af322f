#ifndef DIALECT_IN_GEMINI_PRIV_H
#define DIALECT_IN_GEMINI_PRIV_H

/* in_gemini_priv - the files of in_gemini. */

#include "dialect/camel.h"
#include "dialect/in_merge.h"
#include "dialect/in_priv.h"

struct in_gemini {
	struct inbound *in;
	struct sbuf *chat;
	struct err *e;
	/* toolConfig.functionCallingConfig, or n 0. */
	struct slice calling;
	struct slice calling_where; /* as the client spelt it */
	bool has_tools;
};

/* 0, or -1 with the fault. */
int in_gemini_turns(struct in_gemini *x, const struct jscan_item *contents,
    const struct jscan_item *system);
int in_gemini_tools(struct in_gemini *x, const struct jscan_item *tools);
int in_gemini_choice(struct in_gemini *x);
int in_gemini_generation(struct in_gemini *x, const struct jscan_item *config);

/* A schema in OpenAPI's words, in those of JSON Schema. */
void in_gemini_schema(struct sbuf *b, struct slice schema);

/* An item as an array has it: proto3's readers take one alone for many. */
struct in_gemini_many {
	struct jscan_iter it;
	struct jscan_item one;
	bool alone;
};
void in_gemini_enter(struct in_gemini_many *m, const struct jscan_item *item);
int in_gemini_next(struct in_gemini_many *m, struct jscan_item *item_r);

#endif
