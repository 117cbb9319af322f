#ifndef PROTO_EDIT_H
#define PROTO_EDIT_H

/*
 * edit - the body for an upstream of the OpenAI dialect.
 *
 * The client's bytes with edited members spliced in (api.md 3): what is not
 * edited keeps its order, spacing, number spelling and escapes.  The result is
 * a list of slices of the client's body and of the pool; nothing of the
 * client's is copied, so body and params must outlive it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"
#include "base/slice.h"
#include "proto/splice.h"

struct err;
struct jscan_item;
struct params;
struct pool;

struct edit_options {
	struct slice model;             /* the upstream's name */
	bool use_max_completion_tokens; /* the name of the output cap */
	bool add_usage;         /* ask for the usage chunk of a stream */
	int64_t put_max_tokens; /* 0 = leave what the client sent */
	uint32_t quirks;        /* of enum provider_quirk */
	uint32_t features;      /* of the model, enum settings_feature */
	enum provider_reasoning reasoning;
	enum provider_schema schema;
};

/*
 * What this provider does not take: 0 when it is dropped, each a warning, -1
 * with ERR_UNSUPPORTED_PARAMETER when the answer would mean something else
 * without it, or when the request says require_parameters.
 */
int edit_check(struct params *p, const struct edit_options *options,
    struct err *e);

/* Whether the cap goes out as max_completion_tokens.  features: the model's. */
bool edit_uses_completion_cap(const struct params *p, enum provider_max name,
    uint32_t features);

/* A json_schema's schema that is only asked for in words; n 0: none. */
struct slice edit_lost_schema(const struct params *p,
    const struct edit_options *options);

/*
 * Make the body; may be called again for another upstream (retry, fallback).
 * How much of it is base64 media: p->messages.media_bytes.
 */
void edit_body(const struct params *p, const struct edit_options *options,
    struct pool *pool, struct splice_result *result_r);

/*
 * The request body without Respan parameters and containers, for the log
 * (full_request): edit_body() without edits of values.
 */
void edit_plain(const struct params *p, struct pool *pool,
    struct splice_result *result_r);

/*
 * The members of that body, in no particular order, for who needs no text.
 * Returns how many.
 */
unsigned edit_plain_members(const struct params *p, struct pool *pool,
    struct jscan_item **members_r);

#endif
