#ifndef STORE_LOGSTORE_PRIV_H
#define STORE_LOGSTORE_PRIV_H

/* logstore_priv - what writing, reading and keeping small share. */

#include <sqlite3.h>
#include <stdbool.h>

#include "base/sbuf.h"
#include "store/logstore.h"

/* Statements, prepared when they are first needed. */
enum logstore_statement {
	LOGSTORE_BEGIN,
	LOGSTORE_COMMIT,
	LOGSTORE_ROLLBACK,
	LOGSTORE_INSERT, /* made of the columns at open */
	LOGSTORE_INSERT_BODY,
	LOGSTORE_INSERT_STAT,
	LOGSTORE_INSERT_CUSTOMER,
	LOGSTORE_CUSTOMER,
	LOGSTORE_CUSTOMER_MODELS,
	LOGSTORE_OLDEST,
	LOGSTORE_DELETE,
	LOGSTORE_DELETE_BODIES,
	LOGSTORE_FORGET_BODIES,
	LOGSTORE_FORGET,
	LOGSTORE_FORGET_STAT,
	LOGSTORE_FORGET_CUSTOMER,
	LOGSTORE_VACUUM,
	LOGSTORE_GET,
	LOGSTORE_RANGE,
	LOGSTORE_BODY,
	LOGSTORE_LAST,
	LOGSTORE_COUNT,
	LOGSTORE_DOUBT,
	LOGSTORE_CHARGED,
	LOGSTORE_FIRST,
	LOGSTORE_STATEMENTS
};

struct logstore {
	sqlite3 *db;
	sqlite3_stmt *statements[LOGSTORE_STATEMENTS];
	char *insert_sql;
	struct logstore_options options;
	unsigned pending; /* rows in the open transaction */
	bool open;        /* a transaction is open */
};

/* The statement, reset and without bindings; NULL with *e. */
sqlite3_stmt *logstore_statement(struct logstore *s,
    enum logstore_statement which, struct err *e);

/* Run one without rows.  0, or -1. */
int logstore_run(struct logstore *s, enum logstore_statement which,
    struct err *e);

/* err_set() with SQLite's words; -1. */
int logstore_fail(struct logstore *s, const char *what, struct err *e);

/* The bytes of a column, until the next step. */
struct slice logstore_column_slice(sqlite3_stmt *st, int column);

void logstore_bind(sqlite3_stmt *st, int at, struct slice text);

#endif
