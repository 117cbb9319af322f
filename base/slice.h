#ifndef BASE_SLICE_H
#define BASE_SLICE_H

/*
 * slice - bytes that belong to somebody else.
 *
 * Not NUL-terminated.  Whoever makes a slice says how long it lives.
 */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })

/* For printf: "%.*s". */
#define SLICE_ARGS(s) (int)(s).n, (s).p

static inline struct slice
slice_str(const char *text)
{
	return (struct slice){ text, strlen(text) };
}

/*
 * A slice that was written a moment ago, read word by word as it was written:
 * a load of both words at once would wait until they have left the processor.
 */
static inline struct slice
slice_fresh(struct slice s)
{
	__asm__("" : "+r"(s.p), "+r"(s.n));
	return s;
}

/* Take the first byte.  The slice must not be empty. */
static inline char
slice_take(struct slice *s)
{
	s->n--;
	return *s->p++;
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	/* By the length of b, which a literal has for the compiler too. */
	return a.n == b.n && (b.n == 0 || memcmp(a.p, b.p, b.n) == 0);
}

static inline bool
slice_starts(struct slice s, struct slice head)
{
	return s.n >= head.n && memcmp(s.p, head.p, head.n) == 0;
}

/* n bytes, equal but for the case of ASCII letters. */
bool slice_same_nocase(const char *a, const char *b, size_t n);

static inline bool
slice_eq_nocase(struct slice a, struct slice b)
{
	return a.n == b.n && slice_same_nocase(a.p, b.p, a.n);
}

static inline bool
slice_starts_nocase(struct slice s, struct slice head)
{
	return s.n >= head.n && slice_same_nocase(s.p, head.p, head.n);
}

/* The order of the bytes, a prefix first: below 0, 0 or above, as memcmp. */
static inline int
slice_order(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

static inline struct slice
slice_skip(struct slice s, size_t n)
{
	return (struct slice){ s.p + n, s.n - n };
}

#endif
