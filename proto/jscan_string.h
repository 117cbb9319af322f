#ifndef PROTO_JSCAN_STRING_H
#define PROTO_JSCAN_STRING_H

/* jscan_string - strings of the scan; for proto/jscan only. */

#include "proto/jscan_find.h"
#include "proto/jscan_read.h"

/* Note a fault at s->p.  Returns -1. */
int jscan_fail(struct jscan_reader *s, const char *reason);

/* From anywhere in a string to behind its closing quote. */
int jscan_string_rest(struct jscan_reader *s);

/*
 * At the opening quote.  Most strings are names and words: they end in the
 * first few bytes and cost one look.
 */
static inline int
jscan_string(struct jscan_reader *s)
{
	int n = -1;

	s->escaped = s->zero = false;
	s->p++;
	if (s->end - s->p >= JSCAN_FIND_ROOM)
		n = jscan_find_word(s->p);
	if (n < 0)
		return jscan_string_rest(s);
	s->p += n + 1;
	return 0;
}

#endif
