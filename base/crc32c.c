#include "base/crc32c.h"

#include <string.h>

uint32_t
crc32c_portable(uint32_t before, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint32_t crc = ~before;

	while (n-- > 0) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
	}
	return ~crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t before, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t crc = ~before, word;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		crc = __builtin_ia32_crc32di(crc, word);
	}
	while (n-- > 0)
		crc = __builtin_ia32_crc32qi((uint32_t)crc, *p++);
	return ~(uint32_t)crc;
}
#endif

uint32_t
crc32c_more(uint32_t before, const void *p, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(before, p, n);
#endif
	return crc32c_portable(before, p, n);
}

uint32_t
crc32c(const void *p, size_t n)
{
	return crc32c_more(0, p, n);
}
