/*
 * suspense - what was charged and is in doubt: the verbs budget suspense,
 * budget suspense release, budget suspense confirm (money.md 10).
 */

#include <string.h>

#include "admin/accounts.h"
#include "admin/args.h"
#include "admin/journal.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/err.h"
#include "base/hex.h"

#define REQUESTS_SHOWN 20 /* the newest of an account */

/* Why, in the words of money.md 10; a bit each. */
enum doubt_cause { ORPHAN = 1, POWER_CUT = 2, NO_USAGE = 4, CUT = 8 };

struct doubt {
	unsigned causes;
	struct sbuf requests; /* elements of a JSON array */
	unsigned requests_n;
};

static void
doubt_add_request(struct doubt *d, struct slice id)
{
	if (id.n == 0 || d->requests_n++ >= REQUESTS_SHOWN)
		return;
	sbuf_adds(&d->requests, d->requests.len > 0 ? "," : "");
	sbuf_add_json(&d->requests, id);
}

/* What the keeper noted. */
static int
doubt_read_journal(struct ledger *l, const struct row_key *k, struct doubt *d,
    struct err *e)
{
	struct journal_line line = { .seq = 0 };
	int got;

	while ((got = journal_next(l, &line, e)) == 1) {
		if (memcmp(&line.row, k, sizeof *k) != 0 ||
		    line.suspense_nano <= 0)
			continue;
		d->causes |=
		    slice_eq(line.action, SLICE("lost")) ? POWER_CUT : ORPHAN;
		doubt_add_request(d, line.request);
	}
	sbuf_free(&line.text);
	return got;
}

/* What the records of a customer say. */
static int
doubt_read_logs(struct logstore *logs, const struct account_owner *owner,
    int64_t since_s, struct doubt *d, struct err *e)
{
	struct slice environment =
	    owner->environment == ENV_TEST ? SLICE("test") : SLICE("prod");
	struct logstore_doubt found;
	int64_t before = 0;
	char id[HEX_ID_SIZE];
	int got = 0;

	while (d->requests_n < REQUESTS_SHOWN &&
	       (got = logstore_doubt(logs, owner->id, environment,
		    since_s * 1000000, &before, &found, e)) == 1) {
		d->causes |= found.success ? NO_USAGE : CUT;
		hex_write(found.id, sizeof found.id, id);
		doubt_add_request(d, slice_str(id));
	}
	return got < 0 ? -1 : 0;
}

static void
doubt_show(const struct doubt *d, struct sbuf *out)
{
	static const char *const names[] = { "orphan", "power cut", "no usage",
		"cut stream" };
	const char *comma = "";

	show_name(out, "cause");
	sbuf_addc(out, '"');
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
		if (d->causes & 1u << i) {
			sbuf_addf(out, "%s%s", comma, names[i]);
			comma = ", ";
		}
	sbuf_addc(out, '"');
	show_name(out, "requests");
	sbuf_addf(out, "[%.*s]", SLICE_ARGS(sbuf_slice(&d->requests)));
}

struct suspense_walk {
	struct office *o;
	struct ledger *ledger;
	struct logstore *logs; /* NULL: none */
	bool all;
	unsigned char hash[OWNER_HASH_SIZE]; /* else of this owner */
	struct sbuf *out;
};

static int
suspense_explain(struct suspense_walk *w, const struct row_key *k,
    struct doubt *d, struct err *e)
{
	struct account_owner owner;
	struct sbuf id = { 0 };
	int done = doubt_read_journal(w->ledger, k, d, e);

	if (done == 0)
		done = ledger_owner_get(w->ledger, row_key_hash(k), &id, &owner,
		    e);
	if (done == 1 && owner.kind == OWNER_CUSTOMER && w->logs != NULL)
		done = doubt_read_logs(w->logs, &owner, row_key_start(k), d, e);
	sbuf_free(&id);
	return done < 0 ? -1 : 0;
}

static int
suspense_row(struct suspense_walk *w, const struct row_key *k,
    const struct ledger_row *row, struct err *e)
{
	struct doubt d = { .causes = 0 };
	int done = suspense_explain(w, k, &d, e);

	show_element(w->out);
	sbuf_addc(w->out, '{');
	if (done == 0)
		done = accounts_show(w->o, k, w->out, e);
	show_money(w->out, "limit", row->limit);
	show_amount(w->out, "settled", row->settled);
	show_amount(w->out, "suspense", row->suspense);
	doubt_show(&d, w->out);
	sbuf_addc(w->out, '}');
	sbuf_free(&d.requests);
	return done;
}

static int
suspense_rows(struct suspense_walk *w, struct err *e)
{
	struct row_key k = { { 0 } };
	struct ledger_row row;
	int got;

	while ((got = ledger_row_next(w->ledger, &k, &row, e)) == 1) {
		if (row.suspense == 0 ||
		    (!w->all && memcmp(row_key_hash(&k), w->hash,
				    OWNER_HASH_SIZE) != 0))
			continue;
		if (suspense_row(w, &k, &row, e) != 0)
			return -1;
	}
	return got;
}

static int
suspense_whose(struct slice args, struct suspense_walk *w, struct err *e)
{
	struct account_owner owner;
	struct sbuf id = { 0 };
	int done = verb_owner(args, &id, &owner, e);

	owner_hash(&owner, w->hash);
	w->all = owner.kind == OWNER_ORGANIZATION;
	sbuf_free(&id);
	return done;
}

int
verb_budget_suspense(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct suspense_walk w = { .o = o, .out = out };
	int done;

	w.ledger = office_ledger(o, e);
	if (w.ledger == NULL || suspense_whose(args, &w, e) < 0)
		return -1;
	w.logs = office_logs(o);
	sbuf_adds(out, "{\"results\":[");
	done = suspense_rows(&w, e);
	sbuf_adds(out, "]}");
	if (w.logs != NULL)
		logstore_end_read(w.logs);
	return done < 0 ? -1 : 1;
}

static int
suspense_amount(struct slice args, int64_t *nano_r, struct err *e)
{
	struct sbuf word = { 0 };
	struct err no_text;
	int done = args_text(args, "amount", &word, &no_text);
	bool all = done == 1 && slice_eq(sbuf_slice(&word), SLICE("all"));

	sbuf_free(&word);
	*nano_r = ASK_ALL;
	if (all)
		return 0;
	done = args_money(args, "amount", nano_r, e);
	if (done == 1 && *nano_r <= 0)
		return err_param(e, ERR_INVALID_VALUE, "amount",
		    "amount: USD above 0, or all, is required.");
	if (done == 0)
		return err_param(e, ERR_MISSING_PARAMETER, "amount",
		    "amount: This field is required.");
	return done < 0 ? -1 : 0;
}

static int
suspense_decide(struct office *o, enum ask_op op, struct slice args,
    struct sbuf *out, struct err *e)
{
	struct ask_amount a;
	int done;

	if (suspense_amount(args, &a.amount_nano, e) < 0)
		return -1;
	done = accounts_named(o, args, &a.row, e);
	if (done == 1)
		done = accounts_correct(o, op, args, &a, e);
	return done == 1 ? accounts_result(o, &a.row, out, e) : done;
}

int
verb_suspense_release(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	return suspense_decide(o, ASK_RELEASE, args, out, e);
}

int
verb_suspense_confirm(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	return suspense_decide(o, ASK_CONFIRM, args, out, e);
}
