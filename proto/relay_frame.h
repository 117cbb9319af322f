#ifndef PROTO_RELAY_FRAME_H
#define PROTO_RELAY_FRAME_H

/*
 * relay_frame - how JSON leaves on a stream: "data: ", "\n\n" and a last
 * "[DONE]" (spec/api.md 8.2), and the list of slices that one turn of the
 * loop sends.  Other framings are made of this one: dialect/encode.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/sbuf.h"
#include "base/slice.h"

#define RELAY_FIELD SLICE("data: ")
#define RELAY_DELIMITER SLICE("\n\n")

/*
 * Bytes for the client, in order.  The caller owns one and uses it for all
 * its streams; slices point into the input of the relay or into buf.  Good
 * until the next relay_out_clear().
 */
struct relay_out {
	struct slice *slices;
	size_t n, cap;
	size_t bytes; /* the sum */
	/* Private: the bytes that were written here. */
	struct sbuf buf;
	size_t mark;
	bool sealed;
};

void relay_out_init(struct relay_out *o);
void relay_out_fini(struct relay_out *o);
void relay_out_clear(struct relay_out *o);

/* Bytes that outlive the list. */
void relay_out_borrow(struct relay_out *o, struct slice s);

/* Write into o->buf after relay_out_begin(), then relay_out_end(). */
struct sbuf *relay_out_begin(struct relay_out *o);
void relay_out_end(struct relay_out *o);

/*
 * Make all slices point right, before they are used.  More may be added
 * afterwards; then it is called again.
 */
void relay_out_seal(struct relay_out *o);

/* One frame around json, and the last one. */
void relay_frame_write(struct sbuf *b, struct slice json);
void relay_frame_done(struct sbuf *b);

/* The error event of spec/api.md 8.6, its JSON alone.  code empty: null. */
void relay_frame_error(struct sbuf *b, struct slice message, struct slice type,
    struct slice code);

#endif
