#include "base/crc32.h"

#include <stdbool.h>

#define POLYNOMIAL 0xedb88320u
#define LANES 8

/* crc32_table[k][b]: what byte b adds when k bytes follow it. */
static uint32_t crc32_table[LANES][256];

static void
crc32_fill(void)
{
	static bool filled;
	uint32_t crc;

	if (filled)
		return;
	for (uint32_t b = 0; b < 256; b++) {
		crc = b;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL : crc >> 1;
		crc32_table[0][b] = crc;
	}
	for (uint32_t b = 0; b < 256; b++)
		for (int k = 1; k < LANES; k++) {
			crc = crc32_table[k - 1][b];
			crc32_table[k][b] =
			    crc >> 8 ^ crc32_table[0][crc & 255];
		}
	filled = true;
}

static uint32_t
crc32_word(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

uint32_t
crc32_add(uint32_t crc, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	const uint32_t(*t)[256] = crc32_table;
	uint32_t a, b;

	crc32_fill();
	crc = ~crc;
	for (; n >= LANES; p += LANES, n -= LANES) {
		a = crc ^ crc32_word(p);
		b = crc32_word(p + 4);
		crc = t[7][a & 255] ^ t[6][a >> 8 & 255] ^ t[5][a >> 16 & 255] ^
		      t[4][a >> 24] ^ t[3][b & 255] ^ t[2][b >> 8 & 255] ^
		      t[1][b >> 16 & 255] ^ t[0][b >> 24];
	}
	while (n-- > 0)
		crc = crc >> 8 ^ t[0][(crc ^ *p++) & 255];
	return ~crc;
}

uint32_t
crc32_of(const void *p, size_t n)
{
	return crc32_add(0, p, n);
}
