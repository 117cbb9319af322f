/*
 * Any bytes, cut anywhere, give the same events as in one piece.  The first
 * byte says whether the checksums are made right, the second chooses the cuts.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/crc32.h"
#include "base/err.h"
#include "dialect/aws_frame.h"
#include "dialect/dialect.h"
#include "dialect/frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_put(char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(n >> (24 - 8 * i) & 255);
}

/* Nobody guesses a checksum: give each frame the right ones. */
static void
fuzz_mend(char *p, size_t n)
{
	struct err e;
	size_t total;

	while (n >= AWS_FRAME_MIN) {
		p[0] = p[1] = p[4] = p[5] = 0;
		fuzz_put(p + 8, crc32_of(p, 8));
		if (aws_frame_size((struct slice){ p, n }, &total, &e) != 1 ||
		    total > n)
			return;
		fuzz_put(p + total - 4, crc32_of(p, total - 4));
		p += total;
		n -= total;
	}
}

static int
fuzz_run(struct slice in, size_t step, struct sbuf *seen)
{
	struct dialect_event ev;
	struct frames f;
	struct err e;
	int more = 0;

	frames_init(&f, FRAMES_AWS);
	while (in.n > 0 && more == 0) {
		size_t n = step < in.n ? step : in.n;
		char *copy = malloc(n);
		struct slice piece = { copy, n };

		memcpy(copy, in.p, n);
		while ((more = frames_next(&f, &piece, &ev, &e)) == 1) {
			sbuf_addf(seen, "%d %zu %zu %zu:", ev.exception,
			    ev.name.n, ev.data.n, ev.raw.n);
			sbuf_add_slice(seen, ev.name);
			sbuf_add_slice(seen, ev.data);
		}
		free(copy);
		in = slice_skip(in, n);
	}
	sbuf_addf(seen, "%d", more == 0 && frames_is_cut(&f));
	frames_fini(&f);
	return more;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbuf whole = { 0 }, cut = { 0 };
	struct slice in;
	char *copy;

	if (size < 3)
		return 0;
	copy = malloc(size - 2);
	memcpy(copy, data + 2, size - 2);
	in = (struct slice){ copy, size - 2 };
	if (data[0] & 1)
		fuzz_mend(copy, in.n);
	assert(fuzz_run(in, in.n, &whole) ==
	       fuzz_run(in, 1 + (size_t)data[1], &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	sbuf_free(&whole);
	sbuf_free(&cut);
	free(copy);
	return 0;
}
