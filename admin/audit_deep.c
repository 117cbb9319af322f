/*
 * audit_deep - (f) what the ledger says of each customer's periods is what
 * the records say, and (g) a customer's total is the sum of the periods.
 *
 * The gateway may be under load, and rows, journal and records are not of one
 * instant: so rows are read before (then) and after (now), and what lies
 * between must lie between.  A record is there a moment later than its charge;
 * therefore a fault is one only if it is seen three times.
 *
 * Σ now too small: a record's charge is missing in the ledger.  Σ then too
 * large: a charge without a record.  That is no fault by itself, as a client
 * may ask for none, a log may drop and a worker may die before it; but it is
 * when there are as many charged records as charges.
 */

#include "admin/audit.h"

#include <stdlib.h>
#include <time.h>

#include "admin/audit_deep.h"
#include "admin/journal.h"
#include "admin/show.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/xmem.h"
#include "shm/account.h"
#include "shm/seat.h"

#define DEEP_LOOKS 3
#define DEEP_WAIT_MS 1000 /* for logger and keeper */

static void
deep_show_fault(const struct deep_owner *d, struct sbuf *out)
{
	show_element(out);
	sbuf_addc(out, '{');
	show_text(out, "violated",
	    d->faults & DEEP_TOTAL ? SLICE("total") : SLICE("charges"));
	show_text(out, "customer", sbuf_slice(&d->id));
	show_text(out, "environment",
	    d->environment == ENV_TEST ? SLICE("test") : SLICE("prod"));
	show_amount(out, "settled_then", d->then.periods.settled);
	show_amount(out, "settled_now", d->now.periods.settled);
	show_amount(out, "adjusted", d->adjusted_periods);
	show_amount(out, "charges", d->charge_nano);
	show_int(out, "records", d->records);
	show_int(out, "requests", d->now.periods.requests);
	show_amount(out, "total_settled", d->then.total.settled);
	show_amount(out, "total_adjusted", d->adjusted_total);
	sbuf_addc(out, '}');
}

/* Everything published so far is taken, or a second has passed. */
static void
deep_await(struct segment *seg, enum lane_kind kind)
{
	uint64_t head[SEGMENT_SEATS_MAX], until_ms;

	for (uint32_t i = 0; i < segment_seats(seg); i++) {
		struct seat *s = seat_at(seg, i);

		head[i] = atomic_load(
		    kind == LANE_MONEY ? &s->money.head : &s->log.head);
	}
	until_ms = now_fresh_ns() / 1000000 + DEEP_WAIT_MS;
	for (uint32_t i = 0; i < segment_seats(seg); i++) {
		struct seat *s = seat_at(seg, i);
		const _Atomic uint64_t *tail =
		    kind == LANE_MONEY ? &s->money.tail : &s->log.tail;

		while (atomic_load(tail) < head[i] &&
		       now_fresh_ns() / 1000000 < until_ms)
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
}

/* One look: the rows around what is compared with them. */
static int
deep_look(struct office *o, struct logstore *logs, struct deep *d,
    struct err *e)
{
	struct ledger *l = office_ledger(o, e);
	int done;

	if (l == NULL || deep_read_rows(d, l, false, e) != 0 ||
	    deep_read_journal(d, l, e) != 0)
		return -1;
	if (logs != NULL) {
		deep_await(o->seg, LANE_LOG);
		done = deep_read_logs(d, logs, e);
		logstore_end_read(logs);
		if (done != 0)
			return -1;
		deep_await(o->seg, LANE_MONEY);
	}
	return deep_read_rows(d, l, true, e);
}

static int
deep_looks(struct office *o, struct logstore *logs, struct deep *d,
    struct err *e)
{
	unsigned faults = 1;

	for (int i = 0; i < DEEP_LOOKS && faults > 0; i++) {
		deep_begin(d);
		if (deep_look(o, logs, d, e) != 0)
			return -1;
		faults = deep_judge(d, logs != NULL);
		segment_beat(o->seg, ROLE_ADMIN, now_fresh_ns());
	}
	return 0;
}

static int
deep_name(struct office *o, struct deep_owner *d, struct err *e)
{
	struct account_owner owner;
	struct sbuf id = { 0 };
	int got = ledger_owner_get(o->ledger, d->hash, &id, &owner, e);

	if (got == 1) {
		sbuf_add_slice(&d->id, owner.id);
		d->environment = owner.environment;
	}
	sbuf_free(&id);
	return got < 0 ? -1 : 0;
}

static int
deep_show(struct office *o, struct deep *d, bool logs, struct sbuf *out,
    bool *clean_r, struct err *e)
{
	int64_t unlogged = 0;

	show_name(out, "deep");
	sbuf_adds(out, "{\"violations\":[");
	for (size_t i = 0; i < d->n; i++) {
		struct deep_owner *owner = &d->owners[i];

		unlogged += owner->unlogged_nano;
		if (owner->faults == 0)
			continue;
		if (deep_name(o, owner, e) != 0)
			return -1;
		deep_show_fault(owner, out);
		*clean_r = false;
	}
	sbuf_addc(out, ']');
	show_bool(out, "log_store", logs);
	show_int(out, "customers", (int64_t)d->n);
	show_int(out, "customers_compared", d->compared);
	show_int(out, "totals_compared", d->totals);
	show_amount(out, "without_record", unlogged);
	sbuf_addc(out, '}');
	return 0;
}

int
audit_deep(struct office *o, struct sbuf *out, bool *clean_r, struct err *e)
{
	struct logstore *logs = office_logs(o);
	struct deep d = { .n = 0 };
	int done = deep_looks(o, logs, &d, e);

	if (done == 0)
		done = deep_show(o, &d, logs != NULL, out, clean_r, e);
	deep_free(&d);
	return done;
}
