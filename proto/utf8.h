#ifndef PROTO_UTF8_H
#define PROTO_UTF8_H

/*
 * utf8 - is it UTF-8 (RFC 3629), and where do code points end.
 */

#include "base/slice.h"

/*
 * The length of the sequence that begins at p, judged by all its bytes: 1 to
 * 4, or 0 when it is malformed, overlong, a surrogate, above U+10FFFF or cut
 * off by end.  p < end.
 */
size_t utf8_step(const char *p, const char *end);

/*
 * Step over sequences of two and more bytes.  Where that ends: end, a byte
 * below 0x80, or a byte of 0x80 and above that begins no valid sequence.
 */
const char *utf8_run(const char *p, const char *end);

/* What comes before the first malformed sequence. */
struct slice utf8_prefix(struct slice s);

bool utf8_valid(struct slice s);

/* The first max code points of valid UTF-8 (all of s when it is shorter). */
struct slice utf8_cut(struct slice s, size_t max);

/* Write a code point (no surrogate, at most 0x10ffff): 1 to 4 bytes. */
size_t utf8_write(unsigned code, char *out);

#endif
