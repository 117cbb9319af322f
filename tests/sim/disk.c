#include "tests/sim/disk.h"

#include <string.h>

#include "base/err.h"

/*
 * The ledger in memory, with the contract of store/ledger.h: rows and cursors
 * of a transaction become true together; a lazy commit outlives the keeper,
 * and a power cut may take it back; a commit may fail, and then nothing of it
 * is there.  The keeper may die on either side of it.
 */

static struct ledger disk;

void
sim_disk_new(void)
{
	memset(&disk, 0, sizeof(disk));
}

void
sim_disk_cut(void)
{
	disk.writing = false;
	disk.committed = disk.durable;
}

const struct sim_row *
sim_disk_committed(unsigned truth)
{
	return &disk.committed.row[truth];
}

const struct sim_row *
sim_disk_durable(unsigned truth)
{
	return &disk.durable.row[truth];
}

bool
sim_disk_met(void)
{
	return disk.committed.met && memcmp(disk.committed.meta.segment_id,
					 segment_id(sim.seg), 16) == 0;
}

uint64_t
sim_disk_cursor(uint32_t seat)
{
	const struct disk *d = &disk.committed;

	return d->cursor[seat].epoch == d->meta.epoch ? d->cursor[seat].seq : 0;
}

struct ledger *
ledger_open_writer(const char *path, uint64_t size_bytes, struct err *e)
{
	(void)path, (void)size_bytes, (void)e;
	disk.writing = false;
	return &disk;
}

struct ledger *
ledger_open_reader(const char *path, struct err *e)
{
	return ledger_open_writer(path, 0, e);
}

void
ledger_close(struct ledger **lp)
{
	*lp = NULL;
}

int
ledger_begin(struct ledger *l, struct err *e)
{
	(void)e;
	sim_check(!l->writing, "a transaction within a transaction");
	l->open = l->committed;
	l->writing = true;
	return 0;
}

void
ledger_abort(struct ledger *l)
{
	l->writing = false;
}

static void
disk_judge(const struct ledger *l)
{
	for (unsigned i = 0; i < sim.truths; i++)
		if (memcmp(&l->open.row[i], &l->committed.row[i],
			sizeof(l->open.row[i])) != 0)
			sim_judge_commit(i, &l->committed.row[i].row,
			    &l->open.row[i].row);
}

/* An operator's entry is true when it is on the disk. */
static void
disk_journal(const struct ledger *l)
{
	struct account_key key;
	int64_t nano;

	if (l->open.journal == l->committed.journal)
		return;
	nano = sim_operator_entry(&key);
	sim_truth(&key)->bill += nano;
	if (nano > 0)
		sim_truth(&key)->over += nano;
}

static int
disk_commit(struct ledger *l, bool lazily, struct err *e)
{
	sim_check(l->writing, "a commit of no transaction");
	sim_point();
	l->writing = false;
	if (sim_once_in(sim.style.fails)) {
		sim.fails++;
		sim_tell("commit fails", 0, 0, 0);
		return err_set(e, ERR_SYSTEM, "sim: no space");
	}
	disk_journal(l);
	disk_judge(l);
	disk_judge_alerts(l);
	/* A lazy commit may or may not bring the one before to the disk. */
	if (lazily && sim_once_in(2))
		l->durable = l->committed;
	l->committed = l->open;
	if (!lazily)
		l->durable = l->committed;
	sim_tell(lazily ? "commits lazily" : "commits", 0, 0, 0);
	sim_point();
	return 0;
}

int
ledger_commit(struct ledger *l, struct err *e)
{
	return disk_commit(l, false, e);
}

int
ledger_commit_lazily(struct ledger *l, struct err *e)
{
	return disk_commit(l, true, e);
}

int
ledger_sync(struct ledger *l, struct err *e)
{
	(void)e;
	sim_check(!l->writing, "a sync within a transaction");
	sim_point();
	l->durable = l->committed;
	return 0;
}

/* -- rows -- */

static struct account_key
disk_key(const struct row_key *k)
{
	return account_key(row_key_hash(k), (enum account_kind)row_key_kind(k),
	    row_key_start(k));
}

static void
disk_unpack(const struct apply_row *from, struct ledger_row *row_r)
{
	*row_r = (struct ledger_row){ .settled = from->settled,
		.lease = from->lease,
		.suspense = from->suspense,
		.limit = from->limit,
		.alert_bits = from->alert_bits,
		.ver = from->version,
		.first_us = from->first_us,
		.last_us = from->last_us,
		.requests = from->requests };
}

int
ledger_row_get(struct ledger *l, const struct row_key *k,
    struct ledger_row *row_r, struct err *e)
{
	struct account_key key = disk_key(k);
	struct sim_truth *t = sim_truth_find(&key);
	const struct sim_row *r;

	(void)e;
	if (t == NULL)
		return 0;
	r = &disk_seen(l)->row[t - sim.truth];
	if (r->there)
		disk_unpack(&r->row, row_r);
	return r->there;
}

int
ledger_row_put(struct ledger *l, const struct row_key *k,
    const struct ledger_row *row, struct err *e)
{
	struct account_key key = disk_key(k);
	struct sim_row *to = &l->open.row[sim_truth(&key) - sim.truth];

	(void)e;
	sim_check(l->writing, "a row outside of a transaction");
	*to = (struct sim_row){ .there = true,
		.row = { .settled = row->settled,
		    .lease = row->lease,
		    .suspense = row->suspense,
		    .limit = row->limit,
		    .alert_bits = row->alert_bits,
		    .version = row->ver,
		    .first_us = row->first_us,
		    .last_us = row->last_us,
		    .requests = row->requests } };
	return 0;
}

int
ledger_row_del(struct ledger *l, const struct row_key *k, struct err *e)
{
	struct account_key key = disk_key(k);

	(void)e;
	sim_check(l->writing, "a row outside of a transaction");
	l->open.row[sim_truth(&key) - sim.truth].there = false;
	return 0;
}

static struct row_key
disk_row_key(unsigned truth)
{
	const struct account_key *key = &sim.truth[truth].key;

	return row_key_make(key->hash, key->kind, key->period_s);
}

int
ledger_row_next(struct ledger *l, struct row_key *k, struct ledger_row *row_r,
    struct err *e)
{
	struct row_key best = { { 0 } };
	int found = -1;

	(void)e;
	for (unsigned i = 0; i < sim.truths; i++) {
		struct row_key at = disk_row_key(i);

		if (!disk_seen(l)->row[i].there ||
		    memcmp(&at, k, sizeof(at)) <= 0 ||
		    (found >= 0 && memcmp(&at, &best, sizeof(at)) >= 0))
			continue;
		best = at;
		found = (int)i;
	}
	if (found < 0)
		return 0;
	*k = best;
	disk_unpack(&disk_seen(l)->row[found].row, row_r);
	return 1;
}
