#ifndef TESTS_DIALECT_AWS_H
#define TESTS_DIALECT_AWS_H

/* aws - frames of AWS's event stream, written for the tests. */

#include <stdio.h>

#include "base/crc32.h"
#include "base/sbuf.h"

static inline void
aws_u32(struct sbuf *b, uint32_t n)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		sbuf_addc(b, (char)(n >> shift & 255));
}

static inline void
aws_header(struct sbuf *b, const char *name, struct slice value)
{
	sbuf_addc(b, (char)strlen(name));
	sbuf_adds(b, name);
	sbuf_addc(b, 7);
	sbuf_addc(b, (char)(value.n >> 8));
	sbuf_addc(b, (char)(value.n & 255));
	sbuf_add_slice(b, value);
}

static inline void
aws_frame(struct sbuf *b, struct slice headers, struct slice payload)
{
	size_t from = b->len;

	aws_u32(b, (uint32_t)(headers.n + payload.n + 16));
	aws_u32(b, (uint32_t)headers.n);
	aws_u32(b, crc32_of(b->data + from, 8));
	sbuf_add_slice(b, headers);
	sbuf_add_slice(b, payload);
	aws_u32(b, crc32_of(b->data + from, b->len - from));
}

/* kind: "event" or "exception"; type: what its header of that name says. */
static inline void
aws_message(struct sbuf *b, const char *kind, const char *type,
    struct slice payload)
{
	struct sbuf headers = { 0 };
	char name[32];

	snprintf(name, sizeof name, ":%s-type", kind);
	aws_header(&headers, name, slice_str(type));
	aws_header(&headers, ":content-type", SLICE("application/json"));
	aws_header(&headers, ":message-type", slice_str(kind));
	aws_frame(b, sbuf_slice(&headers), payload);
	sbuf_free(&headers);
}

#endif
