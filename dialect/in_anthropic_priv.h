#ifndef DIALECT_IN_ANTHROPIC_PRIV_H
#define DIALECT_IN_ANTHROPIC_PRIV_H

/* in_anthropic_priv - the files of in_anthropic. */

#include "dialect/in_merge.h"
#include "dialect/in_priv.h"

struct in_anthropic {
	struct inbound *in;
	struct sbuf *chat;
	struct err *e;
	struct in_merge merged;
	bool has_tools; /* functions were written */
};

/* The members whose chat form needs a file of its own.  0 or -1. */
int in_anthropic_messages(struct in_anthropic *x,
    const struct jscan_item *messages, const struct jscan_item *system);
int in_anthropic_tools(struct in_anthropic *x, const struct jscan_item *tools);
int in_anthropic_choice(struct in_anthropic *x,
    const struct jscan_item *choice);
int in_anthropic_reasoning(struct in_anthropic *x,
    const struct jscan_item *thinking, const struct jscan_item *config);

enum in_role { ROLE_USER, ROLE_ASSISTANT, ROLE_SYSTEM };

/* One message on its way into chat. */
struct in_turn {
	struct in_anthropic *x;
	char where[32]; /* "messages[0].content" */
	struct in_content content;
	/* Of an assistant: elements of calls and details, plain reasoning. */
	struct sbuf calls, details, reasoning;
	unsigned n_details;
	unsigned n_results; /* of a user: messages of tools written */
};

/*
 * Each block of an array to its reader; results: only those of tools, which
 * are messages of their own and stand before the user's.  0 or -1.
 */
int in_anthropic_blocks(struct in_turn *t, struct slice array,
    enum in_role role, bool results);

/* Media: 1 when it was appended to c, 0 when its own kind alone can take it. */
int in_anthropic_image(struct in_content *c, struct slice block);
int in_anthropic_document(struct in_content *c, struct slice block);

#endif
