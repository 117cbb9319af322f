/* The table of targets: who has an entry, and who finds it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shm/gen.h"
#include "tests/shm/target.h"

START_TEST(drained)
{
	struct segment *seg = bench_segment();
	uint64_t gen = gen_get(seg, GEN_HEALTH);

	ck_assert(!health_drained(seg, SLICE("p")));
	ck_assert_int_eq(health_drain(seg, SLICE("p"), true, BEGIN_NS), 1);
	ck_assert(health_drained(seg, SLICE("p")));
	ck_assert(!health_drained(seg, SLICE("q")));
	ck_assert_uint_ne(gen_get(seg, GEN_HEALTH), gen);
	ck_assert_int_eq(health_drain(seg, SLICE("p"), false, BEGIN_NS), 1);
	ck_assert(!health_drained(seg, SLICE("p")));
	ck_assert_uint_ne(gen_get(seg, GEN_HEALTH), gen + 1);
	segment_close(&seg);
}
END_TEST

static uint32_t
bench_fill(struct segment *seg, unsigned from, unsigned n, uint64_t now_ns)
{
	uint32_t refused = 0;

	for (unsigned i = from; i < from + n; i++) {
		uint64_t hash = health_target_hash(i, SLICE("x"));
		struct health_new new = { hash, HEALTH_TARGET, HEALTH_NONE,
			SLICE("x") };

		refused += health_make(seg, &new, now_ns) == HEALTH_NONE;
	}
	return refused;
}

/* Names that nobody asks for any more make room; the others keep theirs. */
START_TEST(full_table)
{
	struct segment *seg = bench_segment();
	uint32_t old = bench_target(seg, 1, "old");
	uint32_t used = bench_target(seg, 1, "used"), at = 0, n = 0;
	uint64_t later = BEGIN_NS + HEALTH_IDLE_NS;

	verdict_wish(seg, old, later + 1);
	bench_fill(seg, 0, 4 * HEALTH_SLOTS, BEGIN_NS);
	ck_assert_uint_gt(bench_fill(seg, 1000000, 100, later - 1), 90);
	verdict_bad(seg, used, &rules, later);
	ck_assert_uint_eq(bench_fill(seg, 2000000, 100, later), 0);
	bench_fill(seg, 3000000, 8 * HEALTH_SLOTS, later);
	ck_assert_ptr_nonnull(health_at(seg, used));
	ck_assert_int_eq(verdict_ask(seg, old, later), HEALTH_EJECTED);
	ck_assert_ptr_nonnull(bench_provider(seg));
	while (health_next(seg, &at) != NULL)
		n++;
	ck_assert_uint_eq(n, HEALTH_SLOTS);
	segment_close(&seg);
}
END_TEST

/* A place that was kept too long is nobody's, and harms nobody. */
START_TEST(place_of_another)
{
	struct segment *seg = bench_segment();
	uint32_t old = bench_target(seg, 1, "old");
	uint64_t later = BEGIN_NS + HEALTH_IDLE_NS;
	uint32_t at = 0;

	for (int i = 0; i < 5; i++)
		verdict_bad(seg, old, &rules, BEGIN_NS);
	bench_fill(seg, 0, 16 * HEALTH_SLOTS, later);
	bench_fill(seg, 1000000, 16 * HEALTH_SLOTS, later);
	ck_assert_ptr_null(health_at(seg, old));
	for (int i = 0; i < 5; i++)
		verdict_bad(seg, old, &rules, later);
	for (struct health *h; (h = health_next(seg, &at)) != NULL;) {
		if (h == bench_provider(seg))
			continue;
		ck_assert_uint_eq(atomic_load(&h->failures), 0);
		ck_assert_uint_eq(atomic_load(&h->until_ns), 0);
	}
	segment_close(&seg);
}
END_TEST

START_TEST(names)
{
	static const char wild[] = "\xff\x01\"\n\xc3 0123456789012345678901234"
				   "56789012345678901234567890";
	struct segment *seg = bench_segment();
	uint32_t t = bench_target(seg, 1, wild);
	struct health *h = health_at(seg, t);

	ck_assert_uint_eq(health_text(h).n, HEALTH_TEXT_MAX);
	ck_assert_int_eq(memcmp(health_text(h).p, wild, HEALTH_TEXT_MAX), 0);
	ck_assert_uint_eq(bench_target(seg, 1, wild), t);
	/* Its maker died before the name was there: the next one writes it. */
	atomic_store(&h->text_len, 0);
	atomic_store(&h->kind, HEALTH_PROVIDER);
	ck_assert_uint_eq(health_text(h).n, 0);
	ck_assert_uint_eq(health_place(seg, atomic_load(&h->hash)),
	    HEALTH_NONE);
	ck_assert_uint_eq(bench_target(seg, 1, wild), t);
	ck_assert_uint_eq(health_text(h).n, HEALTH_TEXT_MAX);
	ck_assert_uint_eq(atomic_load(&h->kind), HEALTH_TARGET);
	atomic_store(&h->text_len, 60000);
	ck_assert_uint_eq(health_text(h).n, 0);
	ck_assert(bench_target(seg, 2, wild) != t);
	segment_close(&seg);
}
END_TEST

/* Two processes that map one file: what one learns the other knows. */
START_TEST(two_views)
{
	char dir[] = "/tmp/health.XXXXXX", path[PATH_MAX];
	struct segment *a, *b;
	uint32_t t;
	struct err e;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/segment", dir);
	ck_assert_int_eq(segment_create(path, &shape, &a, &e), 1);
	ck_assert_int_eq(segment_open(path, &shape, &b, &e), 1);
	t = bench_target(a, 1, "one");
	ck_assert_uint_eq(bench_target(b, 1, "one"), t);
	for (int i = 0; i < 5; i++)
		verdict_bad(i < 3 ? a : b, t, &rules, BEGIN_NS);
	segment_close(&b); /* what a death leaves */
	ck_assert_int_eq(verdict_ask(a, t, BEGIN_NS), HEALTH_EJECTED);
	ck_assert_int_eq(segment_open(path, &shape, &b, &e), 1);
	ck_assert_int_eq(verdict_ask(b, t, BEGIN_NS), HEALTH_EJECTED);
	ck_assert_int_eq(verdict_ask(b, t, BEGIN_NS + 5000 * MSEC),
	    HEALTH_PROBE);
	ck_assert_int_eq(verdict_ask(a, t, BEGIN_NS + 5000 * MSEC),
	    HEALTH_EJECTED);
	segment_close(&a);
	segment_close(&b);
	unlink(path);
	rmdir(dir);
}
END_TEST

#define TARGETS 200

/* What a request pays; printed, and bounded far above what is measured. */
START_TEST(speed)
{
	struct segment *seg = bench_segment();
	char models[TARGETS][32];
	struct timespec a, b;
	unsigned ups = 0;
	int64_t ns;

	for (int i = 0; i < TARGETS; i++) {
		snprintf(models[i], sizeof models[i], "gpt-4o-mini-2024-%d", i);
		bench_target(seg, 1, models[i]);
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int n = 0; n < 1000; n++)
		for (int i = 0; i < TARGETS; i++) {
			uint64_t h =
			    health_credential_hash(health_provider_hash(
						       SLICE("p")),
				1);
			uint32_t t = health_place(seg,
			    health_target_hash(h, slice_str(models[i])));

			ups += verdict_ask(seg, t, BEGIN_NS) == HEALTH_UP;
		}
	clock_gettime(CLOCK_MONOTONIC, &b);
	ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
	ck_assert_uint_eq(ups, 1000 * TARGETS);
	printf("find and ask: %lld ns\n", (long long)ns / (1000 * TARGETS));
	ck_assert_int_lt(ns / (1000 * TARGETS), 5000);
	segment_close(&seg);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("health");
	TCase *t = tcase_create("health");

	tcase_add_test(t, drained);
	tcase_add_test(t, full_table);
	tcase_add_test(t, place_of_another);
	tcase_add_test(t, names);
	tcase_add_test(t, two_views);
	tcase_add_test(t, speed);
	suite_add_tcase(s, t);
	return s;
}
