/* Lanes: wraps at every alignment, deaths, drops, and wild producers. */
#include "shm/lane.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/err.h"
#include "shm/seat.h"
#include "shm/wake.h"
#include "tests/suite.h"

static const struct segment_shape shape = { 1, 16, 65536 };

struct lane_bench {
	struct segment *seg;
	struct seat_owner o;
	struct lane_reader money, log;
	uint32_t seat;
};

static void
bench_open(struct lane_bench *b)
{
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &b->seg, &e), 1);
	ck_assert_int_eq(seat_take(b->seg, &b->seat, &e), 1);
	seat_own(b->seg, b->seat, &b->o);
	seat_reader(b->seg, b->seat, LANE_MONEY, &b->money);
	seat_reader(b->seg, b->seat, LANE_LOG, &b->log);
}

static void
bench_fill(unsigned char *p, uint32_t n, uint64_t seq)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (unsigned char)(seq * 31 + i);
}

static void
bench_expect(struct lane_reader *r, uint64_t seq, uint32_t len)
{
	unsigned char want[4096];
	struct lane_record rec;
	struct err e = { .text = "" };
	int rc = lane_next(r, &rec, &e);

	ck_assert_msg(rc == 1, "record %llu: %d %s", (unsigned long long)seq,
	    rc, e.text);
	bench_fill(want, len, seq);
	ck_assert_uint_eq(rec.seq, seq);
	ck_assert_uint_eq(rec.len, len);
	ck_assert_mem_eq(rec.payload, want, len);
	ck_assert_uint_eq((uintptr_t)rec.payload % 8, 0);
}

/* Records of one length, then of another: every alignment at the end. */
START_TEST(wraps_anywhere)
{
	struct lane_bench b;
	unsigned char bytes[4096];
	uint64_t seq = 0;

	bench_open(&b);
	for (uint32_t len = 0; len < 1500; len += 1 + len / 50)
		for (unsigned i = 0; i < 500; i++) {
			uint32_t n = (len + i) % 1500;

			seq++;
			bench_fill(bytes, n, seq);
			ck_assert_uint_eq(lane_put(&b.o.log, LANE_BODY, 7,
					      bytes, n),
			    seq);
			bench_expect(&b.log, seq, n);
			ck_assert(!lane_release(&b.log));
		}
	ck_assert_uint_gt(atomic_load(&b.o.seat->log.head), 20 * 65536);
	ck_assert(lane_empty(&b.o.seat->log));
	segment_close(&b.seg);
}
END_TEST

START_TEST(full_and_again)
{
	struct lane_bench b;
	unsigned char bytes[1000];
	uint64_t put = 0, got = 0;

	bench_open(&b);
	for (unsigned round = 0; round < 200; round++) {
		for (;;) {
			bench_fill(bytes, sizeof(bytes), put + 1);
			if (lane_put(&b.o.money, LANE_UPSERT, 0, bytes,
				sizeof(bytes)) == 0)
				break;
			put++;
		}
		ck_assert_uint_gt(lane_used_permille(&b.o.seat->money,
				      LANE_MONEY_BYTES),
		    980);
		for (unsigned i = 0; i < 1 + round && got < put; i++)
			bench_expect(&b.money, ++got, sizeof(bytes));
		/* However little was read: somebody waits for room. */
		ck_assert(lane_release(&b.money));
	}
	ck_assert_uint_gt(put, 256);
	segment_close(&b.seg);
}
END_TEST

/* What was not committed never existed, for a new producer either. */
START_TEST(producer_dies)
{
	struct lane_bench b;
	struct seat_owner next;
	unsigned char bytes[100];
	void *at;

	bench_open(&b);
	for (uint64_t seq = 1; seq <= 3; seq++) {
		bench_fill(bytes, sizeof(bytes), seq);
		lane_put(&b.o.money, LANE_UPSERT, 0, bytes, sizeof(bytes));
	}
	at = lane_reserve(&b.o.money, sizeof(bytes));
	ck_assert_ptr_nonnull(at);
	memset(at, 0xee, sizeof(bytes));
	seat_own(b.seg, b.seat, &next);
	ck_assert_uint_eq(next.money.seq, 3);
	bench_fill(bytes, sizeof(bytes), 4);
	ck_assert_uint_eq(lane_put(&next.money, LANE_UPSERT, 0, bytes,
			      sizeof(bytes)),
	    4);
	for (uint64_t seq = 1; seq <= 4; seq++)
		bench_expect(&b.money, seq, sizeof(bytes));
	lane_release(&b.money);
	ck_assert(lane_consumed(&next.money, 4));
	ck_assert(!lane_consumed(&next.money, 5));
	/* Drained: the number goes on from what was consumed. */
	seat_own(b.seg, b.seat, &next);
	ck_assert_uint_eq(next.money.seq, 4);
	segment_close(&b.seg);
}
END_TEST

/* A consumer that died between tail_seq and tail is no gap. */
START_TEST(consumer_dies)
{
	struct lane_bench b;
	unsigned char bytes[10];

	bench_open(&b);
	bench_fill(bytes, sizeof(bytes), 1);
	lane_put(&b.o.money, LANE_UPSERT, 0, bytes, sizeof(bytes));
	atomic_store(&b.o.seat->money.tail_seq, 1);
	seat_reader(b.seg, b.seat, LANE_MONEY, &b.money);
	bench_expect(&b.money, 1, sizeof(bytes));
	segment_close(&b.seg);
}
END_TEST

START_TEST(drops_are_told)
{
	struct lane_bench b;
	unsigned char bytes[8000] = { 0 };
	struct lane_record rec;
	struct lane_dropped d;
	unsigned put = 0, dropped = 5;

	bench_open(&b);
	while (
	    lane_put_or_drop(&b.o.log, LANE_BODY, 0, bytes, sizeof(bytes)) != 0)
		put++;
	for (unsigned i = 1; i < dropped; i++)
		lane_put_or_drop(&b.o.log, LANE_BODY, 0, bytes, sizeof(bytes));
	ck_assert_uint_eq(atomic_load(&b.o.seat->log.dropped[LANE_BODY]),
	    dropped);
	for (unsigned i = 0; i < put; i++)
		ck_assert_int_eq(lane_next(&b.log, &rec, NULL), 1);
	lane_release(&b.log);
	lane_put_or_drop(&b.o.log, LANE_BODY, 0, bytes, 10);
	ck_assert_int_eq(lane_next(&b.log, &rec, NULL), 1);
	ck_assert_uint_eq(rec.type, LANE_DROPPED);
	memcpy(&d, rec.payload, sizeof(d));
	ck_assert_uint_eq(d.count[LANE_BODY], dropped);
	ck_assert_int_eq(lane_next(&b.log, &rec, NULL), 1);
	ck_assert_uint_eq(rec.type, LANE_BODY);
	segment_close(&b.seg);
}
END_TEST

/* Any byte of a money record changed is found; a log lane is thrown away. */
START_TEST(damage_is_seen)
{
	struct lane_bench b;
	unsigned char bytes[40];
	struct lane_record rec;
	struct err e;

	bench_open(&b);
	bench_fill(bytes, sizeof(bytes), 1);
	lane_put(&b.o.money, LANE_UPSERT, 0, bytes, sizeof(bytes));
	for (unsigned i = 0; i < LANE_RECORD_HEAD + sizeof(bytes); i++) {
		struct lane_reader r = b.money;

		b.o.money.data[i] ^= 0x10;
		ck_assert_msg(lane_next(&r, &rec, &e) == -1, "byte %u", i);
		b.o.money.data[i] ^= 0x10;
	}
	lane_put(&b.o.log, LANE_BODY, 0, bytes, sizeof(bytes));
	b.o.log.data[9] ^= 1;
	ck_assert_int_eq(lane_next(&b.log, &rec, &e), -1);
	lane_discard(&b.log);
	ck_assert_uint_eq(atomic_load(&b.o.seat->log.discarded), 64);
	lane_put(&b.o.log, LANE_BODY, 0, bytes, sizeof(bytes));
	ck_assert_int_eq(lane_next(&b.log, &rec, &e), 1);
	segment_close(&b.seg);
}
END_TEST

START_TEST(gap_is_seen)
{
	struct lane_bench b;
	struct lane_record rec;
	struct err e;

	bench_open(&b);
	lane_put(&b.o.money, LANE_UPSERT, 0, "a", 1);
	b.o.money.seq++;
	lane_put(&b.o.money, LANE_UPSERT, 0, "b", 1);
	ck_assert_int_eq(lane_next(&b.money, &rec, &e), 1);
	ck_assert_int_eq(lane_next(&b.money, &rec, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "gap"));
	segment_close(&b.seg);
}
END_TEST

/* Once for all that was published, and only who has something to read. */
START_TEST(news_is_told)
{
	struct lane_bench b;
	int fd = eventfd(0, EFD_NONBLOCK), other = eventfd(0, EFD_NONBLOCK);
	uint64_t n;

	bench_open(&b);
	segment_set_role_fd(b.seg, ROLE_LOGGER, fd);
	segment_set_role_fd(b.seg, ROLE_KEEPER, other);
	wake_doze(b.seg, ROLE_LOGGER);
	wake_doze(b.seg, ROLE_KEEPER);
	lane_put_or_drop(&b.o.log, LANE_ACCESS, 0, "a", 1);
	lane_put_or_drop(&b.o.log, LANE_ACCESS, 0, "b", 1);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), -1);
	seat_wake(&b.o);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), sizeof(n));
	ck_assert_int_eq(read(other, &n, sizeof(n)), -1);
	wake_doze(b.seg, ROLE_LOGGER);
	seat_wake(&b.o);
	ck_assert_int_eq(read(fd, &n, sizeof(n)), -1);
	lane_put(&b.o.money, LANE_SETTLE, 0, "c", 1);
	seat_wake(&b.o);
	ck_assert_int_eq(read(other, &n, sizeof(n)), sizeof(n));
	close(fd);
	close(other);
	segment_close(&b.seg);
}
END_TEST

/* Whatever a wild worker writes: no read outside, no endless loop. */
START_TEST(hostile_lane)
{
	struct lane_bench b;
	struct lane_record rec;
	uint64_t sum = 0;

	bench_open(&b);
	srand(7);
	for (unsigned round = 0; round < 20000; round++) {
		struct lane_reader r = b.log;
		uint64_t *word = (uint64_t *)(void *)b.o.log.data;

		for (unsigned i = 0; i < 64; i++)
			word[i] = (uint64_t)rand() << (rand() % 48);
		((uint32_t *)(void *)word)[0] = (uint32_t)(rand() % 40 * 8);
		atomic_store(&b.o.seat->log.head,
		    (uint64_t)(rand() % 5000) * 16);
		while (lane_next(&r, &rec, NULL) == 1)
			for (uint32_t i = 0; i < rec.len; i++)
				sum += ((const unsigned char *)rec.payload)[i];
	}
	ck_assert(sum + 1 > 0);
	atomic_store(&b.o.seat->log.head, UINT64_MAX - 15);
	ck_assert_int_eq(lane_next(&b.log, &rec, NULL), -1);
	segment_close(&b.seg);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("lane");
	TCase *t = tcase_create("lane");

	tcase_add_test(t, wraps_anywhere);
	tcase_add_test(t, full_and_again);
	tcase_add_test(t, producer_dies);
	tcase_add_test(t, consumer_dies);
	tcase_add_test(t, drops_are_told);
	tcase_add_test(t, damage_is_seen);
	tcase_add_test(t, gap_is_seen);
	tcase_add_test(t, news_is_told);
	tcase_add_test(t, hostile_lane);
	suite_add_tcase(s, t);
	return s;
}
