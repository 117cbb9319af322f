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

/* Media: 1 when it was appended to c, 0 when its own kind alone can take it. */
int in_anthropic_image(struct in_content *c, struct slice block);
int in_anthropic_document(struct in_content *c, struct slice block);

#endif
