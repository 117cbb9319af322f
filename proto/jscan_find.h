#ifndef PROTO_JSCAN_FIND_H
#define PROTO_JSCAN_FIND_H

/*
 * jscan_find - the inner loops of proto/jscan: where does the next byte of a
 * set lie.  Each set has a portable form and forms for vector units; all give
 * the same answer.  Only jscan and its tests use these.
 */

#include <stddef.h>

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
	__m128i hit = _mm_cmplt_epi8(v, _mm_set1_epi8(' '));

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

/*
 * A first look, inline for the many strings that are short: at the byte that
 * the function without _near would find, or at one before it that is plain.
 */
static inline const char *
jscan_find_special_near(const char *p, const char *end)
{
	unsigned hits;

	if (end - p < 16)
		return p;
	hits = jscan_find_special_mask(
	    _mm_loadu_si128((const __m128i *)(const void *)p));
	return p + (hits != 0 ? __builtin_ctz(hits) : 15);
}

static inline const char *
jscan_find_quote_near(const char *p, const char *end)
{
	unsigned hits;

	if (end - p < 16)
		return p;
	hits = jscan_find_quote_mask(
	    _mm_loadu_si128((const __m128i *)(const void *)p));
	return p + (hits != 0 ? __builtin_ctz(hits) : 15);
}

jscan_find_fn jscan_find_special_sse2;
jscan_find_fn jscan_find_quote_sse2;
jscan_find_fn jscan_find_bracket_sse2;
/* Only where the processor has AVX2; the functions above look. */
jscan_find_fn jscan_find_special_avx2;
jscan_find_fn jscan_find_quote_avx2;

#else

static inline const char *
jscan_find_special_near(const char *p, const char *end)
{
	(void)end;
	return p;
}

static inline const char *
jscan_find_quote_near(const char *p, const char *end)
{
	(void)end;
	return p;
}

#endif

#endif
