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
jscan_find_fn jscan_find_special_sse2;
jscan_find_fn jscan_find_quote_sse2;
jscan_find_fn jscan_find_bracket_sse2;
/* Only where the processor has AVX2; the functions above look. */
jscan_find_fn jscan_find_special_avx2;
jscan_find_fn jscan_find_quote_avx2;
#endif

#endif
