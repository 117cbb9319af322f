#include "admin/audit.h"

#include <string.h>

#include "admin/accounts.h"
#include "admin/args.h"
#include "admin/show.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "shm/audit.h"

/* What is added up while the keeper goes through the accounts. */
struct audit_sum {
	struct office *o;
	int64_t accounts, held, unapplied;
	struct sbuf violations, over; /* elements of JSON arrays */
};

static void
audit_show_faults(const struct audit_account *a, struct sbuf *out)
{
	const char *comma = "";

	show_name(out, "violated");
	sbuf_addc(out, '"');
	for (unsigned bit = 0; bit < AUDIT_FAULTS; bit++)
		if (a->faults & 1u << bit) {
			sbuf_addf(out, "%s%s", comma, audit_fault_name(bit));
			comma = ", ";
		}
	sbuf_addc(out, '"');
}

/* All terms; those of a row that is not there are null. */
static int
audit_show_account(struct office *o, const struct audit_account *a,
    struct sbuf *out, struct err *e)
{
	const struct account_view *v = &a->view;
	struct row_key k =
	    row_key_make(v->key.hash, v->key.kind, v->key.period_s);
	bool limited = v->limit != ACCOUNT_UNLIMITED;

	sbuf_adds(out, out->len > 0 ? ",{" : "{");
	audit_show_faults(a, out);
	if (accounts_show(o, &k, out, e) < 0)
		return -1;
	show_money(out, "limit", v->limit);
	show_amount(out, "settled", v->settled);
	show_amount(out, "reserved", v->reserved);
	if (limited)
		show_amount(out, "free", v->limit - v->settled - v->reserved);
	show_amount(out, "in_slots", a->slots);
	show_int(out, "slots", a->slots_n);
	show_amount(out, "in_slots_done", a->slots_done);
	show_money(out, "lease", limited ? v->lease : MONEY_NONE);
	show_amount(out, "suspense", v->suspense);
	show_amount(out, "overrun", a->overrun);
	show_bool(out, "has_row", a->has_row);
	show_money(out, "row_limit", a->row.limit);
	show_amount(out, "row_settled", a->row.settled);
	show_amount(out, "row_lease", a->row.lease);
	show_amount(out, "row_suspense", a->row.suspense);
	sbuf_addc(out, '}');
	return 0;
}

static int
audit_take(struct audit_sum *s, const struct audit_account *a, struct err *e)
{
	const struct account_view *v = &a->view;

	s->accounts++;
	s->held += v->reserved;
	s->unapplied += a->slots_done;
	if (a->faults != 0)
		return audit_show_account(s->o, a, &s->violations, e);
	if (v->limit == ACCOUNT_UNLIMITED || v->state != ACCOUNT_READY ||
	    v->settled + v->reserved <= v->limit)
		return 0;
	return audit_show_account(s->o, a, &s->over, e);
}

/* One answer of the keeper.  *at moves on; ACCOUNT_NONE after the last. */
static int
audit_take_answer(struct audit_sum *s, struct slice answer, uint32_t *at,
    struct err *e)
{
	struct audit_account a;

	if (answer.n < sizeof *at)
		return err_set(e, ERR_BUDGET_UNAVAILABLE,
		    "The keeper's answer is not understood.");
	memcpy(at, answer.p, sizeof *at);
	for (answer = slice_skip(answer, sizeof *at); answer.n >= sizeof a;
	     answer = slice_skip(answer, sizeof a)) {
		memcpy(&a, answer.p, sizeof a);
		if (audit_take(s, &a, e) != 0)
			return -1;
	}
	return 0;
}

static int
audit_accounts(struct audit_sum *s, struct err *e)
{
	struct sbuf answer = { 0 };
	uint32_t at = 0;
	int done = 0;

	while (done == 0 && at != ACCOUNT_NONE) {
		struct slice from = { (const char *)&at, sizeof at };

		if (office_ask_for(s->o, ASK_AUDIT, from, &answer, e) != 1)
			done = -1;
		else
			done =
			    audit_take_answer(s, sbuf_slice(&answer), &at, e);
		/* It may take seconds, and the master counts beats. */
		segment_beat(s->o->seg, ROLE_ADMIN, now_fresh_ns());
	}
	sbuf_free(&answer);
	return done;
}

static void
audit_show_lane(const struct audit_lane *l, struct sbuf *out)
{
	show_element(out);
	sbuf_addc(out, '{');
	show_int(out, "seat", l->seat);
	show_bool(out, "violated", l->faulty);
	show_int(out, "cursor", (int64_t)l->cursor);
	show_int(out, "released", (int64_t)l->released);
	show_int(out, "slots_done", l->done);
	show_int(out, "slots_stuck", l->stuck);
	sbuf_addc(out, '}');
}

/* Member "lanes". */
static int
audit_lanes(struct office *o, struct sbuf *out, bool *clean_r, struct err *e)
{
	struct sbuf answer = { 0 };
	struct audit_lane lane;
	int done = office_ask_for(o, ASK_LANES, SLICE(""), &answer, e);
	struct slice rest = sbuf_slice(&answer);

	show_name(out, "lanes");
	sbuf_addc(out, '[');
	for (; done == 1 && rest.n >= sizeof lane;
	     rest = slice_skip(rest, sizeof lane)) {
		memcpy(&lane, rest.p, sizeof lane);
		audit_show_lane(&lane, out);
		*clean_r &= !lane.faulty;
	}
	sbuf_addc(out, ']');
	sbuf_free(&answer);
	return done == 1 ? 0 : -1;
}

static void
audit_show_sum(const struct audit_sum *s, struct sbuf *out)
{
	show_int(out, "accounts", s->accounts);
	show_amount(out, "held", s->held);
	show_amount(out, "not_applied_yet", s->unapplied);
	show_name(out, "over_limit");
	sbuf_addf(out, "[%.*s]", SLICE_ARGS(sbuf_slice(&s->over)));
	show_name(out, "violations");
	sbuf_addf(out, "[%.*s]", SLICE_ARGS(sbuf_slice(&s->violations)));
}

static int
audit_show(struct office *o, bool deep, struct sbuf *out, struct err *e)
{
	struct audit_sum s = { .o = o };
	struct sbuf parts = { 0 };
	int done = audit_accounts(&s, e);
	bool clean = s.violations.len == 0;

	sbuf_addc(&parts, '{');
	audit_show_sum(&s, &parts);
	if (done == 0)
		done = audit_lanes(o, &parts, &clean, e);
	if (done == 0 && deep)
		done = audit_deep(o, &parts, &clean, e);
	sbuf_adds(out, "{\"clean\":");
	sbuf_adds(out, clean ? "true," : "false,");
	sbuf_add_slice(out, slice_skip(sbuf_slice(&parts), 1));
	sbuf_addc(out, '}');
	sbuf_free(&parts);
	sbuf_free(&s.over);
	sbuf_free(&s.violations);
	return done == 0 ? 1 : -1;
}

int
verb_budget_audit(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	bool deep = false;

	if (args_bool(args, "deep", &deep, e) < 0)
		return -1;
	return audit_show(o, deep, out, e);
}
