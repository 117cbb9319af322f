#ifndef NET_HTTP1_SKIP_H
#define NET_HTTP1_SKIP_H

/*
 * http1_skip - runs of bytes in a head.  Sixteen at a time where the machine
 * can, eight in values elsewhere; what is left the table tells byte by byte.
 * In a header because a call costs as much as the short runs of a head.
 */

#include <stdint.h>

#include "net/http1_priv.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define SKIP_EACH (UINT64_C(0x0101010101010101))
#define SKIP_HIGH (SKIP_EACH * 0x80)

#ifdef __SSE2__
static inline __m128i
skip_load(const char *at)
{
	return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Bit n: byte n may not stand in a value. */
static inline unsigned
skip_not_value(const char *at)
{
	__m128i v = skip_load(at), last = _mm_set1_epi8(0x1f);
	__m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, last), v);
	__m128i tab = _mm_cmpeq_epi8(v, _mm_set1_epi8('\t'));
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_andnot_si128(tab, control), del));
}

/* Bit n: byte n may not stand in a target (above 0x7f is below zero). */
static inline unsigned
skip_not_target(const char *at)
{
	__m128i v = skip_load(at);
	__m128i high = _mm_cmpgt_epi8(v, _mm_set1_epi8(' '));
	__m128i del = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f));

	return 0xffff &
	       ~(unsigned)_mm_movemask_epi8(_mm_andnot_si128(del, high));
}

#define SKIP_WIDE(at, end, stops)                                              \
	while ((end) - (at) >= 16) {                                           \
		unsigned mask = stops(at);                                     \
                                                                               \
		if (mask != 0)                                                 \
			return (at) + __builtin_ctz(mask);                     \
		(at) += 16;                                                    \
	}
#else
#define SKIP_WIDE(at, end, stops)
#endif

/*
 * Eight bytes at a time: the high bit of each byte below 0x20 or equal to
 * 0x7f.  May flag too many (HTAB; a byte behind a flagged one), never too
 * few: the table decides.
 */
static inline uint64_t
skip_suspects(uint64_t word)
{
	uint64_t low = (word - SKIP_EACH * 0x20) & ~word;
	uint64_t del = word ^ (SKIP_EACH * 0x7f);

	return (low | ((del - SKIP_EACH) & ~del)) & SKIP_HIGH;
}

/* The first byte that no header value may hold; end when there is none. */
static inline const char *
skip_value(const char *at, const char *end)
{
	uint64_t word;

	SKIP_WIDE(at, end, skip_not_value)
	while (end - at >= 8) {
		memcpy(&word, at, 8);
		if (skip_suspects(word) == 0) {
			at += 8;
			continue;
		}
		for (int i = 0; i < 8; i++, at++)
			if (!byte_is(*at, BYTE_VALUE))
				return at;
	}
	return skip_class(at, end, BYTE_VALUE);
}

/* The first byte that is not visible ASCII: where a target ends. */
static inline const char *
skip_target(const char *at, const char *end)
{
	SKIP_WIDE(at, end, skip_not_target)
	return skip_class(at, end, BYTE_TARGET);
}

/* The first colon when it is among the next 16 bytes; else at. */
static inline const char *
find_near_colon(const char *at, const char *end)
{
#ifdef __SSE2__
	if (end - at >= 16) {
		__m128i hit = _mm_cmpeq_epi8(skip_load(at), _mm_set1_epi8(':'));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		return mask != 0 ? at + __builtin_ctz(mask) : at;
	}
#endif
	for (int i = 0; i < 16 && at + i < end; i++)
		if (at[i] == ':')
			return at + i;
	return at;
}

#endif
