/*
 * An entry that is let go and taken by another account while a worker looks
 * at it: the worker is stopped between any two of its steps.
 */
#include <stdbool.h>

#include "shm/stripe.h"

static int recycled_trylock(struct segment *seg, uint64_t set);
bool recycled_same(const struct account_key *a, const struct account_key *b);

#define account_is recycled_is
#define account_key_same recycled_same
#define stripe_trylock recycled_trylock
#include "shm/hold.c"
#undef account_is
#undef account_key_same
#undef stripe_trylock

/* Of the room's own header, which called it by the other name. */
bool account_is(const struct account *a, const struct account_key *key);

#include "base/err.h"
#include "shm/apply.h"
#include "shm/rate.h"
#include "tests/suite.h"

static struct segment *seg;
static struct account_key a_key, b_key;
static bool armed;

/* The keeper, between the search for the entry and the lock. */
static int
recycled_trylock(struct segment *s, uint64_t set)
{
	if (armed)
		ck_assert_int_eq(account_evict(s, account_find(s, &a_key),
				     1000),
		    1);
	return stripe_trylock(s, set);
}

/* Another worker asks for its own account, and the keeper loads it. */
static void
recycled_take(void)
{
	struct apply_row row = { .limit = 1000, .lease = 1000 };

	if (!armed)
		return;
	armed = false;
	account_get(seg, &b_key, 1000);
	apply_publish_row(seg, &b_key, &row);
}

/* Who compares the key alone is stopped behind that. */
bool
recycled_same(const struct account_key *a, const struct account_key *b)
{
	bool same = account_key_same(a, b);

	recycled_take();
	return same;
}

bool
recycled_is(const struct account *a, const struct account_key *key)
{
	bool is = account_is(a, key);

	recycled_take();
	return is;
}

START_TEST(spent_account_is_not_anothers)
{
	static const struct segment_shape shape = { 1, 16, 65536 };
	static const uint32_t none[SLOT_COUNTERS] = { RATE_NONE, RATE_NONE,
		RATE_NONE, RATE_NONE };
	static const unsigned char id[16] = { 7 };
	unsigned char a_hash[16] = { 1 }, b_hash[16] = { 2 };
	struct hold_terms terms = { .n_accounts = 1 };
	struct apply_row row = { .limit = 100, .lease = 100, .settled = 100 };
	struct hold_refusal why;
	struct seat_owner o;
	uint32_t seat, slot;
	struct err e;

	a_key = account_key(a_hash, ACCOUNT_KEY_TOTAL, 0);
	b_key = account_key(b_hash, ACCOUNT_KEY_TOTAL, 0);
	ck_assert_int_eq(segment_create(NULL, &shape, &seg, &e), 1);
	ck_assert_int_eq(seat_take(seg, &seat, &e), 1);
	seat_own(seg, seat, &o);
	account_get(seg, &a_key, 1);
	apply_publish_row(seg, &a_key, &row);
	terms.accounts[0] = (struct hold_account){ .key = a_key, .amount = 90 };
	slot = hold_open(&o, id, 1, none);
	armed = true;
	ck_assert_int_eq(hold_take(&o, slot, &terms, 1000, &why, NULL),
	    HOLD_BUSY);
	ck_assert(!armed);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("recycled");
	TCase *t = tcase_create("recycled");

	tcase_add_test(t, spent_account_is_not_anothers);
	suite_add_tcase(s, t);
	return s;
}
