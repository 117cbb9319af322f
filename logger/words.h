#ifndef LOGGER_WORDS_H
#define LOGGER_WORDS_H

/*
 * words - what the other processes say on standard error, copied to ours.
 *
 * Whole lines only, so that processes do not mix; bytes that could forge or
 * colour a line are escaped.
 */

#include "base/sbuf.h"

struct words {
	int fd; /* -1: its writers are gone */
	struct sbuf line;
};

/* fd is set non-blocking. */
void words_init(struct words *w, int fd);
void words_fini(struct words *w);

/* Copy what is there. */
void words_copy(struct words *w);

#endif
