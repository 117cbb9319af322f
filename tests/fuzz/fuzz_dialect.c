/*
 * Any bytes of a provider of another dialect: cut anywhere they are told in
 * the same words, which a relay finds nothing wrong with, and what is told of
 * a whole answer is a reply.  The first two bytes choose dialect and cuts.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/jscan.h"
#include "proto/relay.h"
#include "proto/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct decode *
fuzz_new(const struct dialect *dialect)
{
	struct decode_opts opts = { .dialect = dialect,
		.id = SLICE("minted"),
		.model = SLICE("asked"),
		.created_s = 1 };

	return decode_new(&opts);
}

static int
fuzz_stream(const struct dialect *dialect, struct slice in, size_t step,
    struct sbuf *told)
{
	struct decode *d = fuzz_new(dialect);
	struct err e;
	char *copy;
	size_t n;
	int fed = 0;

	while (in.n > 0 && fed == 0) {
		n = step < in.n ? step : in.n;
		copy = malloc(n);
		memcpy(copy, in.p, n);
		fed = decode_feed(d, (struct slice){ copy, n }, told, &e);
		free(copy);
		in = slice_skip(in, n);
	}
	if (fed == 0)
		fed = decode_end(d, told, &e);
	decode_free(&d);
	return fed;
}

/* [DONE] stands where the relay calls the stream complete, and only there. */
static void
fuzz_relay(struct slice told)
{
	struct relay_opts opts = { .id = SLICE("minted"),
		.model = SLICE("asked"),
		.created = 1 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;

	relay_out_init(&out);
	assert(relay_feed(r, told, &out, &e) == 0);
	assert((relay_finish(r, true, &out) == RELAY_COMPLETE) ==
	       relay_state(r)->done);
	relay_out_fini(&out);
	relay_free(&r);
}

static void
fuzz_whole(const struct dialect *dialect, struct slice in)
{
	struct decode *d = fuzz_new(dialect);
	struct jscan_item item;
	struct sbuf told = { 0 };
	struct reply reply;
	struct err e;

	if (decode_whole(d, in, &told, &e) == 1) {
		assert(jscan_value(sbuf_slice(&told), &item, &e) == 0);
		assert(reply_read(sbuf_slice(&told), 0, &reply, &e) == 1);
	}
	decode_free(&d);
	sbuf_free(&told);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbuf whole = { 0 }, cut = { 0 };
	const struct dialect *dialect;
	struct slice in;
	int how;

	if (size < 3)
		return 0;
	dialect = dialect_find(data[0] % KINDS, SLICE("m"), 0);
	if (dialect == NULL)
		return 0;
	in = (struct slice){ (const char *)data + 2, size - 2 };
	how = fuzz_stream(dialect, in, in.n, &whole);
	assert(how == fuzz_stream(dialect, in, 1 + (size_t)data[1], &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	fuzz_relay(sbuf_slice(&whole));
	fuzz_whole(dialect, in);
	sbuf_free(&whole);
	sbuf_free(&cut);
	return 0;
}
