#include "dialect/mint.h"

#include "base/digest.h"

void
mint_id(const void *from, size_t n, char id[MINT_DIGITS])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	unsigned char sum[DIGEST_SIZE];

	digest_sha256(from, n, sum);
	for (unsigned i = 0; i < MINT_DIGITS; i++)
		id[i] = digits[sum[i] % 62];
}
