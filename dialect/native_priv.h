#ifndef DIALECT_NATIVE_PRIV_H
#define DIALECT_NATIVE_PRIV_H

/* native_priv - the files of native. */

#include "dialect/native.h"
#include "proto/jscan.h"

#define NATIVE_NOTHING ((struct slice){ NULL, 0 })
#define NATIVE_RULES 8

struct native {
	const struct native_opts *opts;
	struct pool *pool;
	struct slice metadata; /* an object, or n 0 */
	bool stored;           /* Responses: the provider keeps the answer */
};

/*
 * What is sent for a member: JSON, p NULL for nothing.  item is what the
 * client sent, NULL when it sent none.
 */
typedef struct slice native_fn(const struct native *x,
    const struct jscan_item *item);

struct native_rule {
	struct slice name; /* n 0: behind the last */
	native_fn *value;
};

/*
 * Rules of each kind; those whose member the client did not send may add it,
 * in their order.
 */
extern const struct native_rule native_rules[KINDS][NATIVE_RULES];

#endif
