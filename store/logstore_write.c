#include "store/logstore_priv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define HOUR_US 3600000000
#define DAY_US (24 * HOUR_US)
#define RETAIN_ROWS 500
#define FORGET_MOST 500 /* as in the statements */

static int
logstore_begin(struct logstore *s, struct err *e)
{
	if (s->open)
		return 0;
	if (logstore_run(s, LOGSTORE_BEGIN, e) == -1)
		return -1;
	s->open = true;
	s->pending = 0;
	return 0;
}

unsigned
logstore_pending(const struct logstore *s)
{
	return s->open ? s->pending : 0;
}

static void
logstore_bind_row(struct logstore *s, sqlite3_stmt *st,
    const struct logstore_row *row)
{
	int at = 1;

	sqlite3_bind_blob(st, at++, row->id, sizeof row->id, SQLITE_STATIC);
	sqlite3_bind_blob(st, at++, row->epoch, sizeof row->epoch,
	    SQLITE_STATIC);
	sqlite3_bind_int64(st, at++, row->lane);
	sqlite3_bind_int64(st, at++, (sqlite3_int64)row->seq);
	sqlite3_bind_int64(st, at++, row->time_us);
	logstore_bind(st, at++, row->json);
	for (size_t i = 0; i < s->options.n_columns; i++) {
		const struct logstore_value *value = &row->values[i];

		if (s->options.columns[i].type == LOGSTORE_INT)
			sqlite3_bind_int64(st, at++, value->number);
		else
			logstore_bind(st, at++, value->text);
	}
}

static int
logstore_add_bodies(struct logstore *s, const struct logstore_row *row,
    sqlite3_int64 number, struct err *e)
{
	for (int i = 0; i < LOGSTORE_BODIES; i++) {
		sqlite3_stmt *st;

		if (row->bodies[i].p == NULL)
			continue;
		st = logstore_statement(s, LOGSTORE_INSERT_BODY, e);
		if (st == NULL)
			return -1;
		sqlite3_bind_int64(st, 1, number);
		sqlite3_bind_int(st, 2, i);
		sqlite3_bind_blob64(st, 3, row->bodies[i].p, row->bodies[i].n,
		    SQLITE_STATIC);
		if (sqlite3_step(st) != SQLITE_DONE)
			return logstore_fail(s, "body", e);
	}
	return 0;
}

static int
logstore_add_stat(struct logstore *s, const struct logstore_row *row,
    struct err *e)
{
	const struct logstore_stat *stat = &row->stat;
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_INSERT_STAT, e);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, row->time_us / HOUR_US);
	logstore_bind(st, 2, stat->environment);
	logstore_bind(st, 3, stat->key);
	logstore_bind(st, 4, stat->customer);
	logstore_bind(st, 5, stat->model);
	logstore_bind(st, 6, stat->provider);
	sqlite3_bind_int64(st, 7, stat->errors);
	sqlite3_bind_int64(st, 8, stat->hits);
	sqlite3_bind_int64(st, 9, stat->prompt_tokens);
	sqlite3_bind_int64(st, 10, stat->completion_tokens);
	sqlite3_bind_int64(st, 11, stat->cost_nano);
	sqlite3_bind_int64(st, 12, stat->charge_nano);
	if (sqlite3_step(st) != SQLITE_DONE)
		return logstore_fail(s, "stat", e);
	return 0;
}

static int
logstore_add_customer(struct logstore *s, const struct logstore_row *row,
    struct err *e)
{
	const struct logstore_stat *stat = &row->stat;
	sqlite3_stmt *st;

	if (stat->customer.n == 0)
		return 0;
	st = logstore_statement(s, LOGSTORE_INSERT_CUSTOMER, e);
	if (st == NULL)
		return -1;
	logstore_bind(st, 1, stat->environment);
	logstore_bind(st, 2, stat->customer);
	sqlite3_bind_int64(st, 3, row->time_us / DAY_US);
	logstore_bind(st, 4, stat->model);
	sqlite3_bind_int64(st, 5, stat->hits);
	sqlite3_bind_int64(st, 6, stat->prompt_tokens);
	sqlite3_bind_int64(st, 7, stat->completion_tokens);
	sqlite3_bind_int64(st, 8, stat->latency_us);
	sqlite3_bind_int64(st, 9, stat->ttft_us);
	sqlite3_bind_int64(st, 10, row->time_us);
	if (sqlite3_step(st) != SQLITE_DONE)
		return logstore_fail(s, "customer", e);
	return 0;
}

/* After a full disk SQLite may have ended the transaction by itself. */
static void
logstore_drop_batch(struct logstore *s)
{
	struct err e;

	for (int i = 0; i < LOGSTORE_STATEMENTS; i++)
		sqlite3_reset(s->statements[i]);
	if (!sqlite3_get_autocommit(s->db))
		logstore_run(s, LOGSTORE_ROLLBACK, &e);
	s->open = false;
}

int
logstore_add(struct logstore *s, const struct logstore_row *row, struct err *e)
{
	sqlite3_stmt *st;

	if (logstore_begin(s, e) == -1)
		return -1;
	if (sqlite3_get_autocommit(s->db)) /* SQLite gave the batch up */
		return err_set(e, ERR_STORE, "logstore: the disk is full");
	st = logstore_statement(s, LOGSTORE_INSERT, e);
	if (st == NULL)
		return -1;
	logstore_bind_row(s, st, row);
	if (sqlite3_step(st) != SQLITE_DONE)
		return logstore_fail(s, "insert", e);
	if (sqlite3_changes(s->db) == 0)
		return 0;
	if (logstore_add_bodies(s, row, sqlite3_last_insert_rowid(s->db), e) ==
		-1 ||
	    logstore_add_stat(s, row, e) == -1 ||
	    logstore_add_customer(s, row, e) == -1)
		return -1;
	s->pending++;
	return 1;
}

int
logstore_commit(struct logstore *s, unsigned *lost_r, struct err *e)
{
	unsigned rows = s->pending;
	bool whole = s->open && !sqlite3_get_autocommit(s->db);

	*lost_r = 0;
	if (!s->open)
		return 0;
	s->pending = 0;
	if (whole && logstore_run(s, LOGSTORE_COMMIT, e) == 0) {
		s->open = false;
		return (int)rows;
	}
	if (!whole)
		err_set(e, ERR_STORE, "logstore: the disk is full");
	logstore_drop_batch(s);
	*lost_r = rows;
	return -1;
}

static int64_t
logstore_pragma(struct logstore *s, const char *sql)
{
	sqlite3_stmt *st;
	int64_t value = 0;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return 0;
	if (sqlite3_step(st) == SQLITE_ROW)
		value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

/* Bytes in use: what incremental_vacuum could free does not count. */
static int64_t
logstore_bytes(struct logstore *s)
{
	return (logstore_pragma(s, "PRAGMA page_count") -
		   logstore_pragma(s, "PRAGMA freelist_count")) *
	       logstore_pragma(s, "PRAGMA page_size");
}

/*
 * The last row that may go: among the oldest RETAIN_ROWS, those past their
 * time, or all of them when the file is too large.  0: none.
 */
static int64_t
logstore_find_old(struct logstore *s, int64_t now_us, struct err *e)
{
	bool large = s->options.max_bytes > 0 &&
	             logstore_bytes(s) > s->options.max_bytes;
	int64_t before = s->options.retention_us > 0
	                     ? now_us - s->options.retention_us
	                     : INT64_MIN;
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_OLDEST, e);
	int64_t last = 0;

	if (st == NULL)
		return -1;
	sqlite3_bind_int(st, 1, RETAIN_ROWS);
	while (sqlite3_step(st) == SQLITE_ROW) {
		if (!large && sqlite3_column_int64(st, 1) >= before)
			break;
		last = sqlite3_column_int64(st, 0);
	}
	sqlite3_reset(st);
	return last;
}

static int
logstore_delete(struct logstore *s, enum logstore_statement which, int64_t last,
    struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, which, e);

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, last);
	return sqlite3_step(st) == SQLITE_DONE ? 0
	                                       : logstore_fail(s, "delete", e);
}

int
logstore_retain(struct logstore *s, int64_t now_us, struct err *e)
{
	int64_t last;
	unsigned lost;

	assert(!s->open);
	last = logstore_find_old(s, now_us, e);
	if (last <= 0)
		return last == 0 ? 0 : -1;
	if (logstore_begin(s, e) == -1)
		return -1;
	if (logstore_delete(s, LOGSTORE_DELETE, last, e) == -1 ||
	    logstore_delete(s, LOGSTORE_DELETE_BODIES, last, e) == -1) {
		logstore_drop_batch(s);
		return -1;
	}
	if (logstore_commit(s, &lost, e) == -1 ||
	    logstore_run(s, LOGSTORE_VACUUM, e) == -1)
		return -1;
	return 1;
}

/* How many rows one of the statements has removed; -1. */
static int
logstore_forget_step(struct logstore *s, enum logstore_statement which,
    struct slice environment, struct slice customer, int64_t until_us,
    struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, which, e);

	if (st == NULL)
		return -1;
	logstore_bind(st, 1, environment);
	logstore_bind(st, 2, customer);
	sqlite3_bind_int64(st, 3, until_us);
	if (sqlite3_step(st) != SQLITE_DONE)
		return logstore_fail(s, "forget", e);
	return sqlite3_changes(s->db);
}

int
logstore_forget(struct logstore *s, struct slice environment,
    struct slice customer, int64_t until_us, struct err *e)
{
	static const enum logstore_statement steps[] = { LOGSTORE_FORGET_STAT,
		LOGSTORE_FORGET_CUSTOMER, LOGSTORE_FORGET_BODIES,
		LOGSTORE_FORGET };
	unsigned lost;
	int n = 0;

	assert(!s->open);
	if (logstore_begin(s, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		n = logstore_forget_step(s, steps[i], environment, customer,
		    until_us, e);
		if (n < 0) {
			logstore_drop_batch(s);
			return -1;
		}
	}
	if (logstore_commit(s, &lost, e) == -1)
		return -1;
	return n == FORGET_MOST; /* records: there may be more */
}

int
logstore_limit(struct logstore *s, int64_t max_bytes)
{
	int64_t pages = max_bytes / logstore_pragma(s, "PRAGMA page_size");
	char sql[64];

	snprintf(sql, sizeof sql, "PRAGMA max_page_count=%lld",
	    (long long)pages);
	return logstore_pragma(s, sql) == pages ? 0 : -1;
}

void
logstore_checkpoint(struct logstore *s)
{
	sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
	    NULL);
}

int
logstore_counts(struct logstore *s, struct logstore_counts *counts_r,
    struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_COUNT, e);

	if (st == NULL)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return logstore_fail(s, "count", e);
	counts_r->rows = sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	counts_r->bytes = logstore_bytes(s);
	return 0;
}
