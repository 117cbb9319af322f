/*
 * A date of HTTP in any form: what is taken is, written as HTTP has it now, the
 * same second again.  The input is the text itself, or changes to a good one:
 * pairs of a place and a byte.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/httpdate.h"

#define LAST_S INT64_C(253402300799) /* of the year 9999 */
#define NOW_S INT64_C(1767225600)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *p, size_t n)
{
	char again[NOW_HTTP_SIZE], *copy = malloc(n + 1);
	int64_t first, second;

	memcpy(copy, p, n); /* what is read behind the end is seen */
	if (httpdate_read((struct slice){ copy, n }, NOW_S, &first) &&
	    first <= LAST_S) {
		now_http(first * 1000000, again);
		assert(httpdate_read(slice_str(again), NOW_S, &second) == 1);
		assert(first == second);
	}
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const good[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };
	char text[32];

	check((const char *)data, size);
	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(good[i]);

		memcpy(text, good[i], n);
		for (size_t k = 0; k + 1 < size; k += 2)
			text[data[k] % n] = (char)data[k + 1];
		check(text, n);
	}
	return 0;
}
