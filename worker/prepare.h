#ifndef WORKER_PREPARE_H
#define WORKER_PREPARE_H

/*
 * prepare - the body of one attempt, as its provider wants it: the client's
 * bytes with a few spliced in, or the request said in another dialect.
 */

#include "worker/req.h"

/*
 * Fill r->edit for r->choice.  put_max_tokens > 0: the cap of the output is
 * that, whatever the client said.  May be called again.  0, or -1 with
 * req_err() when the provider cannot be asked this at all.
 */
int prepare_body(struct req *r, int64_t put_max_tokens);

/*
 * Read the request for r->dialect into r->ask, once.  0, or -1 with req_err().
 */
int prepare_chat(struct req *r);

#endif
