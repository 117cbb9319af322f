#include "tests/power/drive_priv.h"

#include <check.h>

#include "base/money.h"
#include "base/sbuf.h"
#include "tests/power/draw.h"

int64_t
drive_draw_limit(void)
{
	struct draw *d = drive_state.draw;

	switch (draw(d, 4)) {
	case 0:
		return MONEY_NONE;
	case 1:
		return (int64_t)draw(d, 100000000);
	}
	return (int64_t)draw(d, INT64_C(20000000000));
}

void
drive_limit_begins(unsigned account, int64_t limit)
{
	struct promise_account *a = &drive_state.now.accounts[account];

	a->limit[1] = limit;
	if (limit == ACCOUNT_UNLIMITED)
		a->most = INT64_MAX;
	if (limit > a->most)
		a->most = limit;
	drive_tell();
}

/* What was used under a higher limit stays used. */
void
drive_limit_ends(unsigned account)
{
	struct promise_account *a = &drive_state.now.accounts[account];
	struct ledger_row row;

	a->limit[0] = a->limit[1];
	a->defined = 1;
	if (a->limit[0] == ACCOUNT_UNLIMITED)
		return;
	a->most = a->limit[0];
	if (world.book.ledger == NULL || world_row(account, &row) != 1)
		return;
	if (row.lease > a->most)
		a->most = row.lease;
	if (row.settled > a->most)
		a->most = row.settled;
}

/* The operator has an answer. */
static void
drive_answered(void)
{
	drive_all_durable();
	drive_state.counts.changes++;
	drive_tell();
}

void
drive_change_customer(void)
{
	struct drive *v = &drive_state;
	unsigned account = 2 * (unsigned)draw(v->draw, WORLD_CUSTOMERS);
	bool total = draw(v->draw, 2) == 0;
	struct customer_change change = {
		.given = total ? CUSTOMER_TOTAL_BUDGET : CUSTOMER_PERIOD_BUDGET
	};
	int64_t limit = drive_draw_limit();
	struct sbuf body = { 0 };
	char id[WORLD_TEXT];

	if (!v->known[account])
		return;
	change.def.identifier = world_owner(account, id).id;
	change.def.period_budget_nano = change.def.total_budget_nano = limit;
	drive_limit_begins(account + total, limit);
	defs_change_pack(&body, &change);
	ck_assert_int_eq(world_ask(ASK_CUSTOMER, &body), ASK_DONE);
	drive_limit_ends(account + total);
	drive_answered();
}

void
drive_change_key(unsigned account)
{
	struct drive *v = &drive_state;
	struct key_def def = { .environment = ENV_PROD,
		.period_budget_nano = MONEY_NONE };
	struct sbuf body = { 0 };
	char id[WORLD_TEXT];

	def.prefix = world_owner(account, id).id;
	def.spending_limit_nano = drive_draw_limit();
	drive_limit_begins(account, def.spending_limit_nano);
	defs_key_pack(&body, &def);
	ck_assert_int_eq(world_ask(ASK_KEY_PUT, &body), ASK_DONE);
	drive_limit_ends(account);
	v->known[account] = true;
	drive_answered();
}

void
drive_change_some_key(void)
{
	drive_change_key(
	    WORLD_KEY_FIRST + (unsigned)draw(drive_state.draw, WORLD_KEYS));
}

/* What an entry did to the rows, if it was made. */
static void
drive_entered(unsigned account, const struct ledger_row *before)
{
	struct past_sums *s = &past_rows_add(&past.journal)->of[account];
	struct ledger_row after;

	ck_assert_int_eq(world_row(account, &after), 1);
	s->settled += after.settled - before->settled;
	s->suspense += after.suspense - before->suspense;
	drive_state.now.journal++;
	drive_state.counts.entries++;
	drive_answered();
}

/* A correcting entry, within what is free or was spent. */
void
drive_enter(void)
{
	static const enum ask_op ops[] = { ASK_ADJUST, ASK_RELEASE,
		ASK_CONFIRM };
	struct drive *v = &drive_state;
	unsigned account = (unsigned)draw(v->draw, WORLD_ACCOUNTS);
	struct promise_account *a = &v->now.accounts[account];
	struct account_key key = world_key(account);
	enum ask_op op = ops[draw(v->draw, 3)];
	struct ask_amount amount = { .row = book_row_key(&key),
		.reason = SLICE("seed") };
	struct sbuf body = { 0 };
	struct ledger_row row;
	int64_t billed = a->billed, less = 0;

	if (world_row(account, &row) != 1 || row.suspense < 2)
		return;
	amount.amount_nano = (int64_t)draw(v->draw, (uint64_t)row.suspense);
	if (op == ASK_ADJUST)
		amount.amount_nano = -amount.amount_nano;
	/* Who lowers settled knows that the bill is less. */
	if (op != ASK_CONFIRM)
		less =
		    op == ASK_ADJUST ? -amount.amount_nano : amount.amount_nano;
	a->billed -= less;
	drive_tell();
	ask_amount_pack(&body, &amount);
	if (world_ask(op, &body) == ASK_DONE)
		drive_entered(account, &row);
	else
		a->billed = billed;
	drive_tell();
}
