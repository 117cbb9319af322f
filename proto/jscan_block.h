#ifndef PROTO_JSCAN_BLOCK_H
#define PROTO_JSCAN_BLOCK_H

/*
 * jscan_block - the text of a string checked 32 bytes at a time, escapes and
 * UTF-8 included.  For proto/jscan, proto/canon and their tests only.
 */

#include <stdbool.h>
#include <stdint.h>

/*
 * Step over text of a string from p, which lies between two characters of
 * it.  Where that ends (at most end) lies between two characters too, and all
 * before it has passed; it is the closing quote, an escape that is not a
 * short one, a control byte, or a place from which the caller must look byte
 * by byte: the last bytes before end, and those before a malformed sequence.
 * *escaped is set when an escape was stepped over, and never cleared.
 */
typedef const char *jscan_block_fn(const char *p, const char *end,
    bool *escaped);

/* The form for this processor; without vectors it stays at p. */
extern jscan_block_fn *jscan_block;

#ifdef __SSE2__
jscan_block_fn jscan_block_avx2;
#endif

/*
 * Which bytes of 32 stand behind a backslash that escapes them.  *carry is 1
 * when the block before ends with such a backslash, and then when this does.
 */
static inline uint32_t
jscan_block_escaped(uint32_t slashes, uint32_t *carry)
{
	const uint32_t even = 0x55555555;
	uint32_t follow, odd_starts, runs;

	slashes &= ~*carry;
	follow = slashes << 1 | *carry;
	odd_starts = slashes & ~even & ~follow;
	/* A run of backslashes ends where the addition stops carrying. */
	*carry = __builtin_add_overflow(odd_starts, slashes, &runs);
	return (even ^ runs << 1) & follow;
}

#endif
