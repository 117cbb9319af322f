#ifndef WORKER_UPSTREAM_H
#define WORKER_UPSTREAM_H

/*
 * upstream - the head of a request to a provider: path, host, and whose it
 * is, as its kind wants it (spec/providers.md 3).
 */

#include "worker/req.h"

struct credential;
struct sbuf;
struct target;

/*
 * Append the head of r->choice's request up to Content-Length: the body is in
 * r->edit.
 */
void upstream_write_head(struct req *r, struct sbuf *b);

/*
 * The lines of a head that one credential's requests share: all but the first.
 */
void upstream_write_lines(struct worker *w, const struct target *t,
    const struct credential *c, bool stream, struct sbuf *b);

#endif
