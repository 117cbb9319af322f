#ifndef DIALECT_IN_PRIV_H
#define DIALECT_IN_PRIV_H

/*
 * in_priv - what the readers of requests in other dialects share: faults,
 * what chat cannot carry, and pieces of a chat body.
 *
 * "raw" and "JSON" as in chat.h.
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/chat_priv.h"
#include "dialect/inbound.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define IN_WHERE 96 /* a dotted name */

/* All of these put the fault into words and return -1 (api.md 4.5). */
int in_missing(struct err *e, const char *where);
int in_type(struct err *e, const char *where, const char *expected,
    const struct jscan_item *got);
int in_value(struct err *e, const char *where, const char *why);
int in_unsupported(struct err *e, const char *where);
int in_unknown_role(struct err *e, struct pool *pool, const char *where,
    const struct jscan_item *role);

/* 0 when the item is of that type, else in_type(). */
int in_expect(struct err *e, const char *where, const struct jscan_item *item,
    enum jscan_type type);

/* A number, perhaps a whole one, between bounds in 10^-9.  0 or -1. */
struct in_bounds {
	bool whole;
	int64_t low, high;
	const char *range; /* said when they are missed */
};
int in_number(struct err *e, const char *where, const struct jscan_item *item,
    const struct in_bounds *bounds);

/* Only its own kind can serve that member; the first one counts. */
void in_own_kind(struct inbound *in, const char *where);
/* The same of input whose size the request does not tell. */
void in_own_input(struct inbound *in, const char *where);
/* The same of a tool; raw: what its type is called. */
void in_own_tool(struct inbound *in, const char *where, struct slice raw);

/* Other kinds do without it. */
void in_leave(struct inbound *in, struct slice name);

/* The member of that name that is not null; 0: *item_r is a null then. */
int in_find(struct slice object, struct slice name, struct jscan_item *item_r);

/* cache_control of a block; JSON, or n 0. */
struct slice in_mark(struct slice block);

bool in_is_true(struct slice object, struct slice name);

/* {"type":"text","text":...}; cache_control: JSON, or n 0. */
void in_add_text(struct sbuf *b, struct slice raw, struct slice cache_control);

/* A part with a data URL of raw type and data. */
void in_add_image(struct sbuf *b, struct slice type, struct slice data,
    struct slice cache_control);
void in_add_image_url(struct sbuf *b, struct slice raw,
    struct slice cache_control);
void in_add_file(struct sbuf *b, struct slice name, struct slice type,
    struct slice data, struct slice cache_control);

/* An element of reasoning_details: text with its signature, or what is hidden.
 */
void in_add_thinking(struct sbuf *b, struct slice text, struct slice signature,
    const char *format, unsigned index);
void in_add_encrypted(struct sbuf *b, struct slice data, const char *format,
    unsigned index);

/* "name":[...]; nothing when there are no elements. */
void in_add_array(struct sbuf *b, const char *name,
    const struct sbuf *elements);

/* The word of reasoning_effort for a budget of tokens. */
void in_add_effort(struct sbuf *b, int64_t budget);

/* Elements of parts as a content: one lone text is a string. */
struct in_content {
	struct sbuf parts; /* elements, commas between */
	struct slice lone; /* the raw text, when there is one part alone */
	unsigned n;
};
void in_content_text(struct in_content *c, struct slice raw,
    struct slice cache_control);
/* Begin another part, which the caller appends to c->parts. */
struct sbuf *in_content_part(struct in_content *c);
/* "content":..., and the memory is released; empty: what is said then. */
void in_content_end(struct in_content *c, struct sbuf *chat, const char *empty);

#endif
