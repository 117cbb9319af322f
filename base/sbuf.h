#ifndef BASE_SBUF_H
#define BASE_SBUF_H

/*
 * sbuf - a string that grows.
 *
 * A zeroed struct is an empty buffer.  After the first byte, data is always
 * NUL-terminated at data[len].  The owner frees it; slices into it die at the
 * next sbuf_ call.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct sbuf {
	char *data;
	size_t len;
	size_t cap;
};

/* Make room for n more bytes. */
void sbuf_reserve(struct sbuf *b, size_t n);

/* The same without any more room: for what will grow no further. */
void sbuf_reserve_exact(struct sbuf *b, size_t n);

/* Append n bytes; sbuf_add() is this, but for the usual case of room. */
void sbuf_grow_add(struct sbuf *b, const void *p, size_t n);

static inline void
sbuf_add(struct sbuf *b, const void *p, size_t n)
{
	if (b->cap - b->len <= n || n == 0) {
		sbuf_grow_add(b, p, n);
		return;
	}
	memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void sbuf_addc(struct sbuf *b, char c);
void sbuf_addf(struct sbuf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The decimal digits of n. */
void sbuf_add_u64(struct sbuf *b, uint64_t n);

/* Text as a JSON string, quotes included; bytes above 0x7f as they are. */
void sbuf_add_json(struct sbuf *b, struct slice text);

/* The same without the quotes, for text that comes in pieces. */
void sbuf_add_json_part(struct sbuf *b, struct slice text);

/* Drop the first n bytes. */
void sbuf_consume(struct sbuf *b, size_t n);

/* Forget the bytes and keep the memory. */
void sbuf_clear(struct sbuf *b);

/* Release the memory; the struct is an empty buffer again. */
void sbuf_free(struct sbuf *b);

static inline void
sbuf_add_slice(struct sbuf *b, struct slice s)
{
	sbuf_add(b, s.p, s.n);
}

static inline void
sbuf_adds(struct sbuf *b, const char *text)
{
	sbuf_add(b, text, strlen(text));
}

static inline struct slice
sbuf_slice(const struct sbuf *b)
{
	return (struct slice){ b->len > 0 ? b->data : "", b->len };
}

#endif
