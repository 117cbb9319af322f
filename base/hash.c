#include "base/hash.h"

#include <string.h>

#include "base/random.h"

/* Two odd constants with no structure: digits of the golden ratio and of e. */
#define HASH_A 0x9e3779b97f4a7c15ULL
#define HASH_B 0xb7e151628aed2a6bULL

/* Fold the 128-bit product: every input bit reaches every output bit. */
static uint64_t
hash_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static uint64_t
hash_read(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

uint64_t
hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ HASH_A, total = n;

	for (; n >= 16; p += 16, n -= 16)
		h = hash_mix(hash_read(p, 8) ^ h, hash_read(p + 8, 8) ^ HASH_B);
	if (n >= 8) {
		h = hash_mix(h ^ hash_read(p, 8), HASH_B);
		p += 8;
		n -= 8;
	}
	return hash_mix(h ^ hash_read(p, n) ^ HASH_A, total ^ HASH_B);
}

uint64_t
hash_seed(void)
{
	static uint64_t seed;

	while (seed == 0)
		random_bytes(&seed, sizeof seed);
	return seed;
}
