#ifndef WORKER_RECALL_H
#define WORKER_RECALL_H

/*
 * recall - the answer cache from the side of a request: spec/cache.md.
 */

#include "worker/req.h"

/* May the finished answer be kept? */
bool recall_cacheable(const struct req *r);

/*
 * The request is over: hand the answer to the logger, or let the twins that
 * wait go on.  Before its ACCESS record, if it is recorded.
 */
void recall_finish(struct req *r, bool recorded);

#endif
