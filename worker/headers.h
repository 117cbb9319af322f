#ifndef WORKER_HEADERS_H
#define WORKER_HEADERS_H

/*
 * headers - the header lines of api.md 7.2, each with its CRLF.  Every
 * function clears *b first.
 */

#include "worker/req.h"

struct sbuf;

/* The three names of the request. */
void headers_ids(struct req *r, struct sbuf *b);

void headers_page(struct req *r, const char *type, struct sbuf *b);
void headers_error(struct req *r, unsigned status, struct sbuf *b);
void headers_reply(struct req *r, struct sbuf *b);
void headers_stream(struct req *r, struct sbuf *b);

/* Microseconds that the gateway itself took so far. */
uint64_t headers_overhead_us(const struct req *r);

#endif
