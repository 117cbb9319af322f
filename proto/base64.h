#ifndef PROTO_BASE64_H
#define PROTO_BASE64_H

/*
 * base64 - RFC 4648 sections 4 and 5, read strictly.
 *
 * One alphabet at a time, padding complete or absent, unused bits zero, no
 * white space.
 */

#include "base/slice.h"

struct sbuf;

/*
 * Decode into out, which has room for text.n bytes.  1 with *n_r, or 0 with
 * the fault in words in *reason_r (static text) and its place in *n_r.
 */
int base64_read(struct slice text, char *out, size_t *n_r,
    const char **reason_r);

/*
 * Append bytes in the alphabet of section 4, padded.  In pieces: all but the
 * last of a multiple of three bytes.
 */
void base64_write(struct sbuf *b, struct slice bytes);

#endif
