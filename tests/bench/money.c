/*
 * What money costs: a worker that holds and settles as fast as a keeper in
 * another process books it, spread over 1,000 customers, each with a limit,
 * and one key with a limit that all of them share.  Prints JSON.  A test
 * program, since the keeper's world is one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/keeper/world.h"
#include "tests/suite.h"

#define CUSTOMERS 1000
#define BATCH 64
#define MONEY_SETTLEMENTS (3200L * BATCH)
#define HELD 2000
#define COST 1000
#define PLENTY (INT64_C(1000000) * 1000000000)

static struct account_key money_keys[CUSTOMERS][2];
static double money_batch_ns[MONEY_SETTLEMENTS / BATCH];
static size_t money_batches;

static double
money_now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void
money_prepare(void)
{
	int64_t today_s = now_real_us() / 1000000 / 86400 * 86400;
	char id[16];

	world.settings.s.customers_defaults_period_budget_nano = PLENTY;
	world.settings.keys[0].spending_limit_nano = PLENTY;
	world_start();
	for (int i = 0; i < CUSTOMERS; i++) {
		struct customer_change change = { .given = 0 };

		snprintf(id, sizeof id, "customer%d", i);
		change.def.identifier = slice_str(id);
		world_upsert(&change);
		money_keys[i][0] = world_key(OWNER_CUSTOMER, id,
		    ACCOUNT_CUSTOMER_PERIOD, today_s);
		money_keys[i][1] =
		    world_key(OWNER_KEY, "filekey1", ACCOUNT_KEY_TOTAL, 0);
		world_settle(world_hold(money_keys[i], 2, HELD), 2, COST, 0);
	}
	ck_assert(
	    WORLD_UNTIL(lane_empty(&seat_at(world.seg, world.seat)->money)));
}

/* One hold and its settlement; false when it had to wait for the keeper. */
static bool
money_one(const struct account_key *keys)
{
	static const struct settle_charge charge = { .cause = SETTLE_USAGE,
		.actual = { COST, COST } };
	uint32_t slot = world_open();
	bool at_once = world_try(slot, keys, 2, HELD) == HOLD_OK;

	if (!at_once) {
		hold_close(&world.worker, slot);
		seat_wake(&world.worker);
		slot = world_hold(keys, 2, HELD);
		ck_assert_uint_ne(slot, SLOT_NONE);
	}
	hold_sent(&world.worker, slot);
	if (settle_publish(&world.worker, slot, &charge))
		return at_once;
	seat_wake(&world.worker);
	ck_assert(WORLD_UNTIL(settle_publish(&world.worker, slot, &charge)));
	return false;
}

/* False when one of them had to wait. */
static bool
money_run_batch(long first)
{
	bool at_once = true;

	for (long i = first; i < first + BATCH; i++)
		at_once &= money_one(money_keys[i % CUSTOMERS]);
	seat_wake(&world.worker);
	return at_once;
}

static void
money_run(long n)
{
	for (long i = 0; i < n; i += BATCH) {
		double from = money_now_ns(CLOCK_PROCESS_CPUTIME_ID);

		if (money_run_batch(i))
			money_batch_ns[money_batches++] =
			    money_now_ns(CLOCK_PROCESS_CPUTIME_ID) - from;
	}
	ck_assert(
	    WORLD_UNTIL(lane_empty(&seat_at(world.seg, world.seat)->money)));
}

static int
money_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The books agree with what was settled: a figure of work not done is none. */
static void
money_check(long n)
{
	int64_t settled = world_view(money_keys[0][1]).settled;

	ck_assert_int_eq(settled, (n + CUSTOMERS) * COST);
}

static double
money_cpu_us(const struct rusage *r)
{
	return (double)(r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1e6 +
	       (double)(r->ru_utime.tv_usec + r->ru_stime.tv_usec);
}

START_TEST(money_costs)
{
	const long n = MONEY_SETTLEMENTS;
	struct rusage keeper;
	double from_ns, took_ns;

	world_init();
	money_prepare();
	from_ns = money_now_ns(CLOCK_MONOTONIC);
	money_run(n);
	took_ns = money_now_ns(CLOCK_MONOTONIC) - from_ns;
	money_check(n);
	ck_assert_int_eq(world_stop(MASTER_DRAIN), 0);
	getrusage(RUSAGE_CHILDREN, &keeper);
	qsort(money_batch_ns, money_batches, sizeof(double), money_order);
	printf("{\"hold_settle_ns\":%.0f,\"settlement_us\":%.2f,"
	       "\"keeper_cpu_us\":%.2f}\n",
	    money_batch_ns[money_batches / 2] / BATCH,
	    took_ns / 1000 / (double)n,
	    money_cpu_us(&keeper) / (double)(n + CUSTOMERS));
	world_fini();
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("money");
	TCase *t = tcase_create("money");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, money_costs);
	suite_add_tcase(s, t);
	return s;
}
