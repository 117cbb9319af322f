#ifndef DIALECT_IN_RESPONSES_PRIV_H
#define DIALECT_IN_RESPONSES_PRIV_H

/* in_responses_priv - the files that read requests of Responses. */

#include "dialect/in_merge.h"
#include "dialect/in_priv.h"

/* Items of an assistant that stand side by side are one message of chat. */
struct in_responses_turn {
	struct in_content content;
	struct sbuf reasoning; /* raw text */
	struct sbuf details;   /* elements of reasoning_details */
	struct sbuf calls;     /* elements of tool_calls */
	unsigned carried;      /* items with a place of their own in chat */
	bool open;
};

struct in_responses {
	struct inbound *in;
	struct sbuf *chat;
	struct err *e;
	struct in_merge merged;
	struct in_responses_turn turn;
	bool functions; /* there are tools that chat has, too */
	bool logprobs;
};

/* The member of that name, or one of type JSCAN_NULL. */
const struct jscan_item *in_responses_find(const struct in_responses *x,
    struct slice name);

/* The same in chat, under the same name: proto/params checks it.  Always 0. */
int in_responses_copy(struct in_responses *x, const struct jscan_item *item);

/* "tools", then "tool_choice".  0 or -1 with the fault. */
int in_responses_tools(struct in_responses *x, const struct jscan_item *item);
int in_responses_choice(struct in_responses *x);

/* "messages", of instructions and input.  0 or -1 with the fault. */
int in_responses_messages(struct in_responses *x);

/* An item of reasoning becomes a part of the turn. */
void in_responses_reasoning(struct in_responses *x, struct slice item);

/*
 * The content of a message, or what a tool gave back: a string, or a list of
 * parts.  where: its name in faults.
 */
int in_responses_content(struct in_responses *x, const char *where,
    const struct jscan_item *item, struct in_content *c);

#endif
