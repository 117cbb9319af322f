#include "proto/canon_block.h"

#include <stdbool.h>
#include <stdint.h>

#include "proto/jscan_block.h"

static canon_block_fn canon_block_first;

canon_block_fn *canon_block = canon_block_first;

static struct canon_at
canon_block_none(const char *p, const char *end, char *out, const char *room)
{
	(void)end;
	(void)room;
	return (struct canon_at){ p, out };
}

#ifdef __SSE2__

#include <immintrin.h>

#define BLOCK 64
#define HALF 32
#define READ_AHEAD 128 /* copies of parts of a block read whole blocks */
#define AVX2 __attribute__((target("avx2,bmi")))

/* Escapes of two bytes become six, and then a whole block is copied. */
_Static_assert(BLOCK / 2 * 6 + BLOCK <= CANON_ROOM, "room for a block");

struct canon_halves {
	__m256i low, high;
};

static AVX2 inline struct canon_halves
canon_block_load(const char *p)
{
	const __m256i *from = (const __m256i *)(const void *)p;

	return (struct canon_halves){ _mm256_loadu_si256(from),
		_mm256_loadu_si256(from + 1) };
}

static AVX2 inline void
canon_block_store(char *to, struct canon_halves v)
{
	__m256i *at = (__m256i *)(void *)to;

	_mm256_storeu_si256(at, v.low);
	_mm256_storeu_si256(at + 1, v.high);
}

static AVX2 inline uint64_t
canon_block_equal(struct canon_halves v, char c)
{
	const __m256i all = _mm256_set1_epi8(c);
	int low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(v.low, all));
	int high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(v.high, all));

	return (uint64_t)(uint32_t)high << HALF | (uint32_t)low;
}

/*
 * The first n bytes of the block at p, already copied, with these escapes
 * rewritten; the backslash of the first may be the byte before.  At one of an
 * UTF-16 unit it ends.
 */
static AVX2 inline struct canon_at
canon_block_edit(const char *p, char *out, uint64_t edits, size_t n)
{
	const char *from = p;

	for (; edits != 0; edits &= edits - 1) {
		const char *at = p + __builtin_ctzll(edits);

		out += at - 1 - from;
		if (*at == 'u')
			return (struct canon_at){ at - 1, out };
		out = canon_short(out, *at);
		from = at + 1;
		canon_block_store(out, canon_block_load(from));
	}
	return (struct canon_at){ p + n, out + (p + n - from) };
}

/*
 * The step is always the same, so that the processor begins a block before it
 * knows what the last one held.
 */
static AVX2 struct canon_at
canon_block_avx2(const char *p, const char *end, char *out, const char *room)
{
	uint64_t slashes, quotes, escaped, stop, edits, carry = 0;
	struct canon_halves v;
	struct canon_at came;

	for (; end - p >= READ_AHEAD && room - out >= CANON_ROOM; p += BLOCK) {
		v = canon_block_load(p);
		slashes = canon_block_equal(v, '\\');
		quotes = canon_block_equal(v, '"');
		canon_block_store(out, v);
		escaped = jscan_block_escaped(slashes, BLOCK, &carry);
		stop = quotes & ~escaped;
		edits = escaped & ~(quotes | slashes);
		if ((stop | edits) == 0) {
			out += BLOCK;
			continue;
		}
		came = canon_block_edit(p, out, edits & (stop ^ (stop - 1)),
		    stop != 0 ? (size_t)__builtin_ctzll(stop) : BLOCK);
		if (came.p != p + BLOCK)
			return came;
		out = came.out;
	}
	/* A backslash without what it escapes is left for the next step. */
	return (struct canon_at){ p - carry, out - carry };
}

static struct canon_at
canon_block_first(const char *p, const char *end, char *out, const char *room)
{
	__builtin_cpu_init();
	canon_block =
	    __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
		? canon_block_avx2
		: canon_block_none;
	return canon_block(p, end, out, room);
}

#else

static struct canon_at
canon_block_first(const char *p, const char *end, char *out, const char *room)
{
	canon_block = canon_block_none;
	return canon_block(p, end, out, room);
}

#endif
