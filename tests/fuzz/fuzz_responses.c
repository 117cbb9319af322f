/*
 * Responses both ways.  Any bytes of a provider, cut anywhere, give the same
 * chat, which the relay takes and which becomes events without gaps; any body
 * of a client becomes one that the parameters can be read from.
 */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/pool.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/encode.h"
#include "dialect/inbound.h"
#include "proto/jscan.h"
#include "proto/relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct decode *
fuzz_decode(void)
{
	struct decode_opts opts = { .dialect = &dialect_responses,
		.id = SLICE("minted"),
		.model = SLICE("asked") };

	return decode_new(&opts);
}

static int
fuzz_stream(struct slice in, size_t step, struct sbuf *chat)
{
	struct decode *d = fuzz_decode();
	struct err e;
	int fed = 0;

	while (in.n > 0 && fed == 0) {
		size_t n = step < in.n ? step : in.n;
		char *copy = malloc(n);

		memcpy(copy, in.p, n);
		fed = decode_feed(d, (struct slice){ copy, n }, chat, &e);
		free(copy);
		in = slice_skip(in, n);
	}
	if (fed == 0)
		fed = decode_end(d, chat, &e);
	decode_free(&d);
	return fed;
}

static void
fuzz_drain(struct relay_out *out, struct sbuf *sent)
{
	for (size_t i = 0; i < out->n; i++)
		sbuf_add_slice(sent, out->slices[i]);
	relay_out_clear(out);
}

static enum relay_end
fuzz_relay(struct slice chat, struct sbuf *sent)
{
	struct relay_opts opts = { .include_usage = true,
		.id = SLICE("minted"),
		.model = SLICE("asked") };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	enum relay_end how;
	struct err e;

	relay_out_init(&out);
	assert(relay_feed(r, chat, &out, &e) == 0);
	how = relay_finish(r, true, &out);
	if (how == RELAY_COMPLETE)
		relay_close(SLICE(""), &out);
	fuzz_drain(&out, sent);
	relay_out_fini(&out);
	relay_free(&r);
	return how;
}

/* Events are JSON, and their numbers have no gaps. */
static void
fuzz_events(struct slice events)
{
	struct sse sse;
	struct sse_event ev;
	struct jscan_item item, number;
	struct err e;
	char want[32];
	unsigned n = 0;

	sse_init(&sse);
	while (sse_next(&sse, &events, &ev, &e) == 1) {
		assert(jscan_value(ev.data, &item, &e) == 0);
		assert(jscan_unique(item.value, "", &e) == 0);
		assert(jscan_find(item.value, SLICE("sequence_number"),
			   &number) == 1);
		snprintf(want, sizeof want, "%u", n++);
		assert(slice_eq(number.value, slice_str(want)));
	}
	assert(events.n == 0);
	sse_fini(&sse);
}

static struct encode *
fuzz_encode(void)
{
	struct encode_opts opts = { .family = ENCODE_RESPONSES,
		.model = SLICE("asked") };

	return encode_new(&opts);
}

static void
fuzz_answer(struct slice in, size_t step)
{
	struct sbuf whole = { 0 }, cut = { 0 }, sent = { 0 }, events = { 0 };
	struct encode *x = fuzz_encode();
	struct err e;
	int fed = fuzz_stream(in, in.n, &whole);

	assert(fed == fuzz_stream(in, step, &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	fuzz_relay(sbuf_slice(&whole), &sent);
	assert(encode_feed(x, sbuf_slice(&sent), &events, &e) == 0);
	fuzz_events(sbuf_slice(&events));
	encode_free(&x);
	sbuf_free(&whole);
	sbuf_free(&cut);
	sbuf_free(&sent);
	sbuf_free(&events);
}

static void
fuzz_reply(struct slice in)
{
	struct sbuf chat = { 0 }, out = { 0 };
	struct decode *d = fuzz_decode();
	struct encode *x = fuzz_encode();
	struct jscan_item item;
	struct err e;

	if (decode_whole(d, in, &chat, &e) == 1) {
		assert(jscan_value(sbuf_slice(&chat), &item, &e) == 0);
		in = sbuf_slice(&chat);
	}
	if (encode_whole(x, in, &out, &e) == 0)
		assert(jscan_value(sbuf_slice(&out), &item, &e) == 0);
	encode_free(&x);
	decode_free(&d);
	sbuf_free(&chat);
	sbuf_free(&out);
}

static void
fuzz_request(struct slice in)
{
	struct pool *pool = pool_new();
	struct sbuf chat = { 0 };
	struct jscan_body body;
	struct inbound inbound = { .body = &body, .pool = pool };
	struct err e;

	if (jscan_body(in, pool, &body, &e) == 0 &&
	    inbound_responses(&inbound, &chat, &e) == 0)
		assert(jscan_body(sbuf_slice(&chat), pool, &body, &e) == 0);
	sbuf_free(&chat);
	pool_free(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in;

	if (size < 3)
		return 0;
	in = (struct slice){ (const char *)data + 2, size - 2 };
	if (data[0] % 3 == 0)
		fuzz_answer(in, 1 + (size_t)data[1]);
	else if (data[0] % 3 == 1)
		fuzz_reply(in);
	else
		fuzz_request(in);
	return 0;
}
