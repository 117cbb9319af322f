#ifndef TESTS_DIALECT_TELLING_H
#define TESTS_DIALECT_TELLING_H

/* telling - an answer of a provider, read in a dialect and told as chat. */

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/decode.h"
#include "dialect/dialect.h"
#include "proto/relay.h"

struct telling {
	const struct dialect *dialect;
	enum chatout_forced forced;
	/* Filled: */
	struct sbuf chat;  /* what decode made */
	struct sbuf relay; /* what a client would get of it */
	int done;          /* of the last call */
	bool complete;     /* the relay says so */
	struct decode_state state;
	char native[32];
	struct err err;
};

static inline struct decode *
telling_begin(struct telling *t)
{
	struct decode_opts opts = { .dialect = t->dialect,
		.id = SLICE("chatcmpl-1"),
		.model = SLICE("asked"),
		.created_s = 1700000000,
		.forced = t->forced };

	sbuf_clear(&t->chat);
	sbuf_clear(&t->relay);
	t->complete = false;
	return decode_new(&opts);
}

static inline void
telling_note(struct telling *t, struct decode **d)
{
	decode_state(*d, &t->state);
	snprintf(t->native, sizeof t->native, "%s", t->state.native_finish);
	t->state.native_finish = t->native;
	decode_free(d);
	sbuf_addc(&t->chat, '\0');
	t->chat.len--;
}

static inline void
telling_collect(struct telling *t, struct relay_out *out)
{
	for (size_t i = 0; i < out->n; i++)
		sbuf_add_slice(&t->relay, out->slices[i]);
	relay_out_clear(out);
}

/* What proto/relay says to it, which is strict. */
static inline void
telling_relay(struct telling *t)
{
	struct relay_opts opts = { .end = END_DONE,
		.id = SLICE("minted"),
		.model = SLICE("asked"),
		.created = 1700000000 };
	struct relay *r = relay_new(&opts);
	struct relay_out out;
	struct err e;

	relay_out_init(&out);
	ck_assert_int_eq(relay_feed(r, sbuf_slice(&t->chat), &out, &e), 0);
	t->complete = relay_finish(r, true, &out) == RELAY_COMPLETE;
	if (t->complete)
		relay_close(SLICE(""), &out);
	telling_collect(t, &out);
	relay_out_fini(&out);
	relay_free(&r);
	sbuf_addc(&t->relay, '\0');
	t->relay.len--;
}

/* A stream in pieces of step bytes (0: random ones), each freed at once. */
static inline void
telling_stream(struct telling *t, struct slice in, size_t step)
{
	struct decode *d = telling_begin(t);
	size_t n;
	char *piece;

	t->done = 0;
	while (in.n > 0 && t->done == 0) {
		n = step > 0 ? step : 1 + (size_t)rand() % 700;
		n = n < in.n ? n : in.n;
		piece = malloc(n);
		memcpy(piece, in.p, n);
		t->done = decode_feed(d, (struct slice){ piece, n }, &t->chat,
		    &t->err);
		free(piece);
		in = slice_skip(in, n);
	}
	if (t->done == 0)
		t->done = decode_end(d, &t->chat, &t->err);
	telling_note(t, &d);
	telling_relay(t);
}

/* A whole reply. */
static inline void
telling_whole(struct telling *t, struct slice in)
{
	struct decode *d = telling_begin(t);

	t->done = decode_whole(d, in, &t->chat, &t->err);
	telling_note(t, &d);
}

static inline void
telling_end(struct telling *t)
{
	sbuf_free(&t->chat);
	sbuf_free(&t->relay);
}

#endif
