/* Requests: any cutting gives the same head or the same refusal. */

#include "tests/fuzz/fuzz_http1.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_heads(data, size, false);
	return 0;
}
