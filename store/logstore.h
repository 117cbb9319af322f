#ifndef STORE_LOGSTORE_H
#define STORE_LOGSTORE_H

/*
 * logstore - request records in the SQLite file logs.sqlite.
 *
 * The logger writes, admin reads.  What a record means is the caller's: it
 * names the columns that can be searched; all else of a record is one JSON
 * text, and bodies lie in a table of their own.  Rows are derived data: when
 * the disk is full a batch is dropped, and nothing else stops.
 *
 *   record   id, (epoch, lane, seq) unique, the caller's columns, json
 *   body     row of the record, source, bytes
 *   stat     hour, environment, key, customer, model, provider -> sums
 *   customer environment, customer, day, model -> sums; retention leaves it
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

struct logstore;

#define LOGSTORE_BODIES 3
#define LOGSTORE_BATCH 512 /* rows in one transaction */

struct logstore_column {
	const char *name;
	enum { LOGSTORE_INT, LOGSTORE_TEXT } type;
	int indexed;
};

struct logstore_value {
	int64_t number;    /* LOGSTORE_INT */
	struct slice text; /* LOGSTORE_TEXT; empty is stored as '' */
};

struct logstore_stat {
	struct slice environment, key, customer, model, provider;
	int64_t errors, hits, prompt_tokens, completion_tokens;
	int64_t cost_nano, charge_nano;
	int64_t latency_us, ttft_us; /* 0 = not known */
};

struct logstore_row {
	unsigned char id[16];
	unsigned char epoch[16]; /* what lane and seq are unique in */
	uint64_t seq;
	uint32_t lane;
	int64_t time_us;                     /* arrival */
	const struct logstore_value *values; /* one per column, in order */
	struct slice json;
	struct slice bodies[LOGSTORE_BODIES]; /* p NULL: none */
	struct logstore_stat stat;
};

struct logstore_options {
	const struct logstore_column *columns;
	size_t n_columns;
	int64_t retention_us; /* 0 = for ever */
	int64_t max_bytes;    /* 0 = no bound */
};

/*
 * Open path for writing; made with its tables when absent, missing columns
 * are added.  The options are copied, the column names are not.
 */
struct logstore *logstore_open(const char *path,
    const struct logstore_options *options, struct err *e);

/* The same for reading only; it never waits longer than 2 s. */
struct logstore *logstore_open_read(const char *path, struct err *e);

/* An open batch is committed. */
void logstore_close(struct logstore **sp);

/*
 * Put a row into the open batch, beginning one if there is none.  1, 0 when
 * it is stored already, -1 when it is lost (the batch stays usable).
 */
int logstore_add(struct logstore *s, const struct logstore_row *row,
    struct err *e);

/* Rows in the open batch. */
unsigned logstore_pending(const struct logstore *s);

/*
 * Commit the batch.  The number of rows it held; -1: they are all lost (disk
 * full), *lost_r says how many, and the next batch starts afresh.
 */
int logstore_commit(struct logstore *s, unsigned *lost_r, struct err *e);

/*
 * One small step of retention at now_us: at most 500 rows go, then a few free
 * pages.  1: there is more to do, 0: done, -1.
 */
int logstore_retain(struct logstore *s, int64_t now_us, struct err *e);

/*
 * Remove what there is of a customer up to then: records and their bodies (in
 * the caller's columns "environment" and "customer_identifier"), statistics.
 * One small step; 1: there is more to do, 0: done, -1.
 */
int logstore_forget(struct logstore *s, struct slice environment,
    struct slice customer, int64_t until_us, struct err *e);

/* The file never grows beyond so many bytes, as on a full disk.  0, or -1. */
int logstore_limit(struct logstore *s, int64_t max_bytes);

/* Fold the WAL back into the file; once a day and at the end. */
void logstore_checkpoint(struct logstore *s);

/*
 * What a reader gets; slices live until the next call on this store.
 * logstore_end_read() ends the transaction that they hold open.
 */
struct logstore_found {
	int64_t row;
	unsigned char id[16];
	int64_t time_us;
	struct slice json;
};

/* By id.  1, 0 not there, -1. */
int logstore_get(struct logstore *s, const unsigned char id[16],
    struct logstore_found *found_r, struct err *e);

/*
 * By 7 to 32 hex digits.  1; 0 not there, or more than one begins so; -1.
 */
int logstore_get_prefix(struct logstore *s, struct slice digits,
    struct logstore_found *found_r, struct err *e);

/* A body of a record.  1, 0 none, -1.  Lives until the next call. */
int logstore_body(struct logstore *s, int64_t row, unsigned source,
    struct slice *body_r, struct err *e);

/*
 * The newest records, one by one: *before_r starts as 0.  1, 0 at the end,
 * -1.
 */
int logstore_last(struct logstore *s, int64_t *before_r,
    struct logstore_found *found_r, struct err *e);

/*
 * What the records say of money; the caller's columns must have the names
 * customer_identifier, environment, status, usage_source (texts), charge,
 * suspense (nano).  Orphans do not count: the ledger's journal has them.
 *
 * The newest records of a customer since a time that left something in
 * suspense, one by one: *before_r starts as 0.  1, 0 at the end, -1.
 */
struct logstore_doubt {
	unsigned char id[16];
	int64_t suspense_nano;
	bool success; /* the client got its answer */
};
int logstore_doubt(struct logstore *s, struct slice customer,
    struct slice environment, int64_t since_us, int64_t *before_r,
    struct logstore_doubt *doubt_r, struct err *e);

/*
 * What each customer was charged, one by one in no order: *more_r starts as
 * false.  The sums are of one instant.  1, 0 at the end, -1.
 */
struct logstore_charged {
	struct slice customer, environment;
	int64_t records, charge_nano;
	int64_t oldest_us; /* of the charged ones */
};
int logstore_charged(struct logstore *s, bool *more_r,
    struct logstore_charged *charged_r, struct err *e);

/* When the oldest record that is kept came; 0: none was ever dropped. */
int logstore_oldest_us(struct logstore *s, int64_t *oldest_r, struct err *e);

/* Done reading for now: checkpoints may go on. */
void logstore_end_read(struct logstore *s);

/* Of all requests of a customer that were recorded. */
struct logstore_customer {
	int64_t requests, hits, prompt_tokens, completion_tokens;
	int64_t latency_us, latencies, ttft_us,
	    ttfts;       /* sums, and of how many */
	int64_t last_us; /* 0 = never */
	int64_t days;    /* on which there was one, UTC */
};
int logstore_customer(struct logstore *s, struct slice environment,
    struct slice customer, struct logstore_customer *c_r, struct err *e);

/*
 * Its models, those with most requests first: *at starts as 0.  1, 0 at the
 * end, -1.  The slice lives until the next call.
 */
int logstore_customer_model(struct logstore *s, struct slice environment,
    struct slice customer, unsigned *at, struct slice *model_r,
    int64_t *requests_r, struct err *e);

struct logstore_counts {
	int64_t rows, bytes;
};
int logstore_counts(struct logstore *s, struct logstore_counts *counts_r,
    struct err *e);

#endif
