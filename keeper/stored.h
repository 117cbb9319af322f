#ifndef KEEPER_STORED_H
#define KEEPER_STORED_H

/*
 * stored - changes of load-balance groups and provider keys (store/ask.h).
 *
 * Within a batch; the body is that of the request.  1 done, 0 there is no such
 * thing, -1 with *e: ERR_INVALID_VALUE and ERR_CHANGED refuse it, anything
 * else is the store.
 */

#include "base/slice.h"

struct book;
struct err;

int stored_integration_put(struct book *b, struct slice body, struct err *e);
int stored_integration_delete(struct book *b, struct slice body, struct err *e);
int stored_group_put(struct book *b, struct slice body, struct err *e);
int stored_group_delete(struct book *b, struct slice body, struct err *e);

#endif
