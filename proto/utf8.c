#include "proto/utf8.h"

#include <stdint.h>

static inline bool
utf8_is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* The range that the second byte must lie in: RFC 3629 section 4. */
static bool
utf8_second_fits(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return utf8_is_tail(second);
	}
}

static size_t
utf8_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if ((first & 0xf0) == 0xe0)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t
utf8_step(const char *p, const char *end)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t n = utf8_length(u[0]);

	if (n < 2)
		return n;
	if ((size_t)(end - p) < n || !utf8_second_fits(u[0], u[1]))
		return 0;
	for (size_t i = 2; i < n; i++)
		if (!utf8_is_tail(u[i]))
			return 0;
	return n;
}

/* Three bytes that need no special range: most of CJK, Cyrillic does not. */
static inline bool
utf8_is_common3(const unsigned char *u)
{
	return u[0] > 0xe0 && u[0] < 0xed && utf8_is_tail(u[1]) &&
	       utf8_is_tail(u[2]);
}

const char *
utf8_run(const char *p, const char *end)
{
	size_t n;

	while (p < end && (unsigned char)*p >= 0x80) {
		if (end - p >= 3 && utf8_is_common3((const unsigned char *)p)) {
			p += 3;
			continue;
		}
		n = utf8_step(p, end);
		if (n == 0)
			return p;
		p += n;
	}
	return p;
}

static const char *
utf8_skip_ascii(const char *p, const char *end)
{
	uint64_t word;

	while (end - p >= 8) {
		memcpy(&word, p, sizeof word);
		if ((word & 0x8080808080808080u) != 0)
			break;
		p += 8;
	}
	while (p < end && (unsigned char)*p < 0x80)
		p++;
	return p;
}

struct slice
utf8_prefix(struct slice s)
{
	const char *p = s.p, *end = s.p + s.n;

	for (;;) {
		p = utf8_skip_ascii(p, end);
		if (p == end)
			return s;
		p = utf8_run(p, end);
		if (p < end && (unsigned char)*p >= 0x80)
			return (struct slice){ s.p, (size_t)(p - s.p) };
	}
}

bool
utf8_valid(struct slice s)
{
	return utf8_prefix(s).n == s.n;
}

struct slice
utf8_cut(struct slice s, size_t max)
{
	size_t i = 0;

	if (s.n <= max)
		return s;
	for (size_t points = 0; i < s.n; i++) {
		if (utf8_is_tail((unsigned char)s.p[i]))
			continue;
		if (points++ == max)
			break;
	}
	return (struct slice){ s.p, i };
}

size_t
utf8_write(unsigned code, char *out)
{
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n; i > 1; i--, code >>= 6)
		out[i - 1] = (char)(0x80 | (code & 0x3f));
	out[0] = (char)(lead[n == 1 ? 0 : n] | code);
	return n;
}
