#include "tests/suite.h"

#include <stdint.h>

#include "base/money.h"
#include "base/sbuf.h"

static const struct {
	const char *title, *text;
	unsigned scale;
	int ok;
	int64_t want;
} reads[] = {
	{ "whole", "12", 9, 1, 12000000000 },
	{ "fraction", "12.50", 9, 1, 12500000000 },
	{ "smallest", "0.000000001", 9, 1, 1 },
	{ "one digit too many", "0.0000000001", 9, 0, 0 },
	{ "a price", "0.0028", 6, 1, 2800 },
	{ "price of six digits", "0.000001", 6, 1, 1 },
	{ "price of seven", "0.0000001", 6, 0, 0 },
	{ "zero", "0", 9, 1, 0 },
	{ "leading zeros", "007", 9, 1, 7000000000 },
	{ "largest", "9223372036.854775807", 9, 1, INT64_MAX },
	{ "above it", "9223372036.854775808", 9, 0, 0 },
	{ "far above it", "99999999999999999999", 9, 0, 0 },
	{ "nothing", "", 9, 0, 0 },
	{ "no whole part", ".5", 9, 0, 0 },
	{ "no fraction", "5.", 9, 0, 0 },
	{ "minus", "-1", 9, 0, 0 },
	{ "plus", "+1", 9, 0, 0 },
	{ "exponent", "1e3", 9, 0, 0 },
	{ "blank", "1 ", 9, 0, 0 },
	{ "comma", "1,5", 9, 0, 0 },
};

START_TEST(test_read)
{
	int64_t got = 0;
	int ok = money_read(slice_str(reads[_i].text), reads[_i].scale, &got);

	ck_assert_msg(ok == reads[_i].ok, "%s: %d", reads[_i].title, ok);
	if (ok)
		ck_assert_msg(got == reads[_i].want, "%s: %jd", reads[_i].title,
		    (intmax_t)got);
}
END_TEST

static const struct {
	const char *title, *text;
	int ok;
	int64_t want;
} numbers[] = {
	{ "integer", "10", 1, 10000000000 },
	{ "fraction", "0.1", 1, 100000000 },
	{ "exponent", "1e-3", 1, 1000000 },
	{ "large exponent", "1E+2", 1, 100000000000 },
	{ "digits below a unit go", "0.0000000019", 1, 1 },
	{ "far below", "1e-400", 1, 0 },
	{ "far above", "1e400", 0, 0 },
	{ "zero with any exponent", "0e9999999", 1, 0 },
	{ "minus zero", "-0.0", 1, 0 },
	{ "negative", "-0.01", 0, 0 },
	{ "negative below a unit", "-1e-12", 1, 0 },
};

START_TEST(test_read_json)
{
	int64_t got = 0;
	int ok = money_read_json(slice_str(numbers[_i].text), 9, &got);

	ck_assert_msg(ok == numbers[_i].ok, "%s: %d", numbers[_i].title, ok);
	if (ok)
		ck_assert_msg(got == numbers[_i].want, "%s: %jd",
		    numbers[_i].title, (intmax_t)got);
}
END_TEST

static const struct {
	const char *title, *text;
	unsigned scale;
	int ok;
	int64_t want;
} costs[] = {
	{ "dollars", "0.00503", 0, 1, 5030000 },
	{ "exponent", "3.6e-06", 0, 1, 3600 },
	{ "exact", "0.000000001", 0, 1, 1 },
	{ "below a unit: up", "0.0000000010000001", 0, 1, 2 },
	{ "far below: one unit", "1e-400", 0, 1, 1 },
	{ "no double: 0.1 + 0.2", "0.30000000000000004", 0, 1, 300000001 },
	{ "ticks, money.md vector 8", "1724000", 10, 1, 172400 },
	{ "a tick is a tenth", "1", 10, 1, 1 },
	{ "eleven ticks", "11", 10, 1, 2 },
	{ "largest", "9223372036.854775807", 0, 1, INT64_MAX },
	{ "up to above it", "9223372036.8547758071", 0, 0, 0 },
	{ "above it", "1e10", 0, 0, 0 },
	{ "zero", "0", 0, 1, 0 },
	{ "minus zero", "-0.0", 0, 1, 0 },
	{ "negative", "-0.01", 0, 0, 0 },
	{ "negative below a unit", "-1e-12", 0, 0, 0 },
	{ "no number", "1.", 0, 0, 0 },
};

START_TEST(test_read_cost)
{
	int64_t got = 0;
	int ok =
	    money_read_cost(slice_str(costs[_i].text), costs[_i].scale, &got);

	ck_assert_msg(ok == costs[_i].ok, "%s: %d", costs[_i].title, ok);
	if (ok)
		ck_assert_msg(got == costs[_i].want, "%s: %jd", costs[_i].title,
		    (intmax_t)got);
}
END_TEST

static const struct {
	int64_t nano;
	const char *json, *dollars;
} writes[] = {
	{ 0, "0.0", "$0.00" },
	{ 218000, "0.000218", "$0.000218" },
	{ 172400000, "0.1724", "$0.1724" },
	{ 100000000000, "100.0", "$100.00" },
	{ 9990000000, "9.99", "$9.99" },
	{ 1, "0.000000001", "$0.000000001" },
	{ -1500000000, "-1.5", "$-1.50" },
	{ INT64_MAX, "9223372036.854775807", "$9223372036.854775807" },
	{ INT64_MIN, "-9223372036.854775808", "$-9223372036.854775808" },
};

START_TEST(test_write)
{
	struct sbuf b = { 0 };

	money_write(&b, writes[_i].nano);
	ck_assert_str_eq(b.data, writes[_i].json);
	sbuf_clear(&b);
	money_write_dollars(&b, writes[_i].nano);
	ck_assert_str_eq(b.data, writes[_i].dollars);
	sbuf_free(&b);
}
END_TEST

static const struct {
	const char *title;
	int64_t nano;
	int32_t markup_bp;
	int64_t want;
} markups[] = {
	{ "money.md vector 10", 45036, 2000, 54044 },
	{ "none", 45036, 0, 45036 },
	{ "up, never down", 1, 1, 2 },
	{ "exact", 10000, 1, 10001 },
	{ "too large", INT64_MAX, 1, -1 },
};

START_TEST(test_markup)
{
	int64_t got = money_markup(markups[_i].nano, markups[_i].markup_bp);

	ck_assert_msg(got == markups[_i].want, "%s: %jd", markups[_i].title,
	    (intmax_t)got);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("base/money");
	TCase *t = tcase_create("money");

	tcase_add_loop_test(t, test_read, 0, (int)COUNT(reads));
	tcase_add_loop_test(t, test_read_json, 0, (int)COUNT(numbers));
	tcase_add_loop_test(t, test_read_cost, 0, (int)COUNT(costs));
	tcase_add_loop_test(t, test_write, 0, (int)COUNT(writes));
	tcase_add_loop_test(t, test_markup, 0, (int)COUNT(markups));
	suite_add_tcase(s, t);
	return s;
}
