#ifndef PROTO_EDIT_VALUE_H
#define PROTO_EDIT_VALUE_H

/*
 * edit_value - what is sent upstream for one member (column "Up" of api.md 5).
 */

#include "proto/edit.h"
#include "proto/params.h"
#include "proto/splice.h"

struct pool;

/*
 * What is sent for a member that was given.  A name or value that stays the
 * same is the client's own bytes.  options NULL: only Respan members, nulls
 * and containers are left out.
 */
struct splice_member edit_member(const struct params *p,
    const struct edit_options *options, struct pool *pool, enum param_id id,
    const struct jscan_item *item);

/* Whether a parameter is OpenAI's alone, and this provider another. */
bool edit_is_extra(const struct edit_options *options, enum param_id id);

/* The same for reasoning_effort and thinking. */
struct splice_member edit_reasoning(const struct params *p,
    const struct edit_options *options, struct pool *pool, enum param_id id,
    const struct jscan_item *item);

/* The parameter by which thoughts are asked for in vain; n 0: none. */
struct slice edit_reasoning_lost(const struct params *p,
    const struct edit_options *options);

/* The parameters that the gateway may add. */
#define EDIT_ADDED 4
extern const enum param_id edit_may_add[EDIT_ADDED];

/* What is sent for one of these when it was not given. */
struct splice_member edit_added(const struct params *p,
    const struct edit_options *options, struct pool *pool, enum param_id id);

#endif
