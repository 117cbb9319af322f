#include "shm/audit.h"
#include "tests/suite.h"

/* An account in order: 30 of 100 are spent, 20 held, the lease is 60. */
#define ACCOUNT(in_state, row_is_there)                                        \
	.view = { .state = (in_state),                                         \
		.limit = 100,                                                  \
		.settled = 30,                                                 \
		.reserved = 20,                                                \
		.lease = 60 },                                                 \
	.slots = 20, .has_row = (row_is_there),                                \
	.row = { .limit = 100, .settled = 30, .lease = 60 }
#define GOOD ACCOUNT(ACCOUNT_READY, 1)

static const struct {
	const char *title;
	struct audit_account a;
	int64_t settled, reserved, lease, limit; /* on top of these */
	int64_t row_settled, row_lease, row_limit, slots;
	uint32_t faults;
} cases[] = {
	{ "in order", { GOOD }, .faults = 0 },
	{ "settled is too small", { GOOD }, .settled = -1,
	    .faults = AUDIT_SETTLED },
	{ "a charge that the row has not", { GOOD }, .row_settled = -1,
	    .faults = AUDIT_SETTLED },
	{ "reserved and no slot", { GOOD }, .slots = -20,
	    .faults = AUDIT_RESERVED },
	{ "a slot that is not reserved", { GOOD }, .reserved = -1,
	    .faults = AUDIT_RESERVED },
	{ "all of the lease", { GOOD }, .reserved = 10, .slots = 10,
	    .faults = 0 },
	{ "past the lease", { GOOD }, .reserved = 11, .slots = 11,
	    .faults = AUDIT_LEASE },
	{ "past lease and limit", { GOOD }, .reserved = 51, .slots = 51,
	    .faults = AUDIT_LEASE | AUDIT_FREE },
	{ "past the lease, as was billed", { GOOD, .overrun = 1 },
	    .reserved = 11, .slots = 11, .faults = 0 },
	{ "past the lease by more than was billed", { GOOD, .overrun = 1 },
	    .reserved = 12, .slots = 12, .faults = AUDIT_LEASE },
	{ "a lease that is not durable", { GOOD }, .lease = 1,
	    .faults = AUDIT_LEASE },
	{ "a lease given back in memory first", { GOOD }, .lease = -10,
	    .faults = 0 },
	{ "a limit lowered below what is used", { GOOD }, .limit = -90,
	    .row_limit = -90, .faults = 0 },
	{ "a limit that is not the row's", { GOOD }, .limit = 1,
	    .faults = AUDIT_LIMIT },
	{ "no row", { ACCOUNT(ACCOUNT_READY, 0) }, .faults = AUDIT_ROW },
	{ "no row, being loaded", { ACCOUNT(ACCOUNT_LOADING, 0) },
	    .reserved = -20, .slots = -20, .faults = 0 },
	{ "held while being loaded", { ACCOUNT(ACCOUNT_LOADING, 0) },
	    .slots = -20, .faults = AUDIT_RESERVED },
	{ "without a limit", { GOOD }, .limit = ACCOUNT_UNLIMITED - 100,
	    .row_limit = ACCOUNT_UNLIMITED - 100, .reserved = 1000,
	    .slots = 1000, .faults = 0 },
	{ "sums that do not fit", { GOOD }, .reserved = INT64_MAX - 20,
	    .slots = INT64_MAX - 20, .faults = AUDIT_LEASE | AUDIT_FREE },
};

START_TEST(faults)
{
	struct audit_account a = cases[_i].a;

	a.view.settled += cases[_i].settled;
	a.view.reserved += cases[_i].reserved;
	a.view.lease += cases[_i].lease;
	a.view.limit += cases[_i].limit;
	a.row.settled += cases[_i].row_settled;
	a.row.lease += cases[_i].row_lease;
	a.row.limit += cases[_i].row_limit;
	a.slots += cases[_i].slots;
	ck_assert_msg(audit_faults(&a) == cases[_i].faults, "%s: %#x",
	    cases[_i].title, audit_faults(&a));
}
END_TEST

START_TEST(names)
{
	for (unsigned bit = 0; bit < AUDIT_FAULTS; bit++)
		ck_assert_str_ne(audit_fault_name(bit), "unknown");
	ck_assert_str_eq(audit_fault_name(AUDIT_FAULTS), "unknown");
	ck_assert_uint_eq(AUDIT_ROW, 1u << (AUDIT_FAULTS - 1));
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit");

	tcase_add_loop_test(t, faults, 0, COUNT(cases));
	tcase_add_test(t, names);
	suite_add_tcase(s, t);
	return s;
}
