#ifndef TESTS_DIALECT_ENCODING_H
#define TESTS_DIALECT_ENCODING_H

/*
 * encoding - chat streams for the tests of dialect/encode: from rows, and from
 * recordings as proto/relay lets them out.
 */

#include <string.h>

#include <check.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "dialect/encode.h"
#include "proto/relay.h"
#include "tests/proto/recordings.h"

static inline struct encode *
encoding_new(enum encode_family family)
{
	struct encode_opts opts = { .family = family,
		.id = "0123456789abcdef",
		.model = SLICE("asked"),
		.created_s = 1700000000 };

	return encode_new(&opts);
}

/*
 * Rows: one chunk a line, "'" for a quotation mark; a line that begins with a
 * brace is the chunk's members behind its id, any other a delta of choice 0.
 */
static inline void
encoding_frames(const char *row, struct sbuf *frames)
{
	char *copy = strdup(row), *rest = copy, *line;
	struct sbuf b = { 0 };

	while ((line = strsep(&rest, "\n")) != NULL) {
		sbuf_clear(&b);
		for (char *c = line; *c != '\0'; c++)
			sbuf_addc(&b, *c == '\'' ? '"' : *c);
		sbuf_adds(frames, "data: ");
		if (b.data[0] == '{' || b.data[0] == '[')
			sbuf_add_slice(frames, sbuf_slice(&b));
		else
			sbuf_addf(frames,
			    "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{"
			    "\"index\":0,\"delta\":{%s}}]}",
			    b.data);
		sbuf_adds(frames, "\n\n");
	}
	sbuf_free(&b);
	free(copy);
}

enum encoding_cut { CUT_WHOLE, CUT_BYTES, CUT_RANDOM, CUTS };

static inline void
encoding_feed(struct encode *x, struct slice frames, enum encoding_cut cut,
    struct sbuf *out)
{
	struct err e;
	size_t n;

	while (frames.n > 0) {
		n = cut == CUT_WHOLE   ? frames.n
		    : cut == CUT_BYTES ? 1
		                       : 1 + (size_t)rand() % 50;
		if (n > frames.n)
			n = frames.n;
		ck_assert_int_eq(encode_feed(x, (struct slice){ frames.p, n },
				     out, &e),
		    0);
		frames = slice_skip(frames, n);
	}
}

/* The frames of a recorded stream; 1, or 0 when it was none that ended. */
static inline int
encoding_relay(const struct recordings_case *c, struct sbuf *frames)
{
	struct relay_opts opts = { .quirks = c->group->quirks,
		.end = c->group->end,
		.include_usage = true,
		.usage_as_is = c->group->usage_as_is,
		.id = SLICE("chatcmpl-1"),
		.model = SLICE("asked"),
		.created = 1 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;
	bool good;

	relay_out_init(&out);
	good = relay_feed(r, sbuf_slice(&c->body), &out, &e) == 0 &&
	       relay_finish(r, true, &out) == RELAY_COMPLETE;
	if (good)
		relay_close(SLICE(""), &out);
	relay_out_seal(&out);
	for (size_t i = 0; good && i < out.n; i++)
		sbuf_add_slice(frames, out.slices[i]);
	relay_out_fini(&out);
	relay_free(&r);
	return good;
}

#endif
