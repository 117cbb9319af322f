/* budgets - the verbs budget show and budget adjust. */

#include "admin/accounts.h"
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

/* All rows of an owner.  How many, or -1. */
static int
budget_show_rows(struct office *o, const struct account_owner *owner,
    struct sbuf *out, struct err *e)
{
	struct account_rows r;
	int got, n = 0;

	if (accounts_open(&r, o, owner, e) < 0)
		return -1;
	while ((got = accounts_next(&r, e)) == 1) {
		show_element(out);
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

static enum account_kind
budget_kind(const struct account_owner *owner, bool total)
{
	static const enum account_kind kinds[OWNER_KINDS][2] = {
		[OWNER_CUSTOMER] = { ACCOUNT_CUSTOMER_PERIOD,
		    ACCOUNT_CUSTOMER_TOTAL },
		[OWNER_KEY] = { ACCOUNT_KEY_PERIOD, ACCOUNT_KEY_TOTAL },
		[OWNER_ORGANIZATION] = { ACCOUNT_ORG_PERIOD,
		    ACCOUNT_ORG_CREDITS },
	};

	return kinds[owner->kind][total];
}

/* Which account of its owner is meant: 0, or -1. */
static int
budget_which(struct slice args, const struct account_owner *owner,
    enum account_kind *kind_r, struct err *e)
{
	bool total = false, uses = false;

	if (args_bool(args, "total", &total, e) < 0 ||
	    args_bool(args, "uses", &uses, e) < 0)
		return -1;
	if (uses && (total || owner->kind != OWNER_KEY))
		return err_param(e, ERR_INVALID_VALUE, "uses",
		    "uses: Only a key has uses, beside its period and its "
		    "total.");
	*kind_r = uses ? ACCOUNT_KEY_USES : budget_kind(owner, total);
	return 0;
}

static int
budget_adjust(struct office *o, struct slice args,
    const struct account_owner *owner, struct err *e)
{
	struct ask_amount a = { .amount_nano = 0 };
	enum account_kind kind = ACCOUNT_KINDS;
	int done;

	if (budget_which(args, owner, &kind, e) != 0)
		return -1;
	done = args_signed_money(args, "amount", &a.amount_nano, e);
	if (done == 0)
		done = err_set(e, ERR_MISSING_PARAMETER,
		    "amount and reason are required.");
	if (kind == ACCOUNT_KEY_USES && a.amount_nano % ACCOUNT_USE != 0)
		done = err_param(e, ERR_INVALID_VALUE, "amount",
		    "amount: A valid integer is required.");
	if (done == 1)
		done = accounts_latest(o, owner, kind, &a.row, e);
	return done == 1 ? accounts_correct(o, ASK_ADJUST, args, &a, e) : done;
}

int
verb_budget_adjust(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct account_owner owner;
	struct sbuf id = { 0 };
	int done = verb_owner(args, &id, &owner, e);

	if (done == 0)
		done = budget_adjust(o, args, &owner, e);
	sbuf_free(&id);
	return done == 1 ? verb_budget_show(o, args, out, e) : done;
}
