/* Several messages at once have the digests that each has alone. */

#include "tests/suite.h"

#include <stdlib.h>

#include "base/digest_many.h"

#define BYTES 5000000
#define ROUNDS 200

static char *bytes;

static void
fill(void)
{
	srandom(1);
	bytes = malloc(BYTES);
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (char)random();
}

static void
check(const struct slice *messages, unsigned n)
{
	unsigned char got[DIGEST_MANY_MAX][DIGEST_SIZE], want[DIGEST_SIZE];

	digest_many(messages, n, got);
	for (unsigned i = 0; i < n; i++) {
		digest_sha256(messages[i].p, messages[i].n, want);
		ck_assert_msg(memcmp(got[i], want, DIGEST_SIZE) == 0,
		    "%u of %u, %zu bytes", i, n, messages[i].n);
	}
}

static struct slice
some(size_t n)
{
	return (struct slice){ bytes + (size_t)random() % (BYTES - n + 1), n };
}

/* Around the ends of blocks and of what the length is written behind. */
static const size_t lengths[] = { 0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 1000,
	16384, 65535, 65536, 4194304, BYTES };

START_TEST(test_length)
{
	struct slice messages[DIGEST_MANY_MAX];

	fill();
	for (unsigned n = 0; n <= DIGEST_MANY_MAX; n++) {
		for (unsigned i = 0; i < n; i++)
			messages[i] = some(lengths[_i]);
		if (n < 4 || lengths[_i] < 100000)
			check(messages, n);
	}
	free(bytes);
}
END_TEST

START_TEST(test_mixed)
{
	struct slice messages[DIGEST_MANY_MAX];

	fill();
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n = (unsigned)random() % (DIGEST_MANY_MAX + 1);

		for (unsigned i = 0; i < n; i++)
			messages[i] = some((size_t)random() %
					   (random() % 8 == 0 ? 20000 : 300));
		check(messages, n);
	}
	free(bytes);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("digest_many");
	TCase *t = tcase_create("digest_many");

	tcase_add_loop_test(t, test_length, 0, (int)COUNT(lengths));
	tcase_add_test(t, test_mixed);
	suite_add_tcase(s, t);
	return s;
}
