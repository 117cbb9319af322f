#ifndef ADMIN_GATE_H
#define ADMIN_GATE_H

/*
 * gate - who may use the platform API on the admin listener: the admin token,
 * and API keys with the scope platform (spec/platform.md 2, 12).
 */

#include "admin/rest.h"

struct sockaddr;

#define GATE_WAIT_S 60 /* after too many wrong ones */

/*
 * Judge a request.  1 with *caller_r, its key in the pool; 0 there is no such
 * API here, since no token is set; -1 with *e: ERR_MISSING_KEY,
 * ERR_INVALID_KEY, ERR_RATE_LIMIT, ERR_KEY_NOT_PERMITTED.
 */
int gate_judge(struct office *o, const struct http1_head *h,
    const struct sockaddr *peer, struct pool *pool,
    struct rest_caller *caller_r, struct err *e);

#endif
