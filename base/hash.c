#include "base/hash.h"

#include <string.h>

#include "base/random.h"

/* Two odd constants with no structure: digits of the golden ratio and of e. */
#define HASH_A 0x9e3779b97f4a7c15ULL
#define HASH_B 0xb7e151628aed2a6bULL

#define HASH_BLOCK 64

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

static uint64_t
hash_step(uint64_t h, const unsigned char *p)
{
	return hash_mix(hash_read(p, 8) ^ h, hash_read(p + 8, 8) ^ HASH_B);
}

/* Four chains side by side: each product waits for the one before it. */
static uint64_t
hash_blocks(const unsigned char *p, size_t n, uint64_t h)
{
	uint64_t a = h, b = h + HASH_A, c = h + HASH_B, d = b + HASH_B;

	for (; n >= HASH_BLOCK; p += HASH_BLOCK, n -= HASH_BLOCK) {
		a = hash_step(a, p);
		b = hash_step(b, p + 16);
		c = hash_step(c, p + 32);
		d = hash_step(d, p + 48);
	}
	return hash_mix(a ^ HASH_A, b) ^ hash_mix(c ^ HASH_A, d);
}

uint64_t
hash_bytes(const void *bytes, size_t n, uint64_t seed)
{
	const unsigned char *p = bytes;
	uint64_t h = seed ^ HASH_A, total = n;

	if (n >= HASH_BLOCK) {
		h = hash_blocks(p, n, h);
		p += n - n % HASH_BLOCK;
		n %= HASH_BLOCK;
	}
	for (; n >= 16; p += 16, n -= 16)
		h = hash_step(h, p);
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
