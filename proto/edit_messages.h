#ifndef PROTO_EDIT_MESSAGES_H
#define PROTO_EDIT_MESSAGES_H

/*
 * edit_messages - what changes inside the messages for a provider of the
 * OpenAI dialect: spec/providers.md 4.1, 4.4 and 9.  Nothing is copied but
 * what is put in.
 */

#include "base/slice.h"
#include "proto/splice.h"

struct edit_options;
struct params;
struct pool;

struct edit_splices {
	struct slice json; /* the messages; all lie in it, in order */
	struct splice_inside *list;
	unsigned n, cap;
};

/* The splices of a request; n 0 for most. */
void edit_messages(const struct params *p, const struct edit_options *options,
    struct pool *pool, struct edit_splices *s_r);

/* The id of a call in nine letters and digits, raw: providers.md 4.4. */
struct slice edit_id9(struct slice raw, struct pool *pool);

#endif
