/*
 * Chunks in any order, made of pieces that a byte each picks: whatever comes,
 * each family's output is the same in any cutting, its events are JSON, blocks
 * are closed, and an array is one.
 */

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "dialect/encode.h"
#include "proto/jscan.h"
#include "proto/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const texts[] = { "{", "}", "\\\"", "\\\\", "a", " ", "[",
	"]", "null", "\\u0022", "\\n", "\xc3\xa9", "{}", "1", ":", "" };

static const char *const deltas[] = {
	"\"content\":\"x\"",
	"\"reasoning_content\":\"y\"",
	"\"refusal\":\"z\"",
	"\"reasoning_details\":[{\"type\":\"reasoning.text\",\"text\":\"t\","
	"\"signature\":\"s\"}]",
	"\"reasoning_details\":[{\"type\":\"reasoning.encrypted\",\"data\":"
	"\"d\",\"format\":\"anthropic-claude-v1\"}]",
	"\"content\":[{\"type\":\"text\",\"text\":\"p\"}]",
	"\"images\":[{\"image_url\":{\"url\":\"data:image/png;base64,i\"}}]",
	"\"content\":null",
};

/* One byte is one chunk: a piece of a call, or something else. */
static void
add_chunk(struct sbuf *b, uint8_t byte)
{
	sbuf_adds(b, "data: {\"choices\":[{\"index\":0,\"delta\":{");
	if (byte < 0xc0)
		sbuf_addf(b,
		    "\"tool_calls\":[{\"index\":%d,\"id\":\"i%d\",\"function\":"
		    "{\"name\":\"n\",\"arguments\":\"%s\"}}]",
		    byte >> 4 & 3, byte >> 4 & 3, texts[byte & 15]);
	else
		sbuf_adds(b, deltas[byte & 7]);
	sbuf_adds(b, "}}]}\n\n");
}

static void
feed(enum encode_family family, struct slice frames, size_t step,
    struct sbuf *out)
{
	struct encode_opts opts = { .family = family, .model = SLICE("asked") };
	struct encode *x = encode_new(&opts);
	struct err e;

	while (frames.n > 0) {
		size_t n = step < frames.n ? step : frames.n;

		assert(encode_feed(x, (struct slice){ frames.p, n }, out, &e) ==
		       0);
		frames = slice_skip(frames, n);
	}
	encode_free(&x);
}

static void
check_events(struct slice out, bool blocks)
{
	struct sse sse;
	struct sse_event ev;
	struct jscan_item item;
	struct err e;
	int open = 0;

	sse_init(&sse);
	while (sse_next(&sse, &out, &ev, &e) == 1) {
		assert(jscan_value(ev.data, &item, &e) == 0);
		open += slice_eq(ev.name, SLICE("content_block_start"));
		open -= slice_eq(ev.name, SLICE("content_block_stop"));
		assert(open == 0 || open == 1);
	}
	assert(!blocks || open == 0);
	sse_fini(&sse);
}

static void
check(enum encode_family family, struct slice frames)
{
	struct sbuf once = { 0 }, bytes = { 0 };
	struct jscan_item item;
	struct err e;

	feed(family, frames, SIZE_MAX, &once);
	feed(family, frames, 1, &bytes);
	assert(slice_eq(sbuf_slice(&once), sbuf_slice(&bytes)));
	if (family == ENCODE_GEMINI_ARRAY)
		assert(jscan_value(sbuf_slice(&once), &item, &e) == 0);
	else
		check_events(sbuf_slice(&once), family == ENCODE_ANTHROPIC);
	sbuf_free(&once);
	sbuf_free(&bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sbuf frames = { 0 };

	for (size_t i = 0; i < size && i < 256; i++)
		add_chunk(&frames, data[i]);
	sbuf_adds(&frames, "data: {\"choices\":[{\"index\":0,\"delta\":{},"
			   "\"finish_reason\":\"stop\"}]}\n\n"
			   "data: [DONE]\n\n");
	check(ENCODE_ANTHROPIC, sbuf_slice(&frames));
	check(ENCODE_GEMINI, sbuf_slice(&frames));
	check(ENCODE_GEMINI_ARRAY, sbuf_slice(&frames));
	sbuf_free(&frames);
	return 0;
}
