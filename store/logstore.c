#include "store/logstore_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

#define STAT_SQL                                                               \
	"INSERT INTO stat VALUES(?1,?2,?3,?4,?5,?6,1,?7,?8,?9,?10,?11,?12)"    \
	" ON CONFLICT DO UPDATE SET requests=requests+1,errors=errors+?7,"     \
	"hits=hits+?8,prompt_tokens=prompt_tokens+?9,"                         \
	"completion_tokens=completion_tokens+?10,cost=cost+?11,"               \
	"charge=charge+?12"

#define CUSTOMER_SQL                                                           \
	"INSERT INTO customer VALUES(?1,?2,?3,?4,1,?5,?6,?7,?8,?8>0,?9,?9>0,"  \
	"?10) ON CONFLICT DO UPDATE SET requests=requests+1,hits=hits+?5,"     \
	"prompt_tokens=prompt_tokens+?6,"                                      \
	"completion_tokens=completion_tokens+?7,latency=latency+?8,"           \
	"latencies=latencies+(?8>0),ttft=ttft+?9,ttfts=ttfts+(?9>0),"          \
	"last=max(last,?10)"

/* The index is one of texts that are not empty. */
#define FORGET_ROWS                                                            \
	"(SELECT row FROM record WHERE environment=?1 AND"                     \
	" customer_identifier=?2 AND customer_identifier<>'' AND time<=?3"     \
	" ORDER BY row LIMIT 500)"

static const char *const statement_sql[LOGSTORE_STATEMENTS] = {
	[LOGSTORE_BEGIN] = "BEGIN IMMEDIATE",
	[LOGSTORE_COMMIT] = "COMMIT",
	[LOGSTORE_ROLLBACK] = "ROLLBACK",
	[LOGSTORE_INSERT_BODY] = "INSERT INTO body VALUES(?1,?2,?3)",
	[LOGSTORE_INSERT_STAT] = STAT_SQL,
	[LOGSTORE_INSERT_CUSTOMER] = CUSTOMER_SQL,
	[LOGSTORE_CUSTOMER] =
	    "SELECT sum(requests),sum(hits),sum(prompt_tokens),"
	    "sum(completion_tokens),sum(latency),sum(latencies),sum(ttft),"
	    "sum(ttfts),max(last),count(DISTINCT day) FROM customer"
	    " WHERE environment=?1 AND customer=?2",
	[LOGSTORE_CUSTOMER_MODELS] =
	    "SELECT model,sum(requests) AS n FROM customer"
	    " WHERE environment=?1 AND customer=?2 AND model<>''"
	    " GROUP BY model ORDER BY n DESC,model LIMIT 1 OFFSET ?3",
	[LOGSTORE_OLDEST] = "SELECT row,time FROM record ORDER BY row LIMIT ?1",
	[LOGSTORE_DELETE] = "DELETE FROM record WHERE row<=?1",
	[LOGSTORE_DELETE_BODIES] = "DELETE FROM body WHERE row<=?1",
	[LOGSTORE_FORGET_BODIES] = "DELETE FROM body WHERE row IN " FORGET_ROWS,
	[LOGSTORE_FORGET] = "DELETE FROM record WHERE row IN " FORGET_ROWS,
	[LOGSTORE_FORGET_STAT] =
	    "DELETE FROM stat WHERE environment=?1 AND customer=?2"
	    " AND hour<=?3/3600000000",
	[LOGSTORE_FORGET_CUSTOMER] =
	    "DELETE FROM customer WHERE environment=?1 AND customer=?2"
	    " AND last<=?3",
	[LOGSTORE_VACUUM] = "PRAGMA incremental_vacuum(64)",
	[LOGSTORE_GET] = "SELECT row,id,time,json FROM record WHERE id=?1",
	[LOGSTORE_RANGE] = "SELECT row,id,time,json FROM record"
			   " WHERE id BETWEEN ?1 AND ?2 LIMIT 2",
	[LOGSTORE_BODY] = "SELECT data FROM body WHERE row=?1 AND source=?2",
	[LOGSTORE_LAST] = "SELECT row,id,time,json FROM record WHERE row<?1"
			  " ORDER BY row DESC LIMIT 1",
	[LOGSTORE_COUNT] = "SELECT count(*) FROM record",
	[LOGSTORE_DOUBT] = "SELECT row,id,suspense,status FROM record"
			   " WHERE customer_identifier=?1 AND environment=?2"
			   " AND suspense>0 AND usage_source<>'orphan'"
			   " AND time>=?3 AND row<?4"
			   " ORDER BY row DESC LIMIT 1",
	[LOGSTORE_CHARGED] =
	    "SELECT customer_identifier,environment,count(*),sum(charge),"
	    "min(time) FROM record WHERE customer_identifier<>'' AND charge<>0"
	    " AND usage_source<>'orphan'"
	    " GROUP BY 1,2",
	[LOGSTORE_FIRST] = "SELECT min(row),time FROM record",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS record(row INTEGER PRIMARY KEY,"
    "id BLOB NOT NULL,epoch BLOB NOT NULL,lane INTEGER NOT NULL,"
    "seq INTEGER NOT NULL,time INTEGER NOT NULL,json TEXT NOT NULL);"
    "CREATE UNIQUE INDEX IF NOT EXISTS record_origin"
    " ON record(epoch,lane,seq);"
    "CREATE INDEX IF NOT EXISTS record_id ON record(id);"
    "CREATE INDEX IF NOT EXISTS record_time ON record(time);"
    "CREATE TABLE IF NOT EXISTS body(row INTEGER NOT NULL,"
    "source INTEGER NOT NULL,data BLOB NOT NULL,PRIMARY KEY(row,source))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS stat(hour INTEGER NOT NULL,"
    "environment TEXT NOT NULL,key TEXT NOT NULL,customer TEXT NOT NULL,"
    "model TEXT NOT NULL,provider TEXT NOT NULL,requests INTEGER NOT NULL,"
    "errors INTEGER NOT NULL,hits INTEGER NOT NULL,"
    "prompt_tokens INTEGER NOT NULL,completion_tokens INTEGER NOT NULL,"
    "cost INTEGER NOT NULL,charge INTEGER NOT NULL,"
    "PRIMARY KEY(hour,environment,key,customer,model,provider))"
    " WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS customer(environment TEXT NOT NULL,"
    "customer TEXT NOT NULL,day INTEGER NOT NULL,model TEXT NOT NULL,"
    "requests INTEGER NOT NULL,hits INTEGER NOT NULL,"
    "prompt_tokens INTEGER NOT NULL,completion_tokens INTEGER NOT NULL,"
    "latency INTEGER NOT NULL,latencies INTEGER NOT NULL,"
    "ttft INTEGER NOT NULL,ttfts INTEGER NOT NULL,last INTEGER NOT NULL,"
    "PRIMARY KEY(environment,customer,day,model)) WITHOUT ROWID;";

/* auto_vacuum and page_size count only before the first table. */
static const char writer_pragmas[] =
    "PRAGMA page_size=8192;PRAGMA auto_vacuum=INCREMENTAL;"
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
    "PRAGMA foreign_keys=OFF;PRAGMA trusted_schema=OFF;"
    "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-16384;";
static const char reader_pragmas[] =
    "PRAGMA query_only=ON;PRAGMA trusted_schema=OFF;";

#define BUSY_MS 2000

int
logstore_fail(struct logstore *s, const char *what, struct err *e)
{
	return err_set(e, ERR_STORE, "logstore: %s: %s", what,
	    sqlite3_errmsg(s->db));
}

sqlite3_stmt *
logstore_statement(struct logstore *s, enum logstore_statement which,
    struct err *e)
{
	const char *sql = statement_sql[which];
	sqlite3_stmt **st = &s->statements[which];

	if (which == LOGSTORE_INSERT)
		sql = s->insert_sql;
	if (*st != NULL) {
		sqlite3_reset(*st);
		return *st;
	}
	if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, st,
		NULL) == SQLITE_OK)
		return *st;
	logstore_fail(s, sql, e);
	return NULL;
}

int
logstore_run(struct logstore *s, enum logstore_statement which, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, which, e);
	int rc;

	if (st == NULL)
		return -1;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW)
		continue;
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? 0
	                         : logstore_fail(s, statement_sql[which], e);
}

void
logstore_bind(sqlite3_stmt *st, int at, struct slice text)
{
	sqlite3_bind_text64(st, at, text.n > 0 ? text.p : "", text.n,
	    SQLITE_STATIC, SQLITE_UTF8);
}

static int
logstore_exec(struct logstore *s, const char *sql, struct err *e)
{
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return logstore_fail(s, "open", e);
}

/* Whether the table has that column already. */
static int
logstore_has_column(struct logstore *s, const char *name)
{
	return sqlite3_table_column_metadata(s->db, NULL, "record", name, NULL,
		   NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static int
logstore_add_column(struct logstore *s, const struct logstore_column *column,
    struct err *e)
{
	struct sbuf sql = { 0 };
	bool text = column->type == LOGSTORE_TEXT;
	int rc;

	if (!logstore_has_column(s, column->name))
		sbuf_addf(&sql,
		    "ALTER TABLE record ADD COLUMN \"%s\" %s NOT NULL "
		    "DEFAULT %s;",
		    column->name, text ? "TEXT" : "INTEGER", text ? "''" : "0");
	/* Rows where it is empty need no entry; a customer's last ones do. */
	if (column->indexed)
		sbuf_addf(&sql,
		    "CREATE INDEX IF NOT EXISTS \"record_%s\" ON record(\"%s\","
		    "row) WHERE \"%s\"<>%s;",
		    column->name, column->name, column->name,
		    text ? "''" : "0");
	rc = sql.len == 0 ? 0 : logstore_exec(s, sql.data, e);
	sbuf_free(&sql);
	return rc;
}

/* INSERT OR IGNORE INTO record(...) VALUES(?,...) */
static char *
logstore_make_insert(const struct logstore *s)
{
	struct sbuf sql = { 0 };

	sbuf_adds(&sql, "INSERT OR IGNORE INTO record(id,epoch,lane,seq,time,"
			"json");
	for (size_t i = 0; i < s->options.n_columns; i++)
		sbuf_addf(&sql, ",\"%s\"", s->options.columns[i].name);
	sbuf_adds(&sql, ") VALUES(?,?,?,?,?,?");
	for (size_t i = 0; i < s->options.n_columns; i++)
		sbuf_adds(&sql, ",?");
	sbuf_addc(&sql, ')');
	return sql.data; /* the caller frees it */
}

static int
logstore_prepare(struct logstore *s, struct err *e)
{
	if (logstore_exec(s, writer_pragmas, e) == -1 ||
	    logstore_exec(s, schema, e) == -1)
		return -1;
	for (size_t i = 0; i < s->options.n_columns; i++) {
		if (logstore_add_column(s, &s->options.columns[i], e) == -1)
			return -1;
	}
	s->insert_sql = logstore_make_insert(s);
	return 0;
}

static struct logstore *
logstore_new(const char *path, int flags, struct err *e)
{
	struct logstore *s = xcalloc(1, sizeof *s);

	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK) {
		err_set(e, ERR_STORE, "logstore: %s: %s", path,
		    s->db != NULL ? sqlite3_errmsg(s->db) : "no memory");
		logstore_close(&s);
		return NULL;
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_extended_result_codes(s->db, 1);
	return s;
}

struct logstore *
logstore_open(const char *path, const struct logstore_options *options,
    struct err *e)
{
	struct logstore *s = logstore_new(path,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
	    e);

	if (s == NULL)
		return NULL;
	s->options = *options;
	if (logstore_prepare(s, e) == -1)
		logstore_close(&s);
	return s;
}

struct logstore *
logstore_open_read(const char *path, struct err *e)
{
	struct logstore *s =
	    logstore_new(path, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, e);

	if (s != NULL && logstore_exec(s, reader_pragmas, e) == -1)
		logstore_close(&s);
	return s;
}

void
logstore_close(struct logstore **sp)
{
	struct logstore *s = *sp;
	struct err e;
	unsigned lost;

	if (s == NULL)
		return;
	if (s->open)
		logstore_commit(s, &lost, &e);
	for (size_t i = 0; i < LOGSTORE_STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->insert_sql);
	free(s);
	*sp = NULL;
}
