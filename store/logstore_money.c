/* logstore_money - what the records say of charges and of what is in doubt. */

#include "store/logstore_priv.h"

#include <string.h>

int
logstore_doubt(struct logstore *s, struct slice customer,
    struct slice environment, int64_t since_us, int64_t *before_r,
    struct logstore_doubt *doubt_r, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_DOUBT, e);
	struct slice id;
	int rc;

	if (st == NULL)
		return -1;
	logstore_bind(st, 1, customer);
	logstore_bind(st, 2, environment);
	sqlite3_bind_int64(st, 3, since_us);
	sqlite3_bind_int64(st, 4, *before_r == 0 ? INT64_MAX : *before_r);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return logstore_fail(s, "suspense", e);
	id = logstore_column_slice(st, 1);
	if (id.n != sizeof doubt_r->id)
		return err_set(e, ERR_DAMAGED, "logstore: an id");
	*before_r = sqlite3_column_int64(st, 0);
	memcpy(doubt_r->id, id.p, sizeof doubt_r->id);
	doubt_r->suspense_nano = sqlite3_column_int64(st, 2);
	doubt_r->success =
	    slice_eq(logstore_column_slice(st, 3), SLICE("success"));
	return 1;
}

int
logstore_charged(struct logstore *s, bool *more_r,
    struct logstore_charged *charged_r, struct err *e)
{
	sqlite3_stmt *st = s->statements[LOGSTORE_CHARGED];
	int rc;

	if (!*more_r)
		st = logstore_statement(s, LOGSTORE_CHARGED, e);
	if (st == NULL)
		return -1;
	*more_r = true;
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return logstore_fail(s, "charged", e);
	charged_r->customer = logstore_column_slice(st, 0);
	charged_r->environment = logstore_column_slice(st, 1);
	charged_r->records = sqlite3_column_int64(st, 2);
	charged_r->charge_nano = sqlite3_column_int64(st, 3);
	charged_r->oldest_us = sqlite3_column_int64(st, 4);
	return 1;
}

int
logstore_oldest_us(struct logstore *s, int64_t *oldest_r, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_FIRST, e);

	if (st == NULL)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return logstore_fail(s, "oldest", e);
	/* Rows are numbered from 1, and the oldest go first. */
	*oldest_r =
	    sqlite3_column_int64(st, 0) <= 1 ? 0 : sqlite3_column_int64(st, 1);
	sqlite3_reset(st);
	return 0;
}
