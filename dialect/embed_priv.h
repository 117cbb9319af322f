#ifndef DIALECT_EMBED_PRIV_H
#define DIALECT_EMBED_PRIV_H

/* embed_priv - what the tables of embed share. */

#include "dialect/ask.h"
#include "dialect/embed.h"
#include "dialect/tell_json.h"

extern const struct embed embed_gemini, embed_vertex, embed_cohere, embed_titan,
    embed_bedrock_cohere, embed_ollama;

/* How many texts are asked about. */
unsigned embed_count(const struct ask *a);

/* Each text of the request in turn. */
struct embed_texts {
	struct jscan_item one; /* the input itself, when it is a text */
	struct jscan_iter it;
	bool single, over;
};

void embed_enter(const struct ask *a, struct embed_texts *t);

/* 1 with the text as it was sent, without its quotes; 0 at the end. */
int embed_next(struct embed_texts *t, struct slice *raw_r);

/* Comma, "name":["text",...] */
void embed_texts(const struct ask *a, struct sbuf *b, const char *name);

/* A member of the request that params.def lacks; n 0: not sent, or no text. */
struct slice embed_member(const struct ask *a, struct slice name);

/* One more vector of the list: a JSON array.  1, or 0: it is no vector. */
int embed_add(struct embed_list *list, struct slice array);

/*
 * A vector of each element of an array: that of the element's member named so
 * ("embeddings", then "values"), or the element itself where inner is empty.
 * 1 or 0.
 */
int embed_add_each(struct embed_list *list, struct slice array,
    struct slice outer, struct slice inner);

#endif
