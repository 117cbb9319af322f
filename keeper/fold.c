#include "keeper/fold.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "keeper/book.h"
#include "keeper/limits.h"

#define FOLD_ROWS 256 /* in one step */
#define FOLD_AGAIN_MS 3600000
#define FOLD_IDLE_S 60
#define FOLD_KEPT_MAX 1001 /* the most of keep_periods, and what runs */
#define FOLD_GROUP (ROW_KEY_SIZE - 8) /* hash and kind */

struct fold {
	struct row_key at; /* the last row that was looked at */
	/* The rows of its account that were met, a ring: they come by age. */
	struct row_key kept[FOLD_KEPT_MAX];
	unsigned first, n;
	uint64_t due_ms;
	struct row_key old[FOLD_ROWS];
	unsigned n_old;
};

struct fold *
fold_new(void)
{
	return xcalloc(1, sizeof(struct fold));
}

void
fold_free(struct fold **fp)
{
	free(*fp);
	*fp = NULL;
}

/* Nobody spends on it: what the workers know of it goes. */
static bool
fold_take_away(struct book *b, const struct account_key *key)
{
	uint32_t entry = account_find(b->seg, key);

	return entry == ACCOUNT_NONE ||
	       account_evict(b->seg, entry,
		   (int64_t)(now_mono_ms() / 1000) - FOLD_IDLE_S);
}

/*
 * The oldest row need not be over: where a daily budget became a yearly one,
 * the year began before the days.  1, 0, -1.
 */
static int
fold_is_over(struct book *b, const struct row_key *k, struct err *e)
{
	struct account_key key = book_account_key(k);
	int64_t running_s;
	int got = limits_running(b, &key, &running_s, e);

	if (got != 1)
		return got;
	return row_key_start(k) < running_s && fold_take_away(b, &key);
}

static int
fold_meet(struct fold *f, struct book *b, unsigned keep, struct err *e)
{
	struct row_key *oldest = &f->kept[f->first];
	int over;

	if (f->n > 0 && memcmp(oldest->bytes, f->at.bytes, FOLD_GROUP) != 0)
		f->n = 0;
	if (f->n >= keep + 1) {
		over = fold_is_over(b, oldest, e);
		if (over < 0)
			return -1;
		if (over)
			f->old[f->n_old++] = *oldest;
		f->first = (f->first + 1) % FOLD_KEPT_MAX;
		f->n--;
	}
	f->kept[(f->first + f->n++) % FOLD_KEPT_MAX] = f->at;
	return 0;
}

static int
fold_look(struct fold *f, struct book *b, struct err *e)
{
	unsigned keep = (unsigned)b->settings->budgets_keep_periods;
	struct ledger_row row;

	f->n_old = 0;
	for (int i = 0; i < FOLD_ROWS; i++) {
		int got = ledger_row_next(b->ledger, &f->at, &row, e);

		if (got < 0)
			return -1;
		if (got == 0) {
			memset(&f->at, 0, sizeof f->at);
			f->n = 0;
			f->due_ms = now_mono_ms() + FOLD_AGAIN_MS;
			return 0;
		}
		if (row_key_start(&f->at) != 0 && fold_meet(f, b, keep, e) != 0)
			return -1;
	}
	return 0;
}

static int64_t
fold_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int
fold_row(struct book *b, const struct row_key *k, struct err *e)
{
	struct row_key to =
	    row_key_make(row_key_hash(k), row_key_kind(k) | ROW_OLDER, 0);
	struct ledger_row row, sum = { .limit = MONEY_NONE };
	int got = ledger_row_get(b->ledger, k, &row, e);

	if (got != 1)
		return got;
	if (ledger_row_get(b->ledger, &to, &sum, e) < 0)
		return -1;
	if (sum.first_us == 0 || row.first_us < sum.first_us)
		sum.first_us = row.first_us;
	if (row.last_us > sum.last_us)
		sum.last_us = row.last_us;
	sum.settled = fold_add(sum.settled, row.settled);
	sum.suspense = fold_add(sum.suspense, row.suspense);
	sum.requests = fold_add(sum.requests, row.requests);
	return ledger_row_put(b->ledger, &to, &sum, e) == 0
	           ? ledger_row_del(b->ledger, k, e)
	           : -1;
}

int
fold_step(struct fold *f, struct book *b, struct err *e)
{
	if (now_mono_ms() < f->due_ms)
		return 0;
	if (fold_look(f, b, e) != 0)
		return -1;
	if (f->n_old == 0)
		return 0;
	if (book_begin(b, e) != 0)
		return -1;
	for (unsigned i = 0; i < f->n_old; i++)
		if (fold_row(b, &f->old[i], e) < 0)
			return -1;
	return book_commit(b, e);
}
