/* Rates, labelled counters, answers in flight, seats, words: one process. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "shm/gen.h"
#include "shm/hold.h"
#include "shm/inflight.h"
#include "shm/rate.h"
#include "shm/reap.h"
#include "shm/stats.h"
#include "shm/wake.h"
#include "tests/suite.h"

static const struct segment_shape shape = { 1, 64, 65536 };

static struct segment *
bench_segment(void)
{
	struct segment *seg;
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
	return seg;
}

static uint32_t
bench_rate_of(struct segment *seg, enum rate_kind kind, unsigned id)
{
	unsigned char hash[16] = { 0 };

	memcpy(hash, &id, sizeof(id));
	return rate_get(seg, kind, hash);
}

static uint32_t
bench_rate(struct segment *seg, unsigned id)
{
	return bench_rate_of(seg, RATE_KEY, id);
}

/* In any window of t seconds at most burst + limit * t / 60 pass. */
START_TEST(rate_bound)
{
	static const struct rate_limit limits[] = { { 60, 0 }, { 60, 1 },
		{ 7, 3 }, { 100000, 10 }, { 1, 1 } };

	for (unsigned l = 0; l < COUNT(limits); l++) {
		struct segment *seg = bench_segment();
		uint32_t entry = bench_rate(seg, l);
		int64_t burst =
		    limits[l].burst ? limits[l].burst : limits[l].per_minute;
		uint64_t start = 1000000000000ull;
		int64_t passed = 0;

		for (uint64_t t = 0; t < 120000; t += 7) {
			passed += rate_take(seg, entry, RATE_REQUESTS,
			    &limits[l], 1, start + t * 1000000, NULL);
			ck_assert_int_le(passed,
			    burst +
				(limits[l].per_minute * (int64_t)t) / 60000);
		}
		ck_assert_int_ge(passed, burst);
		segment_close(&seg);
	}
}
END_TEST

/* Any number of addresses: nobody else loses a place, and all are limited. */
START_TEST(rate_addresses_apart)
{
	static const struct rate_limit limit = { 20, 0 };
	struct segment *seg = bench_segment();
	uint32_t key = bench_rate(seg, 7), low = UINT32_MAX;
	uint64_t now = 5000000000ull;
	unsigned passed = 0;

	rate_take(seg, key, RATE_REQUESTS, &limit, 20, now, NULL);
	for (unsigned id = 0; id < 100000; id++) {
		uint32_t at = bench_rate_of(seg, RATE_ADDRESS, id);

		low = at < low ? at : low;
		passed +=
		    rate_take(seg, at, RATE_REQUESTS, &limit, 1, now, NULL) > 0;
	}
	ck_assert_uint_gt(low, key);
	ck_assert_uint_eq(passed, 1024 * 20);
	ck_assert_uint_eq(bench_rate(seg, 7), key);
	ck_assert_int_eq(rate_take(seg, key, RATE_REQUESTS, &limit, 1, now,
			     NULL),
	    0);
	segment_close(&seg);
}
END_TEST

START_TEST(rate_refused_takes_nothing)
{
	struct segment *seg = bench_segment();
	struct rate_limit limit = { 60, 2 };
	struct rate_state st;
	uint32_t entry = bench_rate(seg, 1);
	uint64_t now = 5000000000ull;

	ck_assert_int_eq(rate_take(seg, entry, RATE_REQUESTS, &limit, 1, now,
			     &st),
	    1);
	ck_assert_int_eq(st.remaining, 1);
	ck_assert_int_eq(rate_take(seg, entry, RATE_REQUESTS, &limit, 1, now,
			     &st),
	    1);
	ck_assert_int_eq(st.remaining, 0);
	for (unsigned i = 0; i < 10; i++) {
		ck_assert_int_eq(rate_take(seg, entry, RATE_REQUESTS, &limit, 1,
				     now, &st),
		    0);
		ck_assert_uint_eq(st.wait_ns, 1000000000);
	}
	ck_assert_int_eq(rate_take(seg, entry, RATE_REQUESTS, &limit, 1,
			     now + st.wait_ns - 1, NULL),
	    0);
	ck_assert_int_eq(rate_take(seg, entry, RATE_REQUESTS, &limit, 1,
			     now + st.wait_ns, NULL),
	    1);
	rate_give(seg, entry, RATE_REQUESTS, &limit, 1);
	ck_assert_int_eq(rate_take(seg, entry, RATE_REQUESTS, &limit, 1,
			     now + st.wait_ns, NULL),
	    1);
	segment_close(&seg);
}
END_TEST

/* A cost above the burst passes when the bucket is full, and only then. */
START_TEST(rate_large_cost)
{
	struct segment *seg = bench_segment();
	struct rate_limit limit = { 6000, 100 };
	struct rate_state st;
	uint32_t entry = bench_rate(seg, 1);
	uint64_t now = 5000000000ull;

	ck_assert_int_eq(rate_take(seg, entry, RATE_TOKENS, &limit, 500, now,
			     NULL),
	    1);
	ck_assert_int_eq(rate_take(seg, entry, RATE_TOKENS, &limit, 500, now,
			     &st),
	    0);
	ck_assert_uint_eq(st.wait_ns, 5000000000ull);
	ck_assert_int_eq(rate_take(seg, entry, RATE_TOKENS, &limit, 500,
			     now + st.wait_ns, NULL),
	    1);
	ck_assert_int_eq(rate_take(seg, RATE_NONE, RATE_TOKENS, &limit,
			     9000000000, now, NULL),
	    1);
	segment_close(&seg);
}
END_TEST

/* A dead worker's places are given back by the recount. */
START_TEST(concurrency)
{
	struct segment *seg = bench_segment();
	static const unsigned char id[16];
	uint32_t entry = bench_rate(seg, 1), seat;
	uint32_t counter[SLOT_COUNTERS] = { entry, RATE_NONE, RATE_NONE,
		RATE_NONE };
	struct seat_owner o;
	struct err e;

	ck_assert_int_eq(seat_take(seg, &seat, &e), 1);
	seat_own(seg, seat, &o);
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(rate_enter(seg, entry, 2), 1);
		hold_open(&o, id, 1, counter);
	}
	ck_assert_int_eq(rate_enter(seg, entry, 2), 0);
	ck_assert_int_eq(rate_inside(seg, entry), 2);
	ck_assert_int_eq(rate_enter(seg, entry, 0), 1);
	rate_leave(seg, entry);
	ck_assert_int_eq(reap_seat(seg, seat), 1);
	ck_assert_int_eq(rate_inside(seg, entry), 0);
	rate_leave(seg, entry);
	ck_assert_int_eq(rate_inside(seg, entry), 0);
	segment_close(&seg);
}
END_TEST

/* A place that was entered later is one of the slot's, too. */
START_TEST(concurrency_of_a_target)
{
	static const uint32_t none[SLOT_COUNTERS] = { RATE_NONE, RATE_NONE,
		RATE_NONE, RATE_NONE };
	static const unsigned char id[16];
	struct segment *seg = bench_segment();
	uint32_t entry = bench_rate_of(seg, RATE_TARGET, 1), seat, slot;
	struct seat_owner o;
	struct err e;

	ck_assert_int_eq(seat_take(seg, &seat, &e), 1);
	seat_own(seg, seat, &o);
	slot = hold_open(&o, id, 1, none);
	ck_assert_int_eq(rate_enter(seg, entry, 1), 1);
	hold_count(&o, slot, SLOT_COUNTERS - 1, entry);
	rate_recount(seg);
	ck_assert_int_eq(rate_inside(seg, entry), 1);
	hold_close(&o, slot);
	rate_recount(seg);
	ck_assert_int_eq(rate_inside(seg, entry), 0);
	/* Of the slot's next request it knows nothing. */
	slot = hold_open(&o, id, 1, none);
	rate_recount(seg);
	ck_assert_int_eq(rate_inside(seg, entry), 0);
	segment_close(&seg);
}
END_TEST

START_TEST(rate_table_full)
{
	struct segment *seg = bench_segment();
	struct rate_limit limit = { 1, 1 };

	for (unsigned i = 0; i < 1000; i++) {
		uint32_t entry = bench_rate(seg, i);

		if (entry == RATE_NONE)
			continue;
		ck_assert_uint_lt(entry, 128);
		rate_take(seg, entry, RATE_REQUESTS, &limit, 1, 1000 + i, NULL);
		ck_assert_uint_eq(bench_rate(seg, i), entry);
	}
	segment_close(&seg);
}
END_TEST

START_TEST(counters_add_up)
{
	struct segment *seg = bench_segment();
	uint16_t a[STATS_LABELS] = { stats_name(seg, SLICE("chat")),
		stats_name(seg, SLICE("demo")) };
	uint16_t b[STATS_LABELS] = { a[0] };
	uint32_t one = stats_cell(seg, METRIC_REQUESTS, a), seat, at = 0;
	struct stats_series s;
	struct err e;
	unsigned n = 0;

	ck_assert_int_eq(seat_take(seg, &seat, &e), 1);
	ck_assert_uint_ne(one, 0);
	ck_assert_uint_eq(stats_cell(seg, METRIC_REQUESTS, a), one);
	ck_assert_uint_ne(stats_cell(seg, METRIC_REQUESTS, b), one);
	ck_assert_uint_ne(stats_cell(seg, METRIC_TOKENS, a), one);
	stats_add(seg, stats_area_of_seat(seat), one, 3);
	stats_add(seg, stats_area_of_role(seg, ROLE_ADMIN), one, 4);
	ck_assert_int_eq(stats_sum(seg, one), 7);
	while (stats_each(seg, &at, &s) == 1)
		n++;
	ck_assert_uint_eq(n, 3);
	ck_assert(slice_eq(stats_name_text(seg, a[1]), SLICE("demo")));
	ck_assert(slice_eq(stats_name_text(seg, 0), SLICE("other")));
	segment_close(&seg);
}
END_TEST

START_TEST(histogram)
{
	struct segment *seg = bench_segment();
	uint16_t label[STATS_LABELS] = { 0 };
	uint32_t cell = stats_cell(seg, METRIC_OVERHEAD, label);
	uint32_t next = stats_cell(seg, METRIC_CACHE_HITS, label);
	uint32_t area = stats_area_of_role(seg, ROLE_MASTER);
	unsigned n;
	const uint64_t *bounds = stats_bounds(STATS_OVERHEAD, &n);

	ck_assert_uint_eq(n, 12);
	ck_assert_uint_eq(bounds[0], 10000);
	ck_assert_uint_ge(next, cell + n + 2);
	stats_observe(seg, area, cell, STATS_OVERHEAD, 10000);
	stats_observe(seg, area, cell, STATS_OVERHEAD, 10001);
	stats_observe(seg, area, cell, STATS_OVERHEAD, 60000000);
	ck_assert_int_eq(stats_sum(seg, cell), 1);
	ck_assert_int_eq(stats_sum(seg, cell + 1), 1);
	ck_assert_int_eq(stats_sum(seg, cell + n), 1);
	ck_assert_int_eq(stats_sum(seg, cell + n + 1), 60020001);
	for (unsigned type = 0; type <= STATS_OVERHEAD; type++) {
		bounds = stats_bounds((enum stats_type)type, &n);
		ck_assert_uint_le(n, STATS_BUCKETS_MAX);
		for (unsigned i = 1; i < n; i++)
			ck_assert_uint_lt(bounds[i - 1], bounds[i]);
	}
	segment_close(&seg);
}
END_TEST

/* Too many names are "other", too many series are counted. */
START_TEST(stats_overflows)
{
	struct segment *seg = bench_segment();
	char text[32];
	unsigned others = 0;

	for (unsigned i = 0; i < 3000; i++) {
		int n = snprintf(text, sizeof(text), "model-%u", i);
		struct slice name = { text, (size_t)n };
		uint16_t label[STATS_LABELS] = { stats_name(seg, name) };

		others += label[0] == 0;
		stats_cell(seg, METRIC_DURATION, label);
	}
	ck_assert_uint_gt(others, 900);
	ck_assert_uint_gt(stats_overflow(seg), 0);
	segment_close(&seg);
}
END_TEST

START_TEST(gauge_is_forgotten)
{
	struct segment *seg = bench_segment();
	uint16_t label[STATS_LABELS] = { 0 };
	uint32_t gauge = stats_cell(seg, METRIC_UPSTREAM_INFLIGHT, label);
	uint32_t counter = stats_cell(seg, METRIC_REQUESTS, label), seat;
	struct err e;

	ck_assert_int_eq(seat_take(seg, &seat, &e), 1);
	stats_add(seg, stats_area_of_seat(seat), gauge, 5);
	stats_add(seg, stats_area_of_seat(seat), counter, 5);
	ck_assert_int_eq(reap_seat(seg, seat), 1);
	ck_assert_int_eq(seat_return(seg, seat), 1);
	ck_assert_int_eq(stats_sum(seg, gauge), 0);
	ck_assert_int_eq(stats_sum(seg, counter), 5);
	for (int i = 7; i <= 8; i++) /* set, not added */
		stats_set(seg, stats_area_of_role(seg, ROLE_LOGGER), gauge, i);
	stats_set(seg, stats_area_of_role(seg, ROLE_KEEPER), gauge, 100);
	ck_assert_int_eq(stats_sum(seg, gauge), 108);
	segment_close(&seg);
}
END_TEST

static const uint64_t twin = 99;

START_TEST(twins)
{
	struct segment *seg = bench_segment();
	struct inflight_ref lead, wait, other;
	uint32_t at = 0;

	ck_assert_int_eq(inflight_join(seg, 0, twin, &lead), INFLIGHT_LEAD);
	ck_assert(!inflight_followed(seg, lead));
	ck_assert_int_eq(inflight_join(seg, 1, twin, &wait), INFLIGHT_WAIT);
	ck_assert(inflight_followed(seg, lead));
	ck_assert_int_eq(inflight_look(seg, 1, wait), INFLIGHT_WAIT);
	ck_assert_int_eq(inflight_each_storing(seg, &at, &other), 0);
	inflight_storing(seg, lead);
	at = 0;
	ck_assert_int_eq(inflight_each_storing(seg, &at, &other), 1);
	ck_assert_uint_eq(other.slot, lead.slot);
	ck_assert_int_eq(inflight_join(seg, 2, twin, &other), INFLIGHT_WAIT);
	inflight_stored(seg, lead);
	ck_assert_uint_eq(wake_take(seg, 0), 0);
	ck_assert_uint_eq(wake_take(seg, 1), WAKE_TWIN);
	ck_assert_uint_eq(wake_take(seg, 2), WAKE_TWIN);
	ck_assert_int_eq(inflight_look(seg, 1, wait), INFLIGHT_OVER);
	ck_assert_int_eq(inflight_join(seg, 3, twin, &other), INFLIGHT_LEAD);
	inflight_stored(seg, lead); /* late: another's by now */
	ck_assert_int_eq(inflight_join(seg, 4, twin, &other), INFLIGHT_WAIT);
	segment_close(&seg);
}
END_TEST

/* Exactly one follower becomes leader, whatever ended the first. */
START_TEST(twins_fail_over)
{
	for (unsigned dead = 0; dead < 2; dead++) {
		struct segment *seg = bench_segment();
		struct inflight_ref lead, a, b;

		inflight_join(seg, 0, twin, &lead);
		inflight_join(seg, 1, twin, &a);
		inflight_join(seg, 2, twin, &b);
		if (dead)
			inflight_reap(seg, 0);
		else
			inflight_failed(seg, lead);
		ck_assert_uint_eq(wake_take(seg, 2), WAKE_TWIN);
		ck_assert_int_eq(inflight_look(seg, 2, b), INFLIGHT_LEAD);
		ck_assert_int_eq(inflight_look(seg, 1, a), INFLIGHT_WAIT);
		inflight_failed(seg, b);
		inflight_leave(seg, 1, a);
		inflight_leave(seg, 2, b);
		ck_assert_int_eq(inflight_join(seg, 5, twin, &a),
		    INFLIGHT_LEAD);
		segment_close(&seg);
	}
}
END_TEST

/* Nobody outside can tell which texts would be twins. */
START_TEST(twins_are_of_one_segment)
{
	struct segment *seg = bench_segment(), *other = bench_segment();
	uint64_t key = inflight_key(seg, SLICE("text"));

	ck_assert(key == inflight_key(seg, SLICE("text")));
	ck_assert(key != inflight_key(seg, SLICE("texu")));
	ck_assert(key != inflight_key(other, SLICE("text")));
	segment_close(&seg);
	segment_close(&other);
}
END_TEST

START_TEST(twins_table_full)
{
	struct segment *seg = bench_segment();
	struct inflight_ref ref;
	unsigned off = 0;

	for (uint64_t key = 0; key < 5000; key++)
		off += inflight_join(seg, 0, key, &ref) == INFLIGHT_OFF;
	ck_assert_uint_eq(off, 5000 - INFLIGHT_SLOTS);
	inflight_reap(seg, 0);
	ck_assert_int_eq(inflight_join(seg, 0, 1, &ref), INFLIGHT_LEAD);
	segment_close(&seg);
}
END_TEST

START_TEST(seats)
{
	struct segment *seg = bench_segment();
	uint32_t seat, n = 0;
	struct err e;

	ck_assert_uint_eq(segment_seats(seg), 8);
	while (seat_take(seg, &seat, &e) == 1)
		ck_assert_uint_eq(seat, n++);
	ck_assert_uint_eq(n, 8);
	ck_assert_uint_eq(seat_count_free(seg), 0);
	ck_assert_int_eq(seat_return(seg, 3), 0);
	ck_assert_int_eq(reap_seat(seg, 3), 1);
	ck_assert_int_eq(seat_return(seg, 3), 1);
	ck_assert(!seat_mapped(seg, 3));
	ck_assert_int_eq(seat_take(seg, &seat, &e), 1);
	ck_assert_uint_eq(seat, 3);
	ck_assert_uint_eq(atomic_load(&seat_at(seg, 3)->generation), 2);
	segment_close(&seg);
}
END_TEST

/* The same file is found again; another shape is not. */
START_TEST(opens_again)
{
	struct segment_shape other = shape;
	char path[] = "/tmp/segment-test-XXXXXX";
	unsigned char id[SEGMENT_ID_SIZE];
	struct segment *seg;
	struct err e;

	ck_assert_int_ge(mkstemp(path), 0);
	ck_assert_int_eq(segment_open(path, &shape, &seg, &e), 0);
	ck_assert_int_eq(segment_create(path, &shape, &seg, &e), 1);
	segment_set_epoch(seg, 12);
	memcpy(id, segment_id(seg), sizeof(id));
	segment_close(&seg);
	ck_assert_int_eq(segment_open(path, &shape, &seg, &e), 1);
	ck_assert_mem_eq(segment_id(seg), id, sizeof(id));
	ck_assert_uint_eq(segment_epoch(seg), 12);
	segment_close(&seg);
	other.max_accounts++;
	ck_assert_int_eq(segment_open(path, &other, &seg, &e), 0);
	unlink(path);
	ck_assert_int_eq(segment_open(path, &shape, &seg, &e), 0);
	ck_assert_int_eq(segment_create("/nowhere/at/all", &shape, &seg, &e),
	    -1);
}
END_TEST

START_TEST(wakes)
{
	struct segment *seg = bench_segment();
	int fd = eventfd(0, EFD_NONBLOCK);
	uint64_t n;

	segment_set_role_fd(seg, ROLE_LOGGER, fd);
	wake_roles(seg, 1u << ROLE_LOGGER);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), -1);
	wake_doze(seg, ROLE_LOGGER);
	wake_roles(seg, 1u << ROLE_LOGGER);
	wake_roles(seg, 1u << ROLE_LOGGER);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 1);
	wake_nap(seg, ROLE_LOGGER);
	wake_roles(seg, 1u << ROLE_LOGGER);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), -1);
	wake_role_now(seg, ROLE_LOGGER);
	wake_role_now(seg, ROLE_LOGGER);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 1);
	wake_doze(seg, ROLE_LOGGER);
	wake_rise(seg, ROLE_LOGGER);
	wake_role_now(seg, ROLE_LOGGER);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), -1);
	segment_set_seat_fd(seg, 2, fd);
	wake_seat(seg, 2, WAKE_TWIN);
	wake_seat(seg, 2, WAKE_MONEY);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(wake_take(seg, 2), WAKE_TWIN | WAKE_MONEY);
	ck_assert_uint_eq(gen_get(seg, GEN_KEYS), 0);
	gen_raise(seg, GEN_KEYS);
	ck_assert_uint_eq(gen_get(seg, GEN_KEYS), 1);
	ck_assert_uint_eq(gen_get(seg, GEN_CUSTOMERS), 0);
	close(fd);
	segment_close(&seg);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("tables");
	TCase *t = tcase_create("tables");

	tcase_add_test(t, rate_bound);
	tcase_add_test(t, rate_addresses_apart);
	tcase_add_test(t, rate_refused_takes_nothing);
	tcase_add_test(t, rate_large_cost);
	tcase_add_test(t, concurrency);
	tcase_add_test(t, concurrency_of_a_target);
	tcase_add_test(t, rate_table_full);
	tcase_add_test(t, counters_add_up);
	tcase_add_test(t, histogram);
	tcase_add_test(t, stats_overflows);
	tcase_add_test(t, gauge_is_forgotten);
	tcase_add_test(t, twins);
	tcase_add_test(t, twins_fail_over);
	tcase_add_test(t, twins_are_of_one_segment);
	tcase_add_test(t, twins_table_full);
	tcase_add_test(t, seats);
	tcase_add_test(t, opens_again);
	tcase_add_test(t, wakes);
	suite_add_tcase(s, t);
	return s;
}
