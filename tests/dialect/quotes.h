#ifndef TESTS_DIALECT_QUOTES_H
#define TESTS_DIALECT_QUOTES_H

/* quotes - rows of tests with ' for ", so that they can be read. */

#include <stdint.h>

#include "base/pool.h"

/* The text with quotes in place, NUL-terminated; it lives in the pool. */
static inline struct slice
quotes(struct pool *pool, const char *text)
{
	struct slice s = pool_copy(pool, slice_str(text));
	char *p = (char *)(uintptr_t)s.p;

	for (size_t i = 0; i < s.n; i++)
		if (p[i] == '\'')
			p[i] = '"';
	return s;
}

#endif
