/*
 * How a keeper begins, what it makes of rows and entries that it finds, and
 * what becomes of old ones.
 */
#include "tests/keeper/world.h"

#include "shm/gen.h"
#include "store/objects.h"
#include "tests/suite.h"

/* A row of the customer "ada" that began so many days ago. */
static struct account_key
ada_before(int days)
{
	return world_key(OWNER_CUSTOMER, "ada", ACCOUNT_CUSTOMER_PERIOD,
	    today() - days * INT64_C(86400));
}

static void
write_old_rows(int days)
{
	struct ledger *l = ledger_open_writer(scratch_dir, 16 << 20, &e);

	ck_assert_msg(l != NULL, "%s", e.text);
	ck_assert_int_eq(ledger_begin(l, &e), 0);
	for (int i = 0; i < days; i++) {
		struct account_key key = ada_before(i);
		struct row_key k =
		    row_key_make(key.hash, key.kind, key.period_s);
		struct ledger_row row = { .settled = 100 + i,
			.suspense = 1,
			.limit = 1000,
			.lease = 200,
			.first_us = 1000 - i,
			.last_us = 2000 - i,
			.requests = 2 };

		ck_assert_int_eq(ledger_row_put(l, &k, &row, &e), 0);
	}
	ck_assert_int_eq(ledger_commit(l, &e), 0);
	ledger_close(&l);
}

/*
 * Of ten days the one that runs and three before it stay, also while the
 * fifth is still looked at; another account's rows are its own.
 */
START_TEST(test_old_periods)
{
	struct account_key day, sum = ada(), used = ada_before(5);
	struct ledger_row row;
	uint32_t slot;

	write_old_rows(10);
	world_start();
	slot = world_hold(&used, 1, 10);
	ck_assert_uint_ne(slot, SLOT_NONE);
	/* The oldest go first: when the last of them is gone all are. */
	day = ada_before(4);
	ck_assert(WORLD_UNTIL(world_row(day, &row) == 0));
	ck_assert_int_eq(world_stop(MASTER_DRAIN), 0);
	for (int i = 0; i < 10; i++) {
		day = ada_before(i);
		ck_assert_msg(world_row(day, &row) == (i <= 3 || i == 5),
		    "day %d", i);
	}
	sum.kind |= ROW_OLDER;
	sum.period_s = 0;
	ck_assert_int_eq(world_row(sum, &row), 1);
	ck_assert_int_eq(row.settled, 5 * 100 + 4 + 6 + 7 + 8 + 9);
	ck_assert_int_eq(row.suspense, 5);
	ck_assert_int_eq(row.requests, 10);
	ck_assert_int_eq(row.first_us, 991);
	ck_assert_int_eq(row.last_us, 1996);
	ck_assert_int_eq(row.limit, MONEY_NONE);
}
END_TEST

/* The days were followed by a year, which began before them and is not over. */
START_TEST(test_long_period_behind_short_ones)
{
	int64_t start_s = today() - 200 * INT64_C(86400);
	struct account_key year =
	    world_key(OWNER_CUSTOMER, "ada", ACCOUNT_CUSTOMER_PERIOD, start_s);
	struct row_key k = row_key_make(year.hash, year.kind, year.period_s);
	struct ledger_row row = { .settled = 950,
		.limit = 1000,
		.lease = 950,
		.first_us = 1,
		.last_us = 2,
		.requests = 2 };
	struct ledger *l;

	world.settings.customers[0].budget_duration = DURATION_YEARLY;
	world.settings.customers[0].period_start_s = start_s;
	write_old_rows(5);
	l = ledger_open_writer(scratch_dir, 16 << 20, &e);
	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(ledger_begin(l, &e), 0);
	ck_assert_int_eq(ledger_row_put(l, &k, &row, &e), 0);
	ck_assert_int_eq(ledger_commit(l, &e), 0);
	ledger_close(&l);
	world_start();
	/* A second customer's turn comes when the walk is over. */
	ck_assert_int_eq(world_stop(MASTER_DRAIN), 0);
	world_start();
	ck_assert_uint_eq(world_hold(&year, 1, 900), SLOT_NONE);
	ck_assert_int_eq(world_stop(MASTER_DRAIN), 0);
	ck_assert_int_eq(world_row(year, &row), 1);
	ck_assert_int_eq(row.settled, 950);
}
END_TEST

/*
 * A keeper died between the news of a charge and the lane's release, and the
 * row was summed up before the record came again.
 */
START_TEST(test_old_period_charged_twice)
{
	struct account_key used = ada_before(5);
	struct ledger_row row;
	struct seat *s;
	uint64_t tail;
	uint32_t slot;

	write_old_rows(10);
	world.settings.s.budgets_keep_periods = 20;
	world_start();
	s = seat_at(world.seg, world.seat);
	slot = world_hold(&used, 1, 10);
	tail = atomic_load(&s->money.tail);
	world_settle(slot, 1, 10, 0);
	ck_assert(WORLD_UNTIL(rests_at(used, 100 + 5 + 10)));
	ck_assert(WORLD_UNTIL(lane_empty(&s->money)));
	world_kill();
	atomic_store(&s->money.tail, tail);
	/* Its stream was longer than a minute. */
	atomic_store(&account_at(world.seg, account_find(world.seg, &used))
			  ->used_s,
	    -100);
	world.settings.s.budgets_keep_periods = 3;
	world_start();
	ck_assert(WORLD_UNTIL(lane_empty(&s->money)));
	ck_assert(WORLD_UNTIL(world_row(ada_before(4), &row) == 0));
	ck_assert_int_eq(world_stop(MASTER_DRAIN), 0);
}
END_TEST

/* A row of before the file had a limit, while nobody has the account. */
static struct account_key
write_unlimited_row(void)
{
	struct account_key key =
	    world_key(OWNER_KEY, "filekey1", ACCOUNT_KEY_TOTAL, 0);
	struct row_key k = row_key_make(key.hash, key.kind, 0);
	struct ledger_row row = { .settled = 450,
		.limit = ACCOUNT_UNLIMITED,
		.first_us = 1,
		.requests = 2 };
	struct ledger *l = ledger_open_writer(scratch_dir, 16 << 20, &e);

	ck_assert_ptr_nonnull(l);
	ck_assert_int_eq(ledger_begin(l, &e), 0);
	ck_assert_int_eq(ledger_row_put(l, &k, &row, &e), 0);
	ck_assert_int_eq(ledger_commit(l, &e), 0);
	ledger_close(&l);
	return key;
}

/* An administrator corrects it while a request waits for it. */
START_TEST(test_corrected_while_it_loads)
{
	struct account_key key = write_unlimited_row();
	struct ask_amount a = { .row = row_key_make(key.hash, key.kind, 0),
		.amount_nano = 1,
		.who = SLICE("me"),
		.reason = SLICE("x") };
	struct ask_message m = { ++world.asked, ASK_ADJUST, SLICE("") };
	struct sbuf body = { 0 }, out = { 0 };
	enum hold_result got;
	uint32_t slot;

	world_start();
	kill(world.keeper, SIGSTOP);
	slot = world_open();
	ck_assert_int_eq(world_try(slot, &key, 1, 1000), HOLD_LOADING);
	ask_amount_pack(&body, &a);
	m.body = sbuf_slice(&body);
	ask_pack(&out, &m);
	ck_assert_int_gt(send(world.admin_fd, out.data, out.len, 0), 0);
	kill(world.keeper, SIGCONT);
	(void)WORLD_UNTIL((got = world_try(slot, &key, 1, 1000)) == HOLD_OK ||
			  got == HOLD_EXCEEDED);
	ck_assert_int_eq(got, HOLD_EXCEEDED);
	ck_assert_int_eq(world_view(key).limit, 500);
	sbuf_free(&body);
	sbuf_free(&out);
}
END_TEST

/* A keeper starts while a request waits for it. */
START_TEST(test_start_while_it_loads)
{
	struct account_key key = write_unlimited_row();
	enum hold_result got;
	uint32_t slot = world_open();

	ck_assert_int_eq(world_try(slot, &key, 1, 1000), HOLD_LOADING);
	world_fork();
	do
		got = world_try(slot, &key, 1, 1000);
	while (got != HOLD_OK && got != HOLD_EXCEEDED);
	ck_assert_int_eq(got, HOLD_EXCEEDED);
}
END_TEST

/* The last one may have died between a change and the word of it. */
START_TEST(test_start_says_that_all_may_have_changed)
{
	static const enum gen_kind kinds[] = { GEN_KEYS, GEN_CUSTOMERS,
		GEN_DELETED, GEN_GROUPS, GEN_CREDENTIALS };
	uint64_t before[COUNT(kinds)];

	for (size_t i = 0; i < COUNT(kinds); i++)
		before[i] = gen_get(world.seg, kinds[i]);
	world_start();
	for (size_t i = 0; i < COUNT(kinds); i++)
		ck_assert_uint_gt(gen_get(world.seg, kinds[i]), before[i]);
}
END_TEST

/* Nothing new is taken, and the keeper lives; what is there can be changed. */
START_TEST(test_full_of_customers)
{
	static char name[1000];
	struct customer_change change = { .given = CUSTOMER_NAME };
	struct sbuf body = { 0 };
	char id[16], code = ASK_DONE;
	int n = 0;

	world.settings.s.store_objects_size_bytes = 512 << 10;
	memset(name, 'x', sizeof name);
	world_start();
	for (; code == ASK_DONE && n < 2000; n++) {
		snprintf(id, sizeof id, "customer%d", n);
		change.def.identifier = slice_str(id);
		change.def.name = (struct slice){ name, sizeof name };
		sbuf_clear(&body);
		defs_change_pack(&body, &change);
		code = world_ask(ASK_CUSTOMER, sbuf_slice(&body));
	}
	ck_assert_int_eq(code, ASK_FULL);
	ck_assert_int_gt(n, 100);
	world_upsert(&change);
	change.def.identifier = SLICE("customer0");
	sbuf_clear(&body);
	defs_change_pack(&body, &change);
	ck_assert_int_eq(world_ask(ASK_CUSTOMER, sbuf_slice(&body)), ASK_DONE);
	ck_assert_int_eq(world_ask(ASK_CUSTOMER_DELETE, sbuf_slice(&body)),
	    ASK_DONE);
	ck_assert_int_eq(world_stop(MASTER_DRAIN), 0);
	sbuf_free(&body);
}
END_TEST

/* The power went before anything was committed: the meta pages are torn. */
START_TEST(test_torn_beginning)
{
	static const char *const names[] = { "ledger", "objects" };
	struct account_key key = ada();
	char path[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		FILE *f;

		snprintf(path, sizeof path, "%s/%s", scratch_dir, names[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		snprintf(path, sizeof path, "%s/%s/data.mdb", scratch_dir,
		    names[i]);
		f = fopen(path, "w");
		ck_assert_ptr_nonnull(f);
		for (int n = 0; n < 5000; n++)
			fputc("torn"[n % 4], f);
		fclose(f);
	}
	world_start();
	ck_assert_uint_ne(world_hold(&key, 1, 10), SLOT_NONE);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("begin");
	TCase *t = tcase_create("begin");

	tcase_add_checked_fixture(t, world_init, world_fini);
	tcase_add_test(t, test_old_periods);
	tcase_add_test(t, test_long_period_behind_short_ones);
	tcase_add_test(t, test_old_period_charged_twice);
	tcase_add_test(t, test_corrected_while_it_loads);
	tcase_add_loop_test(t, test_start_while_it_loads, 0, 10);
	tcase_add_test(t, test_start_says_that_all_may_have_changed);
	tcase_add_test(t, test_full_of_customers);
	tcase_add_test(t, test_torn_beginning);
	suite_add_tcase(s, t);
	return s;
}
