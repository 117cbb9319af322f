/*
 * Any events of Bedrock's, of Converse or wrapped by invoke, cut anywhere, give
 * the same chunks, and proto/relay has nothing to complain of; any request
 * that is accepted becomes a body that is JSON.  The frames and the base64 are
 * made here: nobody guesses a checksum.  The first byte chooses; then each
 * line is an event, its first byte says which.
 */

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/err.h"
#include "base/pool.h"
#include "dialect/ask.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/relay.h"
#include "tests/dialect/aws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *kind, *name;
} fuzz_names[] = {
	{ "event", "contentBlockDelta" },
	{ "event", "contentBlockStart" },
	{ "event", "contentBlockStop" },
	{ "event", "messageStart" },
	{ "event", "messageStop" },
	{ "event", "metadata" },
	{ "exception", "modelStreamErrorException" },
	{ "event", "chunk" },
};

#define NAMES (sizeof fuzz_names / sizeof *fuzz_names)

static int
fuzz_decode(const struct decode_opts *opts, struct slice in, size_t step,
    struct sbuf *chat)
{
	struct decode *d = decode_new(opts);
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
fuzz_wrap(struct sbuf *frames, struct slice line)
{
	unsigned char *text = malloc(2 * line.n + 8);
	struct sbuf payload = { 0 };

	EVP_EncodeBlock(text, (const unsigned char *)line.p, (int)line.n);
	sbuf_addf(&payload, "{\"bytes\":\"%s\"}", (const char *)text);
	aws_message(frames, "event", "chunk", sbuf_slice(&payload));
	sbuf_free(&payload);
	free(text);
}

static void
fuzz_frames(struct sbuf *frames, struct slice in, bool invoke)
{
	while (in.n > 1) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t n = end != NULL ? (size_t)(end - in.p) : in.n;
		struct slice line = { in.p + 1, n > 0 ? n - 1 : 0 };
		size_t at = (unsigned char)in.p[0] % NAMES;

		if (invoke && at > 0)
			fuzz_wrap(frames, (struct slice){ in.p, n });
		else
			aws_message(frames, fuzz_names[at].kind,
			    fuzz_names[at].name, line);
		in = slice_skip(in, end != NULL ? n + 1 : n);
	}
}

static void
fuzz_put(struct params *p, struct pool *pool, unsigned how)
{
	struct ask a = { .params = p,
		.pool = pool,
		.model = how & 1 ? SLICE("claude") : SLICE("m"),
		.features = how & 2 ? ~0u : 0,
		.max_output = how & 4 ? 8192 : 0,
		.max_tokens = params_max_tokens(p) };
	struct sbuf b = { 0 };
	struct jscan_item item;
	struct err e;

	if (chat_read(p, pool, &a.chat, &e) == 0 &&
	    dialect_find(KIND_BEDROCK, a.model, 0)->ask(&a, &b, &e) == 0)
		assert(jscan_value(sbuf_slice(&b), &item, &e) == 0);
	sbuf_free(&b);
}

static void
fuzz_request(struct slice in, unsigned how)
{
	struct pool *pool = pool_new();
	struct jscan_body body;
	struct params_source source = { .body = &body };
	struct params params;
	struct err e;

	if (params_body(in, pool, &body, &e) == 0 &&
	    params_read(&source, pool, &params, &e) == 0)
		fuzz_put(&params, pool, how);
	pool_free(&pool);
}

static void
fuzz_answer(struct slice in, unsigned how)
{
	struct sbuf frames = { 0 }, whole = { 0 }, cut = { 0 };
	bool invoke = how & 1;
	struct decode_opts opts = { .id = SLICE("i"),
		.model = SLICE("m"),
		.dialect =
		    dialect_find(invoke ? KIND_BEDROCK_INVOKE : KIND_BEDROCK,
			SLICE("m"), 0),
		.forced = how / 2 % 3 };

	fuzz_frames(&frames, in, invoke);
	assert(
	    fuzz_decode(&opts, sbuf_slice(&frames), frames.len + 1, &whole) ==
	    fuzz_decode(&opts, sbuf_slice(&frames), 1 + how / 6, &cut));
	assert(slice_eq(sbuf_slice(&whole), sbuf_slice(&cut)));
	fuzz_relay(sbuf_slice(&whole));
	sbuf_free(&frames);
	sbuf_free(&whole);
	sbuf_free(&cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in;

	if (size < 3)
		return 0;
	in = (struct slice){ (const char *)data + 1, size - 1 };
	if (data[0] & 128)
		fuzz_request(in, data[0]);
	else
		fuzz_answer(in, data[0]);
	return 0;
}
