#ifndef WORKER_EMBEDDINGS_H
#define WORKER_EMBEDDINGS_H

/*
 * embeddings - what requests for embeddings have of their own: how a provider
 * is asked, and what its answer becomes.  They share every step with chat.
 */

#include "worker/req.h"

struct relay_error;

/*
 * After the choice: r->embed for providers that do not speak OpenAI's API.
 * 0, or -1 with req_err() when this provider has no embeddings.
 */
int embeddings_choose(struct req *r);

/*
 * A whole answer with status 200 into r->answer, with usage and cost.  1; 0
 * when it is an error (*said_r); -1 with *e when it is neither.
 */
int embeddings_answer(struct req *r, struct slice body,
    struct relay_error *said_r, struct err *e);

#endif
