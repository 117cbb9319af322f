#include "proto/jscan_block.h"

#include <stdint.h>

static jscan_block_fn jscan_block_first;

jscan_block_fn *jscan_block = jscan_block_first;

static const char *
jscan_block_none(const char *p, const char *end, bool *escaped)
{
	(void)end;
	(void)escaped;
	return p;
}

#ifdef __SSE2__

#include <immintrin.h>

#define BLOCK 32
#define AVX2 __attribute__((target("avx2")))

/*
 * UTF-8 by the lookup of Keiser and Lemire ("Validating UTF-8 In Less Than One
 * Instruction Per Byte"): what can be wrong with two bytes in a row is looked
 * up by three of their four halves; an error is a bit that all three have.
 */
enum {
	TOO_SHORT = 1,       /* a lead byte without its tail */
	TOO_LONG = 2,        /* a tail byte behind ASCII */
	OVERLONG_3 = 4,      /* e0 80..9f */
	TOO_LARGE = 8,       /* f4 90..bf, f5.. */
	SURROGATE = 16,      /* ed a0..bf */
	OVERLONG_2 = 32,     /* c0, c1 */
	TOO_LARGE_1000 = 64, /* f5.. 80..8f */
	OVERLONG_4 = 64,     /* f0 80..8f */
	TWO_TAILS = 128,     /* right only as third and fourth byte */
	ANY_LOW = TOO_SHORT | TOO_LONG | TWO_TAILS,
};

/*
 * Vectors of one byte.  The compiler must not see what they hold: it would
 * rather make them anew in each turn of a loop than read them.
 */
typedef unsigned char jscan_block_all[BLOCK];

#define EIGHT(c) c, c, c, c, c, c, c, c
#define ALL(c)                                                                 \
	{                                                                      \
		EIGHT(c), EIGHT(c), EIGHT(c), EIGHT(c)                         \
	}

static const struct jscan_block_bytes {
	_Alignas(BLOCK) jscan_block_all quote;
	jscan_block_all slash, control, half, third, fourth, tail;
} jscan_block_bytes = { ALL('"'), ALL('\\'), ALL(0x1f), ALL(0x0f),
	ALL(0xe0 - 0x80), ALL(0xf0 - 0x80), ALL(0x80) };

/* Both halves of a vector look up in the same sixteen bytes. */
#define TWICE(...) _mm256_setr_epi8(__VA_ARGS__, __VA_ARGS__)
#define B(bits) ((char)(bits))

static AVX2 inline __m256i
jscan_block_load(const char *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static AVX2 inline __m256i
jscan_block_every(const jscan_block_all byte)
{
	return _mm256_load_si256((const __m256i *)(const void *)byte);
}

static AVX2 inline __m256i
jscan_block_lookup(__m256i table, __m256i halves, __m256i half)
{
	return _mm256_shuffle_epi8(table, _mm256_and_si256(halves, half));
}

/* The errors that two bytes in a row can show. */
static AVX2 inline __m256i
jscan_block_pairs(__m256i v, __m256i before, __m256i half)
{
	const __m256i first_high = TWICE(TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
	    TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, B(TWO_TAILS), B(TWO_TAILS),
	    B(TWO_TAILS), B(TWO_TAILS), TOO_SHORT | OVERLONG_2, TOO_SHORT,
	    TOO_SHORT | OVERLONG_3 | SURROGATE,
	    TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4);
	const char large = B(ANY_LOW | TOO_LARGE | TOO_LARGE_1000);
	const __m256i first_low =
	    TWICE(B(ANY_LOW | OVERLONG_3 | OVERLONG_2 | OVERLONG_4),
		B(ANY_LOW | OVERLONG_2), B(ANY_LOW), B(ANY_LOW),
		B(ANY_LOW | TOO_LARGE), large, large, large, large, large,
		large, large, large, B(large | SURROGATE), large, large);
	const char tail = B(TOO_LONG | OVERLONG_2 | TWO_TAILS);
	const __m256i second_high = TWICE(TOO_SHORT, TOO_SHORT, TOO_SHORT,
	    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
	    B(tail | OVERLONG_3 | TOO_LARGE_1000),
	    B(tail | OVERLONG_3 | TOO_LARGE), B(tail | SURROGATE | TOO_LARGE),
	    B(tail | SURROGATE | TOO_LARGE), TOO_SHORT, TOO_SHORT, TOO_SHORT,
	    TOO_SHORT);

	__m256i high =
	    jscan_block_lookup(first_high, _mm256_srli_epi16(before, 4), half);
	__m256i low = jscan_block_lookup(first_low, before, half);
	__m256i next =
	    jscan_block_lookup(second_high, _mm256_srli_epi16(v, 4), half);

	return _mm256_and_si256(_mm256_and_si256(high, low), next);
}

/* The bytes that lie n before those of v. */
#define BEFORE(v, last, n)                                                     \
	_mm256_alignr_epi8(v, _mm256_permute2x128_si256(last, v, 0x21),        \
	    16 - (n))

static AVX2 inline bool
jscan_block_is_utf8(const struct jscan_block_bytes *all, __m256i v,
    __m256i last)
{
	/* Where a third or fourth byte must be, and thus two tails. */
	__m256i third =
	    _mm256_subs_epu8(BEFORE(v, last, 2), jscan_block_every(all->third));
	__m256i fourth = _mm256_subs_epu8(BEFORE(v, last, 3),
	    jscan_block_every(all->fourth));
	__m256i due = _mm256_and_si256(_mm256_or_si256(third, fourth),
	    jscan_block_every(all->tail));
	__m256i wrong =
	    _mm256_xor_si256(due, jscan_block_pairs(v, BEFORE(v, last, 1),
				      jscan_block_every(all->half)));

	return _mm256_testz_si256(wrong, wrong);
}

/* Whether a sequence goes on at p, behind a valid block. */
static inline bool
jscan_block_is_cut(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return u[-1] >= 0xc0 || u[-2] >= 0xe0 || u[-3] >= 0xf0;
}

/* Which bytes make a short escape behind a backslash: all but "u". */
static AVX2 inline uint32_t
jscan_block_short(const struct jscan_block_bytes *all, __m256i v)
{
	/* One bit for each of the rows 2 5 6 7 of the ASCII table. */
	const __m256i low =
	    TWICE(0, 0, 1 | 4 | 8, 0, 8, 0, 4, 0, 0, 0, 0, 0, 2, 0, 4, 1);
	const __m256i high =
	    TWICE(0, 0, 1, 0, 0, 2, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0);
	/* The shuffle takes 0 for bytes of 0x80 and above. */
	__m256i both = _mm256_and_si256(_mm256_shuffle_epi8(low, v),
	    jscan_block_lookup(high, _mm256_srli_epi16(v, 4),
		jscan_block_every(all->half)));

	return ~(uint32_t)_mm256_movemask_epi8(
	    _mm256_cmpeq_epi8(both, _mm256_setzero_si256()));
}

static AVX2 inline uint32_t
jscan_block_equal(__m256i v, const jscan_block_all byte)
{
	return (uint32_t)_mm256_movemask_epi8(
	    _mm256_cmpeq_epi8(v, jscan_block_every(byte)));
}

/* The bytes of v that are not plain ASCII. */
static AVX2 inline __m256i
jscan_block_special(const struct jscan_block_bytes *all, __m256i v)
{
	/* As signed numbers, bytes of 0x80 and above are below a blank too. */
	__m256i hit =
	    _mm256_or_si256(_mm256_cmpeq_epi8(v, jscan_block_every(all->quote)),
		_mm256_cmpeq_epi8(v, jscan_block_every(all->slash)));

	return _mm256_or_si256(hit,
	    _mm256_cmpeq_epi8(v,
		_mm256_min_epi8(v, jscan_block_every(all->control))));
}

static AVX2 inline bool
jscan_block_is_plain(__m256i special)
{
	return _mm256_testz_si256(special, special);
}

/* Over plain blocks, two at a time; it may stop before the last one. */
static AVX2 inline const char *
jscan_block_plain(const struct jscan_block_bytes *all, const char *p,
    const char *end)
{
	__m256i a, b;

	for (; end - p >= 2 * BLOCK; p += 2 * BLOCK) {
		a = jscan_block_special(all, jscan_block_load(p));
		b = jscan_block_special(all, jscan_block_load(p + BLOCK));
		if (!jscan_block_is_plain(_mm256_or_si256(a, b)))
			break;
	}
	return p;
}

/* Quotes and control bytes. */
static AVX2 inline uint32_t
jscan_block_ends(const struct jscan_block_bytes *all, __m256i v)
{
	__m256i control = jscan_block_every(all->control);
	__m256i hit =
	    _mm256_or_si256(_mm256_cmpeq_epi8(v, jscan_block_every(all->quote)),
		_mm256_cmpeq_epi8(control, _mm256_max_epu8(v, control)));

	return (uint32_t)_mm256_movemask_epi8(hit);
}

/* The last place between two characters, at or before p. */
static const char *
jscan_block_border(const char *p, bool cut, uint64_t slash)
{
	if (slash != 0)
		return p - 1;
	if (!cut)
		return p;
	do
		p--;
	while ((*p & 0xc0) == 0x80);
	return p;
}

/* A step from one block to the next is the same whatever they hold. */
AVX2 const char *
jscan_block_avx2(const char *p, const char *end, bool *escaped)
{
	const struct jscan_block_bytes *all = &jscan_block_bytes;
	const char *start = p;
	__m256i v, last = _mm256_setzero_si256();
	uint32_t slashes, marks, odd, stop, high;
	uint64_t carry = 0, was;

	__asm__("" : "+r"(all));
	for (; end - p >= BLOCK; p += BLOCK, last = v) {
		v = jscan_block_load(p);
		stop = jscan_block_ends(all, v);
		slashes = jscan_block_equal(v, all->slash);
		high = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(v, last));
		if (high != 0 && !jscan_block_is_utf8(all, v, last))
			break;
		if ((slashes | carry) != 0) {
			was = carry;
			marks = (uint32_t)jscan_block_escaped(slashes, BLOCK,
			    &carry);
			odd = marks & ~jscan_block_short(all, v);
			if ((odd & was) != 0)
				return p - 1;
			stop = (stop & ~marks) | odd >> 1;
			if ((slashes & ((stop & -stop) - 1)) != 0)
				*escaped = true;
		} else if ((stop | high) == 0) {
			p = jscan_block_plain(all, p + BLOCK, end) - BLOCK;
		}
		if (stop != 0)
			return p + __builtin_ctz(stop);
	}
	return jscan_block_border(p, p > start && jscan_block_is_cut(p), carry);
}

static const char *
jscan_block_first(const char *p, const char *end, bool *escaped)
{
	__builtin_cpu_init();
	jscan_block = __builtin_cpu_supports("avx2") ? jscan_block_avx2
	                                             : jscan_block_none;
	return jscan_block(p, end, escaped);
}

#else

static const char *
jscan_block_first(const char *p, const char *end, bool *escaped)
{
	jscan_block = jscan_block_none;
	return jscan_block(p, end, escaped);
}

#endif
