/* Two clocks, looked at every ten seconds. */
#include "master/clockstep.h"

#include "tests/suite.h"

#define S INT64_C(1000000)
#define DAY (86400 * S)
#define LOOKS 4

static const struct {
	const char *title;
	struct {
		int64_t real_us, boot_us, step_s;
	} look[LOOKS];
} rows[] = {
	{ "as it should be",
	    { { 9 * DAY, 5 * S, 0 }, { 9 * DAY + 10 * S, 15 * S, 0 },
		{ 9 * DAY + 20 * S, 25 * S, 0 },
		{ 9 * DAY + 30 * S, 35 * S, 0 } } },
	{ "a night asleep", /* the other clock counts it too */
	    { { 9 * DAY, 5 * S, 0 }, { 10 * DAY, DAY + 5 * S, 0 },
		{ 10 * DAY + 10 * S, DAY + 15 * S, 0 },
		{ 10 * DAY + 20 * S, DAY + 25 * S, 0 } } },
	{ "forward by a day, once",
	    { { 9 * DAY, 5 * S, 0 }, { 10 * DAY + 10 * S, 15 * S, 86400 },
		{ 10 * DAY + 20 * S, 25 * S, 0 },
		{ 10 * DAY + 30 * S, 35 * S, 0 } } },
	{ "back by a minute, and forth again",
	    { { 9 * DAY, 5 * S, 0 }, { 9 * DAY - 50 * S, 15 * S, -60 },
		{ 9 * DAY + 20 * S, 25 * S, 60 },
		{ 9 * DAY + 30 * S, 35 * S, 0 } } },
	{ "less than a minute is nobody's business",
	    { { 9 * DAY, 5 * S, 0 }, { 9 * DAY + 69 * S, 15 * S, 0 },
		{ 9 * DAY + 20 * S, 25 * S, 0 },
		{ 9 * DAY - 29 * S, 35 * S, 0 } } },
	{ "but many small steps add up",
	    { { 9 * DAY, 5 * S, 0 }, { 9 * DAY + 50 * S, 15 * S, 0 },
		{ 9 * DAY + 90 * S, 25 * S, 70 },
		{ 9 * DAY + 100 * S, 35 * S, 0 } } },
	{ "back to the beginning of time",
	    { { 9 * DAY, 5 * S, 0 }, { 0, 15 * S, -9 * 86400 - 10 },
		{ 10 * S, 25 * S, 0 }, { 20 * S, 35 * S, 0 } } },
};

START_TEST(steps_are_seen)
{
	struct clockstep c = { 0 };

	for (int i = 0; i < LOOKS; i++) {
		int64_t step_s = clockstep_look(&c, rows[_i].look[i].real_us,
		    rows[_i].look[i].boot_us);

		ck_assert_msg(step_s == rows[_i].look[i].step_s,
		    "%s, look %d: %lld", rows[_i].title, i, (long long)step_s);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("clockstep");
	TCase *t = tcase_create("clockstep");

	tcase_add_loop_test(t, steps_are_seen, 0, COUNT(rows));
	suite_add_tcase(s, t);
	return s;
}
