/*
 * Any bytes as an answer of Gemini: a stream cut anywhere gives the same as in
 * one piece, and what is told is frames of JSON that proto/relay takes; a
 * whole answer is told as one that proto/reply reads; any request that is
 * accepted becomes a body that is JSON.  The first bytes choose.
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
#include "proto/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct decode *
fuzz_decoder(void)
{
	struct decode_opts opts = {
		.dialect = dialect_find(KIND_GEMINI, SLICE("m"), 0),
		.id = SLICE("i"),
		.model = SLICE("asked"),
	};

	return decode_new(&opts);
}

static int
fuzz_stream(struct slice in, size_t first, size_t step, struct sbuf *chat)
{
	struct decode *d = fuzz_decoder();
	struct err e;
	size_t n = first;
	char *copy;
	int fed = 0;

	while (in.n > 0 && fed == 0) {
		n = n < in.n ? n : in.n;
		copy = malloc(n + 1);
		memcpy(copy, in.p, n);
		fed = decode_feed(d, (struct slice){ copy, n }, chat, &e);
		free(copy);
		in = slice_skip(in, n);
		n = step;
	}
	if (fed == 0)
		fed = decode_end(d, chat, &e);
	decode_free(&d);
	return fed;
}

/* [DONE] comes with a reason for each choice, or not at all. */
static void
fuzz_relay(const struct sbuf *chat)
{
	struct relay_opts opts = { .id = SLICE("o"), .model = SLICE("o") };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;

	relay_out_init(&out);
	assert(relay_feed(r, sbuf_slice(chat), &out, &e) == 0);
	if (relay_state(r)->done)
		assert(relay_finish(r, true, &out) == RELAY_COMPLETE);
	relay_out_fini(&out);
	relay_free(&r);
}

static void
fuzz_whole(struct slice in)
{
	struct decode *d = fuzz_decoder();
	struct sbuf chat = { 0 };
	struct reply reply;
	struct err e;

	if (decode_whole(d, in, &chat, &e) == 1)
		assert(reply_read(sbuf_slice(&chat), 0, &reply, &e) == 1);
	sbuf_free(&chat);
	decode_free(&d);
}

static void
fuzz_put(struct params *p, struct pool *pool, uint32_t features)
{
	struct ask a = { .params = p,
		.pool = pool,
		.model = SLICE("gemini-2.5-flash"),
		.features = features,
		.max_tokens = params_max_tokens(p) };
	struct sbuf b = { 0 };
	struct jscan_item item;
	struct err e;

	if (chat_read(p, pool, &a.chat, &e) == 0 &&
	    dialect_find(KIND_VERTEX_GEMINI, a.model, features)
		    ->ask(&a, &b, &e) == 0)
		assert(jscan_value(sbuf_slice(&b), &item, &e) == 0);
	sbuf_free(&b);
}

static void
fuzz_request(struct slice in, uint32_t features)
{
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct params_source source = { .body = &body };
	struct params params;
	struct err e;

	if (params_body(in, pool, &body, &e) == 0 &&
	    params_read(&source, pool, &params, &e) == 0)
		fuzz_put(&params, pool, features);
	pool_free(&pool);
}

static void
fuzz_answer(struct slice in, size_t first, size_t step)
{
	struct sbuf whole = { 0 }, cut = { 0 };

	assert(fuzz_stream(in, in.n, 1, &whole) ==
	       fuzz_stream(in, first, step, &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	fuzz_relay(&whole);
	fuzz_whole(in);
	sbuf_free(&whole);
	sbuf_free(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in;

	if (size < 3)
		return 0;
	in = (struct slice){ (const char *)data + 3, size - 3 };
	if (data[0] & 1)
		fuzz_answer(in, data[1], 1 + (size_t)data[2]);
	else
		fuzz_request(in, (uint32_t)data[1] << 6);
	return 0;
}
