#include "proto/jscan_find.h"

#include <stdbool.h>

static inline bool
jscan_find_is_bracket(char c)
{
	return (c | 0x20) == '{' || (c | 0x20) == '}';
}

const char *
jscan_find_special_portable(const char *p, const char *end)
{
	/* As signed numbers, bytes of 0x80 and above are below a blank too. */
	while (p < end && (signed char)*p >= ' ' && *p != '"' && *p != '\\')
		p++;
	return p;
}

const char *
jscan_find_quote_portable(const char *p, const char *end)
{
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

const char *
jscan_find_bracket_portable(const char *p, const char *end)
{
	while (p < end && *p != '"' && !jscan_find_is_bracket(*p))
		p++;
	return p;
}

#ifdef __SSE2__

#include <immintrin.h>

static inline unsigned
jscan_find_bracket_mask(__m128i v)
{
	__m128i lower = _mm_or_si128(v, _mm_set1_epi8(0x20));
	__m128i hit = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));

	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(lower, _mm_set1_epi8('{')));
	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(lower, _mm_set1_epi8('}')));
	return (unsigned)_mm_movemask_epi8(hit);
}

/* The loop is the same for each set; always inlined, so the mask is too. */
static inline __attribute__((always_inline)) const char *
jscan_find_sse2(const char *p, const char *end, unsigned (*mask)(__m128i),
    jscan_find_fn *rest)
{
	unsigned hits;

	for (; end - p >= 16; p += 16) {
		hits = mask(_mm_loadu_si128((const __m128i *)(const void *)p));
		if (hits != 0)
			return p + __builtin_ctz(hits);
	}
	return rest(p, end);
}

const char *
jscan_find_special_sse2(const char *p, const char *end)
{
	return jscan_find_sse2(p, end, jscan_find_special_mask,
	    jscan_find_special_portable);
}

const char *
jscan_find_quote_sse2(const char *p, const char *end)
{
	return jscan_find_sse2(p, end, jscan_find_quote_mask,
	    jscan_find_quote_portable);
}

const char *
jscan_find_bracket_sse2(const char *p, const char *end)
{
	return jscan_find_sse2(p, end, jscan_find_bracket_mask,
	    jscan_find_bracket_portable);
}

#define JSCAN_FIND_AVX2 __attribute__((target("avx2")))

JSCAN_FIND_AVX2 const char *
jscan_find_special_avx2(const char *p, const char *end)
{
	__m256i v, hit;
	unsigned hits;

	for (; end - p >= 32; p += 32) {
		v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		hit = _mm256_cmpgt_epi8(_mm256_set1_epi8(' '), v);
		hit = _mm256_or_si256(hit,
		    _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
		hit = _mm256_or_si256(hit,
		    _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
		hits = (unsigned)_mm256_movemask_epi8(hit);
		if (hits != 0)
			return p + __builtin_ctz(hits);
	}
	return jscan_find_special_sse2(p, end);
}

JSCAN_FIND_AVX2 const char *
jscan_find_quote_avx2(const char *p, const char *end)
{
	__m256i v, hit;
	unsigned hits;

	for (; end - p >= 32; p += 32) {
		v = _mm256_loadu_si256((const __m256i *)(const void *)p);
		hit = _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"'));
		hit = _mm256_or_si256(hit,
		    _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
		hits = (unsigned)_mm256_movemask_epi8(hit);
		if (hits != 0)
			return p + __builtin_ctz(hits);
	}
	return jscan_find_quote_sse2(p, end);
}

static bool
jscan_find_has_avx2(void)
{
	static int known = -1;

	if (__builtin_expect(known < 0, 0)) {
		__builtin_cpu_init();
		known = __builtin_cpu_supports("avx2") ? 1 : 0;
	}
	return known == 1;
}

const char *
jscan_find_special(const char *p, const char *end)
{
	unsigned hits;

	/* Most strings are short: the wide loop pays from its second turn. */
	if (end - p < 16)
		return jscan_find_special_portable(p, end);
	hits = jscan_find_special_mask(
	    _mm_loadu_si128((const __m128i *)(const void *)p));
	if (hits != 0)
		return p + __builtin_ctz(hits);
	if (jscan_find_has_avx2())
		return jscan_find_special_avx2(p + 16, end);
	return jscan_find_special_sse2(p + 16, end);
}

const char *
jscan_find_quote(const char *p, const char *end)
{
	unsigned hits;

	if (end - p < 16)
		return jscan_find_quote_portable(p, end);
	hits = jscan_find_quote_mask(
	    _mm_loadu_si128((const __m128i *)(const void *)p));
	if (hits != 0)
		return p + __builtin_ctz(hits);
	if (jscan_find_has_avx2())
		return jscan_find_quote_avx2(p + 16, end);
	return jscan_find_quote_sse2(p + 16, end);
}

const char *
jscan_find_bracket(const char *p, const char *end)
{
	return jscan_find_bracket_sse2(p, end);
}

#else

const char *
jscan_find_special(const char *p, const char *end)
{
	return jscan_find_special_portable(p, end);
}

const char *
jscan_find_quote(const char *p, const char *end)
{
	return jscan_find_quote_portable(p, end);
}

const char *
jscan_find_bracket(const char *p, const char *end)
{
	return jscan_find_bracket_portable(p, end);
}

#endif
