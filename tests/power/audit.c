#include "tests/power/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "keeper/limits.h"
#include "keeper/startstop.h"
#include "keeper/verify.h"

/* The ledger as it is found. */
struct audit_found {
	struct ledger_meta meta;
	uint64_t cursor[WORLD_WORKERS];
	uint64_t journal;
	bool has[WORLD_ACCOUNTS];
	struct ledger_row rows[WORLD_ACCOUNTS];
};

__attribute__((format(printf, 2, 3))) static int
audit_fail(struct audit *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->why, sizeof a->why, fmt, ap);
	va_end(ap);
	return -1;
}

void
audit_init(struct audit *a, const char *path)
{
	memset(a, 0, sizeof *a);
	a->path = path;
	world_write_settings(&a->settings, path);
	a->seg = world_new_segment();
}

void
audit_fini(struct audit *a)
{
	segment_close(&a->seg);
}

static int
audit_read_rows(struct ledger *l, struct audit_found *f, struct err *e)
{
	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) {
		struct account_key key = world_key(i);
		struct row_key k = book_row_key(&key);
		int got = ledger_row_get(l, &k, &f->rows[i], e);

		if (got < 0)
			return -1;
		f->has[i] = got == 1;
	}
	return 0;
}

/* What operators entered: who is told of a power cut waits for nothing. */
static int
audit_read_journal(struct ledger *l, struct audit_found *f, struct err *e)
{
	struct sbuf text = { 0 };
	uint64_t seq = 0;
	int got;

	while ((got = ledger_journal_next(l, &seq, &text, e)) == 1)
		f->journal +=
		    memmem(text.data, text.len, "\"lost\"", 6) == NULL;
	sbuf_free(&text);
	return got;
}

static int
audit_read(struct ledger *l, struct audit_found *f, struct err *e)
{
	if (ledger_walk(l, e) != 0 || ledger_meta_get(l, &f->meta, e) < 0 ||
	    audit_read_rows(l, f, e) != 0 || audit_read_journal(l, f, e) != 0)
		return -1;
	for (unsigned w = 0; w < WORLD_WORKERS; w++)
		if (ledger_cursor_get(l, f->meta.epoch, w, &f->cursor[w], e) <
		    0)
			return -1;
	return 0;
}

static int
audit_open(struct audit *a, struct audit_found *f)
{
	struct ledger *l;
	struct err e;
	int done = -1;

	memset(f, 0, sizeof *f);
	l = ledger_open_reader(a->path, &e);
	if (l != NULL)
		done = audit_read(l, f, &e);
	ledger_close(&l);
	return done == 0 ? 0 : audit_fail(a, "it does not open: %s", e.text);
}

static int
audit_meta(struct audit *a, const struct audit_found *f,
    const struct promise *p)
{
	if (f->meta.epoch != p->epoch && f->meta.epoch != p->epoch + 1)
		return audit_fail(a, "epoch %llu, promised %llu",
		    (unsigned long long)f->meta.epoch,
		    (unsigned long long)p->epoch);
	if (f->journal != p->journal && f->journal != p->journal + 1)
		return audit_fail(a, "%llu entries, promised %llu",
		    (unsigned long long)f->journal,
		    (unsigned long long)p->journal);
	if (p->clean && !f->meta.clean)
		return audit_fail(a, "the clean stop is forgotten");
	for (unsigned w = 0; w < WORLD_WORKERS; w++)
		if (f->meta.epoch == p->epoch && f->cursor[w] < p->cursor[w])
			return audit_fail(a, "cursor %u at %llu, promised %llu",
			    w, (unsigned long long)f->cursor[w],
			    (unsigned long long)p->cursor[w]);
	return 0;
}

/* Rows and cursor moved together. */
static int
audit_sums(struct audit *a, const struct audit_found *f, unsigned i)
{
	struct past_sums want =
	    past_sums(f->meta.epoch, f->cursor, f->journal, i);
	const struct ledger_row *row = &f->rows[i];

	if (row->settled == want.settled && row->suspense == want.suspense &&
	    row->requests == want.requests)
		return 0;
	return audit_fail(a,
	    "account %u: settled %lld, suspense %lld, requests %lld; up to the "
	    "cursors they are %lld, %lld, %lld",
	    i, (long long)row->settled, (long long)row->suspense,
	    (long long)row->requests, (long long)want.settled,
	    (long long)want.suspense, (long long)want.requests);
}

static int
audit_lease(struct audit *a, const struct audit_found *f, unsigned i,
    const struct promise_account *p)
{
	const struct ledger_row *row = &f->rows[i];

	if (!f->has[i])
		return p->billed == 0 && p->lease == 0
		           ? 0
		           : audit_fail(a, "account %u is lost", i);
	/* That of a key follows its definition when a worker asks for it. */
	if (i < WORLD_KEY_FIRST && row->limit != p->limit[0] &&
	    row->limit != p->limit[1])
		return audit_fail(a, "account %u: limit %lld, promised %lld", i,
		    (long long)row->limit, (long long)p->limit[0]);
	if (row->limit == ACCOUNT_UNLIMITED)
		return 0;
	if (row->lease < p->lease)
		return audit_fail(a, "account %u: lease %lld, published %lld",
		    i, (long long)row->lease, (long long)p->lease);
	if (row->lease > p->most)
		return audit_fail(a, "account %u: lease %lld of at most %lld",
		    i, (long long)row->lease, (long long)p->most);
	return 0;
}

static int
audit_found(struct audit *a, const struct audit_found *f,
    const struct promise *p)
{
	if (audit_meta(a, f, p) != 0)
		return -1;
	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++)
		if (audit_sums(a, f, i) != 0 ||
		    audit_lease(a, f, i, &p->accounts[i]) != 0)
			return -1;
	return 0;
}

/* The objects have what the operator and the customers were told. */
static int
audit_definitions(struct audit *a, struct book *b, const struct promise *p)
{
	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++) {
		const struct promise_account *said = &p->accounts[i];
		struct account_key key = world_key(i);
		int64_t limit = 0;
		struct err e;
		int got = limits_find(b, &key, &limit, &e);

		if (got < 0)
			return audit_fail(a, "account %u: %s", i, e.text);
		if (said->defined && (got == 0 || (limit != said->limit[0] &&
						      limit != said->limit[1])))
			return audit_fail(a,
			    "account %u: defined with %lld, promised %lld", i,
			    (long long)limit, (long long)said->limit[0]);
	}
	return 0;
}

/* A keeper as after a reboot: the segment is another one. */
static int
audit_begin(struct audit *a, const struct promise *p)
{
	struct book b = { .settings = &a->settings.s, .seg = a->seg };
	struct err e;
	int done = -1;

	if (verify_stores(b.settings, segment_id(b.seg), &e) != 0 ||
	    book_open(&b, &e) != 0 || startstop_begin(&b, &e) != 0)
		audit_fail(a, "no keeper begins: %s", e.text);
	else
		done = audit_definitions(a, &b, p);
	book_close(&b);
	return done;
}

static int
audit_recovered(struct audit *a, const struct audit_found *before,
    const struct audit_found *f, unsigned i, const struct promise_account *p)
{
	const struct ledger_row *row = &f->rows[i];

	if (!f->has[i] || row->limit == ACCOUNT_UNLIMITED)
		return 0;
	if (row->settled < p->billed)
		return audit_fail(a, "account %u: billed %lld, recovered %lld",
		    i, (long long)p->billed, (long long)row->settled);
	if (row->settled > p->most)
		return audit_fail(a, "account %u: recovered %lld of %lld", i,
		    (long long)row->settled, (long long)p->most);
	if (before->meta.clean && row->settled != before->rows[i].settled)
		return audit_fail(a, "account %u: a clean stop cost %lld", i,
		    (long long)(row->settled - before->rows[i].settled));
	return 0;
}

int
audit_cut(struct audit *a, const struct promise *p)
{
	struct audit_found before, after;

	if (audit_open(a, &before) != 0 || audit_found(a, &before, p) != 0 ||
	    audit_begin(a, p) != 0 || audit_open(a, &after) != 0)
		return -1;
	for (unsigned i = 0; i < WORLD_ACCOUNTS; i++)
		if (audit_recovered(a, &before, &after, i, &p->accounts[i]) !=
		    0)
			return -1;
	return 0;
}
