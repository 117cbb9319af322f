/* Cache keys that are made together at the end of a turn. */

#include "tests/suite.h"

#include "base/digest.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "net/loop.h"
#include "proto/cachekey.h"
#include "shm/inflight.h"
#include "shm/segment.h"
#include "shm/sieve.h"
#include "worker/cachekeys.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

#define MOST 40
#define LARGE 3000000
#define SHORT 1000 /* a text that is kept */
#define LONG 20000

static struct worker w;
static struct req reqs[MOST];
static char model[LARGE];

static void
setup(void)
{
	static const struct segment_shape shape = { 1, 64, 65536 };
	uint32_t seat;
	struct err e;

	ck_assert_int_eq(segment_create(NULL, &shape, &w.segment, &e), 1);
	ck_assert_int_eq(seat_take(w.segment, &seat, &e), 1);
	seat_own(w.segment, seat, &w.seat);
	w.loop = loop_new();
	w.cachekeys = cachekeys_new(&w);
	memset(model, 'm', sizeof model);
	for (unsigned i = 0; i < MOST; i++)
		/* So that nothing happens when it is woken. */
		reqs[i] =
		    (struct req){ .w = &w, .ended = true, .pool = pool_new() };
}

static void
teardown(void)
{
	cachekeys_trim(w.cachekeys);
	cachekeys_free(&w.cachekeys);
	ck_assert_ptr_null(w.cachekeys);
	cachekeys_free(&w.cachekeys);
	for (unsigned i = 0; i < MOST; i++)
		pool_free(&reqs[i].pool);
	pool_shrink();
	loop_free(&w.loop);
	segment_close(&w.segment);
}

static struct cachekey
key_of(size_t n)
{
	return (struct cachekey){ .organization = SLICE("default"),
		.environment = SLICE("prod"),
		.family = SLICE("chat"),
		.model = { model, n } };
}

static void
begin(unsigned i, size_t n)
{
	struct cachekey k = key_of(n);

	reqs[i].cache = (struct req_cache){ 0 };
	cachekeys_begin(&reqs[i], &k);
}

/* Have its key made; it is not there at once. */
static void
add(unsigned i, size_t n)
{
	begin(i, n);
	if (!reqs[i].cache.key_due)
		cachekeys_ask(&reqs[i]);
	ck_assert(reqs[i].cache.key_due && !reqs[i].cache.keyed);
}

static struct sbuf
text_of(size_t n)
{
	struct cachekey k = key_of(n);
	struct sbuf text = { 0 };

	cachekey_write(&k, &text);
	return text;
}

static bool
has_key(unsigned i, size_t n)
{
	unsigned char want[DIGEST_SIZE];
	struct sbuf text = text_of(n);

	digest_sha256(text.data, text.len, want);
	sbuf_free(&text);
	return reqs[i].cache.keyed && !reqs[i].cache.key_due &&
	       memcmp(want, reqs[i].cache.key, DIGEST_SIZE) == 0;
}

/* So many, each longer than the one before by so much. */
static const struct {
	unsigned n;
	size_t step;
} counts[] = { { 1, 1 }, { 2, 1 }, { 3, 100 }, { 8, 7 }, { 15, 1 }, { 16, 1 },
	{ 17, 1 }, { 33, 50 }, { MOST, 1 }, { 1, LARGE }, { 4, LARGE / 4 },
	{ 20, LARGE / 20 } };

START_TEST(test_count)
{
	unsigned n = counts[_i].n;

	for (unsigned i = 0; i < n; i++)
		add(i, (i + 1) * counts[_i].step);
	loop_turn(w.loop, 0);
	for (unsigned i = 0; i < n; i++) {
		ck_assert_msg(has_key(i, (i + 1) * counts[_i].step), "%u", i);
	}
}
END_TEST

/* In the next turn all is as it was in the first. */
START_TEST(test_turns)
{
	for (unsigned turn = 1; turn <= 3; turn++) {
		add(0, turn);
		add(1, 10 * turn);
		loop_turn(w.loop, 0);
		ck_assert(has_key(0, turn) && has_key(1, 10 * turn));
		cachekeys_trim(w.cachekeys);
	}
}
END_TEST

/* Of a short text the key is made when it is asked for, of a long one now. */
START_TEST(test_short)
{
	size_t n = _i == 0 ? SHORT : LONG;
	struct sbuf text = text_of(n);
	struct slice all = sbuf_slice(&text);

	begin(0, n);
	begin(1, n);
	ck_assert_uint_eq(reqs[0].cache.mark, sieve_mark(all));
	ck_assert_uint_eq(reqs[0].cache.twin, inflight_key(w.segment, all));
	ck_assert(reqs[0].cache.key_due == (n == LONG));
	if (n == SHORT)
		ck_assert(slice_eq(reqs[0].cache.text, all));
	loop_turn(w.loop, 0);
	ck_assert(reqs[0].cache.keyed == (n == LONG));
	if (n == SHORT) {
		cachekeys_make(&reqs[0]);
		cachekeys_ask(&reqs[1]);
		loop_turn(w.loop, 0);
	}
	ck_assert(has_key(0, n) && has_key(1, n));
	sbuf_free(&text);
}
END_TEST

/* A logger that has other things to do is not given this one. */
START_TEST(test_busy)
{
	static const char other[65536 / 4];

	ck_assert_uint_gt(lane_put(&w.seat.log, LANE_BODY, 0, other,
			      sizeof other),
	    0);
	begin(0, SHORT);
	ck_assert(reqs[0].cache.key_due && reqs[0].cache.text.n == 0);
	loop_turn(w.loop, 0);
	ck_assert(has_key(0, SHORT));
}
END_TEST

/* What was dropped is never looked at again. */
START_TEST(test_drop)
{
	for (unsigned i = 0; i < 6; i++)
		add(i, i + 1);
	for (unsigned i = 0; i < 6; i += 2) {
		reqs[i].cache.lookup = reqs[i].cache.store = true;
		step_recall_cancel(&reqs[i]);
		step_recall_cancel(&reqs[i]);
	}
	add(0, 100); /* once more, in another life */
	cachekeys_trim(w.cachekeys);
	loop_turn(w.loop, 0);
	ck_assert(has_key(0, 100));
	for (unsigned i = 1; i < 6; i++) {
		const struct req_cache *c = &reqs[i].cache;

		if (i % 2 == 1)
			ck_assert(has_key(i, i + 1));
		else
			ck_assert(!c->key_due && !c->keyed && !c->lookup &&
				  !c->store);
	}
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("cachekeys");
	TCase *t = tcase_create("cachekeys");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_count, 0, (int)COUNT(counts));
	tcase_add_test(t, test_turns);
	tcase_add_loop_test(t, test_short, 0, 2);
	tcase_add_test(t, test_busy);
	tcase_add_test(t, test_drop);
	suite_add_tcase(s, t);
	return s;
}
