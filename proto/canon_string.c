#include "proto/canon_priv.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/jscan_block.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

/* What is written, always with one store of eight bytes. */
struct canon_escape {
	char text[7];
	unsigned char n;
};

/* For a short escape, by the byte behind the backslash. */
static const struct canon_escape canon_shorts[128] = {
	['"'] = { "\\\"", 2 },
	['\\'] = { "\\\\", 2 },
	['/'] = { "/", 1 },
	['b'] = { "\\u0008", 6 },
	['f'] = { "\\u000c", 6 },
	['n'] = { "\\u000a", 6 },
	['r'] = { "\\u000d", 6 },
	['t'] = { "\\u0009", 6 },
};

static inline char *
canon_short(char *out, char c)
{
	const struct canon_escape *e = &canon_shorts[c & 127];

	memcpy(out, e, sizeof *e);
	return out + e->n;
}

/* One character of the text. */
static char *
canon_code(char *out, unsigned code)
{
	static const char hex[] = "0123456789abcdef";

	if (code == '"' || code == '\\')
		return canon_short(out, (char)code);
	if (code >= 0x20)
		return out + utf8_write(code, out);
	memcpy(out, "\\u00", 4);
	out[4] = hex[code >> 4];
	out[5] = hex[code & 15];
	return out + 6;
}

/* At a backslash; behind the escape afterwards. */
static const char *
canon_escape(char **out, const char *p)
{
	size_t used;

	if (p[1] != 'u') {
		*out = canon_short(*out, p[1]);
		return p + 2;
	}
	*out = canon_code(*out, jstr_unicode(p + 2, &used));
	return p + 2 + used;
}

/* Text in ASCII escapes comes in runs of them. */
static const char *
canon_escapes(struct canon_out *to, char **out, const char *p)
{
	do {
		*out = canon_room(to, *out);
		p = canon_escape(out, p);
	} while (*p == '\\');
	return p;
}

#ifdef __SSE2__

#include <emmintrin.h>

#define BLOCK 32
#define READ_AHEAD 64 /* copies of parts of a block read whole blocks */

static inline void
canon_block_copy(char *to, const char *from)
{
	const __m128i *p = (const __m128i *)(const void *)from;
	__m128i *q = (__m128i *)(void *)to;
	__m128i a = _mm_loadu_si128(p), b = _mm_loadu_si128(p + 1);

	_mm_storeu_si128(q, a);
	_mm_storeu_si128(q + 1, b);
}

static inline uint32_t
canon_block_equal(const char *from, char c)
{
	const __m128i *p = (const __m128i *)(const void *)from;
	const __m128i want = _mm_set1_epi8(c);
	int low = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(p), want));
	int high =
	    _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(p + 1), want));

	return (uint32_t)low | (uint32_t)high << 16;
}

/*
 * The first n bytes of the block at p, already copied, with these escapes
 * rewritten; the backslash of the first may be the byte before.  At one of
 * an UTF-16 unit it ends.  Returns how far it came.
 */
static inline int
canon_block_edit(char **out_r, const char *p, uint32_t edits, int n)
{
	char *out = *out_r;
	int from = 0, at;

	for (; edits != 0; edits &= edits - 1) {
		at = __builtin_ctz(edits);
		out += at - 1 - from;
		if (p[at] == 'u') {
			*out_r = out;
			return at - 1;
		}
		out = canon_short(out, p[at]);
		from = at + 1;
		canon_block_copy(out, p + from);
	}
	*out_r = out + (n - from);
	return n;
}

/*
 * Whole blocks, up to the closing quote, to an escape of an UTF-16 unit, or to
 * where too little is left.  The step is always the same, so that the
 * processor begins a block before it knows what the last one held.
 */
static const char *
canon_blocks(struct canon_out *to, char **out_r, const char *p, const char *end)
{
	uint32_t slashes, quotes, escaped, stop, edits, carry = 0;
	char *out = *out_r;
	int n, came;

	for (; end - p >= READ_AHEAD; p += BLOCK) {
		out = canon_room(to, out);
		slashes = canon_block_equal(p, '\\');
		quotes = canon_block_equal(p, '"');
		canon_block_copy(out, p);
		escaped = jscan_block_escaped(slashes, &carry);
		stop = quotes & ~escaped;
		edits = escaped & ~(quotes | slashes);
		if ((stop | edits) == 0) {
			out += BLOCK;
			continue;
		}
		n = stop != 0 ? __builtin_ctz(stop) : BLOCK;
		edits &= (stop & -stop) - 1;
		came = canon_block_edit(&out, p, edits, n);
		if (came < BLOCK) {
			*out_r = out;
			return p + came;
		}
	}
	/* A backslash without what it escapes is left for the next step. */
	*out_r = out - carry;
	return p - carry;
}

#else

static const char *
canon_blocks(struct canon_out *to, char **out_r, const char *p, const char *end)
{
	(void)to;
	(void)out_r;
	(void)end;
	return p;
}

#endif

const char *
canon_string(struct canon_out *to, const char *p, const char *end)
{
	char *out = canon_room(to, to->p);

	*out++ = *p++;
	for (;;) {
		p = canon_blocks(to, &out, p, end);
		out = canon_room(to, out);
		if (*p == '"')
			break;
		if (*p == '\\')
			p = canon_escapes(to, &out, p);
		else
			*out++ = *p++;
	}
	*out++ = *p++;
	to->p = out;
	return p;
}
