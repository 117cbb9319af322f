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
	const char *p = jscan_find_special_near(s->p + 1, s->end);

	s->escaped = s->zero = false;
	if (__builtin_expect(p < s->end && *p == '"', 1)) {
		s->p = p + 1;
		return 0;
	}
	s->p = p;
	return jscan_string_rest(s);
}

#endif
