#include "base/hex.h"

#include <stdint.h>

void
hex_write(const void *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

void
hex_uuid(const unsigned char id[16], char out[HEX_UUID_SIZE])
{
	static const unsigned char groups[] = { 4, 2, 2, 2, 6 };

	for (size_t g = 0; g < sizeof groups; g++) {
		hex_write(id, groups[g], out);
		id += groups[g];
		out += 2 * groups[g];
		if (g + 1 < sizeof groups)
			*out++ = '-';
	}
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
hex_read(const char *text, void *bytes, size_t n)
{
	unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(text[2 * i]);
		int lo = hi < 0 ? -1 : hex_digit(text[2 * i + 1]);

		if (lo < 0)
			return 0;
		p[i] = (unsigned char)(hi << 4 | lo);
	}
	return 1;
}
