/* Holds and settlements, one process, every answer and every rule. */
#include "shm/hold.h"

#include <string.h>

#include "base/err.h"
#include "shm/apply.h"
#include "shm/rate.h"
#include "shm/reap.h"
#include "shm/recover.h"
#include "shm/settle.h"
#include "shm/stripe.h"
#include "shm/wake.h"
#include "tests/suite.h"

static const struct segment_shape shape = { 1, 16, 65536 };
static const uint32_t no_counters[SLOT_COUNTERS] = { RATE_NONE, RATE_NONE,
	RATE_NONE, RATE_NONE };
static const unsigned char request_id[16] = { 7 };

struct bench {
	struct segment *seg;
	struct seat_owner o;
	uint32_t seat;
	struct hold_refusal why;
};

static void
bench_open(struct bench *b)
{
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &b->seg, &e), 1);
	ck_assert_int_eq(seat_take(b->seg, &b->seat, &e), 1);
	seat_own(b->seg, b->seat, &b->o);
}

static struct account_key
bench_key(unsigned id)
{
	unsigned char hash[16] = { (unsigned char)id, 0, 1 };

	return account_key(hash, ACCOUNT_KEY_TOTAL, 0);
}

/* An account as the keeper would have published it. */
static void
bench_account(struct bench *b, unsigned id, int64_t limit, int64_t lease,
    int64_t settled)
{
	struct account_key key = bench_key(id);
	struct apply_row row = { .limit = limit,
		.lease = lease,
		.settled = settled };

	account_get(b->seg, &key, 1);
	apply_publish_row(b->seg, &key, &row);
}

static struct hold_terms
bench_terms(unsigned n, const int64_t amounts[])
{
	struct hold_terms t = { .n_accounts = n, .in_pico = 1000 };

	for (unsigned i = 0; i < n; i++) {
		t.accounts[i].key = bench_key(i + 1);
		t.accounts[i].amount = amounts[i];
	}
	return t;
}

static enum hold_result
bench_take(struct bench *b, unsigned n, const int64_t amounts[],
    uint32_t *slot_r)
{
	struct hold_terms terms = bench_terms(n, amounts);

	*slot_r = hold_open(&b->o, request_id, 1, no_counters);
	ck_assert_uint_ne(*slot_r, SLOT_NONE);
	return hold_take(&b->o, *slot_r, &terms, 1, &b->why, NULL);
}

static struct account_view
bench_view(struct bench *b, unsigned id)
{
	struct account_key key = bench_key(id);
	struct account_view v;

	ck_assert_int_eq(account_view(b->seg, account_find(b->seg, &key), &v),
	    1);
	return v;
}

struct hold_row {
	const char *title;
	int64_t limit, lease, settled, held, amount;
	enum hold_result want;
};

static const struct hold_row rows[] = {
	{ "fits", 100, 100, 0, 0, 100, HOLD_OK },
	{ "one too many", 100, 100, 0, 0, 101, HOLD_EXCEEDED },
	{ "spent", 100, 100, 100, 0, 1, HOLD_EXCEEDED },
	{ "spent, but it costs nothing", 100, 100, 100, 0, 0, HOLD_OK },
	{ "past its limit, costs nothing", 100, 150, 150, 0, 0, HOLD_OK },
	{ "held by others", 100, 100, 10, 60, 40, HOLD_HELD },
	{ "fits beside the others", 100, 100, 10, 50, 40, HOLD_OK },
	{ "not leased yet", 100, 50, 10, 0, 41, HOLD_LEASE },
	{ "just leased", 100, 50, 10, 0, 40, HOLD_OK },
	{ "no limit", ACCOUNT_UNLIMITED, 0, 10, 0, INT64_MAX / 4, HOLD_OK },
	{ "limit 0", 0, 0, 0, 0, 1, HOLD_EXCEEDED },
	{ "would wrap", INT64_MAX, INT64_MAX, INT64_MAX - 5, 0, INT64_MAX,
	    HOLD_EXCEEDED },
};

START_TEST(rows_hold)
{
	const struct hold_row *r = &rows[_i];
	struct bench b;
	uint32_t other, slot;

	bench_open(&b);
	bench_account(&b, 1, r->limit, r->held > r->lease ? r->held : r->lease,
	    r->settled);
	if (r->held > 0)
		ck_assert_int_eq(bench_take(&b, 1, &r->held, &other), HOLD_OK);
	ck_assert_msg(bench_take(&b, 1, &r->amount, &slot) == r->want, "%s",
	    r->title);
	ck_assert_int_eq(bench_view(&b, 1).reserved,
	    r->held + (r->want == HOLD_OK ? r->amount : 0));
	hold_close(&b.o, slot);
	ck_assert_int_eq(bench_view(&b, 1).reserved, r->held);
	segment_close(&b.seg);
}
END_TEST

/* Whichever of several refuses, the others show no trace. */
START_TEST(all_or_none)
{
	struct bench b;
	uint32_t slot;

	bench_open(&b);
	for (unsigned full = 1; full <= 4; full++) {
		int64_t amounts[] = { 10, 20, 30, 40 };

		for (unsigned id = 1; id <= 4; id++)
			bench_account(&b, id, id == full ? 5 : 1000, 1000, 0);
		ck_assert_int_eq(bench_take(&b, 4, amounts, &slot),
		    HOLD_EXCEEDED);
		ck_assert_uint_eq(b.why.which, full - 1);
		ck_assert_int_eq(b.why.limit, 5);
		for (unsigned id = 1; id <= 4; id++)
			ck_assert_int_eq(bench_view(&b, id).reserved, 0);
		hold_close(&b.o, slot);
	}
	segment_close(&b.seg);
}
END_TEST

/* An account nobody knows is loaded once; who waits is woken. */
START_TEST(loading)
{
	struct bench b;
	int64_t amount = 5;
	uint32_t slot, at = 0, entry;

	bench_open(&b);
	ck_assert(!account_any_wanted(b.seg));
	ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_LOADING);
	hold_close(&b.o, slot);
	ck_assert(account_any_wanted(b.seg));
	ck_assert_int_eq(account_wanted(b.seg, &at, &entry), 1);
	ck_assert_int_eq(account_wanted(b.seg, &at, &entry), 0);
	ck_assert_uint_eq(wake_take(b.seg, b.seat), 0);
	bench_account(&b, 1, 100, 10, 0);
	ck_assert_uint_eq(wake_take(b.seg, b.seat), WAKE_MONEY);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_OK);
	segment_close(&b.seg);
}
END_TEST

/* A release wakes the one that was told HELD, exactly once. */
START_TEST(release_wakes)
{
	struct bench b;
	int64_t amount = 60;
	uint32_t first, second;

	bench_open(&b);
	bench_account(&b, 1, 100, 100, 0);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &first), HOLD_OK);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &second), HOLD_HELD);
	ck_assert_int_eq(b.why.held, 60);
	ck_assert_uint_eq(wake_take(b.seg, b.seat), 0);
	hold_release(&b.o, first);
	ck_assert_uint_eq(wake_take(b.seg, b.seat), WAKE_MONEY);
	hold_close(&b.o, first);
	ck_assert_uint_eq(wake_take(b.seg, b.seat), 0);
	segment_close(&b.seg);
}
END_TEST

static void
bench_read(struct bench *b, struct settle_record *r, uint64_t *seq_r,
    struct lane_reader *reader)
{
	struct lane_record rec;
	struct err e;

	ck_assert_int_eq(lane_next(reader, &rec, &e), 1);
	ck_assert_int_eq(settle_read(&rec, r, &e), 1);
	*seq_r = rec.seq;
	ck_assert_mem_eq(r->request_id, request_id, 16);
	(void)b;
}

/* The way of a charge from the hold to the row and the free slot. */
START_TEST(settle_and_apply)
{
	struct bench b;
	int64_t amount = 60;
	struct settle_charge charge = { .actual = { 25 },
		.suspense = { 5 },
		.usage = { .tokens_out = 9 },
		.cause = SETTLE_CUT };
	struct apply_row row = { .limit = 100, .lease = 100 };
	struct settle_record r;
	struct lane_reader reader;
	uint32_t slot;
	uint64_t seq;

	bench_open(&b);
	bench_account(&b, 1, 100, 100, 0);
	seat_reader(b.seg, b.seat, LANE_MONEY, &reader);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_OK);
	hold_sent(&b.o, slot);
	ck_assert_int_eq(settle_publish(&b.o, slot, &charge), 1);
	ck_assert_int_eq(bench_view(&b, 1).reserved, 25);
	bench_read(&b, &r, &seq, &reader);
	ck_assert_int_eq(r.usage.tokens_out, 9);
	ck_assert_int_eq(r.accounts[0].held, 60);
	ck_assert_int_eq(apply_due(0, seq, NULL), 1);
	ck_assert_int_eq(apply_charge(&row, &r, 0, 77), 1);
	apply_publish(b.seg, b.seat, seq, &r, &row);
	lane_release(&reader);
	ck_assert_int_eq(bench_view(&b, 1).settled, 25);
	ck_assert_int_eq(bench_view(&b, 1).suspense, 5);
	ck_assert_int_eq(bench_view(&b, 1).reserved, 0);
	ck_assert_uint_eq(atomic_load(&b.o.states[slot]), SLOT_FREE);
	ck_assert_int_eq(apply_due(seq, seq, NULL), 0);
	/* Said once more after a death: nothing moves. */
	apply_publish(b.seg, b.seat, seq, &r, &row);
	ck_assert_int_eq(bench_view(&b, 1).settled, 25);
	ck_assert_int_eq(bench_view(&b, 1).reserved, 0);
	segment_close(&b.seg);
}
END_TEST

START_TEST(lane_full)
{
	struct bench b;
	int64_t amount = 1;
	struct settle_charge charge = { .actual = { 1 } };
	struct lane_reader reader;
	struct lane_record rec;
	uint32_t slot;
	unsigned n = 0;

	bench_open(&b);
	bench_account(&b, 1, ACCOUNT_UNLIMITED, 0, 0);
	for (;; n++) {
		ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_OK);
		hold_sent(&b.o, slot);
		if (!settle_publish(&b.o, slot, &charge))
			break;
	}
	ck_assert(settle_full(&b.o));
	ck_assert_uint_eq(atomic_load(&b.o.states[slot]), SLOT_SENT);
	seat_reader(b.seg, b.seat, LANE_MONEY, &reader);
	for (unsigned i = 0; i < n; i++)
		ck_assert_int_eq(lane_next(&reader, &rec, NULL), 1);
	ck_assert_int_eq(lane_next(&reader, &rec, NULL), 0);
	lane_release(&reader);
	ck_assert_int_eq(settle_publish(&b.o, slot, &charge), 1);
	ck_assert_int_eq(lane_next(&reader, &rec, NULL), 1);
	ck_assert_uint_eq(rec.seq, n + 1);
	segment_close(&b.seg);
}
END_TEST

/* A request that was sent is a use of its key: nothing of it is in doubt. */
START_TEST(reap_of_uses)
{
	static const unsigned char hash[16] = { 1 };
	struct account_key key = account_key(hash, ACCOUNT_KEY_USES, 0);
	struct apply_row row = { .limit = 2 * ACCOUNT_USE,
		.lease = 2 * ACCOUNT_USE };
	int64_t amounts[2] = { 100, ACCOUNT_USE };
	struct hold_terms terms = bench_terms(2, amounts);
	struct settle_record r;
	struct lane_reader reader;
	struct bench b;
	uint32_t slot;
	uint64_t seq;

	bench_open(&b);
	bench_account(&b, 1, 1000, 1000, 0);
	account_get(b.seg, &key, 1);
	apply_publish_row(b.seg, &key, &row);
	terms.accounts[1].key = key;
	slot = hold_open(&b.o, request_id, 1, no_counters);
	ck_assert_int_eq(hold_take(&b.o, slot, &terms, 1, &b.why, NULL),
	    HOLD_OK);
	hold_sent(&b.o, slot);
	ck_assert_int_eq(reap_seat(b.seg, b.seat), 1);
	seat_reader(b.seg, b.seat, LANE_MONEY, &reader);
	bench_read(&b, &r, &seq, &reader);
	ck_assert_int_eq(r.accounts[0].actual, 100);
	ck_assert_int_eq(r.accounts[0].suspense, 100);
	ck_assert_int_eq(r.accounts[1].actual, ACCOUNT_USE);
	ck_assert_int_eq(r.accounts[1].suspense, 0);
	segment_close(&b.seg);
}
END_TEST

/* What a dead worker leaves, slot state by slot state. */
START_TEST(reap)
{
	struct bench b;
	int64_t amount = 100;
	struct settle_charge charge = { .actual = { 30 } };
	struct settle_record r;
	struct lane_reader reader;
	struct apply_row row = { .limit = 10000, .lease = 10000 };
	uint32_t open, held, sent, done, early;
	uint64_t seq;

	bench_open(&b);
	bench_account(&b, 1, 10000, 10000, 0);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &held), HOLD_OK);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &sent), HOLD_OK);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &done), HOLD_OK);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &early), HOLD_OK);
	open = hold_open(&b.o, request_id, 1, no_counters);
	hold_sent(&b.o, sent);
	hold_progress(&b.o, sent, 40, 0);
	hold_sent(&b.o, done);
	hold_sent(&b.o, early);
	ck_assert_int_eq(settle_publish(&b.o, done, &charge), 1);
	/* It died between DONE and the head of the lane. */
	b.o.slots[early].actual[0] = 31;
	b.o.slots[early].suspense[0] = 0;
	atomic_store(&b.o.slots[early].seq, 2);
	atomic_store(&b.o.states[early], SLOT_DONE);
	ck_assert_int_eq(reap_seat(b.seg, b.seat), 1);
	ck_assert_uint_eq(atomic_load(&b.o.states[open]), SLOT_FREE);
	ck_assert_uint_eq(atomic_load(&b.o.states[held]), SLOT_FREE);
	ck_assert_uint_eq(atomic_load(&b.o.states[sent]), SLOT_DONE);
	seat_reader(b.seg, b.seat, LANE_MONEY, &reader);
	for (unsigned i = 0; i < 3; i++) {
		static const int64_t actual[] = { 30, 31, 100 };
		static const int64_t suspense[] = { 0, 0, 60 };

		bench_read(&b, &r, &seq, &reader);
		ck_assert_uint_eq(seq, i + 1);
		ck_assert_int_eq(r.accounts[0].actual, actual[i]);
		ck_assert_int_eq(r.accounts[0].suspense, suspense[i]);
		ck_assert_int_eq(r.usage.tokens_in, i == 2 ? 40 : 0);
		apply_charge(&row, &r, 0, 1);
		apply_publish(b.seg, b.seat, seq, &r, &row);
	}
	ck_assert_int_eq(seat_return(b.seg, b.seat), 0);
	lane_release(&reader);
	ck_assert_int_eq(seat_return(b.seg, b.seat), 1);
	ck_assert_int_eq(bench_view(&b, 1).reserved, 0);
	ck_assert_int_eq(bench_view(&b, 1).settled, 161);
	segment_close(&b.seg);
}
END_TEST

struct lease_row {
	const char *title;
	int64_t limit, lease, settled, hold, want;
};

/* hold is the largest seen and the sum of those that met the lease. */
static const struct lease_row lease_rows[] = {
	{ "the need and two holds", 100000, 0, 0, 50, 150 },
	{ "a chunk is 1 % at most", 100000, 0, 0, 5000, 6000 },
	{ "the need is granted up to the limit", 100, 0, 0, 100, 100 },
	{ "never past the limit", 100, 90, 90, 10, 100 },
	{ "a limit lowered below it", 100, 150, 150, 10, 150 },
	{ "no limit", ACCOUNT_UNLIMITED, 0, 0, 50, 0 },
};

START_TEST(leases)
{
	const struct lease_row *r = &lease_rows[_i];
	struct bench b;
	struct apply_row row = { .limit = r->limit,
		.lease = r->lease,
		.settled = r->settled };
	struct account_key key = bench_key(1);
	struct account *a;

	bench_open(&b);
	bench_account(&b, 1, r->limit, r->lease, r->settled);
	a = account_at(b.seg, account_find(b.seg, &key));
	atomic_store(&a->largest_hold, r->hold);
	atomic_store(&a->need, r->hold);
	ck_assert_int_eq(apply_lease(b.seg, account_find(b.seg, &key), &row),
	    r->want > r->lease);
	ck_assert_msg(row.lease == r->want, "%s: %lld", r->title,
	    (long long)row.lease);
	segment_close(&b.seg);
}
END_TEST

/* Many who ask at once are served by one lease, and asked for no longer. */
START_TEST(lease_for_all)
{
	struct bench b;
	int64_t amount = 60;
	struct account_key key = bench_key(1);
	struct apply_row row = { .limit = 1000000 };
	uint32_t slot;

	bench_open(&b);
	bench_account(&b, 1, row.limit, 0, 0);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_LEASE);
	ck_assert_int_eq(apply_lease(b.seg, account_find(b.seg, &key), &row),
	    1);
	ck_assert_int_ge(row.lease, 50 * amount);
	apply_publish_row(b.seg, &key, &row);
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_OK);
	row.lease = 100000;
	ck_assert_int_eq(apply_lease(b.seg, account_find(b.seg, &key), &row),
	    0);
	segment_close(&b.seg);
}
END_TEST

/* Lowered: memory first, never below what is used.  Raised: after commit. */
START_TEST(limits)
{
	struct bench b;
	int64_t amount = 60;
	struct account_key key = bench_key(1);
	struct apply_row row = { .limit = ACCOUNT_UNLIMITED, .settled = 10 };
	uint32_t slot;

	bench_open(&b);
	bench_account(&b, 1, ACCOUNT_UNLIMITED, 0, 10);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_OK);
	apply_limit(b.seg, &key, 50, &row);
	ck_assert_int_eq(bench_view(&b, 1).lease, 70);
	ck_assert_int_eq(row.lease, 70);
	ck_assert_int_eq(row.limit, 50);
	apply_limit(b.seg, &key, 200, &row);
	ck_assert_int_eq(bench_view(&b, 1).limit, 50);
	apply_publish_row(b.seg, &key, &row);
	ck_assert_int_eq(bench_view(&b, 1).limit, 200);
	hold_close(&b.o, slot);
	ck_assert_int_eq(apply_unlease(b.seg, account_find(b.seg, &key), &row),
	    1);
	ck_assert_int_eq(row.lease, 10);
	ck_assert_int_eq(bench_view(&b, 1).lease, 10);
	ck_assert_int_eq(account_evict(b.seg, account_find(b.seg, &key), 9), 1);
	ck_assert_uint_eq(account_find(b.seg, &key), ACCOUNT_NONE);
	ck_assert_uint_eq(account_count(b.seg), 0);
	segment_close(&b.seg);
}
END_TEST

START_TEST(lost_and_clean)
{
	struct apply_row row = { .limit = 100, .lease = 60, .settled = 40 };

	ck_assert_int_eq(recover_lost(&row), 1);
	ck_assert_int_eq(row.settled, 60);
	ck_assert_int_eq(row.suspense, 20);
	ck_assert_int_eq(recover_lost(&row), 0);
	row.lease = 90;
	ck_assert_int_eq(recover_clean(&row), 1);
	ck_assert_int_eq(row.lease, 60);
	row = (struct apply_row){ .limit = ACCOUNT_UNLIMITED, .lease = 9 };
	ck_assert_int_eq(recover_lost(&row), 0);
}
END_TEST

/* The table takes what it promises, and gives evicted places again. */
START_TEST(table_full)
{
	struct bench b;
	struct account_key key;
	int64_t amount = 1;
	uint32_t slot;

	bench_open(&b);
	for (unsigned id = 10; id < 26; id++)
		bench_account(&b, id, 100, 100, 0);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_FULL);
	key = bench_key(13);
	ck_assert_int_eq(account_evict(b.seg, account_find(b.seg, &key), 9), 1);
	ck_assert_int_eq(bench_take(&b, 1, &amount, &slot), HOLD_LOADING);
	for (unsigned id = 10; id < 26; id++) {
		key = bench_key(id);
		ck_assert_int_eq(account_find(b.seg, &key) != ACCOUNT_NONE,
		    id != 13);
	}
	segment_close(&b.seg);
}
END_TEST

START_TEST(rebuild)
{
	struct bench b;
	int64_t amounts[] = { 10, 20 };
	struct account_key key = bench_key(1);
	struct account *a;
	uint32_t slot;

	bench_open(&b);
	bench_account(&b, 1, 100, 100, 0);
	bench_account(&b, 2, 100, 100, 0);
	ck_assert_int_eq(bench_take(&b, 2, amounts, &slot), HOLD_OK);
	a = account_at(b.seg, account_find(b.seg, &key));
	atomic_store(&a->reserved, 99);
	recover_counters(b.seg);
	ck_assert_int_eq(bench_view(&b, 1).reserved, 10);
	ck_assert_int_eq(bench_view(&b, 2).reserved, 20);
	ck_assert_int_eq(stripe_reserved(b.seg, account_find(b.seg, &key)), 10);
	segment_close(&b.seg);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("hold");
	TCase *t = tcase_create("hold");

	tcase_add_loop_test(t, rows_hold, 0, COUNT(rows));
	tcase_add_test(t, all_or_none);
	tcase_add_test(t, loading);
	tcase_add_test(t, release_wakes);
	tcase_add_test(t, settle_and_apply);
	tcase_add_test(t, lane_full);
	tcase_add_test(t, reap);
	tcase_add_test(t, reap_of_uses);
	tcase_add_loop_test(t, leases, 0, COUNT(lease_rows));
	tcase_add_test(t, lease_for_all);
	tcase_add_test(t, limits);
	tcase_add_test(t, lost_and_clean);
	tcase_add_test(t, table_full);
	tcase_add_test(t, rebuild);
	suite_add_tcase(s, t);
	return s;
}
