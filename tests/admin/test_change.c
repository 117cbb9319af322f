/* What somebody wants of a customer, read from JSON. */
#include "admin/change.h"
#include "base/money.h"
#include "base/pool.h"
#include "proto/jscan.h"
#include "tests/suite.h"

static struct pool *pool;
static struct customer_change change;
static struct faults faults;

static void
setup(void)
{
	pool = pool_new();
	faults = (struct faults){ .n = 0 };
}

static void
teardown(void)
{
	faults_free(&faults);
	pool_free(&pool);
}

static void
read_text(const char *text, struct slice identifier, bool strict)
{
	struct change_read how = { .pool = pool,
		.identifier = identifier,
		.environment = ENV_TEST,
		.strict = strict };
	struct jscan_item whole;
	struct err e;

	ck_assert_int_eq(jscan_value(slice_str(text), &whole, &e), 0);
	change_read(&how, whole.value, &change, &faults);
}

#define AT(member) offsetof(struct customer_def, member)

/* Numbers only: every member of a change that is one. */
static const struct number {
	const char *text;
	uint32_t given;
	size_t offset;
	size_t size;
	int64_t want;
} numbers[] = {
	/* Never through a double: each digit counts. */
	{ "{\"period_budget\":9007199.254740993}", CUSTOMER_PERIOD_BUDGET,
	    AT(period_budget_nano), 8, 9007199254740993 },
	{ "{\"period_budget\":0.1234567899}", CUSTOMER_PERIOD_BUDGET,
	    AT(period_budget_nano), 8, 123456789 },
	{ "{\"period_budget\":1.5e2}", CUSTOMER_PERIOD_BUDGET,
	    AT(period_budget_nano), 8, 150000000000 },
	{ "{\"period_budget\":\"12.50\"}", CUSTOMER_PERIOD_BUDGET,
	    AT(period_budget_nano), 8, 12500000000 },
	{ "{\"period_budget\":0}", CUSTOMER_PERIOD_BUDGET,
	    AT(period_budget_nano), 8, 0 },
	{ "{\"period_budget\":null}", CUSTOMER_PERIOD_BUDGET,
	    AT(period_budget_nano), 8, MONEY_NONE },
	{ "{\"total_budget\":9223372036.854775807}", CUSTOMER_TOTAL_BUDGET,
	    AT(total_budget_nano), 8, INT64_MAX },
	{ "{\"budget_duration\":\"daily\"}", CUSTOMER_DURATION,
	    AT(budget_duration), 4, DURATION_DAILY },
	{ "{\"budget_duration\":null}", CUSTOMER_DURATION, AT(budget_duration),
	    4, DURATION_NONE },
	{ "{\"period_start\":\"2024-02-29\"}", CUSTOMER_PERIOD_START,
	    AT(period_start_s), 8, 1709164800 },
	{ "{\"period_start\":\"2024-02-29T01:00:00Z\"}", CUSTOMER_PERIOD_START,
	    AT(period_start_s), 8, 1709168400 },
	{ "{\"period_end\":null}", CUSTOMER_PERIOD_END, AT(period_end_s), 8,
	    0 },
	{ "{\"markup_percentage\":20}", CUSTOMER_MARKUP, AT(markup_bp), 4,
	    2000 },
	{ "{\"markup_percentage\":0.001}", CUSTOMER_MARKUP, AT(markup_bp), 4,
	    1 },
	{ "{\"markup_percentage\":10000}", CUSTOMER_MARKUP, AT(markup_bp), 4,
	    1000000 },
	{ "{\"rate_limit\":1e3}", CUSTOMER_RPM, AT(limits.rpm), 8, 1000 },
	{ "{\"rate_limit\":null}", CUSTOMER_RPM, AT(limits.rpm), 8, 0 },
};

START_TEST(test_number)
{
	const struct number *t = &numbers[_i];
	int64_t got = 0;

	read_text(t->text, SLICE("ada"), true);
	ck_assert_msg(faults.n == 0, "%s: %s", t->text, faults.first.text);
	ck_assert_uint_eq(change.given, t->given);
	memcpy(&got, (const char *)&change.def + t->offset, t->size);
	if (t->size == 4)
		got = (int32_t)got;
	ck_assert_msg(got == t->want, "%s: %lld", t->text, (long long)got);
}
END_TEST

static const struct {
	const char *title, *text, *json; /* without the last brace */
	bool create;                     /* no identifier is known before */
} faulty[] = {
	{ "two of a kind, and one that is good",
	    "{\"email\":\"@\",\"name\":\"x\",\"email2\":1}",
	    "{\"email\":[\"Enter a valid email address.\"],"
	    "\"email2\":[\"Unknown field.\"]",
	    false },
	{ "an escaped name", "{\"\\u0069d\":1}",
	    "{\"id\":[\"This field is read-only.\"]", false },
	{ "a name with a quote", "{\"a\\\"b\":1}",
	    "{\"a\\\"b\":[\"Unknown field.\"]", false },
	{ "no identifier", "{}",
	    "{\"customer_identifier\":[\"This field is required.\"]", true },
	{ "a blank one", "{\"customer_identifier\":\"\"}",
	    "{\"customer_identifier\":[\"This field may not be blank.\"]",
	    true },
	{ "one of no text", "{\"customer_identifier\":[]}",
	    "{\"customer_identifier\":[\"Not a valid string.\"]", true },
	{ "a fraction", "{\"customer_identifier\":1.5}",
	    "{\"customer_identifier\":[\"Not a valid string.\"]", true },
	{ "a number that is no JSON", "{\"period_budget\":\"1_000\"}",
	    "{\"period_budget\":[\"A valid number is required.\"]", false },
	{ "too large", "{\"period_budget\":1e300}",
	    "{\"period_budget\":[\"A valid number is required.\"]", false },
	{ "less than nothing", "{\"total_budget\":-1e-12}",
	    "{\"total_budget\":[\"Ensure this value is greater than or equal "
	    "to 0.\"]",
	    false },
	{ "a rate without end", "{\"rate_limit\":1e400}",
	    "{\"rate_limit\":[\"A valid integer is required.\"]", false },
	{ "an end at its start",
	    "{\"period_end\":\"2026-01-01\",\"period_start\":\"2026-01-01\"}",
	    "{\"period_end\":[\"Ensure this value is after period_start.\"]",
	    false },
};

START_TEST(test_fault)
{
	struct sbuf json = { 0 };

	read_text(faulty[_i].text,
	    faulty[_i].create ? (struct slice){ NULL, 0 } : SLICE("ada"), true);
	ck_assert_msg(faults.n > 0, "%s", faulty[_i].title);
	faults_write(&faults, &json);
	json.data[json.len - 1] = '\0';
	ck_assert_str_eq(json.data, faulty[_i].json);
	sbuf_free(&json);
}
END_TEST

/* A line of holdfastctl: who is meant is known, other words are its own. */
START_TEST(test_lenient)
{
	read_text("{\"customer\":\"ada\",\"environment\":\"test\",\"rate_limit"
		  "\":0,\"x\":1,\"name\":\"N\"}",
	    SLICE("ada"), false);
	ck_assert_uint_eq(faults.n, 0);
	ck_assert_uint_eq(change.given, CUSTOMER_NAME | CUSTOMER_RPM);
	ck_assert(slice_eq(change.def.identifier, SLICE("ada")));
	ck_assert_int_eq(change.def.environment, ENV_TEST);
	read_text("{\"name\":1,\"email\":2}", SLICE("ada"), false);
	ck_assert_uint_eq(faults.n, 2);
	ck_assert_str_eq(faults.first.text, "name: Not a valid string.");
}
END_TEST

/* However many faults there are, the answer has an end. */
START_TEST(test_many_faults)
{
	struct sbuf text = { 0 };

	sbuf_adds(&text, "{\"a\":0");
	for (int i = 0; i < 5000; i++)
		sbuf_addf(&text, ",\"x%d\":0", i);
	sbuf_addc(&text, '}');
	read_text(text.data, SLICE("ada"), true);
	ck_assert_uint_eq(faults.n, 5001);
	sbuf_clear(&text);
	faults_write(&faults, &text);
	ck_assert_uint_lt(text.len, 4000);
	sbuf_free(&text);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("admin/change");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_number, 0, COUNT(numbers));
	tcase_add_loop_test(t, test_fault, 0, COUNT(faulty));
	tcase_add_test(t, test_lenient);
	tcase_add_test(t, test_many_faults);
	suite_add_tcase(s, t);
	return s;
}
