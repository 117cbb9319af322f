/*
 * Any bytes, cut anywhere, give the same events as in one piece.  The first
 * two bytes choose the cuts.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "proto/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_note(struct sbuf *seen, const struct sse_event *ev)
{
	sbuf_addf(seen, "%d %zu %zu:", ev->bare, ev->name.n, ev->data.n);
	sbuf_add_slice(seen, ev->name);
	sbuf_add_slice(seen, ev->data);
	if (ev->plain)
		assert(ev->raw.n == ev->data.n + 8);
}

static int
fuzz_run(struct slice in, size_t first, size_t step, struct sbuf *seen)
{
	struct sse_event ev;
	struct slice piece;
	struct sse s;
	struct err e;
	size_t n = first;
	char *copy;
	int more = 0;

	sse_init(&s);
	while (in.n > 0 && more == 0) {
		n = n < in.n ? n : in.n;
		copy = malloc(n + 1);
		memcpy(copy, in.p, n);
		piece = (struct slice){ copy, n };
		while ((more = sse_next(&s, &piece, &ev, &e)) == 1)
			fuzz_note(seen, &ev);
		free(copy);
		in = slice_skip(in, n);
		n = step;
	}
	if (more == 0 && sse_end(&s, &ev) == 1)
		fuzz_note(seen, &ev);
	sse_fini(&s);
	return more;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbuf whole = { 0 }, cut = { 0 };
	struct slice in;

	if (size < 2)
		return 0;
	in = (struct slice){ (const char *)data + 2, size - 2 };
	assert(fuzz_run(in, in.n, 1, &whole) ==
	       fuzz_run(in, data[0], 1 + (size_t)data[1], &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	sbuf_free(&whole);
	sbuf_free(&cut);
	return 0;
}
