#ifndef WORKER_DESCRIBE_H
#define WORKER_DESCRIBE_H

/*
 * describe - what the bound of a request depends on, spec/money.md 5, read off
 * its parameters, what only its own kind understands, and the body as sent.
 * The bound itself is proto/bound.h.
 */

struct bound_request;
struct req;

/* What the parameters say, before anything was chosen, into *q. */
void describe_params(const struct req *r, struct bound_request *q);

/* Fill r->bound_request but for what only the body tells. */
void describe_request(struct req *r);

/* Add that, once the body is prepared. */
void describe_body(struct req *r);

#endif
