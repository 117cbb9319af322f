#ifndef WORKER_GOOGLE_H
#define WORKER_GOOGLE_H

/*
 * google - the tokens that Vertex wants: one for each credential, fetched with
 * its key, kept until shortly before it expires (spec/providers.md 3.3).
 *
 * Each worker has its own.  One fetch at a time: requests that need the token
 * wait for it, and while the old one holds nobody waits for the next.
 */

#include "worker/req.h"

struct google; /* of one credential */

/* A fetch of its runs: requests wait for it.  NULL is not busy. */
bool google_is_busy(const struct google *g);

void google_free(struct google **gp);

/*
 * The token for r->choice, the request's own.  1; 0 when it must be waited
 * for: req_wake() comes; -1 with req_err().
 */
int google_token(struct req *r, struct slice *token_r);

/*
 * The provider refused it: the next request fetches another.  False: there is
 * no other, since the credential is a token and no account.
 */
bool google_refused(struct req *r);

/* The project of a credential that names it in its key alone; n 0: none. */
struct slice google_project(struct req *r);

#endif
