#ifndef PROTO_JSCAN_FIND_H
#define PROTO_JSCAN_FIND_H

/*
 * jscan_find - the inner loops of proto/jscan: where does the next byte of a
 * set lie.  Each set has a portable form and forms for vector units; all give
 * the same answer.  Only jscan and its tests use these.
 */

#include <stddef.h>

#define JSCAN_FIND_ROOM 32

typedef const char *jscan_find_fn(const char *p, const char *end);

/*
 * The first byte that is not plain text of a string: a quote, a backslash, a
 * control byte, or a byte of 0x80 and above; end when there is none.
 */
jscan_find_fn jscan_find_special;
jscan_find_fn jscan_find_special_portable;

/* The first quote or backslash. */
jscan_find_fn jscan_find_quote;
jscan_find_fn jscan_find_quote_portable;

/* The first quote or bracket of either kind. */
jscan_find_fn jscan_find_bracket;
jscan_find_fn jscan_find_bracket_portable;

#ifdef __SSE2__

#include <emmintrin.h>

/* A bit for each byte of v that jscan_find_special() would stop at. */
static inline unsigned
jscan_find_special_mask(__m128i v)
{
	/* As signed numbers, bytes of 0x80 and above are below a blank too. */
	__m128i hit = _mm_cmpgt_epi8(_mm_set1_epi8(' '), v);

	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	return (unsigned)_mm_movemask_epi8(hit);
}

static inline unsigned
jscan_find_quote_mask(__m128i v)
{
	__m128i hit = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));

	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	return (unsigned)_mm_movemask_epi8(hit);
}

static inline __m128i
jscan_find_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* The first two vectors as one mask; mostly the first one is enough. */
#define JSCAN_FIND_WORD(mask, p)                                               \
	unsigned hits = mask(jscan_find_load(p));                              \
	if (hits == 0)                                                         \
		hits = mask(jscan_find_load((p) + 16)) << 16;                  \
	return hits != 0 && (p)[__builtin_ctz(hits)] == '"'                    \
	           ? __builtin_ctz(hits)                                       \
	           : -1

/*
 * A first look, inline for the many strings that are short: the length of the
 * plain text that a quote ends within JSCAN_FIND_ROOM bytes, all of which
 * must be there to be read; -1 when it does not.
 */
static inline int
jscan_find_word(const char *p)
{
	JSCAN_FIND_WORD(jscan_find_special_mask, p);
}

/* The same where nothing but a backslash can be amiss. */
static inline int
jscan_find_checked_word(const char *p)
{
	JSCAN_FIND_WORD(jscan_find_quote_mask, p);
}

jscan_find_fn jscan_find_special_sse2;
jscan_find_fn jscan_find_quote_sse2;
jscan_find_fn jscan_find_bracket_sse2;
/* Only where the processor has AVX2; the functions above look. */
jscan_find_fn jscan_find_special_avx2;
jscan_find_fn jscan_find_quote_avx2;

#else

static inline int
jscan_find_word(const char *p)
{
	(void)p;
	return -1;
}

static inline int
jscan_find_checked_word(const char *p)
{
	(void)p;
	return -1;
}

#endif

#endif
