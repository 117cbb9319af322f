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
 * Which bytes of a block of up to 64 stand behind a backslash that escapes
 * them.  *carry is 1 when the block before ends with such a backslash, and then
 * when this does.
 */
static inline uint64_t
jscan_block_escaped(uint64_t slashes, unsigned block, uint64_t *carry)
{
	const uint64_t odd = 0xaaaaaaaaaaaaaaaa;
	uint64_t open = slashes & ~*carry, pairs, marks;

	/*
	 * The subtraction borrows along each run of backslashes, from where it
	 * begins; so pairs has every other one of a run, those that escape,
	 * and the byte behind the run if that is escaped.
	 */
	pairs = ((open << 1 | odd) - open) ^ odd;
	marks = pairs ^ (slashes | *carry);
	*carry = (pairs & slashes) >> (block - 1);
	return marks;
}

#endif
