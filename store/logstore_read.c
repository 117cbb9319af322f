#include "store/logstore_priv.h"

#include <string.h>

#include "base/hex.h"

struct slice
logstore_column_slice(sqlite3_stmt *st, int column)
{
	const void *p = sqlite3_column_blob(st, column);

	return (struct slice){ p != NULL ? p : "",
		(size_t)sqlite3_column_bytes(st, column) };
}

/* What a step gave: 1 with *found_r, 0 no row, -1. */
static int
logstore_take(struct logstore *s, sqlite3_stmt *st,
    struct logstore_found *found_r, struct err *e)
{
	int rc = sqlite3_step(st);
	struct slice id;

	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return logstore_fail(s, "read", e);
	id = logstore_column_slice(st, 1);
	if (id.n != sizeof found_r->id)
		return err_set(e, ERR_DAMAGED, "logstore: an id");
	found_r->row = sqlite3_column_int64(st, 0);
	memcpy(found_r->id, id.p, sizeof found_r->id);
	found_r->time_us = sqlite3_column_int64(st, 2);
	found_r->json = logstore_column_slice(st, 3);
	return 1;
}

int
logstore_get(struct logstore *s, const unsigned char id[16],
    struct logstore_found *found_r, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_GET, e);

	if (st == NULL)
		return -1;
	sqlite3_bind_blob(st, 1, id, 16, SQLITE_STATIC);
	return logstore_take(s, st, found_r, e);
}

int
logstore_get_prefix(struct logstore *s, struct slice digits,
    struct logstore_found *found_r, struct err *e)
{
	char low[HEX_ID_SIZE], high[HEX_ID_SIZE];
	unsigned char from[16], to[16];
	struct logstore_found other;
	sqlite3_stmt *st;
	int rc;

	if (digits.n < 7 || digits.n > 32)
		return 0;
	memset(low, '0', sizeof low);
	memset(high, 'f', sizeof high);
	memcpy(low, digits.p, digits.n);
	memcpy(high, digits.p, digits.n);
	if (!hex_read(low, from, sizeof from) || !hex_read(high, to, sizeof to))
		return 0;
	st = logstore_statement(s, LOGSTORE_RANGE, e);
	if (st == NULL)
		return -1;
	sqlite3_bind_blob(st, 1, from, sizeof from, SQLITE_TRANSIENT);
	sqlite3_bind_blob(st, 2, to, sizeof to, SQLITE_TRANSIENT);
	rc = logstore_take(s, st, found_r, e);
	if (rc != 1)
		return rc;
	rc = logstore_take(s, st, &other, e);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	return logstore_get(s, found_r->id, found_r, e);
}

int
logstore_body(struct logstore *s, int64_t row, unsigned source,
    struct slice *body_r, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_BODY, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, row);
	sqlite3_bind_int64(st, 2, source);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return logstore_fail(s, "body", e);
	*body_r = logstore_column_slice(st, 0);
	return 1;
}

int
logstore_last(struct logstore *s, int64_t *before_r,
    struct logstore_found *found_r, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, LOGSTORE_LAST, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, *before_r == 0 ? INT64_MAX : *before_r);
	rc = logstore_take(s, st, found_r, e);
	if (rc == 1)
		*before_r = found_r->row;
	return rc;
}

static sqlite3_stmt *
logstore_of_customer(struct logstore *s, enum logstore_statement which,
    struct slice environment, struct slice customer, struct err *e)
{
	sqlite3_stmt *st = logstore_statement(s, which, e);

	if (st == NULL)
		return NULL;
	logstore_bind(st, 1, environment);
	logstore_bind(st, 2, customer);
	return st;
}

int
logstore_customer(struct logstore *s, struct slice environment,
    struct slice customer, struct logstore_customer *c_r, struct err *e)
{
	sqlite3_stmt *st = logstore_of_customer(s, LOGSTORE_CUSTOMER,
	    environment, customer, e);
	int64_t *const sums[] = { &c_r->requests, &c_r->hits,
		&c_r->prompt_tokens, &c_r->completion_tokens, &c_r->latency_us,
		&c_r->latencies, &c_r->ttft_us, &c_r->ttfts, &c_r->last_us,
		&c_r->days };

	if (st == NULL)
		return -1;
	if (sqlite3_step(st) != SQLITE_ROW)
		return logstore_fail(s, "customer", e);
	/* A sum over no row is NULL and reads as 0. */
	for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++)
		*sums[i] = sqlite3_column_int64(st, (int)i);
	return 0;
}

int
logstore_customer_model(struct logstore *s, struct slice environment,
    struct slice customer, unsigned *at, struct slice *model_r,
    int64_t *requests_r, struct err *e)
{
	sqlite3_stmt *st = logstore_of_customer(s, LOGSTORE_CUSTOMER_MODELS,
	    environment, customer, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 3, (*at)++);
	rc = sqlite3_step(st);
	if (rc == SQLITE_DONE)
		return 0;
	if (rc != SQLITE_ROW)
		return logstore_fail(s, "customer", e);
	*model_r = logstore_column_slice(st, 0);
	*requests_r = sqlite3_column_int64(st, 1);
	return 1;
}

void
logstore_end_read(struct logstore *s)
{
	for (int i = 0; i < LOGSTORE_STATEMENTS; i++)
		sqlite3_reset(s->statements[i]);
}
