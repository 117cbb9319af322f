/*
 * Any answer of Anthropic's grammar, cut anywhere, gives the same chunks, and
 * proto/relay has nothing to complain of; any request that is accepted becomes
 * a body that is JSON.  The first bytes choose.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "dialect/ask.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
fuzz_decode(struct slice in, size_t step, unsigned forced, struct sbuf *chat)
{
	struct decode_opts opts = { .dialect = dialect_find(KIND_ANTHROPIC,
					SLICE("m"), 0),
		.id = SLICE("i"),
		.model = SLICE("m"),
		.forced = forced };
	struct decode *d = decode_new(&opts);
	struct err e;
	int done = 0;

	while (in.n > 0 && done == 0) {
		size_t n = step < in.n ? step : in.n;
		char *copy = malloc(n);

		memcpy(copy, in.p, n);
		done = decode_feed(d, (struct slice){ copy, n }, chat, &e);
		free(copy);
		in = slice_skip(in, n);
	}
	if (done == 0)
		done = decode_end(d, chat, &e);
	decode_free(&d);
	return done;
}

static void
fuzz_relay(struct slice chat)
{
	struct relay_opts opts = { .id = SLICE("i"), .model = SLICE("m") };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;

	relay_out_init(&out);
	assert(relay_feed(r, chat, &out, &e) == 0);
	relay_out_fini(&out);
	relay_free(&r);
}

static void
fuzz_answer(struct slice in, size_t step, unsigned forced)
{
	struct sbuf whole = { 0 }, cut = { 0 };

	assert(fuzz_decode(in, in.n, forced, &whole) ==
	       fuzz_decode(in, step, forced, &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	fuzz_relay(sbuf_slice(&whole));
	sbuf_free(&whole);
	sbuf_free(&cut);
}

static void
fuzz_put(struct params *p, struct pool *pool, uint32_t features, bool vertex)
{
	struct ask a = { .params = p,
		.pool = pool,
		.model = SLICE("m"),
		.features = features,
		.max_tokens = params_max_tokens(p),
		.send_user = true };
	struct sbuf b = { 0 };
	struct jscan_item item;
	struct err e;

	if (chat_read(p, pool, &a.chat, &e) == 0 &&
	    dialect_find(vertex ? KIND_VERTEX_CLAUDE : KIND_ANTHROPIC,
		SLICE("m"), 0)
		    ->ask(&a, &b, &e) == 0) {
		assert(jscan_value(sbuf_slice(&b), &item, &e) == 0);
		assert(a.output_asked > 0);
	}
	sbuf_free(&b);
}

static void
fuzz_request(struct slice in, uint32_t features, bool vertex)
{
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct params_source source = { .body = &body };
	struct params params;
	struct err e;

	if (params_body(in, pool, &body, &e) == 0 &&
	    params_read(&source, pool, &params, &e) == 0)
		fuzz_put(&params, pool, features, vertex);
	pool_free(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in;

	if (size < 4)
		return 0;
	in = (struct slice){ (const char *)data + 3, size - 3 };
	if (data[0] & 1)
		fuzz_answer(in, 1 + (size_t)data[1], data[2] % 3);
	else
		fuzz_request(in, (uint32_t)data[1] << 7 | data[1], data[2] & 1);
	return 0;
}
