#include "store/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "store/ledger_priv.h"

#define LEDGER_SCHEMA 1

static const char *const ledger_tables[TABLES] = {
	[ROWS] = "rows",
	[ACCOUNTS] = "accounts",
	[CURSORS] = "cursors",
	[JOURNAL] = "journal",
	[META] = "meta",
	[ALERTS_KEPT] = "alerts",
};

/* The one value of the table meta. */
struct meta_value {
	uint32_t schema, clean;
	unsigned char segment_id[16];
	uint64_t epoch;
};

#define VAL(object) ((MDB_val){ sizeof(object), &(object) })

MDB_val
ledger_bytes(const void *p, size_t n)
{
	MDB_val v = { n, NULL };

	memcpy(&v.mv_data, &p, sizeof p);
	return v;
}

static struct ledger *
ledger_open(const struct env_options *o, struct err *e)
{
	struct env *env = env_open(o, e);
	struct ledger *l;

	if (env == NULL)
		return NULL;
	l = xcalloc(1, sizeof *l);
	l->env = env;
	return l;
}

struct ledger *
ledger_open_writer(const char *path, uint64_t size_bytes, struct err *e)
{
	return ledger_open(&(struct env_options){ .path = path,
			       .name = "ledger",
			       .tables = ledger_tables,
			       .tables_n = TABLES,
			       .size_bytes = size_bytes,
			       .writer = true },
	    e);
}

struct ledger *
ledger_open_reader(const char *path, struct err *e)
{
	return ledger_open(&(struct env_options){ .path = path,
			       .name = "ledger",
			       .tables = ledger_tables,
			       .tables_n = TABLES,
			       .late_n = TABLES - ALERTS_KEPT },
	    e);
}

void
ledger_close(struct ledger **lp)
{
	struct ledger *l = *lp;

	if (l == NULL)
		return;
	env_close(&l->env);
	free(l);
	*lp = NULL;
}

int
ledger_begin(struct ledger *l, struct err *e)
{
	return env_begin(l->env, e);
}

int
ledger_commit(struct ledger *l, struct err *e)
{
	/* A commit of nothing syncs nothing: the lazy one before it waits. */
	if (env_wrote(l->env))
		l->lazy = false;
	return env_commit(l->env, e);
}

int
ledger_commit_lazily(struct ledger *l, struct err *e)
{
	l->lazy = l->lazy || env_wrote(l->env);
	return env_commit_lazily(l->env, e);
}

int
ledger_sync(struct ledger *l, struct err *e)
{
	if (!l->lazy)
		return 0;
	l->lazy = false;
	return env_sync(l->env, e);
}

void
ledger_abort(struct ledger *l)
{
	env_abort(l->env);
}

/* Copy a value of fixed size out.  1, 0, -1. */
static int
ledger_get(struct ledger *l, unsigned table, MDB_val key, void *out,
    size_t size, struct err *e)
{
	MDB_txn *txn = env_read(l->env, e);
	MDB_val value;
	int got;

	if (txn == NULL)
		return -1;
	got = env_get(l->env, txn, table, key, &value, e);
	if (got == 1 && value.mv_size != size)
		got = err_set(e, ERR_DAMAGED, "ledger: %zu bytes in table %s",
		    value.mv_size, ledger_tables[table]);
	if (got == 1)
		memcpy(out, value.mv_data, size);
	env_read_end(l->env);
	return got;
}

int
ledger_row_get(struct ledger *l, const struct row_key *k,
    struct ledger_row *row_r, struct err *e)
{
	return ledger_get(l, ROWS, ledger_bytes(k->bytes, ROW_KEY_SIZE), row_r,
	    sizeof *row_r, e);
}

int
ledger_row_put(struct ledger *l, const struct row_key *k,
    const struct ledger_row *row, struct err *e)
{
	return env_put(l->env, ROWS, ledger_bytes(k->bytes, ROW_KEY_SIZE),
	    ledger_bytes(row, sizeof *row), e);
}

int
ledger_row_del(struct ledger *l, const struct row_key *k, struct err *e)
{
	return env_del(l->env, ROWS, ledger_bytes(k->bytes, ROW_KEY_SIZE), e) <
	               0
	           ? -1
	           : 0;
}

int
ledger_row_next(struct ledger *l, struct row_key *k, struct ledger_row *row_r,
    struct err *e)
{
	MDB_txn *txn = env_read(l->env, e);
	MDB_val key = VAL(k->bytes), value;
	int got;

	if (txn == NULL)
		return -1;
	got = env_next(l->env, txn, ROWS, false, &key, &value, e);
	if (got == 1 &&
	    (key.mv_size != ROW_KEY_SIZE || value.mv_size != sizeof *row_r))
		got = err_set(e, ERR_DAMAGED, "ledger: a row of odd size");
	if (got == 1) {
		memcpy(k->bytes, key.mv_data, ROW_KEY_SIZE);
		memcpy(row_r, value.mv_data, sizeof *row_r);
	}
	env_read_end(l->env);
	return got;
}

/* The value of the table accounts: these numbers, then the id. */
struct owner_head {
	int32_t kind, environment;
};

int
ledger_owner_put(struct ledger *l, const struct account_owner *owner,
    struct err *e)
{
	struct owner_head head = { (int32_t)owner->kind, owner->environment };
	unsigned char value[sizeof head + DEFS_IDENTIFIER_MAX];
	unsigned char hash[OWNER_HASH_SIZE];

	if (owner->id.n > DEFS_IDENTIFIER_MAX)
		return err_set(e, ERR_STORE, "ledger: identifier too long");
	owner_hash(owner, hash);
	memcpy(value, &head, sizeof head);
	if (owner->id.n > 0)
		memcpy(value + sizeof head, owner->id.p, owner->id.n);
	return env_put(l->env, ACCOUNTS, VAL(hash),
	    ledger_bytes(value, sizeof head + owner->id.n), e);
}

int
ledger_owner_get(struct ledger *l, const unsigned char hash[OWNER_HASH_SIZE],
    struct sbuf *buf, struct account_owner *owner_r, struct err *e)
{
	MDB_txn *txn = env_read(l->env, e);
	struct owner_head head;
	MDB_val value;
	int got;

	if (txn == NULL)
		return -1;
	got = env_get(l->env, txn, ACCOUNTS,
	    ledger_bytes(hash, OWNER_HASH_SIZE), &value, e);
	if (got == 1 && value.mv_size < sizeof head)
		got = err_set(e, ERR_DAMAGED, "ledger: a short owner");
	if (got == 1) {
		sbuf_clear(buf);
		sbuf_add(buf, value.mv_data, value.mv_size);
		memcpy(&head, buf->data, sizeof head);
		owner_r->kind = (enum owner_kind)head.kind;
		owner_r->environment = head.environment;
		owner_r->id = slice_skip(sbuf_slice(buf), sizeof head);
	}
	env_read_end(l->env);
	return got;
}

struct cursor_key {
	unsigned char bytes[12]; /* epoch u64, lane u32, big-endian */
};

static struct cursor_key
cursor_key(uint64_t epoch, uint32_t lane)
{
	struct cursor_key k;

	ledger_number(epoch, k.bytes);
	for (int i = 0; i < 4; i++)
		k.bytes[8 + i] = (unsigned char)(lane >> (24 - 8 * i));
	return k;
}

int
ledger_cursor_get(struct ledger *l, uint64_t epoch, uint32_t lane,
    uint64_t *seq_r, struct err *e)
{
	struct cursor_key k = cursor_key(epoch, lane);

	*seq_r = 0;
	return ledger_get(l, CURSORS, VAL(k.bytes), seq_r, sizeof *seq_r, e);
}

int
ledger_cursor_put(struct ledger *l, uint64_t epoch, uint32_t lane, uint64_t seq,
    struct err *e)
{
	struct cursor_key k = cursor_key(epoch, lane);

	return env_put(l->env, CURSORS, VAL(k.bytes), VAL(seq), e);
}

int
ledger_meta_get(struct ledger *l, struct ledger_meta *meta_r, struct err *e)
{
	struct meta_value m;
	int got = ledger_get(l, META, ledger_bytes("meta", 4), &m, sizeof m, e);

	if (got != 1)
		return got;
	if (m.schema != LEDGER_SCHEMA)
		return err_set(e, ERR_STORE,
		    "ledger: schema %u, this program knows %d", m.schema,
		    LEDGER_SCHEMA);
	memcpy(meta_r->segment_id, m.segment_id, sizeof m.segment_id);
	meta_r->epoch = m.epoch;
	meta_r->clean = m.clean != 0;
	return 1;
}

int
ledger_meta_put(struct ledger *l, const struct ledger_meta *meta, struct err *e)
{
	struct meta_value m = { .schema = LEDGER_SCHEMA,
		.clean = meta->clean,
		.epoch = meta->epoch };

	memcpy(m.segment_id, meta->segment_id, sizeof m.segment_id);
	return env_put(l->env, META, ledger_bytes("meta", 4), VAL(m), e);
}

int
ledger_walk(struct ledger *l, struct err *e)
{
	return env_walk(l->env, e);
}

void
ledger_check_readers(struct ledger *l)
{
	env_check_readers(l->env);
}
