#include "tests/suite.h"

#include <string.h>

#include "base/err.h"
#include "store/logstore.h"
#include "tests/store/scratch.h"

static const struct logstore_column columns[] = {
	{ "status_code", LOGSTORE_INT, 0 },
	{ "customer_identifier", LOGSTORE_TEXT, 1 },
};

static struct err e;
static char path[128];

static struct logstore *
open_with(const struct logstore_options *options)
{
	struct logstore *s;

	snprintf(path, sizeof path, "%s/logs.sqlite", scratch_dir);
	s = logstore_open(path, options, &e);
	ck_assert_msg(s != NULL, "%s", e.text);
	return s;
}

static struct logstore *
open_store(void)
{
	return open_with(&(struct logstore_options){ .columns = columns,
	    .n_columns = COUNT(columns) });
}

/* What logstore_add() says to record number seq. */
static int
add(struct logstore *s, uint64_t seq, struct slice body)
{
	const struct logstore_value values[] = {
		{ .number = 200 },
		{ .text = SLICE("user_123") },
	};
	struct logstore_row row = {
		.seq = seq,
		.lane = 3,
		.time_us = (int64_t)seq * 1000000,
		.values = values,
		.json = SLICE("{\"id\":\"x\"}"),
		.bodies = { [1] = body },
		.stat = { .customer = SLICE("user_123"),
		    .model = SLICE("m"),
		    .cost_nano = 5 },
	};

	memcpy(row.id, &seq, sizeof seq);
	return logstore_add(s, &row, &e);
}

static void
commit(struct logstore *s, int rows)
{
	unsigned lost;

	ck_assert_int_eq(logstore_commit(s, &lost, &e), rows);
	ck_assert_uint_eq(lost, 0);
}

static const struct slice no_body;

static int64_t
rows_in(struct logstore *s)
{
	struct logstore_counts counts;

	ck_assert_int_eq(logstore_counts(s, &counts, &e), 0);
	return counts.rows;
}

START_TEST(a_row_is_found_by_its_id)
{
	struct logstore *s = open_store();
	struct logstore_found found;
	struct slice body;
	unsigned char id[16] = { 7 };

	ck_assert_int_eq(add(s, 7, SLICE("{}")), 1);
	ck_assert_uint_eq(logstore_pending(s), 1);
	commit(s, 1);
	ck_assert_int_eq(logstore_get(s, id, &found, &e), 1);
	ck_assert(slice_eq(found.json, SLICE("{\"id\":\"x\"}")));
	ck_assert_int_eq(found.time_us, 7000000);
	ck_assert_int_eq(logstore_body(s, found.row, 1, &body, &e), 1);
	ck_assert(slice_eq(body, SLICE("{}")));
	ck_assert_int_eq(logstore_body(s, found.row, 0, &body, &e), 0);
	id[0] = 8;
	ck_assert_int_eq(logstore_get(s, id, &found, &e), 0);
	logstore_close(&s);
}
END_TEST

static const struct {
	const char *title, *digits;
	int want;
} prefix_cases[] = {
	{ "seven digits", "0700000", 1 },
	{ "all digits", "07000000000000000000000000000000", 1 },
	{ "six", "070000", 0 },
	{ "none begins so", "0800000", 0 },
	{ "two begin so", "0101010", 0 },
	{ "one more digit", "01010101020", 1 },
	{ "no digits", "07000zz", 0 },
	{ "too many", "070000000000000000000000000000000", 0 },
};

START_TEST(a_row_is_found_by_its_first_digits)
{
	struct logstore *s = open_store();
	struct logstore_found found;

	add(s, 7, no_body);
	add(s, 0x0101010101, no_body);
	add(s, 0x0201010101, no_body);
	commit(s, 3);
	ck_assert_msg(logstore_get_prefix(s, slice_str(prefix_cases[_i].digits),
			  &found, &e) == prefix_cases[_i].want,
	    "%s", prefix_cases[_i].title);
	logstore_close(&s);
}
END_TEST

START_TEST(a_row_is_stored_once)
{
	struct logstore *s = open_store();

	ck_assert_int_eq(add(s, 1, no_body), 1);
	ck_assert_int_eq(add(s, 1, no_body), 0);
	commit(s, 1);
	ck_assert_int_eq(add(s, 1, no_body), 0);
	ck_assert_int_eq(add(s, 2, no_body), 1);
	commit(s, 1);
	ck_assert_int_eq(rows_in(s), 2);
	logstore_close(&s);
}
END_TEST

START_TEST(the_newest_come_first)
{
	struct logstore *s = open_store();
	struct logstore_found found;
	int64_t before = 0;

	for (uint64_t i = 1; i <= 5; i++)
		add(s, i, no_body);
	commit(s, 5);
	for (int64_t i = 5; i > 0; i--) {
		ck_assert_int_eq(logstore_last(s, &before, &found, &e), 1);
		ck_assert_int_eq(found.time_us, i * 1000000);
	}
	ck_assert_int_eq(logstore_last(s, &before, &found, &e), 0);
	logstore_close(&s);
}
END_TEST

START_TEST(a_new_column_is_added)
{
	struct logstore *s = open_with(
	    &(struct logstore_options){ .columns = columns, .n_columns = 1 });

	add(s, 1, no_body);
	logstore_close(&s);
	s = open_store();
	ck_assert_int_eq(add(s, 2, no_body), 1);
	commit(s, 1);
	ck_assert_int_eq(rows_in(s), 2);
	logstore_close(&s);
}
END_TEST

START_TEST(old_rows_go_in_steps)
{
	struct logstore *s =
	    open_with(&(struct logstore_options){ .columns = columns,
		.n_columns = COUNT(columns),
		.retention_us = 100 * 1000000 });

	for (uint64_t i = 0; i < 1200; i++)
		add(s, i, SLICE("{}"));
	commit(s, 1200);
	ck_assert_int_eq(logstore_retain(s, 100 * 1000000, &e), 0);
	ck_assert_int_eq(logstore_retain(s, 1000 * 1000000, &e), 1);
	ck_assert_int_eq(rows_in(s), 700);
	ck_assert_int_eq(logstore_retain(s, 1000 * 1000000, &e), 1);
	ck_assert_int_eq(rows_in(s), 300);
	ck_assert_int_eq(logstore_retain(s, 1000 * 1000000, &e), 0);
	logstore_close(&s);
}
END_TEST

START_TEST(a_large_file_shrinks)
{
	static char body[10000];
	const int64_t max = 2 * 1024 * 1024;
	struct logstore *s =
	    open_with(&(struct logstore_options){ .columns = columns,
		.n_columns = COUNT(columns),
		.max_bytes = max });
	struct logstore_counts counts;

	for (uint64_t i = 0; i < 1000; i++)
		add(s, i, (struct slice){ body, sizeof body });
	commit(s, 1000);
	while (logstore_retain(s, 0, &e) == 1)
		continue;
	ck_assert_int_eq(logstore_counts(s, &counts, &e), 0);
	ck_assert_int_le(counts.bytes, max);
	ck_assert_int_lt(counts.rows, 1000);
	logstore_close(&s);
}
END_TEST

/* A limit on the file's size fails as a full disk does. */
START_TEST(a_full_disk_loses_a_batch_and_no_more)
{
	static char body[200000];
	struct logstore *s = open_store();
	unsigned lost, refused = 0;

	add(s, 1, no_body);
	commit(s, 1);
	ck_assert_int_eq(logstore_limit(s, 1 << 20), 0);
	for (uint64_t i = 2; i < 40; i++)
		refused += add(s, i, (struct slice){ body, sizeof body }) == -1;
	ck_assert_uint_gt(refused, 0);
	ck_assert_int_eq(logstore_commit(s, &lost, &e), -1);
	ck_assert_uint_eq(lost + refused, 38);
	ck_assert_int_eq(rows_in(s), 1);
	ck_assert_int_eq(logstore_limit(s, 1 << 30), 0);
	ck_assert_int_eq(add(s, 50, (struct slice){ body, sizeof body }), 1);
	commit(s, 1);
	ck_assert_int_eq(rows_in(s), 2);
	logstore_close(&s);
}
END_TEST

static const struct logstore_column money_columns[] = {
	{ "customer_identifier", LOGSTORE_TEXT, 1 },
	{ "environment", LOGSTORE_TEXT, 0 },
	{ "status", LOGSTORE_TEXT, 0 },
	{ "usage_source", LOGSTORE_TEXT, 0 },
	{ "charge", LOGSTORE_INT, 0 },
	{ "suspense", LOGSTORE_INT, 0 },
};

static const struct money_row {
	const char *customer, *environment, *status, *source;
	int64_t charge, suspense;
} money_rows[] = {
	{ "ada", "prod", "success", "provider", 100, 0 },
	{ "ada", "prod", "error", "bound", 50, 20 },
	{ "ada", "test", "error", "bound", 7, 7 },
	{ "ada", "prod", "success", "bound", 30, 3 },
	{ "ada", "prod", "success", "none", 0, 0 },
	{ "", "prod", "success", "bound", 1000, 5 },
	{ "ada", "prod", "error", "orphan", 500, 50 },
};

static struct logstore *
open_money(const struct logstore_options *options)
{
	struct logstore *s = open_with(options);

	for (uint64_t i = 0; i < COUNT(money_rows); i++) {
		const struct money_row *m = &money_rows[i];
		const struct logstore_value values[] = {
			{ .text = slice_str(m->customer) },
			{ .text = slice_str(m->environment) },
			{ .text = slice_str(m->status) },
			{ .text = slice_str(m->source) },
			{ .number = m->charge },
			{ .number = m->suspense },
		};
		struct logstore_row row = { .seq = i + 1,
			.id = { (unsigned char)(i + 1) },
			.time_us = (int64_t)(i + 1) * 1000000,
			.values = values,
			.json = SLICE("{}") };

		ck_assert_int_eq(logstore_add(s, &row, &e), 1);
	}
	commit(s, COUNT(money_rows));
	return s;
}

static const struct logstore_options money_options = {
	.columns = money_columns,
	.n_columns = COUNT(money_columns),
};

START_TEST(what_customers_were_charged)
{
	struct logstore *s = open_money(&money_options);
	struct logstore_charged c;
	int64_t prod = 0, test = 0, records = 0;
	bool more = false;
	int got;

	while ((got = logstore_charged(s, &more, &c, &e)) == 1) {
		ck_assert(slice_eq(c.customer, SLICE("ada")));
		records += c.records;
		if (slice_eq(c.environment, SLICE("test")))
			test = c.charge_nano;
		else
			prod = c.charge_nano;
	}
	ck_assert_int_eq(got, 0);
	ck_assert_int_eq(prod, 180);
	ck_assert_int_eq(test, 7);
	ck_assert_int_eq(records, 4);
	logstore_close(&s);
}
END_TEST

START_TEST(what_left_something_in_suspense)
{
	struct logstore *s = open_money(&money_options);
	struct logstore_doubt d;
	int64_t before = 0;

	ck_assert_int_eq(logstore_doubt(s, SLICE("ada"), SLICE("prod"), 0,
			     &before, &d, &e),
	    1);
	ck_assert_int_eq(d.suspense_nano, 3);
	ck_assert(d.success && d.id[0] == 4);
	ck_assert_int_eq(logstore_doubt(s, SLICE("ada"), SLICE("prod"), 0,
			     &before, &d, &e),
	    1);
	ck_assert(!d.success && d.id[0] == 2);
	ck_assert_int_eq(logstore_doubt(s, SLICE("ada"), SLICE("prod"), 0,
			     &before, &d, &e),
	    0);
	before = 0;
	ck_assert_int_eq(logstore_doubt(s, SLICE("ada"), SLICE("prod"), 4000001,
			     &before, &d, &e),
	    0);
	logstore_close(&s);
}
END_TEST

/* 0 as long as none was dropped: then the records are all there are. */
START_TEST(since_when_records_are_kept)
{
	struct logstore_options options = money_options;
	struct logstore *s;
	int64_t oldest = -1;

	options.retention_us = 1000000;
	s = open_money(&options);
	ck_assert_int_eq(logstore_oldest_us(s, &oldest, &e), 0);
	ck_assert_int_eq(oldest, 0);
	ck_assert_int_eq(logstore_retain(s, 4000000, &e), 1);
	ck_assert_int_eq(logstore_oldest_us(s, &oldest, &e), 0);
	ck_assert_int_eq(oldest, 3000000);
	logstore_close(&s);
}
END_TEST

START_TEST(a_reader_reads_while_a_batch_is_open)
{
	struct logstore *s = open_store();
	struct logstore *reader;

	add(s, 1, no_body);
	commit(s, 1);
	add(s, 2, no_body);
	reader = logstore_open_read(path, &e);
	ck_assert_msg(reader != NULL, "%s", e.text);
	ck_assert_int_eq(rows_in(reader), 1);
	ck_assert_int_eq(add(reader, 3, no_body), -1);
	commit(s, 1);
	ck_assert_int_eq(rows_in(reader), 2);
	logstore_close(&reader);
	logstore_close(&s);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("store/logstore");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, scratch_make, scratch_remove);
	tcase_add_test(t, a_row_is_found_by_its_id);
	tcase_add_loop_test(t, a_row_is_found_by_its_first_digits, 0,
	    COUNT(prefix_cases));
	tcase_add_test(t, a_row_is_stored_once);
	tcase_add_test(t, the_newest_come_first);
	tcase_add_test(t, a_new_column_is_added);
	tcase_add_test(t, old_rows_go_in_steps);
	tcase_add_test(t, a_large_file_shrinks);
	tcase_add_test(t, a_full_disk_loses_a_batch_and_no_more);
	tcase_add_test(t, what_customers_were_charged);
	tcase_add_test(t, what_left_something_in_suspense);
	tcase_add_test(t, since_when_records_are_kept);
	tcase_add_test(t, a_reader_reads_while_a_batch_is_open);
	suite_add_tcase(s, t);
	return s;
}
