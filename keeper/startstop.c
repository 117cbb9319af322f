#include "keeper/startstop.h"

#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "keeper/alerts.h"
#include "keeper/book.h"
#include "keeper/journal.h"
#include "keeper/limits.h"
#include "shm/gen.h"
#include "shm/recover.h"

/* What a power cut put in doubt is found again in the journal. */
static int
startstop_note(struct book *b, const struct row_key *k,
    const struct apply_row *row, const struct ledger_row *before, struct err *e)
{
	if (row->suspense == before->suspense)
		return 0;
	return journal_add(b,
	    &(struct journal_entry){ .action = "lost",
		.row = *k,
		.settled_nano = row->settled - before->settled,
		.suspense_nano = row->suspense - before->suspense,
		.reason = SLICE("the last stop was not clean") },
	    e);
}

/* A rule of shm/recover.h, over every row.  Adds up what it moved. */
static int
startstop_sweep(struct book *b, int (*rule)(struct apply_row *row),
    int64_t *suspense_r, struct err *e)
{
	struct row_key k = { { 0 } };
	struct ledger_row stored;
	struct account_key key;
	struct apply_row row;
	int got;

	*suspense_r = 0;
	while ((got = ledger_row_next(b->ledger, &k, &stored, e)) == 1) {
		book_row_unpack(&stored, &row);
		if (!rule(&row))
			continue;
		*suspense_r += row.suspense - stored.suspense;
		if (startstop_note(b, &k, &row, &stored, e) != 0)
			return -1;
		key = book_account_key(&k);
		if (alerts_look(b, &key, &row, false, e) != 0)
			return -1;
		book_row_pack(&row, &stored);
		if (ledger_row_put(b->ledger, &k, &stored, e) != 0)
			return -1;
	}
	return got;
}

/* What was published to us before and never by this ledger is not ours. */
static int
startstop_begin_lanes(struct book *b, struct err *e)
{
	for (uint32_t seat = 0; seat < segment_seats(b->seg); seat++) {
		b->cursors[seat] =
		    atomic_load(&seat_at(b->seg, seat)->money.tail_seq);
		if (b->cursors[seat] > 0 &&
		    ledger_cursor_put(b->ledger, b->epoch, seat,
			b->cursors[seat], e) != 0)
			return -1;
	}
	return 0;
}

static int
startstop_read_cursors(struct book *b, struct err *e)
{
	for (uint32_t seat = 0; seat < segment_seats(b->seg); seat++)
		if (ledger_cursor_get(b->ledger, b->epoch, seat,
			&b->cursors[seat], e) < 0)
			return -1;
	return 0;
}

static int
startstop_adopt(struct book *b, const struct ledger_meta *meta, bool lost,
    struct err *e)
{
	int64_t suspense = 0;

	b->epoch = meta->epoch + 1;
	if (lost && startstop_sweep(b, recover_lost, &suspense, e) != 0)
		return -1;
	if (suspense > 0)
		log_warn("keeper: the last stop was not clean: %lld nano-USD "
			 "of unused leases are in suspense",
		    (long long)suspense);
	return startstop_begin_lanes(b, e);
}

/* Within a batch: find out what this segment is to the ledger. */
static int
startstop_meet(struct book *b, struct err *e)
{
	const unsigned char *id = segment_id(b->seg);
	struct ledger_meta meta = { .epoch = 0 };
	int known = ledger_meta_get(b->ledger, &meta, e);
	bool same =
	    known == 1 && memcmp(meta.segment_id, id, SEGMENT_ID_SIZE) == 0;
	int done;

	if (known < 0)
		return -1;
	b->epoch = meta.epoch;
	done = same ? startstop_read_cursors(b, e)
	            : startstop_adopt(b, &meta, known == 1 && !meta.clean, e);
	if (done != 0)
		return -1;
	memcpy(meta.segment_id, id, SEGMENT_ID_SIZE);
	meta.epoch = b->epoch;
	meta.clean = false;
	return ledger_meta_put(b->ledger, &meta, e);
}

/* Counters of the entries from rows and slots, then free what is applied. */
static int
startstop_rebuild(struct book *b, struct err *e)
{
	uint32_t at = 0, entry;

	recover_counters(b->seg);
	while (account_each(b->seg, &at, &entry)) {
		struct account_view view;
		struct ledger_row stored;
		struct apply_row row;
		struct row_key k;
		int got;

		if (!account_view(b->seg, entry, &view))
			continue;
		k = book_row_key(&view.key);
		got = ledger_row_get(b->ledger, &k, &stored, e);
		if (got < 0)
			return -1;
		/* Who waits for its row waits for its limit as well. */
		if (got == 1 && view.state == ACCOUNT_READY) {
			book_row_unpack(&stored, &row);
			recover_account(b->seg, entry, &row);
		} else
			account_want(b->seg, entry);
	}
	for (uint32_t seat = 0; seat < segment_seats(b->seg); seat++)
		if (seat_mapped(b->seg, seat))
			recover_seat(b->seg, seat, b->cursors[seat]);
	return 0;
}

/* The last keeper may have died between a change and the word of it. */
static void
startstop_tell(struct book *b)
{
	gen_raise(b->seg, GEN_KEYS);
	gen_raise(b->seg, GEN_CUSTOMERS);
	gen_raise(b->seg, GEN_DELETED);
	gen_raise(b->seg, GEN_GROUPS);
	gen_raise(b->seg, GEN_CREDENTIALS);
}

int
startstop_begin(struct book *b, struct err *e)
{
	if (book_begin(b, e) != 0 || startstop_meet(b, e) != 0 ||
	    limits_name_owners(b, e) != 0 || book_commit(b, e) != 0)
		return -1;
	segment_set_epoch(b->seg, b->epoch);
	startstop_tell(b);
	if (startstop_rebuild(b, e) != 0)
		return -1;
	/* The settings may have changed since. */
	if (book_begin(b, e) != 0 || limits_refresh_all(b, NULL, e) != 0)
		return -1;
	return book_commit(b, e);
}

static bool
startstop_held(struct book *b)
{
	uint32_t at = 0, entry;

	while (account_each(b->seg, &at, &entry)) {
		struct account_view view;

		if (account_view(b->seg, entry, &view) && view.reserved != 0)
			return true;
	}
	return false;
}

int
startstop_end(struct book *b, struct err *e)
{
	struct ledger_meta meta = { .epoch = b->epoch, .clean = true };
	int64_t suspense;

	if (startstop_held(b)) {
		log_warn("keeper: money is still held, the stop is not clean");
		return 0;
	}
	memcpy(meta.segment_id, segment_id(b->seg), SEGMENT_ID_SIZE);
	if (book_begin(b, e) != 0 ||
	    startstop_sweep(b, recover_clean, &suspense, e) != 0 ||
	    ledger_meta_put(b->ledger, &meta, e) != 0)
		return -1;
	return book_commit(b, e);
}
