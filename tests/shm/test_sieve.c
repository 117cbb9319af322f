#include "tests/suite.h"

#include <string.h>

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

static uint64_t
mark(unsigned n)
{
	return sieve_mark((struct slice){ (const char *)&n, sizeof n });
}

static unsigned
passing(unsigned from, unsigned n)
{
	unsigned passed = 0;

	for (unsigned i = from; i < from + n; i++)
		passed += sieve_may_hold(seg, mark(i));
	return passed;
}

START_TEST(test_unknown_passes)
{
	ck_assert_uint_eq(passing(0, 100), 100);
	ck_assert(sieve_add(seg, mark(1)));
	ck_assert_uint_eq(passing(0, 100), 100);
	sieve_fill_begin(seg);
	ck_assert_uint_eq(passing(0, 100), 100);
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(0, 100), 0);
}
END_TEST

/* Never is an entry kept back that was added, whenever that was. */
START_TEST(test_added_passes)
{
	sieve_fill_begin(seg);
	for (unsigned i = 0; i < 10; i++)
		sieve_fill(seg, mark(i));
	ck_assert(sieve_add(seg, mark(10)));
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(0, 11), 11);
	ck_assert(sieve_add(seg, mark(11)));
	ck_assert_uint_eq(passing(0, 12), 12);
	ck_assert_uint_lt(passing(100, 1000), 5);
	sieve_fill_begin(seg);
	ck_assert(sieve_add(seg, mark(12)));
	ck_assert_uint_eq(passing(0, 13), 13);
	sieve_fill(seg, mark(0));
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
	while (sieve_add(seg, mark(n)))
		n++;
	ck_assert_uint_lt(passing(n + 1, 10000), 2000);
	ck_assert_uint_eq(passing(0, 10000), 10000);
	/* A cache that holds so many is asked always. */
	sieve_fill_begin(seg);
	for (unsigned i = 0; i < n; i++)
		sieve_fill(seg, mark(i));
	sieve_fill_end(seg);
	ck_assert_uint_eq(passing(n + 1, 1000), 1000);
}
END_TEST

/* Caches have entries by these: other marks want another CACHE_VERSION. */
static const struct {
	struct slice text;
	uint64_t mark;
} marks[] = {
	{ SLICE("a"), 0xac5fd656a3dd126f },
	{ SLICE("{\"messages\":[]}"), 0x070e91c52941a292 },
	{ SLICE("a text that is longer than sixteen bytes"),
	    0x638ec410a5c1e5bf },
	{ SLICE("a text of more than sixty-four bytes is taken in four chains "
		"side by side, then goes on"),
	    0x4ef10c9273af164d },
};

START_TEST(test_marks)
{
	ck_assert_uint_eq(sieve_mark(marks[_i].text), marks[_i].mark);
}
END_TEST

/* Of a text of any length each byte counts, and where it stands. */
START_TEST(test_each_byte)
{
	char text[100];
	struct slice all = { text, (size_t)_i };
	uint64_t plain, last;

	memset(text, 'x', sizeof text);
	plain = last = sieve_mark(all);
	for (size_t i = 0; i < all.n; i++) {
		text[i] = 'y';
		ck_assert(sieve_mark(all) != plain && sieve_mark(all) != last);
		last = sieve_mark(all);
		text[i] = 'x';
	}
	all.n++;
	ck_assert(sieve_mark(all) != plain);
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
	tcase_add_loop_test(t, test_marks, 0, (int)COUNT(marks));
	tcase_add_loop_test(t, test_each_byte, 0, 99);
	suite_add_tcase(s, t);
	return s;
}
