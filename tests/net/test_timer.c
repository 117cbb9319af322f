#include "tests/suite.h"

#include "base/clock.h"
#include "net/loop.h"
#include "net/timer.h"

static struct loop *loop;

struct probe {
	struct timer timer;
	uint64_t want_ms, fired_ms;
	unsigned fired;
	struct probe *stops;
	uint64_t again_ms;
};

static void
setup(void)
{
	loop = loop_new();
}

static void
teardown(void)
{
	loop_free(&loop);
}

static void
probe_set(struct probe *p, uint64_t in_ms)
{
	p->want_ms = now_mono_ms() + in_ms;
	timer_set(&p->timer, p->want_ms);
}

static void
probe_fire(void *ctx)
{
	struct probe *p = ctx;

	p->fired++;
	p->fired_ms = now_mono_ms();
	if (p->stops != NULL)
		timer_stop(&p->stops->timer);
	if (p->again_ms > 0) {
		probe_set(p, p->again_ms);
		p->again_ms = 0;
	}
}

static void
probe_init(struct probe *p)
{
	*p = (struct probe){ .fired = 0 };
	timer_init(&p->timer, loop, probe_fire, p);
}

static void
turn_until(uint64_t at_ms)
{
	while (now_mono_ms() < at_ms)
		loop_turn(loop, 5);
}

START_TEST(test_never_early_seldom_late)
{
	struct probe p[64];
	uint64_t end;

	for (unsigned i = 0; i < 64; i++) {
		probe_init(&p[i]);
		probe_set(&p[i], i * 3);
	}
	end = now_mono_ms() + 64 * 3 + 200;
	turn_until(end);
	for (unsigned i = 0; i < 64; i++) {
		ck_assert_uint_eq(p[i].fired, 1);
		ck_assert_uint_ge(p[i].fired_ms, p[i].want_ms);
		ck_assert(!timer_is_set(&p[i].timer));
	}
}
END_TEST

START_TEST(test_moves)
{
	struct probe later, sooner, unset, stopped;

	probe_init(&later);
	probe_init(&sooner);
	probe_init(&unset);
	probe_init(&stopped);
	probe_set(&later, 30);
	probe_set(&later, 120);
	probe_set(&sooner, 60000);
	probe_set(&sooner, 40);
	probe_set(&unset, 30);
	timer_set(&unset.timer, TIMER_NEVER);
	probe_set(&stopped, 30);
	timer_stop(&stopped.timer);
	turn_until(now_mono_ms() + 250);
	ck_assert_uint_eq(later.fired, 1);
	ck_assert_uint_ge(later.fired_ms, later.want_ms);
	ck_assert_uint_eq(sooner.fired, 1);
	ck_assert_uint_ge(sooner.fired_ms, sooner.want_ms);
	ck_assert_uint_eq(unset.fired, 0);
	ck_assert_uint_eq(stopped.fired, 0);
	probe_set(&unset, 20);
	turn_until(now_mono_ms() + 100);
	ck_assert_uint_eq(unset.fired, 1);
}
END_TEST

START_TEST(test_callbacks)
{
	struct probe a, b;

	/* The first stops the second of the same slot, and sets itself. */
	probe_init(&a);
	probe_init(&b);
	a.stops = &b;
	a.again_ms = 20;
	probe_set(&a, 20);
	timer_set(&b.timer, a.want_ms);
	turn_until(now_mono_ms() + 150);
	ck_assert_uint_eq(a.fired, 2);
	ck_assert_uint_eq(b.fired, 0);
}
END_TEST

static struct defer first, second;
static unsigned order[4], ran;

static void
run_second(struct defer *d)
{
	(void)d;
	order[ran++] = 2;
}

static void
run_each(void *ctx)
{
	(void)ctx;
	order[ran++] = 3;
}

static void
run_first(struct defer *d)
{
	(void)d;
	order[ran++] = 1;
	loop_defer(loop, &second, run_second);
	loop_defer(loop, &second, run_second);
}

START_TEST(test_defer)
{
	ran = 0;
	loop_defer(loop, &first, run_first);
	loop_turn(loop, 0);
	ck_assert_uint_eq(ran, 2);
	ck_assert(order[0] == 1 && order[1] == 2);
	loop_next(loop, &first, run_first);
	ck_assert_uint_eq(ran, 2);
	/* Put off until the next turn, which does not wait. */
	loop_turn(loop, -1);
	ck_assert_uint_eq(ran, 4);
}
END_TEST

/* The loop wakes for the first of those that were stopped, not for each. */
START_TEST(test_stopped_do_not_wake)
{
	struct probe p[12], last;
	unsigned turns = 0;

	for (unsigned i = 0; i < 12; i++) {
		probe_init(&p[i]);
		probe_set(&p[i], 20 * i + 20);
	}
	probe_init(&last);
	probe_set(&last, 300);
	for (unsigned i = 0; i < 12; i++)
		timer_stop(&p[i].timer);
	for (; last.fired == 0; turns++)
		loop_turn(loop, -1);
	/* For those, for the last, and three times for the loop's check. */
	ck_assert_uint_le(turns, 6);
}
END_TEST

START_TEST(test_each_turn)
{
	ran = 0;
	loop_each_turn(loop, run_each, NULL);
	loop_defer(loop, &first, run_first);
	loop_turn(loop, 0);
	ck_assert_uint_eq(ran, 3);
	ck_assert_uint_eq(order[2], 3);
	loop_turn(loop, 0);
	ck_assert_uint_eq(ran, 4);
	loop_each_turn(loop, NULL, NULL);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("timer");
	TCase *t = tcase_create("timer");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_never_early_seldom_late);
	tcase_add_test(t, test_moves);
	tcase_add_test(t, test_callbacks);
	tcase_add_test(t, test_defer);
	tcase_add_test(t, test_each_turn);
	tcase_add_test(t, test_stopped_do_not_wake);
	suite_add_tcase(s, t);
	return s;
}
