/* The tables of the ledger that are lists: the journal, and alerts. */

#include <string.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "store/ledger_priv.h"

void
ledger_number(uint64_t n, unsigned char key_r[8])
{
	for (int i = 0; i < 8; i++)
		key_r[i] = (unsigned char)(n >> (56 - 8 * i));
}

static uint64_t
numbered_read(const unsigned char *at)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | at[i];
	return n;
}

/* The number of the last entry; 0 when there is none. */
static int
numbered_last(struct ledger *l, unsigned table, uint64_t *seq_r, struct err *e)
{
	MDB_val key, value;
	MDB_cursor *c;
	int rc =
	    mdb_cursor_open(env_write(l->env), env_table(l->env, table), &c);

	*seq_r = 0;
	if (rc != 0)
		return env_fail(l->env, "last", rc, e);
	rc = mdb_cursor_get(c, &key, &value, MDB_LAST);
	if (rc == 0 && key.mv_size == 8)
		*seq_r = numbered_read(key.mv_data);
	mdb_cursor_close(c);
	return rc == 0 || rc == MDB_NOTFOUND ? 0
	                                     : env_fail(l->env, "last", rc, e);
}

static int
numbered_add(struct ledger *l, unsigned table, struct slice value,
    uint64_t *seq_r, struct err *e)
{
	unsigned char key[8];

	if (numbered_last(l, table, seq_r, e) != 0)
		return -1;
	ledger_number(++*seq_r, key);
	return env_put(l->env, table, ledger_bytes(key, sizeof key),
	    ledger_bytes(value.p, value.n), e);
}

/* The entry after *seq, its value in *buf: 1, 0, -1. */
static int
numbered_next(struct ledger *l, unsigned table, uint64_t *seq, struct sbuf *buf,
    struct err *e)
{
	MDB_txn *txn = env_read(l->env, e);
	unsigned char number[8];
	MDB_val key = ledger_bytes(number, sizeof number), value;
	int got;

	if (txn == NULL)
		return -1;
	ledger_number(*seq, number);
	got = env_next(l->env, txn, table, false, &key, &value, e);
	if (got == 1) {
		*seq = numbered_read(key.mv_data);
		sbuf_clear(buf);
		sbuf_add(buf, value.mv_data, value.mv_size);
	}
	env_read_end(l->env);
	return got;
}

int
ledger_journal_add(struct ledger *l, struct slice text, struct err *e)
{
	uint64_t seq;

	return numbered_add(l, JOURNAL, text, &seq, e);
}

int
ledger_journal_next(struct ledger *l, uint64_t *seq, struct sbuf *buf,
    struct err *e)
{
	return numbered_next(l, JOURNAL, seq, buf, e);
}

int
ledger_alert_add(struct ledger *l, struct slice packed, uint64_t *seq_r,
    struct err *e)
{
	return numbered_add(l, ALERTS_KEPT, packed, seq_r, e);
}

int
ledger_alert_next(struct ledger *l, uint64_t *seq, struct sbuf *buf,
    struct err *e)
{
	return numbered_next(l, ALERTS_KEPT, seq, buf, e);
}

int
ledger_alert_del(struct ledger *l, uint64_t seq, struct slice id, struct err *e)
{
	unsigned char number[8];
	MDB_val key, value;
	int got;

	ledger_number(seq, number);
	key = ledger_bytes(number, sizeof number);
	got = env_get(l->env, env_write(l->env), ALERTS_KEPT, key, &value, e);
	if (got != 1)
		return got;
	if (value.mv_size < id.n || memcmp(value.mv_data, id.p, id.n) != 0)
		return 0;
	return env_del(l->env, ALERTS_KEPT, key, e);
}

int
ledger_alert_count(struct ledger *l, uint64_t *n_r, struct err *e)
{
	return env_count(l->env, ALERTS_KEPT, n_r, e);
}
