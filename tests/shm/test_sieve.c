#include "tests/suite.h"

#include <string.h>

#include "base/digest.h"
#include "base/err.h"
#include "shm/sieve.h"

static struct segment *seg;

static void
setup(void)
{
	static const struct segment_shape shape = { 1, 64, 65536 };
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
}

static void
teardown(void)
{
	segment_close(&seg);
}

static const unsigned char *
key(unsigned n)
{
	static unsigned char out[DIGEST_SIZE];

	digest_sha256(&n, sizeof n, out);
	return out;
}

static unsigned
passing(unsigned from, unsigned n)
{
	unsigned passed = 0;

	for (unsigned i = from; i < from + n; i++)
		passed += sieve_may_hold(seg, key(i));
	return passed;
}

START_TEST(test_unknown_passes)
{
	ck_assert_uint_eq(passing(0, 100), 100);
	ck_assert(sieve_add(seg, key(1)));
	ck_assert_uint_eq(passing(0, 100), 100);
	sieve_fill_begin(seg);
	ck_assert_uint_eq(passing(0, 100), 100);
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(0, 100), 0);
}
END_TEST

/* Never is a key kept back that was added, whenever that was. */
START_TEST(test_added_passes)
{
	sieve_fill_begin(seg);
	for (unsigned i = 0; i < 10; i++)
		sieve_fill(seg, key(i));
	ck_assert(sieve_add(seg, key(10)));
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(0, 11), 11);
	ck_assert(sieve_add(seg, key(11)));
	ck_assert_uint_eq(passing(0, 12), 12);
	ck_assert_uint_lt(passing(100, 1000), 5);
	sieve_fill_begin(seg);
	ck_assert(sieve_add(seg, key(12)));
	ck_assert_uint_eq(passing(0, 13), 13);
	sieve_fill(seg, key(0));
	sieve_fill_end(seg);
	/* The other ones have gone from the cache. */
	ck_assert_uint_eq(passing(0, 1) + passing(12, 1), 2);
	ck_assert_uint_eq(passing(1, 11), 0);
	sieve_fill_begin(seg);
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(0, 13), 0);
	sieve_off(seg);
	ck_assert_uint_eq(passing(0, 100), 100);
}
END_TEST

START_TEST(test_filled_anew)
{
	unsigned n = 0;

	sieve_fill_begin(seg);
	sieve_fill_end(seg);
	while (sieve_add(seg, key(n)))
		n++;
	ck_assert_uint_lt(passing(n + 1, 10000), 2000);
	ck_assert_uint_eq(passing(0, 10000), 10000);
	/* A cache that holds so many is asked always. */
	sieve_fill_begin(seg);
	for (unsigned i = 0; i < n; i++)
		sieve_fill(seg, key(i));
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(n + 1, 1000), 1000);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("shm/sieve");
	TCase *t = tcase_create("sieve");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_unknown_passes);
	tcase_add_test(t, test_added_passes);
	tcase_add_test(t, test_filled_anew);
	suite_add_tcase(s, t);
	return s;
}
