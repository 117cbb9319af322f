#include "admin/audit_deep.h"

#include <stdlib.h>
#include <string.h>

#include "admin/journal.h"
#include "base/xmem.h"
#include "shm/account.h"

/* A record is older than its charge by the time that the request took. */
#define DEEP_MARGIN_US INT64_C(3600000000)

static void
deep_free_owners(struct deep_owner **owners, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sbuf_free(&(*owners)[i].id);
	free(*owners);
	*owners = NULL;
}

void
deep_begin(struct deep *d)
{
	deep_free_owners(&d->before, d->before_n);
	d->before = d->owners;
	d->before_n = d->n;
	d->owners = NULL;
	d->n = d->cap = 0;
	d->compared = d->totals = 0;
}

void
deep_free(struct deep *d)
{
	deep_free_owners(&d->before, d->before_n);
	deep_free_owners(&d->owners, d->n);
}

static int
deep_compare(const void *a, const void *b)
{
	return memcmp(a, b, OWNER_HASH_SIZE); /* hash is the first member */
}

static struct deep_owner *
deep_find(struct deep_owner *owners, size_t n, const unsigned char *hash)
{
	return n > 0 ? bsearch(hash, owners, n, sizeof *owners, deep_compare)
	             : NULL;
}

static struct deep_owner *
deep_append(struct deep *d, const unsigned char *hash)
{
	if (d->n == d->cap) {
		d->cap = d->cap > 0 ? 2 * d->cap : 64;
		d->owners = xrealloc(d->owners, d->cap * sizeof *d->owners);
	}
	d->owners[d->n] = (struct deep_owner){ .records = 0 };
	memcpy(d->owners[d->n].hash, hash, OWNER_HASH_SIZE);
	return &d->owners[d->n++];
}

static void
deep_add_row(struct deep_rows *rows, unsigned kind,
    const struct ledger_row *row)
{
	struct deep_sum *s =
	    kind == ACCOUNT_CUSTOMER_TOTAL ? &rows->total : &rows->periods;

	s->settled += row->settled;
	s->requests += row->requests;
	if (row->first_us != 0 &&
	    (s->first_us == 0 || row->first_us < s->first_us))
		s->first_us = row->first_us;
}

/* Who comes between the two readings is left out: a newcomer of this look. */
int
deep_read_rows(struct deep *d, struct ledger *l, bool now, struct err *e)
{
	struct row_key k = { { 0 } };
	struct deep_owner *owner;
	struct ledger_row row;
	unsigned kind;
	int got;

	while ((got = ledger_row_next(l, &k, &row, e)) == 1) {
		kind = row_key_kind(&k) & ~(unsigned)ROW_OLDER;
		if (kind != ACCOUNT_CUSTOMER_PERIOD &&
		    kind != ACCOUNT_CUSTOMER_TOTAL)
			continue;
		owner = deep_find(d->owners, d->n, row_key_hash(&k));
		if (owner == NULL && now)
			continue;
		if (owner == NULL)
			owner = deep_append(d, row_key_hash(&k));
		deep_add_row(now ? &owner->now : &owner->then, kind, &row);
	}
	return got;
}

int
deep_read_journal(struct deep *d, struct ledger *l, struct err *e)
{
	struct journal_line line = { .seq = 0 };
	int got;

	while ((got = journal_next(l, &line, e)) == 1) {
		struct deep_owner *owner =
		    deep_find(d->owners, d->n, row_key_hash(&line.row));

		if (owner == NULL)
			continue;
		if (row_key_kind(&line.row) == ACCOUNT_CUSTOMER_TOTAL)
			owner->adjusted_total += line.settled_nano;
		else
			owner->adjusted_periods += line.settled_nano;
	}
	sbuf_free(&line.text);
	return got;
}

int
deep_read_logs(struct deep *d, struct logstore *logs, struct err *e)
{
	struct logstore_charged c;
	bool more = false;
	int got = logstore_oldest_us(logs, &d->oldest_us, e);

	if (got != 0)
		return -1;
	while ((got = logstore_charged(logs, &more, &c, e)) == 1) {
		struct account_owner who = { OWNER_CUSTOMER,
			slice_eq(c.environment, SLICE("test")) ? ENV_TEST
							       : ENV_PROD,
			c.customer };
		unsigned char hash[OWNER_HASH_SIZE];
		struct deep_owner *owner;

		owner_hash(&who, hash);
		owner = deep_find(d->owners, d->n, hash);
		if (owner == NULL)
			continue;
		owner->charge_nano += c.charge_nano;
		owner->records += c.records;
	}
	logstore_end_read(logs);
	return got;
}

/* (f), where all records since the first charge are kept. */
static unsigned
deep_judge_charges(struct deep *d, struct deep_owner *o)
{
	int64_t then = o->then.periods.settled - o->adjusted_periods;
	int64_t now = o->now.periods.settled - o->adjusted_periods;

	if (o->then.periods.first_us == 0 ||
	    (d->oldest_us != 0 &&
		o->then.periods.first_us < d->oldest_us + DEEP_MARGIN_US))
		return 0;
	d->compared++;
	if (o->charge_nano > now)
		return DEEP_CHARGES;
	if (o->charge_nano >= then)
		return 0;
	o->unlogged_nano = then - o->charge_nano;
	return o->now.periods.requests <= o->records ? DEEP_CHARGES : 0;
}

/* (g), where both have counted the same requests from the first on. */
static unsigned
deep_judge_total(struct deep *d, const struct deep_owner *o)
{
	const struct deep_sum *total = &o->then.total;
	int64_t settled = total->settled - o->adjusted_total;

	if (total->first_us == 0 ||
	    total->first_us != o->then.periods.first_us ||
	    total->requests < o->then.periods.requests ||
	    total->requests > o->now.periods.requests)
		return 0;
	d->totals++;
	return settled < o->then.periods.settled - o->adjusted_periods ||
	               settled > o->now.periods.settled - o->adjusted_periods
	           ? DEEP_TOTAL
	           : 0;
}

unsigned
deep_judge(struct deep *d, bool logs)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct deep_owner *o = &d->owners[i];
		const struct deep_owner *before =
		    deep_find(d->before, d->before_n, o->hash);

		o->faults = deep_judge_total(d, o);
		if (logs)
			o->faults |= deep_judge_charges(d, o);
		/* The first look has none before it. */
		if (d->before_n > 0)
			o->faults &= before != NULL ? before->faults : 0;
		n += o->faults != 0;
	}
	return n;
}
