#ifndef DIALECT_CALLTEXT_H
#define DIALECT_CALLTEXT_H

/*
 * calltext - arguments of a call that come in pieces: are they complete?
 *
 * Nothing is kept but where in the JSON the last piece has ended.
 */

#include <stdbool.h>

#include "base/slice.h"

struct calltext {
	unsigned depth; /* of open brackets */
	bool begun;     /* more than blanks was there */
	bool is_object;
	bool in_string, escaped;
	bool complete; /* the first bracket is closed again */
};

/* One more piece: raw, what stands between the quotes of a JSON string. */
void calltext_feed(struct calltext *c, struct slice raw);

/*
 * A log of pieces that must wait: each has a number that its keeper
 * understands.  Private headers stand between them in the buffer.
 */
struct sbuf;

void calltext_log(struct sbuf *log, unsigned tag, struct slice text);

/* The next piece of *rest, which was all of a log.  1 or 0 at the end. */
int calltext_next(struct slice *rest, unsigned *tag_r, struct slice *text_r);

#endif
