#ifndef WORKER_HEADERS_H
#define WORKER_HEADERS_H

/*
 * headers - the header lines of api.md 7.2, each with its CRLF.  Each of
 * the sets clears *b first.
 */

#include "worker/req.h"

struct sbuf;

/* A line behind what is there, name with its ": "; no value, no line. */
void headers_put(struct sbuf *b, struct slice name, struct slice value);
#define headers_add(b, name, ...) headers_put(b, SLICE(name), __VA_ARGS__)

/* The three names of the request. */
void headers_ids(struct req *r, struct sbuf *b);

void headers_page(struct req *r, const char *type, struct sbuf *b);
void headers_error(struct req *r, unsigned status, struct sbuf *b);
void headers_reply(struct req *r, struct sbuf *b);

/*
 * Of a stream: what is known before its answer comes, asked saying whether one
 * will come from the target, and what is known only then.
 */
void headers_stream(struct req *r, bool asked, struct sbuf *b);
void headers_stream_rest(struct req *r, struct sbuf *b);

/* Microseconds that the gateway itself took so far. */
uint64_t headers_overhead_us(const struct req *r);

#endif
