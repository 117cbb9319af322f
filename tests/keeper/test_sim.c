/*
 * The money protocol as stories told by seeds: tests/sim/sim.h.
 *
 * HOLDFAST_SIM_SEEDS says how many are told (20000), SEED tells that one.
 * Seeds that failed once are in tests/sim/seeds.def and always told.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/sim.h"
#include "tests/suite.h"

static struct {
	uint64_t stories, points, kills, losses, taken, settled, refused, full,
	    fails;
	uint64_t taken_by[SIM_WORKERS_MAX];
} sum;

static void
tell(uint64_t seed)
{
	sim_story(seed);
	sum.stories++;
	sum.points += sim.points;
	sum.kills += sim.kills;
	sum.losses += sim.losses;
	sum.taken += sim.taken;
	sum.settled += sim.settled;
	sum.refused += sim.refused;
	sum.fails += sim.fails;
	sum.full += sim.full;
	for (unsigned w = 0; w < SIM_WORKERS_MAX; w++)
		sum.taken_by[w] += sim.taken_by[w];
}

static uint64_t
from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* Sanitizers are slow, and look for other things. */
#ifdef __SANITIZE_ADDRESS__
#define SEEDS 1000
#else
#define SEEDS 20000
#endif

static void
tell_sum(void)
{
	printf("first seed %llu, ",
	    (unsigned long long)from_environment("HOLDFAST_SIM_FIRST", 1));
	printf("sim: %llu stories, %llu steps, %llu kills, %llu losses, "
	       "%llu failed commits, %llu sent, %llu settled, %llu refused, "
	       "%llu full lanes\n",
	    (unsigned long long)sum.stories, (unsigned long long)sum.points,
	    (unsigned long long)sum.kills, (unsigned long long)sum.losses,
	    (unsigned long long)sum.fails, (unsigned long long)sum.taken,
	    (unsigned long long)sum.settled, (unsigned long long)sum.refused,
	    (unsigned long long)sum.full);
}

/* One worker alone would prove little; each story has at least two. */
static void
check_share(void)
{
	unsigned busy = 0;

	for (unsigned w = 0; w < SIM_WORKERS_MAX; w++)
		busy += sum.taken_by[w] >= sum.taken / 5;
	ck_assert_uint_ge(busy, 2);
}

START_TEST(seeds_that_failed)
{
	static const uint64_t seeds[] = {
#define SEED(n, what) n,
#include "tests/sim/seeds.def"
#undef SEED
	};

	for (unsigned i = 0; i < COUNT(seeds); i++)
		tell(seeds[i]);
}
END_TEST

START_TEST(many_seeds)
{
	uint64_t n = from_environment("HOLDFAST_SIM_SEEDS", SEEDS);
	uint64_t first = from_environment("HOLDFAST_SIM_FIRST", 1);
	uint64_t one = from_environment("SEED", 0);

	for (uint64_t seed = first; one == 0 && seed < first + n; seed++)
		tell(seed);
	if (one != 0)
		tell(one);
	tell_sum();
	/* Stories in which nothing happens prove nothing. */
	if (one == 0 && n >= 1000) {
		ck_assert_uint_gt(sum.kills, n);
		ck_assert_uint_gt(sum.settled, 4 * n);
		ck_assert_uint_gt(sum.losses, n / 100);
		ck_assert_uint_gt(sum.refused, n / 10);
		check_share();
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("sim");
	TCase *t = tcase_create("sim");

	tcase_set_timeout(t, 0);
	tcase_add_test(t, seeds_that_failed);
	tcase_add_test(t, many_seeds);
	suite_add_tcase(s, t);
	return s;
}
