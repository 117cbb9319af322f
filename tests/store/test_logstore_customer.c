/* What the log store sums up of a customer. */
#include <stdio.h>
#include <string.h>

#include "store/logstore.h"
#include "tests/store/scratch.h"
#include "tests/suite.h"

#define DAY_US INT64_C(86400000000)

static struct err e;

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
	s = logstore_open(path, &(struct logstore_options){ .retention_us = 1 },
	    &e);
	ck_assert_msg(s != NULL, "%s", e.text);
	for (size_t i = 0; i < COUNT(requests); i++) {
		const struct request *r = &requests[i];
		struct logstore_row row = {
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

Suite *
test_suite(void)
{
	Suite *s = suite_create("store/logstore_customer");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, scratch_make, scratch_remove);
	tcase_add_test(t, sums_of_one_customer);
	tcase_add_test(t, models_of_one_customer);
	suite_add_tcase(s, t);
	return s;
}
