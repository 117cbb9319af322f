#include "keeper/turn.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/xmem.h"
#include "keeper/book.h"
#include "keeper/customers.h"
#include "keeper/limits.h"
#include "keeper/orphans.h"
#include "shm/stats.h"
#include "shm/wake.h"

/* A charge that waits for its commit to be published. */
struct turn_record {
	uint64_t seq;
	uint32_t seat;
	struct settle_record record;
};

struct turn {
	struct book *book;
	struct turn_record records[BATCH_RECORDS];
	uint32_t records_n; /* charges, to be published */
	uint32_t taken;     /* records of any type */
	uint32_t first;     /* the lane that the next batch begins with */
	uint32_t overrun;   /* the cell of that metric: there from the start */
	struct lane_reader readers[SEGMENT_SEATS_MAX];
	bool read[SEGMENT_SEATS_MAX];     /* the lane gave something */
	bool upserted[SEGMENT_SEATS_MAX]; /* an UPSERT among it */
};

struct turn *
turn_new(struct book *b)
{
	static const uint16_t no_label[STATS_LABELS];
	struct turn *t = xcalloc(1, sizeof *t);

	t->book = b;
	t->overrun = stats_cell(b->seg, METRIC_OVERRUN, no_label);
	return t;
}

void
turn_free(struct turn **tp)
{
	free(*tp);
	*tp = NULL;
}

int
turn_due(const struct book *b)
{
	uint32_t seats = segment_seats(b->seg);

	if (account_any_wanted(b->seg))
		return 1;
	for (uint32_t seat = 0; seat < seats; seat++)
		if (seat_mapped(b->seg, seat) &&
		    !lane_empty(&seat_at(b->seg, seat)->money))
			return 1;
	return 0;
}

/*
 * More was billed than the hold: what an attempt passes its bound by, where a
 * limit is watched (money.md 1, 9).
 */
static void
turn_count_overrun(struct turn *t, const struct settle_record *r,
    int64_t over_nano)
{
	struct segment *seg = t->book->seg;
	char id[HEX_ID_SIZE];

	stats_add(seg, stats_area_of_role(seg, ROLE_KEEPER), t->overrun,
	    over_nano);
	hex_write(r->request_id, sizeof r->request_id, id);
	log_warn("keeper: request %s: the bill passed its hold by %lld "
		 "nano-USD",
	    id, (long long)over_nano);
}

/* What an account spent within the last second, about: for its chunk. */
static void
turn_note_spend(struct book *b, const struct batch_row *r, int64_t nano)
{
	uint32_t entry = account_find(b->seg, &r->key);
	int64_t ago_ms = (now_real_us() - r->row.last_us) / 1000;
	struct account *a;
	int64_t spend;

	if (entry == ACCOUNT_NONE)
		return;
	a = account_at(b->seg, entry);
	if (ago_ms < 0 || ago_ms > 1000)
		ago_ms = 1000;
	spend = atomic_load(&a->spend_per_s) / 1000 * (1000 - ago_ms);
	if (!__builtin_add_overflow(spend, nano, &spend))
		atomic_store(&a->spend_per_s, spend);
}

/* Add a charge to the row of account i; what it passed its hold by. */
static int
turn_charge_account(struct book *b, const struct settle_record *r, unsigned i,
    int64_t *over_r, struct err *e)
{
	const struct settle_account *a = &r->accounts[i];
	struct batch_row *row = book_row(b, &a->key, e);

	if (row == NULL)
		return -1;
	row->dirty = true;
	turn_note_spend(b, row, a->actual);
	/* The lease that covers it must be on the disk. */
	if (!apply_charge(&row->row, r, i, now_real_us()))
		row->publish = true;
	*over_r = 0;
	if (row->row.limit == ACCOUNT_UNLIMITED || a->actual <= a->held)
		return 0;
	row->overran = true;
	*over_r = a->actual - a->held;
	return 0;
}

static int
turn_charge(struct turn *t, const struct settle_record *r, struct err *e)
{
	int64_t over = 0, most = 0;

	for (unsigned i = 0; i < r->n_accounts; i++) {
		if (turn_charge_account(t->book, r, i, &over, e) != 0)
			return -1;
		if (over > most)
			most = over;
	}
	if (most > 0)
		turn_count_overrun(t, r, most);
	return 0;
}

/* SETTLE and ORPHAN. */
static int
turn_take_charge(struct turn *t, uint32_t seat, const struct lane_record *rec,
    int due, struct err *e)
{
	struct turn_record *mine = &t->records[t->records_n];

	if (settle_read(rec, &mine->record, e) != 1)
		return -1;
	/* The start of this keeper has installed it and freed its slot. */
	if (!due)
		return 0;
	mine->seat = seat;
	mine->seq = rec->seq;
	t->records_n++;
	if (turn_charge(t, &mine->record, e) != 0)
		return -1;
	return rec->type == LANE_ORPHAN
	           ? orphans_note(t->book, seat, rec, &mine->record, e)
	           : 0;
}

static int
turn_take(struct turn *t, uint32_t seat, const struct lane_record *rec,
    struct err *e)
{
	struct book *b = t->book;
	int due = apply_due(b->cursors[seat], rec->seq, e);
	struct slice payload = { rec->payload, rec->len };

	if (due < 0)
		return -1;
	if (due)
		b->cursors[seat] = rec->seq;
	t->taken++;
	switch (rec->type) {
	case LANE_SETTLE:
	case LANE_ORPHAN:
		return turn_take_charge(t, seat, rec, due, e);
	case LANE_UPSERT:
		t->upserted[seat] = true;
		return due ? customers_upsert(b, payload, e) : 0;
	}
	return err_set(e, ERR_DAMAGED, "keeper: record of type %u in lane %u",
	    (unsigned)rec->type, (unsigned)seat);
}

static int
turn_read_lane(struct turn *t, uint32_t seat, struct err *e)
{
	struct book *b = t->book;
	uint64_t before = b->cursors[seat];
	struct lane_record rec;

	seat_reader(b->seg, seat, LANE_MONEY, &t->readers[seat]);
	while (t->taken < BATCH_RECORDS && book_has_room(b)) {
		int got = lane_next(&t->readers[seat], &rec, e);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		t->read[seat] = true;
		if (turn_take(t, seat, &rec, e) != 0)
			return -1;
	}
	if (b->cursors[seat] == before)
		return 0;
	return ledger_cursor_put(b->ledger, b->epoch, seat, b->cursors[seat],
	    e);
}

/*
 * The lane behind the one that gave first begins the next batch: a lane that
 * fills every batch must not keep the others waiting.
 */
static int
turn_read_lanes(struct turn *t, struct err *e)
{
	struct segment *seg = t->book->seg;
	uint32_t n = segment_seats(seg), first = t->first;

	t->records_n = t->taken = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t seat = (first + i) % n;

		t->read[seat] = t->upserted[seat] = false;
		if (t->taken == 0)
			t->first = (seat + 1) % n;
		if (seat_mapped(seg, seat) &&
		    !lane_empty(&seat_at(seg, seat)->money) &&
		    turn_read_lane(t, seat, e) != 0)
			return -1;
	}
	return 0;
}

/* Put the row of a wanted entry into the batch. */
static int
turn_serve(struct book *b, uint32_t entry, struct err *e)
{
	struct account_view view;
	struct batch_row *row;

	if (!account_view(b->seg, entry, &view))
		return 0;
	if (view.state == ACCOUNT_LOADING) {
		int known = customers_known(b, &view.key, e);

		/* An UPSERT will make it known, and want it again. */
		if (known != 1)
			return known;
	}
	row = book_row(b, &view.key, e);
	if (row == NULL)
		return -1;
	row->publish = true;
	return view.state == ACCOUNT_LOADING ? limits_refresh(b, &view.key, e)
	                                     : 0;
}

/* Load what is LOADING, raise the leases that were asked for. */
static int
turn_serve_wanted(struct turn *t, struct err *e)
{
	struct book *b = t->book;
	uint32_t entry, at = 0;

	while (account_wanted(b->seg, &at, &entry)) {
		if (!book_has_room(b)) {
			account_want(b->seg, entry);
			break;
		}
		if (turn_serve(b, entry, e) != 0)
			return -1;
	}
	return 0;
}

/* Leases of every account that this batch touched. */
static void
turn_raise_leases(struct turn *t)
{
	struct book *b = t->book;

	for (uint32_t i = 0; i < b->used_n; i++) {
		struct batch_row *r = &b->rows[b->used[i]];
		uint32_t entry = account_find(b->seg, &r->key);

		if (entry != ACCOUNT_NONE &&
		    apply_lease(b->seg, entry, &r->row))
			r->dirty = r->publish = true;
	}
}

/* The committed rows of a record, in its order. */
static void
turn_publish_record(struct turn *t, const struct turn_record *mine)
{
	struct apply_row rows[ACCOUNTS_PER_HOLD];
	struct book *b = t->book;

	for (unsigned i = 0; i < mine->record.n_accounts; i++) {
		struct batch_row *r;
		struct err e;
		int got =
		    book_row_find(b, &mine->record.accounts[i].key, &r, &e);

		/* Its charge is committed, so its row is there. */
		if (got != 1) {
			log_error("keeper: a charged row is gone");
			exit(71);
		}
		rows[i] = r->row;
	}
	apply_publish(b->seg, mine->seat, mine->seq, &mine->record, rows);
}

static void
turn_publish(struct turn *t)
{
	struct segment *seg = t->book->seg;

	for (uint32_t i = 0; i < t->records_n; i++)
		turn_publish_record(t, &t->records[i]);
	for (uint32_t seat = 0; seat < segment_seats(seg); seat++) {
		if (t->read[seat] && lane_release(&t->readers[seat]))
			wake_seat(seg, seat, WAKE_LANE);
		if (t->upserted[seat])
			apply_upserted(seg, seat);
	}
}

/* Does the batch say anything but what was spent? */
static bool
turn_promises(const struct turn *t)
{
	const struct book *b = t->book;

	if (b->objects_open || t->taken > t->records_n)
		return true;
	for (uint32_t i = 0; i < b->used_n; i++)
		if (b->rows[b->used[i]].publish)
			return true;
	return false;
}

static int
turn_commit(struct turn *t, struct err *e)
{
	return turn_promises(t) ? book_commit(t->book, e)
	                        : book_commit_charges(t->book, e);
}

int
turn_run(struct turn *t, struct err *e)
{
	struct book *b = t->book;

	if (!turn_due(b))
		return 0;
	if (book_begin(b, e) != 0 || turn_read_lanes(t, e) != 0 ||
	    turn_serve_wanted(t, e) != 0)
		return -1;
	turn_raise_leases(t);
	if (turn_commit(t, e) != 0)
		return -1;
	turn_publish(t);
	return 1;
}
