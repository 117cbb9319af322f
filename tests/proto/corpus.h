#ifndef TESTS_PROTO_CORPUS_H
#define TESTS_PROTO_CORPUS_H

/*
 * corpus - public conformance inputs, read from $HOLDFAST_SHARED (default
 * ../shared); they are no part of this tree.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"

static inline const char *
corpus_path(char *out, size_t size, const char *name)
{
	const char *root = getenv("HOLDFAST_SHARED");

	snprintf(out, size, "%s/corpora/%s", root != NULL ? root : "../shared",
	    name);
	return out;
}

/*
 * The bytes of a file on the heap, exactly as many as it has, so that a read
 * past them is seen; p NULL when it is not there.
 */
static inline struct slice
corpus_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *data;
	long n;

	if (f == NULL)
		return (struct slice){ NULL, 0 };
	fseek(f, 0, SEEK_END);
	n = ftell(f);
	rewind(f);
	data = malloc(n > 0 ? (size_t)n : 1);
	if (fread(data, 1, (size_t)n, f) != (size_t)n)
		n = 0;
	fclose(f);
	return (struct slice){ data, (size_t)n };
}

#endif
