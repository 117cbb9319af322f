/*
 * A header's value: whatever is taken from base64 must, encoded again in its
 * alphabet, be the text that came in (padding aside), so that no two texts
 * have one meaning.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/base64.h"
#include "proto/paramhdr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
encode(struct slice bytes, bool url, struct sbuf *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789";
	unsigned held = 0, bits = 0;

	for (size_t i = 0; i <= bytes.n; i++) {
		if (i < bytes.n) {
			held = held << 8 | (unsigned char)bytes.p[i];
			bits += 8;
		} else if (bits > 0) {
			held <<= 6 - bits;
			bits = 6;
		}
		while (bits >= 6) {
			unsigned six = held >> (bits -= 6) & 63;

			sbuf_addc(out, six < 62 ? letters[six]
				       : url    ? "-_"[six - 62]
						: "+/"[six - 62]);
		}
	}
}

static void
check_base64(struct slice text)
{
	char *out = malloc(text.n + 1);
	const char *reason;
	struct sbuf again = { 0 };
	bool url = memchr(text.p, '-', text.n) != NULL ||
	           memchr(text.p, '_', text.n) != NULL;
	size_t n;

	if (base64_read(text, out, &n, &reason)) {
		encode((struct slice){ out, n }, url, &again);
		while (text.p[text.n - 1] == '=')
			text.n--;
		assert(slice_eq(sbuf_slice(&again), text));
	}
	sbuf_free(&again);
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct pool *pool = pool_new();
	struct jscan_body object;
	struct err e;

	if (size > 0) {
		check_base64(text);
		paramhdr_read((int)(data[0] % PARAMHDR_COUNT), text, pool,
		    &object, &e);
	}
	pool_free(&pool);
	return 0;
}
