/*
 * Any bytes of a provider, cut anywhere, give the same frames; a second relay
 * leaves the frames of the first as they are (they obey the rules already).
 * The first three bytes choose options and cuts.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/settings.h"
#include "proto/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_drain(struct relay_out *out, struct sbuf *sent)
{
	size_t i, before = sent->len;

	for (i = 0; i < out->n; i++)
		sbuf_add_slice(sent, out->slices[i]);
	assert(sent->len - before == out->bytes);
	relay_out_clear(out);
}

static enum relay_end
fuzz_run(const struct relay_opts *opts, struct slice in, size_t step,
    struct sbuf *sent)
{
	struct relay *r = relay_new(opts);
	struct relay_out out;
	enum relay_end how;
	struct err e;
	char *copy;
	size_t n;
	int fed = 0;

	relay_out_init(&out);
	while (in.n > 0 && fed == 0) {
		n = step < in.n ? step : in.n;
		copy = malloc(n);
		memcpy(copy, in.p, n);
		fed = relay_feed(r, (struct slice){ copy, n }, &out, &e);
		fuzz_drain(&out, sent);
		free(copy);
		in = slice_skip(in, n);
	}
	how = relay_finish(r, true, &out);
	if (how == RELAY_COMPLETE)
		relay_close(SLICE(""), &out);
	fuzz_drain(&out, sent);
	relay_out_fini(&out);
	relay_free(&r);
	return how;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct relay_opts opts = { .id = SLICE("minted"),
		.model = SLICE("asked"),
		.created = 1 };
	struct sbuf whole = { 0 }, cut = { 0 }, again = { 0 };
	struct slice in;
	enum relay_end how;

	if (size < 4)
		return 0;
	opts.include_usage = data[0] & 1;
	opts.usage_as_is = data[0] & 2;
	opts.end = data[0] & 4 ? 1 : 0;
	opts.keep_message = data[0] & 8;
	opts.quirks = (uint32_t)data[1] << 5 | data[1] |
	              (data[0] & 16 ? QUIRK_THINK_TAG : 0);
	in = (struct slice){ (const char *)data + 3, size - 3 };
	how = fuzz_run(&opts, in, in.n, &whole);
	assert(how == fuzz_run(&opts, in, 1 + (size_t)data[2], &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	if (how == RELAY_COMPLETE) {
		opts.usage_as_is = true;
		/* Behind one thought the text of another is text. */
		opts.quirks &= ~(uint32_t)QUIRK_THINK_TAG;
		assert(fuzz_run(&opts, sbuf_slice(&whole), 4096, &again) ==
		       RELAY_COMPLETE);
		assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&again)));
	}
	sbuf_free(&whole);
	sbuf_free(&cut);
	sbuf_free(&again);
	return 0;
}
