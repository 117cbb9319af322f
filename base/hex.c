#include "base/hex.h"

#include <stdint.h>
#include <string.h>

/* "00" "01" ... "ff": one look for a byte. */
#define ROW(h)                                                                 \
	h "0" h "1" h "2" h "3" h "4" h "5" h "6" h "7" h "8" h "9" h "a" h    \
	  "b" h "c" h "d" h "e" h "f"

static const char hex_pairs[] =
    ROW("0") ROW("1") ROW("2") ROW("3") ROW("4") ROW("5") ROW("6") ROW("7")
	ROW("8") ROW("9") ROW("a") ROW("b") ROW("c") ROW("d") ROW("e") ROW("f");

void
hex_write(const void *bytes, size_t n, char *out)
{
	const unsigned char *p = bytes;

	for (size_t i = 0; i < n; i++, out += 2)
		memcpy(out, hex_pairs + 2 * p[i], 2);
	*out = '\0';
}

void
hex_uuid(const unsigned char id[16], char out[HEX_UUID_SIZE])
{
	char hex[HEX_ID_SIZE];

	hex_write(id, 16, hex);
	memcpy(out, hex, 8);
	memcpy(out + 9, hex + 8, 4);
	memcpy(out + 14, hex + 12, 4);
	memcpy(out + 19, hex + 16, 4);
	memcpy(out + 24, hex + 20, 13);
	out[8] = out[13] = out[18] = out[23] = '-';
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
