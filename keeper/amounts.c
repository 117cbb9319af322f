#include "keeper/amounts.h"

#include "base/err.h"
#include "keeper/book.h"
#include "keeper/journal.h"
#include "keeper/limits.h"
#include "store/ask.h"

/* What an amount does to settled and to suspense. */
struct amount_rule {
	const char *name;
	int settled, suspense;
};

static const struct amount_rule rule_adjust = { "adjust", 1, 0 };
static const struct amount_rule rule_release = { "release", -1, -1 };
static const struct amount_rule rule_confirm = { "confirm", 0, -1 };

/* What the amount means for this row: ASK_ALL is all that the rule takes. */
static int64_t
amounts_nano(const struct amount_rule *rule, const struct apply_row *row,
    int64_t amount_nano)
{
	if (amount_nano != ASK_ALL)
		return amount_nano;
	return rule->suspense != 0 ? row->suspense : -row->settled;
}

/*
 * The row after the correction.  0; -1 with ERR_INVALID_VALUE when there is
 * not so much.
 */
static int
amounts_correct(const struct amount_rule *rule, int64_t nano,
    struct apply_row *row, struct err *e)
{
	int64_t settled, suspense;

	if (rule->suspense != 0 && nano == 0)
		return err_set(e, ERR_INVALID_VALUE,
		    "there is nothing in suspense");
	if (__builtin_add_overflow(row->settled, rule->settled * nano,
		&settled) ||
	    __builtin_add_overflow(row->suspense, rule->suspense * nano,
		&suspense) ||
	    settled < 0 || suspense < 0)
		return err_set(e, ERR_INVALID_VALUE,
		    "the amount is more than there is");
	row->settled = settled;
	row->suspense = suspense < settled ? suspense : settled;
	if (row->lease < settled)
		row->lease = settled;
	row->version++;
	return 0;
}

/*
 * An account that was adjusted upwards may be past its lease, even past its
 * limit, with what is held: that is the administrator's word.
 */
static void
amounts_cover(struct book *b, struct batch_row *r, int64_t more_nano)
{
	uint32_t entry = account_find(b->seg, &r->key);

	if (entry == ACCOUNT_NONE || more_nano <= 0)
		return;
	atomic_fetch_add(&account_at(b->seg, entry)->overrun_nano,
	    (uint64_t)more_nano);
	apply_lease(b->seg, entry, &r->row);
}

static int
amounts_do(struct book *b, const struct amount_rule *rule, struct slice body,
    struct err *e)
{
	struct apply_row before;
	struct account_key key;
	struct batch_row *r;
	struct ask_amount a;
	int got;

	if (!ask_amount_unpack(body, &a) || a.amount_nano == INT64_MIN ||
	    (rule->suspense != 0 && a.amount_nano < 0))
		return err_set(e, ERR_INVALID_VALUE, "unreadable request");
	key = book_account_key(&a.row);
	got = book_row_find(b, &key, &r, e);
	if (got != 1)
		return got;
	/* The entry may wait for its row, and would have it as it is stored. */
	if (limits_refresh(b, &key, e) != 0)
		return -1;
	before = r->row;
	if (amounts_correct(rule, amounts_nano(rule, &before, a.amount_nano),
		&r->row, e) != 0)
		return -1;
	amounts_cover(b, r, r->row.settled - before.settled);
	r->dirty = r->publish = true;
	return journal_add(b,
		   &(struct journal_entry){ .action = rule->name,
		       .by = a.who,
		       .reason = a.reason,
		       .row = a.row,
		       .settled_nano = r->row.settled - before.settled,
		       .suspense_nano = r->row.suspense - before.suspense },
		   e) == 0
	           ? 1
	           : -1;
}

int
amounts_adjust(struct book *b, struct slice body, struct err *e)
{
	return amounts_do(b, &rule_adjust, body, e);
}

int
amounts_release(struct book *b, struct slice body, struct err *e)
{
	return amounts_do(b, &rule_release, body, e);
}

int
amounts_confirm(struct book *b, struct slice body, struct err *e)
{
	return amounts_do(b, &rule_confirm, body, e);
}
