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
	bool has_tools;
};

/* 0, or -1 with the fault. */
int in_gemini_turns(struct in_gemini *x, const struct jscan_item *contents,
    const struct jscan_item *system);
int in_gemini_tools(struct in_gemini *x, const struct jscan_item *tools);
int in_gemini_choice(struct in_gemini *x);
int in_gemini_generation(struct in_gemini *x, const struct jscan_item *config);

enum in_role { ROLE_USER, ROLE_MODEL, ROLE_SYSTEM };

/* A call that was made, until its result is found. */
struct in_call {
	struct slice id, name; /* raw; the id is the client's, or minted */
	bool answered;
};

/* All contents. */
struct in_talk {
	struct in_gemini *x;
	struct sbuf calls; /* of struct in_call */
	unsigned n_calls;
	unsigned first_call; /* without a result, of the model's last turn */
	bool model_spoke;    /* last: neighbours of one role are one turn */
};

/* One content on its way into chat. */
struct in_turn {
	struct in_talk *talk;
	unsigned at;
	enum in_role role;
	struct in_content content;
	struct sbuf calls, details, reasoning;
	unsigned n_details, n_results;
};

struct in_part {
	struct slice json;
	struct jscan_item value; /* of the member that names its type */
	struct slice signature;  /* raw, or n 0 */
	unsigned at;
	char where[IN_WHERE];
};

/* The raw text of a member in either spelling; n 0 when there is none. */
struct slice in_gemini_raw(struct slice object, struct slice camel);

/* Only its own kind can take that part. */
void in_gemini_own(struct in_turn *t, const struct in_part *part);

/* A call, and a result, which is a message of its own. */
void in_gemini_call(struct in_turn *t, const struct in_part *part);
void in_gemini_result(struct in_turn *t, const struct in_part *part);

/* Pictures of a result: the user shows them. */
void in_gemini_result_media(struct in_turn *t, struct slice response);

/*
 * Each part to its reader; results: only those of functions, which are
 * messages of their own and stand before the user's.  base: what the parts
 * are called in faults.  0 or -1.
 */
int in_gemini_parts(struct in_turn *t, const char *base,
    const struct jscan_item *parts, bool results);

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
