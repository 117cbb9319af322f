/* What the log store sums up of a customer. */
#include <stdio.h>
#include <string.h>

#include "store/logstore.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"

#define DAY_US INT64_C(86400000000)

static struct err e;

static const struct logstore_column columns[] = {
	{ "environment", LOGSTORE_TEXT, 0 },
	{ "customer_identifier", LOGSTORE_TEXT, 1 },
};

static const struct request {
	const char *environment, *customer, *model;
	int64_t day, hits, prompt, completion, latency, ttft;
} requests[] = {
	{ "prod", "ada", "small", 1, 0, 10, 1, 1000, 100 },
	{ "prod", "ada", "small", 1, 1, 20, 2, 3000, 0 },
	{ "prod", "ada", "large", 3, 0, 30, 3, 0, 0 },
	{ "prod", "ada", "", 3, 0, 0, 0, 500, 0 },
	{ "test", "ada", "small", 4, 0, 1000, 1000, 1000, 1000 },
	{ "prod", "adam", "small", 5, 0, 1000, 1000, 1000, 1000 },
	{ "prod", "", "small", 6, 0, 1000, 1000, 1000, 1000 },
};

static struct logstore *
filled(void)
{
	char path[128];
	struct logstore *s;
	unsigned lost;

	snprintf(path, sizeof path, "%s/logs.sqlite", scratch_dir);
	s = logstore_open(path,
	    &(struct logstore_options){ .retention_us = 1,
		.columns = columns,
		.n_columns = COUNT(columns) },
	    &e);
	ck_assert_msg(s != NULL, "%s", e.text);
	for (size_t i = 0; i < COUNT(requests); i++) {
		const struct request *r = &requests[i];
		const struct logstore_value values[] = {
			{ .text = slice_str(r->environment) },
			{ .text = slice_str(r->customer) },
		};
		struct logstore_row row = {
			.values = values,
			.bodies = { SLICE("{}") },
			.seq = i + 1,
			.time_us = r->day * DAY_US + (int64_t)i,
			.json = SLICE("{}"),
			.stat = { .environment = slice_str(r->environment),
			    .customer = slice_str(r->customer),
			    .model = slice_str(r->model),
			    .hits = r->hits,
			    .prompt_tokens = r->prompt,
			    .completion_tokens = r->completion,
			    .latency_us = r->latency,
			    .ttft_us = r->ttft },
		};

		row.id[0] = (unsigned char)i;
		ck_assert_int_eq(logstore_add(s, &row, &e), 1);
	}
	ck_assert_int_eq(logstore_commit(s, &lost, &e), COUNT(requests));
	return s;
}

START_TEST(sums_of_one_customer)
{
	struct logstore *s = filled();
	struct logstore_customer c;

	while (logstore_retain(s, 100 * DAY_US, &e) == 1)
		continue;
	ck_assert_int_eq(logstore_customer(s, SLICE("prod"), SLICE("ada"), &c,
			     &e),
	    0);
	ck_assert_int_eq(c.requests, 4);
	ck_assert_int_eq(c.hits, 1);
	ck_assert_int_eq(c.prompt_tokens, 60);
	ck_assert_int_eq(c.completion_tokens, 6);
	ck_assert_int_eq(c.latency_us, 4500);
	ck_assert_int_eq(c.latencies, 3);
	ck_assert_int_eq(c.ttft_us, 100);
	ck_assert_int_eq(c.ttfts, 1);
	ck_assert_int_eq(c.last_us, 3 * DAY_US + 3);
	ck_assert_int_eq(c.days, 2);
	ck_assert_int_eq(logstore_customer(s, SLICE("prod"), SLICE("bob"), &c,
			     &e),
	    0);
	ck_assert_int_eq(c.requests, 0);
	ck_assert_int_eq(c.last_us, 0);
	logstore_close(&s);
}
END_TEST

START_TEST(models_of_one_customer)
{
	struct logstore *s = filled();
	struct slice model;
	int64_t n;
	unsigned at = 0;

	ck_assert_int_eq(logstore_customer_model(s, SLICE("prod"), SLICE("ada"),
			     &at, &model, &n, &e),
	    1);
	ck_assert(slice_eq(model, SLICE("small")));
	ck_assert_int_eq(n, 2);
	ck_assert_int_eq(logstore_customer_model(s, SLICE("prod"), SLICE("ada"),
			     &at, &model, &n, &e),
	    1);
	ck_assert(slice_eq(model, SLICE("large")));
	ck_assert_int_eq(logstore_customer_model(s, SLICE("prod"), SLICE("ada"),
			     &at, &model, &n, &e),
	    0);
	logstore_close(&s);
}
END_TEST

static bool
there(struct logstore *s, unsigned i)
{
	unsigned char id[16] = { (unsigned char)i };
	struct logstore_found found;
	struct slice body;
	int got = logstore_get(s, id, &found, &e);

	ck_assert_int_ge(got, 0);
	if (got == 1)
		ck_assert_int_eq(logstore_body(s, found.row, 0, &body, &e), 1);
	logstore_end_read(s);
	return got == 1;
}

/* Up to the second of its days: what came later and what is others' stays. */
START_TEST(one_customer_is_forgotten)
{
	static const bool stays[COUNT(requests)] = { [2] = true,
		[3] = true,
		[4] = true,
		[5] = true,
		[6] = true };
	struct logstore *s = filled();
	struct logstore_customer c;

	ck_assert_int_eq(logstore_forget(s, SLICE("prod"), SLICE("ada"),
			     2 * DAY_US, &e),
	    0);
	for (unsigned i = 0; i < COUNT(requests); i++)
		ck_assert_msg(there(s, i) == stays[i], "%u", i);
	ck_assert_int_eq(logstore_customer(s, SLICE("prod"), SLICE("ada"), &c,
			     &e),
	    0);
	ck_assert_int_eq(c.requests, 2);
	ck_assert_int_eq(c.days, 1);
	logstore_close(&s);
}
END_TEST

/* More rows than a step takes, and a second step. */
START_TEST(forgetting_takes_steps)
{
	struct logstore *s = filled();
	unsigned lost;

	for (uint64_t i = 100; i < 700; i++) {
		const struct logstore_value values[] = {
			{ .text = SLICE("prod") },
			{ .text = SLICE("many") },
		};
		struct logstore_row row = { .values = values,
			.seq = i,
			.time_us = (int64_t)i,
			.json = SLICE("{}") };

		memcpy(row.id, &i, sizeof i);
		ck_assert_int_eq(logstore_add(s, &row, &e), 1);
	}
	ck_assert_int_eq(logstore_commit(s, &lost, &e), 600);
	ck_assert_int_eq(logstore_forget(s, SLICE("prod"), SLICE("many"),
			     DAY_US, &e),
	    1);
	ck_assert_int_eq(logstore_forget(s, SLICE("prod"), SLICE("many"),
			     DAY_US, &e),
	    0);
	logstore_close(&s);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("store/logstore_customer");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, scratch_make, scratch_remove);
	tcase_add_test(t, sums_of_one_customer);
	tcase_add_test(t, models_of_one_customer);
	tcase_add_test(t, one_customer_is_forgotten);
	tcase_add_test(t, forgetting_takes_steps);
	suite_add_tcase(s, t);
	return s;
}
