/*
 * What translating a streamed chunk of 250 bytes costs: from each dialect to
 * chat (decode and relay), and from chat to each client's (relay and encode).
 * Prints JSON: nanoseconds of CPU a chunk, the least of some runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "dialect/encode.h"
#include "proto/relay.h"

#define CHUNK 250
#define CHUNKS 2000
#define RUNS 25

/* Text of a chunk, of which there are escapes and characters of three bytes. */
#define WORDS                                                                  \
	"The quick \\\"brown\\\" fox jumps over the lazy dog, and then "       \
	"\\u2014 \xe4\xbd\xa0\xe5\xa5\xbd \\n once more. "

/* A stream: what comes first, one event around its text, what comes last. */
static const struct row {
	const char *name;
	enum provider_kind kind;
	uint32_t features;
	const char *first, *head, *tail, *last;
} rows[] = {
	{ "anthropic", KIND_ANTHROPIC, 0,
	    "event: message_start\ndata: {\"type\":\"message_start\","
	    "\"message\":{\"id\":\"m\",\"type\":\"message\",\"role\":"
	    "\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{"
	    "\"input_tokens\":9,\"output_tokens\":1}}}\n\n"
	    "event: content_block_start\ndata: {\"type\":"
	    "\"content_block_start\",\"index\":0,\"content_block\":{\"type\":"
	    "\"text\",\"text\":\"\"}}\n\n",
	    "event: content_block_delta\ndata: {\"type\":"
	    "\"content_block_delta\",\"index\":0,\"delta\":{\"type\":"
	    "\"text_delta\",\"text\":\"",
	    "\"}}\n\n",
	    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":"
	    "{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":9}}"
	    "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n" },
	{ "gemini", KIND_GEMINI, 0, "",
	    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"",
	    "\"}],\"role\": \"model\"},\"index\": 0}]}\r\n\r\n",
	    "data: {\"candidates\": [{\"finishReason\": \"STOP\",\"index\": "
	    "0}]}"
	    "\r\n\r\n" },
	{ "cohere", KIND_COHERE, 0,
	    "event: message-start\ndata: {\"type\":\"message-start\",\"id\":"
	    "\"i\",\"delta\":{\"message\":{\"role\":\"assistant\"}}}\n\n",
	    "event: content-delta\ndata: {\"type\":\"content-delta\",\"index\":"
	    "0,\"delta\":{\"message\":{\"content\":{\"text\":\"",
	    "\"}}}}\n\n",
	    "event: message-end\ndata: {\"type\":\"message-end\",\"delta\":{"
	    "\"finish_reason\":\"COMPLETE\"}}\n\n" },
	{ "ollama", KIND_OLLAMA, 0, "",
	    "{\"model\":\"m\",\"created_at\":\"2026-01-01T00:00:00Z\","
	    "\"message\":{\"role\":\"assistant\",\"content\":\"",
	    "\"},\"done\":false}\n",
	    "{\"model\":\"m\",\"message\":{\"role\":\"assistant\",\"content\":"
	    "\"\"},\"done\":true,\"done_reason\":\"stop\"}\n" },
	{ "responses", KIND_OPENAI, FEATURE_RESPONSES_ONLY,
	    "event: response.created\ndata: {\"type\":\"response.created\","
	    "\"sequence_number\":0,\"response\":{\"id\":\"r\",\"object\":"
	    "\"response\",\"status\":\"in_progress\",\"output\":[]}}\n\n",
	    "event: response.output_text.delta\ndata: {\"type\":"
	    "\"response.output_text.delta\",\"item_id\":\"msg_1\","
	    "\"output_index\":0,\"content_index\":0,\"delta\":\"",
	    "\"}\n\n",
	    "event: response.completed\ndata: {\"type\":\"response.completed\","
	    "\"response\":{\"id\":\"r\",\"object\":\"response\",\"status\":"
	    "\"completed\",\"output\":[]}}\n\n" },
};

/* OpenAI's own, for the way to clients of other dialects. */
static const struct row chat = { "chat", KIND_OPENAI, 0, "",
	"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
	"\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{"
	"\"content\":\"",
	"\"},\"finish_reason\":null}]}\n\n",
	"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
	"\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},"
	"\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n" };

static const struct client {
	const char *name;
	enum encode_family family;
} clients[] = {
	{ "anthropic", ENCODE_ANTHROPIC },
	{ "gemini", ENCODE_GEMINI },
	{ "responses", ENCODE_RESPONSES },
};

static double
translate_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* An event of CHUNK bytes, its text as long as there is room. */
static void
translate_event(const struct row *row, unsigned i, struct sbuf *b)
{
	static const char words[] = WORDS;
	size_t rest = CHUNK - strlen(row->head) - strlen(row->tail);
	char number[8];

	sbuf_adds(b, row->head);
	/* No two texts are equal. */
	snprintf(number, sizeof number, "%06u ", i);
	sbuf_add(b, number, 7);
	for (rest -= 7; rest >= sizeof words - 1; rest -= sizeof words - 1)
		sbuf_add(b, words, sizeof words - 1);
	while (rest-- > 0)
		sbuf_addc(b, 'x');
	sbuf_adds(b, row->tail);
}

static struct relay *
translate_relay(void)
{
	struct relay_opts o = { .end = END_DONE,
		.include_usage = true,
		.id = SLICE("chatcmpl-1"),
		.model = SLICE("m"),
		.created = 1 };

	return relay_new(&o);
}

static void
translate_must(bool fine, const char *name)
{
	if (fine)
		return;
	fprintf(stderr, "translate: %s was not understood\n", name);
	exit(1);
}

/* One run through decode and relay; events one by one, as they arrive. */
static double
translate_decode(const struct row *row, const struct slice *events, size_t n)
{
	const struct decode_opts o = {
		.dialect = dialect_find(row->kind, SLICE("m"), row->features),
		.id = SLICE("chatcmpl-1"),
		.model = SLICE("m"),
		.created_s = 1,
	};
	struct decode *d = decode_new(&o);
	struct relay *r = translate_relay();
	struct relay_out out;
	struct sbuf buf = { 0 };
	struct err e;
	double from_ns, took_ns;
	bool fine = true;

	relay_out_init(&out);
	from_ns = translate_now_ns();
	for (size_t i = 0; i < n; i++) {
		sbuf_clear(&buf);
		relay_out_clear(&out);
		fine &= decode_feed(d, events[i], &buf, &e) == 0;
		fine &= relay_feed(r, sbuf_slice(&buf), &out, &e) == 0;
	}
	took_ns = translate_now_ns() - from_ns;
	sbuf_clear(&buf);
	fine &= decode_end(d, &buf, &e) == 0;
	fine &= relay_feed(r, sbuf_slice(&buf), &out, &e) == 0;
	translate_must(fine && relay_state(r)->done &&
			   relay_state(r)->events > CHUNKS,
	    row->name);
	relay_out_fini(&out);
	relay_free(&r);
	decode_free(&d);
	sbuf_free(&buf);
	return took_ns / (double)n;
}

static double
translate_encode(const struct client *c, const struct slice *events, size_t n)
{
	const struct encode_opts o = { .family = c->family,
		.model = SLICE("m"),
		.created_s = 1 };
	struct encode *x = encode_new(&o);
	struct relay *r = translate_relay();
	struct relay_out out;
	struct sbuf buf = { 0 };
	struct err e;
	double from_ns, took_ns;
	size_t bytes = 0;

	relay_out_init(&out);
	from_ns = translate_now_ns();
	for (size_t i = 0; i < n; i++) {
		sbuf_clear(&buf);
		relay_out_clear(&out);
		relay_feed(r, events[i], &out, &e);
		for (size_t k = 0; k < out.n; k++)
			encode_feed(x, out.slices[k], &buf, &e);
		bytes += buf.len;
	}
	took_ns = translate_now_ns() - from_ns;
	translate_must(bytes > n * CHUNK / 2, c->name);
	relay_out_fini(&out);
	relay_free(&r);
	encode_free(&x);
	sbuf_free(&buf);
	return took_ns / (double)n;
}

/* The events of a row: in one text, and where each lies. */
static size_t
translate_events(const struct row *row, struct sbuf *text,
    struct slice events[CHUNKS + 2])
{
	size_t ends[CHUNKS + 2], n = 0, from = 0;

	sbuf_adds(text, row->first);
	ends[n++] = text->len;
	for (unsigned i = 0; i < CHUNKS; i++) {
		translate_event(row, i, text);
		ends[n++] = text->len;
	}
	sbuf_adds(text, row->last);
	ends[n++] = text->len;
	for (size_t i = 0; i < n; i++) {
		events[i] = (struct slice){ text->data + from, ends[i] - from };
		from = ends[i];
	}
	return n;
}

static void
translate_least(double *least, double ns)
{
	if (*least == 0 || ns < *least)
		*least = ns;
}

int
main(void)
{
	static struct slice events[CHUNKS + 2];
	const char *before = "{";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct sbuf text = { 0 };
		size_t n = translate_events(&rows[i], &text, events);
		double least = 0;

		for (int run = 0; run < RUNS; run++)
			translate_least(&least,
			    translate_decode(&rows[i], events, n));
		printf("%s\"from %s\":%.1f", before, rows[i].name, least);
		before = ",";
		sbuf_free(&text);
	}
	for (size_t i = 0; i < sizeof clients / sizeof *clients; i++) {
		struct sbuf text = { 0 };
		size_t n = translate_events(&chat, &text, events);
		double least = 0;

		for (int run = 0; run < RUNS; run++)
			translate_least(&least,
			    translate_encode(&clients[i], events, n));
		printf(",\"to %s\":%.1f", clients[i].name, least);
		sbuf_free(&text);
	}
	printf("}\n");
	return 0;
}
