/* budgets - the verbs budget show and budget adjust. */

#include "admin/budgets.h"

#include <string.h>

#include "admin/args.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "shm/account.h"
#include "shm/period.h"

/* What requests in flight hold of a row. */
static int64_t
budget_held(struct office *o, const struct row_key *k)
{
	struct account_key key = account_key(row_key_hash(k),
	    (enum account_kind)row_key_kind(k), row_key_start(k));
	uint32_t entry = account_find(o->seg, &key);
	struct account_view view;

	if (entry == ACCOUNT_NONE || !account_view(o->seg, entry, &view))
		return 0;
	return view.reserved;
}

int
budget_rows_open(struct budget_rows *r, struct office *o,
    const struct account_owner *owner, struct err *e)
{
	r->ledger = office_ledger(o, e);
	if (r->ledger == NULL)
		return -1;
	owner_hash(owner, r->hash);
	r->key = row_key_make(r->hash, 0, 0);
	return 0;
}

int
budget_rows_next(struct budget_rows *r, struct err *e)
{
	int got = ledger_row_next(r->ledger, &r->key, &r->row, e);

	if (got == 1 &&
	    memcmp(row_key_hash(&r->key), r->hash, OWNER_HASH_SIZE) != 0)
		return 0;
	return got;
}

/* All rows of an owner.  How many, or -1. */
static int
budget_show_rows(struct office *o, const struct account_owner *owner,
    struct sbuf *out, struct err *e)
{
	struct budget_rows r;
	int got, n = 0;

	if (budget_rows_open(&r, o, owner, e) < 0)
		return -1;
	while ((got = budget_rows_next(&r, e)) == 1) {
		if (out->data[out->len - 1] != '[')
			sbuf_addc(out, ',');
		show_row(out, owner, &r.key, &r.row, budget_held(o, &r.key));
		n++;
	}
	return got < 0 ? -1 : n;
}

/* Without an environment, both are shown. */
static int
budget_show(struct office *o, struct account_owner *owner, bool both,
    struct sbuf *out, struct err *e)
{
	int prod, test = 0;

	sbuf_adds(out, "{\"results\":[");
	prod = budget_show_rows(o, owner, out, e);
	if (prod >= 0 && both) {
		owner->environment = ENV_TEST;
		test = budget_show_rows(o, owner, out, e);
	}
	sbuf_adds(out, "]}");
	if (prod < 0 || test < 0)
		return -1;
	return prod + test > 0;
}

int
verb_budget_show(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct account_owner owner;
	struct sbuf id = { 0 };
	int done = verb_owner(args, &id, &owner, e);

	if (done == 0)
		done = budget_show(o, &owner,
		    owner.kind != OWNER_ORGANIZATION &&
			!args_given(args, "environment"),
		    out, e);
	sbuf_free(&id);
	return done;
}

/* The latest row of a kind; its limit and its period do not matter here. */
static int
budget_latest(struct office *o, const struct account_owner *owner, bool total,
    struct row_key *row_r, struct err *e)
{
	static const enum account_kind kinds[OWNER_KINDS][2] = {
		[OWNER_CUSTOMER] = { ACCOUNT_CUSTOMER_PERIOD,
		    ACCOUNT_CUSTOMER_TOTAL },
		[OWNER_KEY] = { ACCOUNT_KEY_PERIOD, ACCOUNT_KEY_TOTAL },
		[OWNER_ORGANIZATION] = { ACCOUNT_ORG_PERIOD,
		    ACCOUNT_ORG_CREDITS },
	};
	enum account_kind kind = kinds[owner->kind][total];
	struct budget_rows r;
	int got, found = 0;

	if (budget_rows_open(&r, o, owner, e) < 0)
		return -1;
	while ((got = budget_rows_next(&r, e)) == 1) {
		if (row_key_kind(&r.key) != kind)
			continue;
		*row_r = r.key;
		found = 1;
	}
	return got < 0 ? -1 : found;
}

static int
budget_adjust(struct office *o, struct slice args,
    const struct account_owner *owner, struct sbuf *reason, struct err *e)
{
	struct sbuf packed = { 0 };
	struct ask_amount a = { .amount_nano = 0 };
	bool total = false;
	int done;

	if (args_bool(args, "total", &total, e) < 0 ||
	    args_text(args, "reason", reason, e) < 0)
		return -1;
	done = args_signed_money(args, "amount", &a.amount_nano, e);
	if (done < 0)
		return -1;
	if (done == 0 || reason->len == 0)
		return err_set(e, ERR_MISSING_PARAMETER,
		    "amount and reason are required.");
	done = budget_latest(o, owner, total, &a.row, e);
	if (done != 1)
		return done;
	a.reason = sbuf_slice(reason);
	ask_amount_pack(&packed, &a);
	done = office_ask(o, ASK_ADJUST, sbuf_slice(&packed), e);
	sbuf_free(&packed);
	return done;
}

int
verb_budget_adjust(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf id = { 0 }, reason = { 0 };
	struct account_owner owner;
	int done = verb_owner(args, &id, &owner, e);

	if (done == 0)
		done = budget_adjust(o, args, &owner, &reason, e);
	sbuf_free(&id);
	sbuf_free(&reason);
	return done == 1 ? verb_budget_show(o, args, out, e) : done;
}
