#include "keeper/audit.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "keeper/book.h"
#include "shm/audit.h"
#include "shm/stats.h"

#define AUDIT_LOOKS 3
#define AUDIT_ROUND_S 60
#define AUDIT_ROUND 64      /* accounts */
#define AUDIT_EACH_SECOND 4 /* of them, until they are through */
#define AUDIT_LANES_MAX 128 /* in one answer */

/* Terms and row of one instant.  1, 0 when there is no such account, -1. */
static int
audit_read(struct book *b, uint32_t entry, struct audit_account *a,
    struct err *e)
{
	struct ledger_row stored;
	struct row_key k;
	int got;

	if (!audit_look(b->seg, entry, a))
		return 0;
	k = book_row_key(&a->view.key);
	got = ledger_row_get(b->ledger, &k, &stored, e);
	if (got < 0)
		return -1;
	a->has_row = (uint32_t)got;
	if (got == 1)
		book_row_unpack(&stored, &a->row);
	a->faults = audit_faults(a);
	return 1;
}

static int
audit_account(struct book *b, uint32_t entry, struct audit_account *a,
    struct err *e)
{
	uint32_t faults = UINT32_MAX;
	int got = 1;

	for (int i = 0; i < AUDIT_LOOKS && faults != 0 && got == 1; i++) {
		got = audit_read(b, entry, a, e);
		faults &= a->faults;
	}
	a->faults = faults;
	return got;
}

int
audit_answer(struct book *b, struct slice body, struct sbuf *out, struct err *e)
{
	uint32_t at, entry, next = ACCOUNT_NONE;
	struct audit_account a;

	if (body.n != sizeof at)
		return err_set(e, ERR_INVALID_VALUE, "unreadable request");
	memcpy(&at, body.p, sizeof at);
	sbuf_add(out, &next, sizeof next);
	for (int n = 0; n < AUDIT_AT_ONCE; n++) {
		int got;

		if (!account_each(b->seg, &at, &entry))
			return 0;
		got = audit_account(b, entry, &a, e);
		if (got < 0)
			return -1;
		if (got == 1)
			sbuf_add(out, &a, sizeof a);
	}
	memcpy(out->data, &at, sizeof at);
	return 0;
}

int
audit_answer_lanes(struct book *b, struct slice body, struct sbuf *out,
    struct err *e)
{
	struct audit_lane lane;
	unsigned n = 0;

	if (body.n != 0)
		return err_set(e, ERR_INVALID_VALUE, "unreadable request");
	for (uint32_t seat = 0; seat < segment_seats(b->seg); seat++)
		if (audit_lane(b->seg, seat, b->cursors[seat], &lane) &&
		    (lane.faulty || n < AUDIT_LANES_MAX / 2) &&
		    n++ < AUDIT_LANES_MAX)
			sbuf_add(out, &lane, sizeof lane);
	return 0;
}

/* By 0 in the beginning, so that an alarm has a figure to look at. */
static void
audit_count(struct book *b, int64_t n)
{
	static const uint16_t no_label[STATS_LABELS];

	stats_add(b->seg, stats_area_of_role(b->seg, ROLE_KEEPER),
	    stats_cell(b->seg, METRIC_AUDIT_VIOLATIONS, no_label), n);
}

static void
audit_complain(struct book *b, const struct audit_account *a)
{
	const struct account_view *v = &a->view;
	char row[2 * ROW_KEY_SIZE + 1];
	struct row_key k = book_row_key(&v->key);

	hex_write(k.bytes, ROW_KEY_SIZE, row);
	audit_count(b, 1);
	for (unsigned bit = 0; bit < AUDIT_FAULTS; bit++)
		if (a->faults & 1u << bit)
			log_error("audit: account %s: %s: settled %lld row "
				  "%lld reserved %lld slots %lld lease %lld "
				  "row %lld limit %lld row %lld (nano-USD)",
			    row, audit_fault_name(bit), (long long)v->settled,
			    (long long)a->row.settled, (long long)v->reserved,
			    (long long)a->slots, (long long)v->lease,
			    (long long)a->row.lease, (long long)v->limit,
			    (long long)a->row.limit);
}

/* The next account of the round.  0, or -1; left is 0 after the last one. */
static int
audit_next(struct book *b, struct audit_round *r, struct err *e)
{
	struct audit_account a;
	uint32_t entry;
	int got;

	r->left--;
	if (!account_each(b->seg, &r->at, &entry)) {
		r->at = 0;
		r->left = 0;
		return 0;
	}
	got = audit_account(b, entry, &a, e);
	if (got == 1 && a.faults != 0)
		audit_complain(b, &a);
	return got < 0 ? -1 : 0;
}

int
audit_second(struct book *b, struct audit_round *r, struct err *e)
{
	if (r->seconds == 0)
		audit_count(b, 0);
	if (r->seconds++ % AUDIT_ROUND_S == 1)
		r->left = AUDIT_ROUND;
	for (int n = 0; n < AUDIT_EACH_SECOND && r->left > 0; n++)
		if (audit_next(b, r, e) != 0)
			return -1;
	return 0;
}
