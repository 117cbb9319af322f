#ifndef PROTO_VECTOR_H
#define PROTO_VECTOR_H

/*
 * vector - an embedding in the two forms that OpenAI's clients read: a JSON
 * array of numbers, or base64 of little-endian floats of 32 bits.
 */

#include <stdbool.h>

#include "base/slice.h"

struct sbuf;

/*
 * Append a checked JSON array of numbers as a JSON value: its own bytes, or a
 * string of base64.  1, or 0 when an element is no number that a float holds;
 * what was appended then is of no use.
 */
int vector_write(struct slice array, bool base64, struct sbuf *b);

#endif
