#include "tests/keeper/world.h"

#include <sys/mman.h>

#include "shm/audit.h"
#include "shm/gen.h"
#include "shm/period.h"
#include "shm/stats.h"
#include "store/objects.h"
#include "tests/suite.h"

static void
spend(struct account_key key, int64_t hold, int64_t actual)
{
	uint32_t slot = world_hold(&key, 1, hold);

	ck_assert_uint_ne(slot, SLOT_NONE);
	world_settle(slot, 1, actual, 0);
}

START_TEST(test_settle)
{
	struct account_key keys[3] = { ada(), organization(),
		world_key(OWNER_KEY, "filekey1", ACCOUNT_KEY_TOTAL, 0) };
	struct ledger_row row;
	uint32_t slot;

	world_start();
	slot = world_hold(keys, 3, 100);
	ck_assert_uint_ne(slot, SLOT_NONE);
	ck_assert_int_eq(world_view(keys[0]).limit, 1000);
	ck_assert_int_eq(world_view(keys[1]).limit, ACCOUNT_UNLIMITED);
	ck_assert_int_eq(world_view(keys[2]).limit, 500);
	ck_assert_int_eq(world_view(keys[0]).reserved, 100);
	world_settle(slot, 3, 60, 10);
	for (int i = 0; i < 3; i++)
		ck_assert(WORLD_UNTIL(rests_at(keys[i], 60)));
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(world_row(keys[i], &row), 1);
		ck_assert_int_eq(row.settled, 60);
		ck_assert_int_eq(row.suspense, 10);
		ck_assert_int_eq(row.requests, 1);
	}
	ck_assert_uint_eq(wake_missed_count(world.seg), 0);
}
END_TEST

/* All of a budget can be spent, and nothing more. */
START_TEST(test_limit)
{
	struct account_key key = ada();
	int passed = 0;

	world_start();
	for (int i = 0; i < 30; i++) {
		uint32_t slot = world_hold(&key, 1, 90);

		if (slot == SLOT_NONE)
			break;
		world_settle(slot, 1, 90, 0);
		passed++;
	}
	ck_assert_int_eq(passed, 11);
	ck_assert(WORLD_UNTIL(rests_at(key, 990)));
	ck_assert_uint_eq(world_hold(&key, 1, 11), SLOT_NONE);
	ck_assert_uint_ne(world_hold(&key, 1, 10), SLOT_NONE);
}
END_TEST

/* Nobody's account stays LOADING; its customer's record loads it. */
START_TEST(test_unknown_customer)
{
	struct account_key key =
	    world_key(OWNER_CUSTOMER, "eve", ACCOUNT_CUSTOMER_PERIOD, today());
	struct customer_change change = { .def = {
					      .identifier = SLICE("eve") } };
	uint64_t generation = gen_get(world.seg, GEN_CUSTOMERS);

	world_start();
	account_get(world.seg, &key, 0);
	ck_assert(WORLD_UNTIL(!account_any_wanted(world.seg)));
	ck_assert_int_eq(world_view(key).state, ACCOUNT_LOADING);
	world_upsert(&change);
	ck_assert(WORLD_UNTIL(rests_at(key, 0)));
	ck_assert_int_eq(world_view(key).limit, 300);
	ck_assert_uint_gt(gen_get(world.seg, GEN_CUSTOMERS), generation);
	spend(key, 300, 300);
	ck_assert_uint_eq(world_hold(&key, 1, 1), SLOT_NONE);
}
END_TEST

START_TEST(test_unknown_refused)
{
	struct account_key key =
	    world_key(OWNER_CUSTOMER, "eve", ACCOUNT_CUSTOMER_PERIOD, today());
	struct customer_change change = { .def = {
					      .identifier = SLICE("eve") } };

	world.settings.s.customers_unknown = world_text("refuse");
	world_start();
	account_get(world.seg, &key, 0);
	world_upsert(&change);
	ck_assert_int_eq(world_view(key).state, ACCOUNT_LOADING);
}
END_TEST

/* Two workers were told the same: it is written once, until it changes. */
START_TEST(test_same_again)
{
	struct customer_change change = { .def = { .identifier = SLICE("eve"),
					      .period_budget_nano = 10,
					      .params_digest = 7 },
		.given = CUSTOMER_PERIOD_BUDGET };
	uint64_t generation;

	world_start();
	generation = gen_get(world.seg, GEN_CUSTOMERS);
	for (int i = 0; i < 3; i++)
		world_upsert(&change);
	ck_assert_uint_eq(gen_get(world.seg, GEN_CUSTOMERS), generation + 1);
	change.def.params_digest = 8;
	world_upsert(&change);
	ck_assert_uint_eq(gen_get(world.seg, GEN_CUSTOMERS), generation + 2);
	change.def.params_digest = 7;
	world_upsert(&change);
	ck_assert_uint_eq(gen_get(world.seg, GEN_CUSTOMERS), generation + 3);
}
END_TEST

/*
 * One worker has asked for more than two batches hold, then a second asks:
 * it has its turn before the first is through, whose last word then counts.
 */
START_TEST(test_lanes_take_turns)
{
	struct account_key key =
	    world_key(OWNER_CUSTOMER, "eve", ACCOUNT_CUSTOMER_PERIOD, today());
	struct customer_change change = { .def = { .identifier = SLICE("eve"),
					      .params_digest = 1 },
		.given = CUSTOMER_PERIOD_BUDGET };
	struct seat_owner second;
	uint64_t ticket;
	uint32_t seat;

	ck_assert_int_eq(seat_take(world.seg, &seat, &e), 1);
	seat_own(world.seg, seat, &second);
	account_get(world.seg, &key, 0);
	for (int i = 0; i < 1100; i++)
		world_publish(&world.worker, &change);
	change.def.params_digest = 2;
	change.def.period_budget_nano = 2;
	world_publish(&second, &change);
	change.def.params_digest = 3;
	change.def.period_budget_nano = 3;
	ticket = world_publish(&world.worker, &change);
	world_start();
	ck_assert(WORLD_UNTIL(lane_consumed(&world.worker.money, ticket)));
	ck_assert(lane_consumed(&second.money, 1));
	ck_assert(WORLD_UNTIL(rests_at(key, 0)));
	ck_assert_int_eq(world_view(key).limit, 3);
}
END_TEST

/* What no record can hold is left out, and the keeper lives on. */
START_TEST(test_customer_too_large)
{
	static char text[DEFS_MAX + 1];
	struct account_key key =
	    world_key(OWNER_CUSTOMER, "eve", ACCOUNT_CUSTOMER_PERIOD, today());
	struct customer_change change = { .def = { .identifier = SLICE("eve"),
					      .name = { text, sizeof text } },
		.given = CUSTOMER_NAME };

	memset(text, 'n', sizeof text);
	world_start();
	account_get(world.seg, &key, 0);
	world_upsert(&change);
	ck_assert_int_eq(world_view(key).state, ACCOUNT_LOADING);
	change.def.name = SLICE("Eve");
	world_upsert(&change);
	ck_assert(WORLD_UNTIL(rests_at(key, 0)));
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
}
END_TEST

/* A request or an administrator changes a limit: it holds at once. */
START_TEST(test_limit_changes)
{
	struct account_key key =
	    world_key(OWNER_CUSTOMER, "eve", ACCOUNT_CUSTOMER_PERIOD, today());
	struct customer_change change = { .given = CUSTOMER_PERIOD_BUDGET,
		.def = { .identifier = SLICE("eve"),
		    .period_budget_nano = 1000 } };
	struct sbuf body = { 0 };

	world_start();
	world_upsert(&change);
	spend(key, 400, 400);
	ck_assert(WORLD_UNTIL(rests_at(key, 400)));
	change.def.period_budget_nano = 410;
	world_upsert(&change);
	ck_assert_int_eq(world_view(key).limit, 410);
	ck_assert_uint_eq(world_hold(&key, 1, 11), SLOT_NONE);
	change.def.period_budget_nano = MONEY_NONE;
	defs_change_pack(&body, &change);
	ck_assert_int_eq(world_ask(ASK_CUSTOMER, sbuf_slice(&body)), ASK_DONE);
	ck_assert_int_eq(world_view(key).limit, ACCOUNT_UNLIMITED);
	spend(key, 100000, 100000);
	ck_assert(WORLD_UNTIL(rests_at(key, 100400)));
	sbuf_free(&body);
}
END_TEST

/* What the settings file says wins over a request and an administrator. */
START_TEST(test_file_wins)
{
	struct customer_change change = { .given = CUSTOMER_PERIOD_BUDGET,
		.def = { .identifier = SLICE("ada"),
		    .period_budget_nano = MONEY_NONE } };
	struct account_key key = ada();
	struct sbuf body = { 0 };

	world_start();
	spend(key, 10, 10);
	world_upsert(&change);
	ck_assert_int_eq(world_view(key).limit, 1000);
	defs_change_pack(&body, &change);
	ck_assert_int_eq(world_ask(ASK_CUSTOMER, sbuf_slice(&body)),
	    ASK_FAILED);
	ck_assert_int_eq(world_view(key).limit, 1000);
	sbuf_free(&body);
}
END_TEST

/* New settings hold at once, for the file's customers and keys. */
START_TEST(test_reload)
{
	struct account_key key = ada();
	int fds[2] = { memfd_create("snapshot", MFD_CLOEXEC),
		memfd_create("secrets", MFD_CLOEXEC) };

	world_start();
	spend(key, 10, 10);
	ck_assert(WORLD_UNTIL(rests_at(key, 10)));
	world.settings.customers[0].period_budget_nano = 15;
	ck_assert_int_eq(write(fds[0], &world.settings, sizeof world.settings),
	    (ssize_t)sizeof world.settings);
	ck_assert_int_eq(child_send(world.keeper_fd, MASTER_SETTINGS, fds, 2),
	    0);
	ck_assert(WORLD_UNTIL(world_view(key).limit == 15));
	ck_assert_uint_eq(world_hold(&key, 1, 6), SLOT_NONE);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/* Kills at any moment: every charge counts exactly once. */
START_TEST(test_killed)
{
	struct account_key key = organization();
	struct ledger_row row;
	int64_t spent = 0;

	world_start();
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 1 + round * 5; i++) {
			spend(key, 7, 3);
			spent += 3;
		}
		world_kill();
		world_start();
	}
	ck_assert(WORLD_UNTIL(rests_at(key, spent)));
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	ck_assert_int_eq(world_row(key, &row), 1);
	ck_assert_int_eq(row.settled, spent);
	ck_assert_int_eq(row.suspense, 0);
}
END_TEST

/* A hold that is out when the keeper dies is still held by the next. */
START_TEST(test_killed_with_hold)
{
	struct account_key key = ada();
	uint32_t slot;

	world_start();
	slot = world_hold(&key, 1, 600);
	ck_assert_uint_ne(slot, SLOT_NONE);
	world_kill();
	world_start();
	ck_assert_int_eq(world_view(key).reserved, 600);
	ck_assert_int_eq(world_try(world_open(), &key, 1, 500), HOLD_HELD);
	world_settle(slot, 1, 600, 0);
	ck_assert(WORLD_UNTIL(rests_at(key, 600)));
}
END_TEST

/* The segment is gone: what was leased and not settled is in suspense. */
START_TEST(test_lost_segment)
{
	struct account_key key = ada();
	struct ledger_row before, after;

	world_start();
	spend(key, 100, 40);
	ck_assert(WORLD_UNTIL(rests_at(key, 40)));
	ck_assert_uint_ne(world_hold(&key, 1, 200), SLOT_NONE);
	world_kill();
	ck_assert_int_eq(world_row(key, &before), 1);
	ck_assert_int_ge(before.lease, 240);
	world_new_segment();
	world_start();
	world_kill();
	ck_assert_int_eq(world_row(key, &after), 1);
	ck_assert_int_eq(after.settled, before.lease);
	ck_assert_int_eq(after.suspense, before.lease - 40);
}
END_TEST

START_TEST(test_clean_stop)
{
	struct account_key key = ada();
	struct ledger_row row;

	world_start();
	spend(key, 100, 40);
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	world_new_segment();
	world_start();
	spend(key, 100, 2);
	ck_assert(WORLD_UNTIL(rests_at(key, 42)));
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	ck_assert_int_eq(world_row(key, &row), 1);
	ck_assert_int_eq(row.settled, 42);
	ck_assert_int_eq(row.lease, 42);
	ck_assert_int_eq(row.suspense, 0);
}
END_TEST

/* A stop with money still held is not clean. */
START_TEST(test_stop_with_hold)
{
	struct account_key key = ada();
	struct ledger_row row;

	world_start();
	ck_assert_uint_ne(world_hold(&key, 1, 200), SLOT_NONE);
	ck_assert_int_eq(world_stop(MASTER_STOP), 0);
	world_new_segment();
	world_start();
	world_kill();
	ck_assert_int_eq(world_row(key, &row), 1);
	ck_assert_int_ge(row.suspense, 200);
}
END_TEST

START_TEST(test_keys)
{
	struct key_def k = { .prefix = SLICE("abcdefgh"),
		.name = SLICE("team"),
		.max_usage = 2,
		.period_budget_nano = MONEY_NONE,
		.spending_limit_nano = 80 };
	struct account_key key =
	    world_key(OWNER_KEY, "abcdefgh", ACCOUNT_KEY_TOTAL, 0);
	struct account_key uses =
	    world_key(OWNER_KEY, "abcdefgh", ACCOUNT_KEY_USES, 0);
	uint64_t generation;
	struct sbuf body = { 0 };

	world_start();
	generation = gen_get(world.seg, GEN_KEYS);
	defs_key_pack(&body, &k);
	ck_assert_int_eq(world_ask(ASK_KEY_PUT, sbuf_slice(&body)), ASK_DONE);
	ck_assert_uint_eq(gen_get(world.seg, GEN_KEYS), generation + 1);
	spend(key, 80, 80);
	ck_assert_uint_eq(world_hold(&key, 1, 1), SLOT_NONE);
	spend(uses, ACCOUNT_USE, ACCOUNT_USE);
	spend(uses, ACCOUNT_USE, ACCOUNT_USE);
	ck_assert_uint_eq(world_hold(&uses, 1, ACCOUNT_USE), SLOT_NONE);
	ck_assert_int_eq(world_ask(ASK_KEY_REVOKE, SLICE("abcdefgh")),
	    ASK_DONE);
	ck_assert_uint_eq(gen_get(world.seg, GEN_KEYS), generation + 2);
	ck_assert_int_eq(world_ask(ASK_KEY_REVOKE, SLICE("nobody")), ASK_NONE);
	ck_assert_int_eq(world_ask(ASK_KEY_REVOKE, SLICE("filekey1")),
	    ASK_FAILED);
	ck_assert_int_eq(world_ask('?', SLICE("")), ASK_FAILED);
	ck_assert_int_eq(world_ask(ASK_KEY_PUT, SLICE("junk")), ASK_FAILED);
	sbuf_free(&body);
}
END_TEST

static const struct {
	const char *title;
	enum ask_op op;
	int64_t amount;
	char answer;
	int64_t settled, suspense;
} amounts[] = {
	{ "adjust down", ASK_ADJUST, -100, ASK_DONE, 100, 50 },
	{ "adjust up", ASK_ADJUST, 5, ASK_DONE, 205, 50 },
	{ "never below 0", ASK_ADJUST, -201, ASK_FAILED, 200, 50 },
	{ "suspense stays a part", ASK_ADJUST, -190, ASK_DONE, 10, 10 },
	{ "release", ASK_RELEASE, 50, ASK_DONE, 150, 0 },
	{ "release too much", ASK_RELEASE, 51, ASK_FAILED, 200, 50 },
	{ "confirm", ASK_CONFIRM, 20, ASK_DONE, 200, 30 },
	{ "a negative release", ASK_RELEASE, -1, ASK_FAILED, 200, 50 },
	{ "release all", ASK_RELEASE, ASK_ALL, ASK_DONE, 150, 0 },
	{ "confirm all", ASK_CONFIRM, ASK_ALL, ASK_DONE, 200, 0 },
	{ "reset", ASK_ADJUST, ASK_ALL, ASK_DONE, 0, 0 },
	{ "release nothing", ASK_RELEASE, 0, ASK_FAILED, 200, 50 },
};

START_TEST(test_amounts)
{
	struct account_key key = ada();
	struct ask_amount a = { .amount_nano = amounts[_i].amount,
		.reason = SLICE("a test") };
	struct sbuf body = { 0 };
	uint32_t slot;

	world_start();
	slot = world_hold(&key, 1, 200);
	world_settle(slot, 1, 200, 50);
	ck_assert(WORLD_UNTIL(rests_at(key, 200)));
	a.row = row_key_make(key.hash, key.kind, key.period_s);
	ask_amount_pack(&body, &a);
	ck_assert_msg(world_ask(amounts[_i].op, sbuf_slice(&body)) ==
			  amounts[_i].answer,
	    "%s", amounts[_i].title);
	ck_assert_int_eq(world_view(key).settled, amounts[_i].settled);
	ck_assert_int_eq(world_view(key).suspense, amounts[_i].suspense);
	sbuf_free(&body);
}
END_TEST

/* The first account of the answer to ASK_AUDIT. */
static struct audit_account
audited(void)
{
	uint32_t at = 0;
	struct audit_account a;
	struct sbuf reply = { 0 };

	ck_assert_int_eq(world_ask_for(ASK_AUDIT,
			     (struct slice){ (char *)&at, sizeof at }, &reply),
	    ASK_DONE);
	ck_assert_uint_eq(reply.len, sizeof at + sizeof a);
	memcpy(&at, reply.data, sizeof at);
	ck_assert_uint_eq(at, ACCOUNT_NONE);
	memcpy(&a, reply.data + sizeof at, sizeof a);
	sbuf_free(&reply);
	return a;
}

START_TEST(test_audit)
{
	struct account_key key = ada();
	struct audit_account a;
	uint32_t slot;

	world_start();
	spend(key, 100, 60);
	ck_assert(WORLD_UNTIL(rests_at(key, 60)));
	slot = world_hold(&key, 1, 30);
	a = audited();
	ck_assert_uint_eq(a.faults, 0);
	ck_assert_int_eq(a.view.settled, 60);
	ck_assert_int_eq(a.row.settled, 60);
	ck_assert_int_eq(a.slots, 30);
	ck_assert_uint_eq(a.slots_n, 1);
	/* Held, and nobody holds it. */
	atomic_store(&world.worker.states[slot], SLOT_FREE);
	a = audited();
	ck_assert_uint_eq(a.faults, AUDIT_RESERVED);
	ck_assert_int_eq(a.slots, 0);
	ck_assert_int_eq(world_ask(ASK_AUDIT, SLICE("?")), ASK_FAILED);
	ck_assert_int_eq(world_ask(ASK_LANES, SLICE("?")), ASK_FAILED);
}
END_TEST

/* More than was held is settled, then more than was billed is there. */
START_TEST(test_audit_overrun)
{
	struct account_key key = ada();
	struct account *entry;
	struct audit_account a;

	world_start();
	ck_assert_uint_ne(world_hold(&key, 1, 700), SLOT_NONE);
	spend(key, 300, 500);
	ck_assert(WORLD_UNTIL(world_view(key).settled == 500));
	a = audited();
	ck_assert_int_gt(a.view.settled + a.view.reserved, a.view.lease);
	ck_assert_uint_eq(a.faults, 0);
	entry = account_at(world.seg, account_find(world.seg, &key));
	atomic_fetch_sub(&entry->overrun_nano, 1);
	ck_assert_uint_eq(audited().faults, AUDIT_LEASE | AUDIT_FREE);
}
END_TEST

/* Without being asked, soon after it began. */
START_TEST(test_audit_round)
{
	static const uint16_t no_label[STATS_LABELS];
	struct account_key key = ada();
	uint32_t cell;

	world_start();
	spend(key, 10, 10);
	ck_assert(WORLD_UNTIL(rests_at(key, 10)));
	atomic_fetch_sub(&account_at(world.seg, account_find(world.seg, &key))
			      ->settled,
	    1);
	cell = stats_cell(world.seg, METRIC_AUDIT_VIOLATIONS, no_label);
	ck_assert(WORLD_UNTIL(stats_sum(world.seg, cell) == 1));
}
END_TEST

START_TEST(test_audit_lanes)
{
	struct account_key key = ada();
	struct sbuf reply = { 0 };
	struct audit_lane lane;
	uint32_t slot;

	world_start();
	spend(key, 10, 10);
	ck_assert(WORLD_UNTIL(rests_at(key, 10)));
	ck_assert_int_eq(world_ask_for(ASK_LANES, SLICE(""), &reply), ASK_DONE);
	ck_assert_uint_eq(reply.len, sizeof lane);
	memcpy(&lane, reply.data, sizeof lane);
	ck_assert_uint_eq(lane.cursor, 1);
	ck_assert_uint_eq(lane.released, 1);
	ck_assert_uint_eq(lane.faulty, 0);
	/* Applied long ago, and still there. */
	slot = world_hold(&key, 1, 10);
	atomic_store(&world.worker.slots[slot].seq, 1);
	atomic_store(&world.worker.states[slot], SLOT_DONE);
	ck_assert_int_eq(world_ask_for(ASK_LANES, SLICE(""), &reply), ASK_DONE);
	memcpy(&lane, reply.data, sizeof lane);
	ck_assert_uint_eq(lane.stuck, 1);
	ck_assert_uint_eq(lane.faulty, 1);
	atomic_store(&world.worker.states[slot], SLOT_HELD);
	/* Taken from the lane, and not in the ledger. */
	atomic_fetch_add(&world.worker.seat->money.tail_seq, 1);
	ck_assert_int_eq(world_ask_for(ASK_LANES, SLICE(""), &reply), ASK_DONE);
	memcpy(&lane, reply.data, sizeof lane);
	ck_assert_uint_eq(lane.faulty, 1);
	sbuf_free(&reply);
}
END_TEST

/* A wild record ends the keeper; nothing is guessed. */
START_TEST(test_wild_record)
{
	world_start();
	lane_put(&world.worker.money, LANE_ACCESS, 0, "?", 1);
	ck_assert_int_eq(world_wait(), 71);
}
END_TEST

START_TEST(test_no_store)
{
	world.settings.s.store_path = world_text("/nonexistent");
	world_fork();
	ck_assert_int_eq(world_wait(), 71);
}
END_TEST

/* Junk in the ledger after a power cut: an error, no abort. */
START_TEST(test_damaged)
{
	struct account_key key = ada();
	char path[128], junk[4096];
	FILE *f;

	world_start();
	spend(key, 10, 10);
	ck_assert(WORLD_UNTIL(rests_at(key, 10)));
	world_kill();
	world_new_segment();
	snprintf(path, sizeof path, "%s/ledger/data.mdb", scratch_dir);
	f = fopen(path, "r+");
	ck_assert_ptr_nonnull(f);
	memset(junk, 0x5a, sizeof junk);
	/* The two meta pages stay, all that they lead to goes. */
	fseek(f, 2 * 4096, SEEK_SET);
	for (int i = 0; i < 64; i++)
		fwrite(junk, sizeof junk, 1, f);
	fclose(f);
	world_fork();
	ck_assert_int_eq(world_wait(), 71);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("keeper");
	TCase *t = tcase_create("keeper");

	tcase_add_checked_fixture(t, world_init, world_fini);
	tcase_add_test(t, test_settle);
	tcase_add_test(t, test_limit);
	tcase_add_test(t, test_unknown_customer);
	tcase_add_test(t, test_unknown_refused);
	tcase_add_test(t, test_same_again);
	tcase_add_test(t, test_lanes_take_turns);
	tcase_add_test(t, test_customer_too_large);
	tcase_add_test(t, test_limit_changes);
	tcase_add_test(t, test_file_wins);
	tcase_add_test(t, test_reload);
	tcase_add_test(t, test_killed);
	tcase_add_test(t, test_killed_with_hold);
	tcase_add_test(t, test_lost_segment);
	tcase_add_test(t, test_clean_stop);
	tcase_add_test(t, test_stop_with_hold);
	tcase_add_test(t, test_keys);
	tcase_add_loop_test(t, test_amounts, 0, COUNT(amounts));
	tcase_add_test(t, test_audit);
	tcase_add_test(t, test_audit_overrun);
	tcase_add_test(t, test_audit_round);
	tcase_add_test(t, test_audit_lanes);
	tcase_add_test(t, test_wild_record);
	tcase_add_test(t, test_no_store);
	tcase_add_test(t, test_damaged);
	suite_add_tcase(s, t);
	return s;
}
