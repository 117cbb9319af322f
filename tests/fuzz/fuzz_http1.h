#ifndef TESTS_FUZZ_FUZZ_HTTP1_H
#define TESTS_FUZZ_FUZZ_HTTP1_H

/*
 * fuzz_http1 - one input, parsed whole and in pieces: the first byte is the
 * length of the pieces.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline int
fuzz_head(struct slice in, size_t step, bool response, struct http1_head *h,
    size_t *used_r, char **copy_r)
{
	struct http1_parser p;
	struct err e;
	size_t len = 0;
	int r = 0;

	if (response)
		http1_response_start(&p, &http1_response_limits, false);
	else
		http1_request_start(&p, &http1_request_limits);
	while (r == 0 && len < in.n) {
		/* Elsewhere each time, as a growing buffer is. */
		free(*copy_r);
		len = step < in.n - len ? len + step : in.n;
		*copy_r = malloc(len);
		memcpy(*copy_r, in.p, len);
		r = http1_parse(&p, *copy_r, len, h, used_r, &e);
	}
	return r < 0 ? -(int)e.kind : r;
}

static inline void
fuzz_compare(const struct http1_head *whole, const struct http1_head *cut)
{
	assert(whole->count == cut->count && whole->body == cut->body);
	assert(whole->content_length == cut->content_length);
	assert(whole->keep_alive == cut->keep_alive);
	assert(slice_eq(whole->path, cut->path));
	assert(slice_eq(whole->query, cut->query));
	assert(slice_eq(whole->reason, cut->reason));
	for (unsigned i = 0; i < cut->count; i++) {
		assert(slice_eq(whole->fields[i].name, cut->fields[i].name));
		assert(slice_eq(whole->fields[i].value, cut->fields[i].value));
		assert(http1_token_ok(cut->fields[i].name));
		assert(http1_value_ok(cut->fields[i].value));
	}
}

static inline void
fuzz_heads(const uint8_t *data, size_t size, bool response)
{
	static struct http1_head whole, cut;
	struct slice in = { (const char *)data + 1, size - 1 };
	char *copies[2] = { NULL, NULL };
	size_t used[2] = { 0, 0 };
	int r;

	if (size < 2)
		return;
	r = fuzz_head(in, in.n, response, &whole, &used[0], &copies[0]);
	if (fuzz_head(in, data[0] + 1U, response, &cut, &used[1], &copies[1]) !=
	    r)
		abort();
	if (r == 1) {
		assert(used[0] == used[1]);
		fuzz_compare(&whole, &cut);
	}
	free(copies[0]);
	free(copies[1]);
}

#endif
