/*
 * What a wild worker may leave in a log lane: any bytes must be refused or
 * give a line of JSON, and never lead outside.  Built with
 * -fsanitize=fuzzer,address,undefined.
 */

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/record.h"
#include "proto/record_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_line(const struct record *r)
{
	const struct record_origin origin = { 1, 2 };
	struct sbuf line = { 0 }, full = { 0 };
	struct jscan_item item;
	struct err e;

	record_json(r, &origin, &line);
	sbuf_addc(&line, '}');
	if (jscan_value(sbuf_slice(&line), &item, &e) == -1 ||
	    memchr(line.data, '\n', line.len) != NULL)
		abort();
	record_json_fill(sbuf_slice(&line), true, &full);
	if (jscan_value(sbuf_slice(&full), &item, &e) == -1)
		abort();
	sbuf_free(&line);
	sbuf_free(&full);
}

/* A record whose head is right and whose texts come from the input. */
static void
check_texts(struct slice text)
{
	struct record r;

	record_init(&r);
	r.error_message = r.user_agent = text;
	r.metadata = r.properties = r.attempts = text;
	r.timestamp = (int64_t)text.n * 1000000007;
	r.latency = -(int64_t)text.n;
	check_line(&r);
}

static void
check_contents(struct slice text)
{
	struct sbuf out = { 0 }, hidden = { 0 };
	struct jscan_item item;
	struct err e;

	sbuf_adds(&out, "{\"a\":1");
	record_json_bodies(text, text, RECORD_ALL, &out);
	sbuf_addc(&out, '}');
	if (jscan_value(sbuf_slice(&out), &item, &e) == -1)
		abort();
	if (record_redact(text, &hidden) == 1 &&
	    jscan_value(sbuf_slice(&hidden), &item, &e) == -1)
		abort();
	sbuf_free(&out);
	sbuf_free(&hidden);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = { (const char *)data, size };
	struct record r;
	struct record_cache c;
	struct record_body b;
	struct err e;
	char valid[8192];
	size_t head;

	if (record_decode(bytes, &r, &e) == 0)
		check_line(&r);
	record_cache_decode(bytes, &c, &e);
	record_body_decode(bytes, &b, &e);
	/* A good record with the input laid over it. */
	record_init(&r);
	head = record_size(&r);
	if (size <= head && head <= sizeof valid) {
		record_encode(&r, valid);
		for (size_t i = 0; i < size; i++)
			valid[i] = (char)(valid[i] ^ (char)data[i]);
		if (record_decode((struct slice){ valid, head }, &r, &e) == 0)
			check_line(&r);
	}
	check_texts(bytes);
	check_contents(bytes);
	return 0;
}
