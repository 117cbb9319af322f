#ifndef DIALECT_NATIVE_H
#define DIALECT_NATIVE_H

/*
 * native - a request for a provider of the client's own dialect: the client's
 * bytes with edits, spec/providers.md 10.3.
 *
 * Respan members, containers and nulls are left out, the model and the cap of
 * the output are the gateway's; unknown members, order, numbers and escapes
 * stay.  The body must have been read by its inbound function.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "proto/splice.h"

struct err;
struct in_merge_headers;
struct jscan_body;
struct pool;

struct native_opts {
	enum provider_kind kind;
	struct slice model;     /* the provider's name for it */
	int64_t put_max_tokens; /* 0 = leave what the client sent */
	/* The client's header anthropic-beta; bodies of Bedrock have it. */
	struct slice betas;
	/* As in struct inbound. */
	const struct in_merge_headers *headers;
	bool counts; /* tokens are counted, none are made */
};

/*
 * Make the body.  The pieces live as long as the client's bytes and the pool.
 * 0, or -1 with the fault that inbound_anthropic() would tell.
 */
int native_body(const struct jscan_body *body, const struct native_opts *opts,
    struct pool *pool, struct splice_result *result_r, struct err *e);

#endif
