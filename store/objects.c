#include "store/objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/xmem.h"
#include "store/objects_priv.h"

#define FULL_PERMILLE 900 /* beyond it nothing new is taken */

static const char *const objects_tables[TABLES] = {
	[ORGANIZATIONS] = "organizations",
	[KEYS] = "keys",
	[CUSTOMERS] = "customers",
	[COUNTERS] = "counters",
	[INTEGRATIONS] = "integrations",
	[GROUPS] = "groups",
};

#define TABLES_LATE 2 /* the last ones, which older versions did not have */

static MDB_val
object_val(struct object_key *k)
{
	return (MDB_val){ k->n, k->bytes };
}

static void
object_key_add(struct object_key *k, const void *p, size_t n)
{
	if (n > 0)
		memcpy(k->bytes + k->n, p, n);
	k->n += n;
}

/*
 * A long id is its beginning and its digest: longer than any plain one, so
 * that the two never meet.
 */
struct object_key
object_key_make(int environment, struct slice id)
{
	unsigned char digest[DIGEST_SIZE];
	struct object_key k = { 0 };
	char env = (char)('0' + environment);

	object_key_add(&k, DEFS_ORGANIZATION, sizeof DEFS_ORGANIZATION);
	if (environment >= 0) {
		object_key_add(&k, &env, 1);
		object_key_add(&k, "", 1);
	}
	if (id.n <= OBJECT_ID_PLAIN) {
		object_key_add(&k, id.p, id.n);
		return k;
	}
	digest_sha256(id.p, id.n, digest);
	object_key_add(&k, id.p, OBJECT_ID_PLAIN);
	object_key_add(&k, digest, sizeof digest);
	return k;
}

static struct objects *
objects_open(const struct env_options *o, struct err *e)
{
	struct env *env = env_open(o, e);
	struct objects *objects;

	if (env == NULL)
		return NULL;
	objects = xcalloc(1, sizeof *objects);
	objects->env = env;
	return objects;
}

struct objects *
objects_open_writer(const char *path, uint64_t size_bytes, struct err *e)
{
	return objects_open(&(struct env_options){ .path = path,
				.name = "objects",
				.tables = objects_tables,
				.tables_n = TABLES,
				.late_n = TABLES_LATE,
				.size_bytes = size_bytes,
				.writer = true },
	    e);
}

struct objects *
objects_open_reader(const char *path, struct err *e)
{
	return objects_open(&(struct env_options){ .path = path,
				.name = "objects",
				.tables = objects_tables,
				.tables_n = TABLES,
				.late_n = TABLES_LATE },
	    e);
}

void
objects_close(struct objects **op)
{
	struct objects *o = *op;

	if (o == NULL)
		return;
	env_close(&o->env);
	sbuf_free(&o->pack);
	sbuf_free(&o->old);
	free(o);
	*op = NULL;
}

int
object_get(struct objects *o, unsigned table, struct object_key *k,
    struct sbuf *buf, struct err *e)
{
	MDB_txn *txn = env_read(o->env, e);
	MDB_val value;
	int got;

	sbuf_clear(buf);
	if (txn == NULL)
		return -1;
	got = env_get(o->env, txn, table, object_val(k), &value, e);
	if (got == 1)
		sbuf_add(buf, value.mv_data, value.mv_size);
	env_read_end(o->env);
	return got;
}

int
object_next(struct objects *o, unsigned table, struct object_key *k,
    size_t head_n, struct sbuf *buf, struct err *e)
{
	MDB_txn *txn = env_read(o->env, e);
	MDB_val key = object_val(k), value;
	int got;

	sbuf_clear(buf);
	if (txn == NULL)
		return -1;
	got = env_next(o->env, txn, table, false, &key, &value, e);
	if (got == 1 && (key.mv_size < head_n ||
			    memcmp(key.mv_data, k->bytes, head_n) != 0))
		got = 0;
	if (got == 1)
		sbuf_add(buf, value.mv_data, value.mv_size);
	env_read_end(o->env);
	return got;
}

int
object_damaged(unsigned table, struct err *e)
{
	return err_set(e, ERR_DAMAGED, "objects: unreadable record in %s",
	    objects_tables[table]);
}

int
objects_key_get(struct objects *o, struct slice prefix, struct sbuf *buf,
    struct key_def *k_r, struct err *e)
{
	struct object_key k = object_key_make(NO_ENVIRONMENT, prefix);
	int got = object_get(o, KEYS, &k, buf, e);

	if (got == 1 && !defs_key_unpack(sbuf_slice(buf), k_r))
		return object_damaged(KEYS, e);
	return got;
}

int
objects_customer_left(struct objects *o, int32_t environment,
    struct slice identifier, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	struct object_key k = object_key_make(environment, identifier);
	int got = object_get(o, CUSTOMERS, &k, buf, e);

	if (got == 1 && !defs_customer_unpack(sbuf_slice(buf), c_r))
		return object_damaged(CUSTOMERS, e);
	return got;
}

int
objects_customer_get(struct objects *o, int32_t environment,
    struct slice identifier, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	int got =
	    objects_customer_left(o, environment, identifier, buf, c_r, e);

	return got == 1 && c_r->gone ? 0 : got;
}

int
objects_key_next(struct objects *o, struct slice after, struct sbuf *buf,
    struct key_def *k_r, struct err *e)
{
	struct object_key k = object_key_make(NO_ENVIRONMENT, after);
	size_t head_n = object_key_make(NO_ENVIRONMENT, SLICE("")).n;
	int got = object_next(o, KEYS, &k, head_n, buf, e);

	if (got == 1 && !defs_key_unpack(sbuf_slice(buf), k_r))
		return object_damaged(KEYS, e);
	return got;
}

int
objects_customer_left_next(struct objects *o, int32_t environment,
    struct slice after, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	struct object_key k = object_key_make(environment, after);
	size_t head_n = object_key_make(environment, SLICE("")).n;
	int got = object_next(o, CUSTOMERS, &k, head_n, buf, e);

	if (got == 1 && !defs_customer_unpack(sbuf_slice(buf), c_r))
		return object_damaged(CUSTOMERS, e);
	return got;
}

int
objects_customer_next(struct objects *o, int32_t environment,
    struct slice after, struct sbuf *buf, struct customer_def *c_r,
    struct err *e)
{
	int got;

	while ((got = objects_customer_left_next(o, environment, after, buf,
		    c_r, e)) == 1 &&
	       c_r->gone)
		after = c_r->identifier;
	return got;
}

int64_t
objects_keys_count(struct objects *o, struct err *e)
{
	MDB_txn *txn = env_read(o->env, e);
	MDB_stat stat;
	int rc;

	if (txn == NULL)
		return -1;
	rc = mdb_stat(txn, env_table(o->env, KEYS), &stat);
	env_read_end(o->env);
	return rc == 0 ? (int64_t)stat.ms_entries
	               : env_fail(o->env, "keys", rc, e);
}

int
objects_begin(struct objects *o, struct err *e)
{
	return env_begin(o->env, e);
}

int
objects_commit(struct objects *o, struct err *e)
{
	return env_commit(o->env, e);
}

void
objects_abort(struct objects *o)
{
	env_abort(o->env);
}

/*
 * A file that is full to the last page takes no deletion either, and whoever
 * writes to it ends.
 */
int
object_put(struct objects *o, unsigned table, struct object_key *k,
    uint64_t version, size_t most, struct err *e)
{
	if (version == 0 && env_used_permille(o->env) > FULL_PERMILLE)
		return err_set(e, ERR_STORE_FULL,
		    "objects: full; see store.objects_size");
	if (o->pack.len > most)
		return err_set(e, ERR_INVALID_VALUE,
		    "objects: record of %zu bytes, at most %zu", o->pack.len,
		    most);
	return env_put(o->env, table, object_val(k),
	    (MDB_val){ o->pack.len, o->pack.data }, e);
}

int
objects_key_put(struct objects *o, const struct key_def *k, struct err *e)
{
	struct object_key at = object_key_make(NO_ENVIRONMENT, k->prefix);
	struct key_def old = { 0 }, new = *k;

	if (objects_key_get(o, k->prefix, &o->old, &old, e) < 0)
		return -1;
	new.version = old.version + 1;
	sbuf_clear(&o->pack);
	defs_key_pack(&o->pack, &new);
	return object_put(o, KEYS, &at, old.version, DEFS_MAX, e);
}

int
objects_customer_put(struct objects *o, const struct customer_def *c,
    struct err *e)
{
	struct object_key at = object_key_make(c->environment, c->identifier);
	struct customer_def old = { 0 }, new = *c;

	if (objects_customer_left(o, c->environment, c->identifier, &o->old,
		&old, e) < 0)
		return -1;
	new.version = old.version + 1;
	sbuf_clear(&o->pack);
	defs_customer_pack(&o->pack, &new);
	return object_put(o, CUSTOMERS, &at, old.version, DEFS_MAX, e);
}

int
objects_walk(struct objects *o, struct err *e)
{
	return env_walk(o->env, e);
}

void
objects_check_readers(struct objects *o)
{
	env_check_readers(o->env);
}
