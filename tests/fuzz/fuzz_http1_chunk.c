/* Chunked bodies: any cutting gives the same bytes, end and refusal. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
	int r; /* enum http1_chunk, or minus the error's kind */
	size_t used;
	struct sbuf body;
};

static void
unchunk(struct slice in, size_t step, struct result *out)
{
	struct http1_chunks c;
	struct slice data;
	struct err e;

	http1_chunks_start(&c);
	while (out->used < in.n && out->r == HTTP1_CHUNK_MORE) {
		size_t left = in.n - out->used;
		struct slice piece = { in.p + out->used,
			step < left ? step : left };
		size_t n = piece.n;

		while ((out->r = http1_chunks_next(&c, &piece, &data, &e)) ==
		       HTTP1_CHUNK_DATA)
			sbuf_add_slice(&out->body, data);
		out->used += n - piece.n;
	}
	if (out->r < 0)
		out->r = -(int)e.kind;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data + 1, size - 1 };
	struct result whole = { .r = 0 }, cut = { .r = 0 };

	if (size < 2)
		return 0;
	unchunk(in, in.n, &whole);
	unchunk(in, data[0] % 16 + 1U, &cut);
	assert(whole.r == cut.r && whole.used == cut.used);
	assert(slice_eq(sbuf_slice(&whole.body), sbuf_slice(&cut.body)));
	sbuf_free(&whole.body);
	sbuf_free(&cut.body);
	return 0;
}
