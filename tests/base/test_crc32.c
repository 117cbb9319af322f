#include "tests/suite.h"

#include "base/crc32.h"
#include "base/slice.h"

static const struct {
	struct slice text;
	uint32_t crc;
} known[] = {
	{ SLICE(""), 0 },
	{ SLICE("a"), 0xe8b7be43 },
	{ SLICE("123456789"), 0xcbf43926 },
	{ SLICE("The quick brown fox jumps over the lazy dog"), 0x414fa339 },
	{ SLICE("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
		"\0\0"),
	    0x190a55ad },
};

START_TEST(test_known)
{
	struct slice t = known[_i].text;

	ck_assert_uint_eq(crc32_of(t.p, t.n), known[_i].crc);
	for (size_t cut = 0; cut <= t.n; cut++)
		ck_assert_uint_eq(crc32_add(crc32_of(t.p, cut), t.p + cut,
				      t.n - cut),
		    known[_i].crc);
}
END_TEST

/* Bit by bit, as RFC 1952 8 defines it. */
static uint32_t
slowly(const unsigned char *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	while (n-- > 0) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

START_TEST(test_lengths)
{
	unsigned char bytes[80];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * 167 + 13);
	for (size_t at = 0; at < 8; at++)
		for (size_t n = 0; at + n <= sizeof bytes; n++)
			ck_assert_uint_eq(crc32_of(bytes + at, n),
			    slowly(bytes + at, n));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/crc32");
	TCase *tc = tcase_create("crc32");

	tcase_add_loop_test(tc, test_known, 0, COUNT(known));
	tcase_add_test(tc, test_lengths);
	suite_add_tcase(s, tc);
	return s;
}
