/* What administrators do to customers: conditions, deleting, making anew. */
#include "tests/keeper/world.h"

#include "shm/period.h"
#include "store/objects.h"
#include "tests/suite.h"

#define DAY_S 86400

static int
ask(enum ask_op op, const struct customer_change *change)
{
	struct sbuf body = { 0 };
	int code;

	defs_change_pack(&body, change);
	code = world_ask(op, sbuf_slice(&body));
	sbuf_free(&body);
	return code;
}

/* The stored customer; its version, 0 when it is not there. */
static uint64_t
stored(const char *id, struct customer_def *c)
{
	struct objects *o = objects_open_reader(scratch_dir, &e);
	static struct sbuf buf;
	int got;

	ck_assert_ptr_nonnull(o);
	got = objects_customer_get(o, ENV_PROD, slice_str(id), &buf, c, &e);
	objects_close(&o);
	ck_assert_int_ge(got, 0);
	return got == 1 ? c->version : 0;
}

/* The period that began ten days ago: none of these kinds has ended since. */
static int64_t
anchor(void)
{
	struct period_rules utc = { NULL, 1 };

	return period_day(&utc, now_real_us() / 1000000) - 10 * DAY_S;
}

static const struct remade {
	const char *title;
	int32_t before, after; /* durations */
	uint32_t given;        /* beside the budget, when it is made again */
	bool spent;            /* its row is the same one */
} remade[] = {
	{ "the same duration", DURATION_MONTHLY, DURATION_MONTHLY,
	    CUSTOMER_DURATION, true },
	{ "another duration", DURATION_MONTHLY, DURATION_YEARLY,
	    CUSTOMER_DURATION, true },
	{ "a start of its own", DURATION_MONTHLY, DURATION_MONTHLY,
	    CUSTOMER_DURATION | CUSTOMER_PERIOD_START, false },
};

START_TEST(test_delete_frees_no_money)
{
	const struct remade *r = &remade[_i];
	struct account_key key =
	    world_key(OWNER_CUSTOMER, "eve", ACCOUNT_CUSTOMER_PERIOD, anchor());
	struct customer_change change = { .given = CUSTOMER_PERIOD_BUDGET |
		                                   CUSTOMER_DURATION |
		                                   CUSTOMER_PERIOD_START,
		.def = { .identifier = SLICE("eve"),
		    .period_budget_nano = 1000,
		    .budget_duration = r->before,
		    .period_start_s = anchor() } };
	struct ledger_row row;
	struct customer_def c;
	uint32_t slot;

	world_start();
	ck_assert_int_eq(ask(ASK_CUSTOMER, &change), ASK_DONE);
	slot = world_hold(&key, 1, 900);
	ck_assert_uint_ne(slot, SLOT_NONE);
	world_settle(slot, 1, 900, 0);
	ck_assert(WORLD_UNTIL(world_view(key).settled == 900));
	ck_assert_int_eq(ask(ASK_CUSTOMER_DELETE, &change), ASK_DONE);
	ck_assert_uint_eq(stored("eve", &c), 0);
	ck_assert_int_eq(ask(ASK_CUSTOMER_DELETE, &change), ASK_NONE);
	world_stop(MASTER_STOP);
	ck_assert_int_eq(world_row(key, &row), 1);
	ck_assert_int_eq(row.settled, 900);
	world_start();

	change.given = CUSTOMER_PERIOD_BUDGET | r->given;
	change.def.budget_duration = r->after;
	change.def.period_start_s = anchor() + DAY_S;
	ck_assert_int_eq(ask(ASK_CUSTOMER, &change), ASK_DONE);
	stored("eve", &c);
	ck_assert_msg((c.period_start_s == anchor()) == r->spent, "%s: %lld",
	    r->title, (long long)c.period_start_s);
	if (r->spent)
		ck_assert_uint_eq(world_hold(&key, 1, 101), SLOT_NONE);
}
END_TEST

/* A request that names it makes it again too, on its row. */
START_TEST(test_delete_then_a_request)
{
	struct customer_change change = { .given = CUSTOMER_PERIOD_START |
		                                   CUSTOMER_DURATION,
		.def = { .identifier = SLICE("eve"),
		    .budget_duration = DURATION_DAILY,
		    .period_start_s = anchor() + 3600 } };
	struct customer_def c;

	world_start();
	world_upsert(&change);
	ck_assert_int_eq(ask(ASK_CUSTOMER_DELETE, &change), ASK_DONE);
	world_kill();
	world_start();
	change.given = 0;
	world_upsert(&change);
	ck_assert_uint_eq(stored("eve", &c), 3);
	ck_assert_int_eq(c.period_start_s, anchor() + 3600);
	ck_assert_int_eq(c.gone, 0);
	ck_assert_int_gt(c.deleted_us, 0);
}
END_TEST

static const struct condition {
	const char *title;
	enum ask_op op;
	const char *id;
	uint32_t given;
	uint64_t version; /* that is told; the stored one is 2 */
	int answer;
	uint64_t after;
} conditions[] = {
	{ "no condition", ASK_CUSTOMER, "eve", 0, 0, ASK_DONE, 3 },
	{ "its version", ASK_CUSTOMER, "eve", 0, 2, ASK_DONE, 3 },
	{ "an older version", ASK_CUSTOMER, "eve", 0, 1, ASK_CHANGED, 2 },
	{ "a newer version", ASK_CUSTOMER, "eve", 0, 3, ASK_CHANGED, 2 },
	{ "there", ASK_CUSTOMER, "eve", CUSTOMER_THERE, 0, ASK_DONE, 3 },
	{ "not there", ASK_CUSTOMER, "bob", CUSTOMER_THERE, 0, ASK_NONE, 0 },
	{ "a version of nobody", ASK_CUSTOMER, "bob", 0, 1, ASK_CHANGED, 0 },
	{ "made", ASK_CUSTOMER, "bob", 0, 0, ASK_DONE, 1 },
	{ "of the file", ASK_CUSTOMER, "ada", 0, 0, ASK_FAILED, 0 },
	{ "delete its version", ASK_CUSTOMER_DELETE, "eve", 0, 2, ASK_DONE, 0 },
	{ "delete an older one", ASK_CUSTOMER_DELETE, "eve", 0, 1, ASK_CHANGED,
	    2 },
	{ "delete nobody", ASK_CUSTOMER_DELETE, "bob", 0, 0, ASK_NONE, 0 },
	{ "delete the file's", ASK_CUSTOMER_DELETE, "ada", 0, 0, ASK_FAILED,
	    0 },
};

START_TEST(test_conditions)
{
	const struct condition *t = &conditions[_i];
	struct customer_change eve = {
		.given = CUSTOMER_NAME | CUSTOMER_METADATA,
		.def = { .identifier = SLICE("eve"),
		    .name = SLICE("Eve"),
		    .metadata = SLICE("{\"a\":1}") },
	};
	struct customer_change change = {
		.given = t->given | CUSTOMER_EMAIL,
		.def = { .identifier = slice_str(t->id),
		    .email = SLICE("a@b"),
		    .version = t->version },
	};
	struct customer_def c;

	world_start();
	ck_assert_int_eq(ask(ASK_CUSTOMER, &eve), ASK_DONE);
	ck_assert_int_eq(ask(ASK_CUSTOMER, &eve), ASK_DONE);
	ck_assert_msg(ask(t->op, &change) == t->answer, "%s", t->title);
	ck_assert_msg(stored(t->id, &c) == t->after, "%s", t->title);
	if (t->after == 3) {
		ck_assert(slice_eq(c.name, SLICE("Eve")));
		ck_assert(slice_eq(c.metadata, SLICE("{\"a\":1}")));
		ck_assert(slice_eq(c.email, SLICE("a@b")));
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("customers");
	TCase *t = tcase_create("customers");

	tcase_add_checked_fixture(t, world_init, world_fini);
	tcase_add_loop_test(t, test_delete_frees_no_money, 0, COUNT(remade));
	tcase_add_test(t, test_delete_then_a_request);
	tcase_add_loop_test(t, test_conditions, 0, COUNT(conditions));
	suite_add_tcase(s, t);
	return s;
}
