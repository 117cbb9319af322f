#include "keeper/orphans.h"

#include <string.h>

#include "base/clock.h"
#include "keeper/journal.h"
#include "store/orphan.h"

static int
orphans_journal(struct book *b, const struct settle_record *r, struct err *e)
{
	for (unsigned i = 0; i < r->n_accounts; i++) {
		const struct settle_account *a = &r->accounts[i];

		if (journal_add(b,
			&(struct journal_entry){ .action = "orphan",
			    .row = book_row_key(&a->key),
			    .request = r->request_id,
			    .settled_nano = a->actual,
			    .suspense_nano = a->suspense,
			    .reason = SLICE("its worker died") },
			e) != 0)
			return -1;
	}
	return 0;
}

static bool
orphans_is_customer(const struct settle_account *a)
{
	return a->key.kind == ACCOUNT_CUSTOMER_PERIOD ||
	       a->key.kind == ACCOUNT_CUSTOMER_TOTAL;
}

/*
 * A customer's account counts with the markup and is what is shown; the
 * others, where there are any, tell the cost before it.
 */
static void
orphans_money(const struct settle_record *r, struct orphan *o)
{
	bool plain = false, marked = false;

	for (unsigned i = 0; i < r->n_accounts; i++) {
		const struct settle_account *a = &r->accounts[i];

		if (a->key.kind == ACCOUNT_KEY_USES)
			continue;
		if (!plain) {
			o->cost_nano = a->actual;
			o->held_nano = a->held;
			plain = !orphans_is_customer(a);
		}
		if (!marked) {
			o->charge_nano = a->actual;
			o->suspense_nano = a->suspense;
			marked = orphans_is_customer(a);
		}
	}
}

/* Who paid, by the first account of each; names into ids[]. */
static int
orphans_owners(struct book *b, const struct settle_record *r,
    struct sbuf ids[OWNER_KINDS], struct orphan *o, struct err *e)
{
	for (unsigned i = 0; i < r->n_accounts; i++) {
		struct account_owner who;
		int got = ledger_owner_get(b->ledger, r->accounts[i].key.hash,
		    &b->owner, &who, e);

		if (got < 0)
			return -1;
		if (got == 0 || who.kind == OWNER_ORGANIZATION ||
		    ids[who.kind].len > 0)
			continue;
		sbuf_add_slice(&ids[who.kind], who.id);
		o->environment = who.environment;
	}
	o->customer = sbuf_slice(&ids[OWNER_CUSTOMER]);
	o->key = sbuf_slice(&ids[OWNER_KEY]);
	return 0;
}

static int
orphans_keep(struct book *b, const struct orphan *o, struct err *e)
{
	struct sbuf packed = { 0 };
	int done;

	orphan_pack(&packed, o);
	done = book_tell(b, sbuf_slice(&packed), e);
	sbuf_free(&packed);
	return done;
}

int
orphans_note(struct book *b, uint32_t seat, const struct lane_record *rec,
    const struct settle_record *r, struct err *e)
{
	struct sbuf ids[OWNER_KINDS] = { { 0 } };
	struct orphan o = { .seat = seat,
		.seq = rec->seq,
		.price_version = r->price_version,
		.started_us = r->started_us,
		.reaped_us = now_real_us(),
		.tokens_in = r->usage.tokens_in,
		.tokens_out = r->usage.tokens_out };
	int done = orphans_journal(b, r, e);

	memcpy(o.id, r->request_id, sizeof o.id);
	orphans_money(r, &o);
	if (done == 0)
		done = orphans_owners(b, r, ids, &o, e);
	if (done == 0)
		done = orphans_keep(b, &o, e);
	for (unsigned i = 0; i < OWNER_KINDS; i++)
		sbuf_free(&ids[i]);
	return done;
}
