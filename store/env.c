#include "store/env.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/xmem.h"

#define ENV_TABLES_MAX 16
#define ENV_READERS_MAX 512
#define ENV_TRIES 10
#define ENV_PAUSE_NS 20000000 /* between tries to open */

struct env {
	MDB_env *mdb;
	MDB_txn *reader; /* reset between uses */
	MDB_txn *writer; /* NULL when none is open */
	const char *name;
	MDB_dbi tables[ENV_TABLES_MAX];
	unsigned tables_n;
	bool absent[ENV_TABLES_MAX]; /* a reader's: not made yet */
	bool reading;                /* the reader is renewed */
	bool wrote; /* in the open write transaction, or the last one */
};

int
env_fail(struct env *v, const char *what, int rc, struct err *e)
{
	bool damaged = rc == MDB_CORRUPTED || rc == MDB_PANIC ||
	               rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID;

	return err_set(e, damaged ? ERR_DAMAGED : ERR_STORE, "%s: %s: %s",
	    v->name, what, mdb_strerror(rc));
}

/* A closing process may hold the lock file for a moment (M5). */
static int
env_open_patiently(struct env *v, const char *dir, unsigned flags)
{
	const struct timespec pause = { 0, ENV_PAUSE_NS };
	int rc = 0;

	for (int i = 0; i < ENV_TRIES; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		rc = mdb_env_open(v->mdb, dir, flags, 0640);
		if (rc != EAGAIN && rc != EACCES && rc != ENOENT)
			break;
	}
	return rc;
}

static int
env_open_files(struct env *v, const struct env_options *o, struct err *e)
{
	unsigned flags = MDB_NOTLS | o->flags | (o->writer ? 0 : MDB_RDONLY);
	char dir[4096];
	int rc;

	if ((size_t)snprintf(dir, sizeof dir, "%s/%s", o->path, o->name) >=
	    sizeof dir)
		return env_fail(v, "path", ENAMETOOLONG, e);
	if (o->writer && mkdir(dir, 0750) != 0 && errno != EEXIST)
		return env_fail(v, dir, errno, e);

	if ((rc = mdb_env_create(&v->mdb)) != 0)
		return env_fail(v, "create", rc, e);
	if ((rc = mdb_env_set_maxdbs(v->mdb, o->tables_n)) != 0 ||
	    (rc = mdb_env_set_maxreaders(v->mdb, ENV_READERS_MAX)) != 0)
		return env_fail(v, "limits", rc, e);
	if (o->writer && (rc = mdb_env_set_mapsize(v->mdb, o->size_bytes)) != 0)
		return env_fail(v, "map size", rc, e);
	/* A failed open leaves a handle that may only be closed. */
	if ((rc = env_open_patiently(v, dir, flags)) != 0)
		return env_fail(v, dir, rc, e);
	return 0;
}

static int
env_open_tables(struct env *v, const struct env_options *o, struct err *e)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(v->mdb, NULL, o->writer ? 0 : MDB_RDONLY, &txn);

	for (unsigned i = 0; rc == 0 && i < o->tables_n; i++) {
		rc = mdb_dbi_open(txn, o->tables[i], o->writer ? MDB_CREATE : 0,
		    &v->tables[i]);
		v->absent[i] = rc == MDB_NOTFOUND && !o->writer &&
		               i >= o->tables_n - o->late_n;
		if (v->absent[i])
			rc = 0;
		if (rc != 0)
			mdb_txn_abort(txn);
	}
	if (rc == 0)
		rc = mdb_txn_commit(txn); /* keeps the handles, reader too */
	if (rc == 0)
		rc = mdb_txn_begin(v->mdb, NULL, MDB_RDONLY, &v->reader);
	if (rc != 0)
		return env_fail(v, "tables", rc, e);
	mdb_txn_reset(v->reader);
	return 0;
}

struct env *
env_open(const struct env_options *o, struct err *e)
{
	struct env *v = xcalloc(1, sizeof *v);

	assert(o->tables_n <= ENV_TABLES_MAX);
	v->name = o->name;
	v->tables_n = o->tables_n;
	if (env_open_files(v, o, e) != 0 || env_open_tables(v, o, e) != 0)
		env_close(&v);
	return v;
}

void
env_close(struct env **ep)
{
	struct env *v = *ep;

	if (v == NULL)
		return;
	env_abort(v);
	if (v->reader != NULL)
		mdb_txn_abort(v->reader);
	if (v->mdb != NULL)
		mdb_env_close(v->mdb);
	free(v);
	*ep = NULL;
}

MDB_dbi
env_table(const struct env *v, unsigned i)
{
	return v->tables[i];
}

MDB_txn *
env_read(struct env *v, struct err *e)
{
	int rc;

	if (v->writer != NULL)
		return v->writer;
	assert(!v->reading);
	rc = mdb_txn_renew(v->reader);
	if (rc == MDB_MAP_RESIZED) {
		mdb_env_set_mapsize(v->mdb, 0);
		rc = mdb_txn_renew(v->reader);
	}
	if (rc != 0) {
		env_fail(v, "read", rc, e);
		return NULL;
	}
	v->reading = true;
	return v->reader;
}

void
env_read_end(struct env *v)
{
	if (v->reading)
		mdb_txn_reset(v->reader);
	v->reading = false;
}

int
env_begin(struct env *v, struct err *e)
{
	int rc;

	assert(v->writer == NULL);
	v->wrote = false;
	rc = mdb_txn_begin(v->mdb, NULL, 0, &v->writer);
	if (rc != 0)
		return env_fail(v, "begin", rc, e);
	return 0;
}

MDB_txn *
env_write(struct env *v)
{
	assert(v->writer != NULL);
	return v->writer;
}

int
env_commit(struct env *v, struct err *e)
{
	MDB_txn *txn = env_write(v);
	int rc;

	/* Freed even when it fails (M13). */
	v->writer = NULL;
	rc = mdb_txn_commit(txn);
	return rc == 0 ? 0 : env_fail(v, "commit", rc, e);
}

bool
env_wrote(const struct env *v)
{
	return v->wrote;
}

int
env_commit_lazily(struct env *v, struct err *e)
{
	int done;

	/* LMDB looks at the flag while it commits. */
	mdb_env_set_flags(v->mdb, MDB_NOMETASYNC, 1);
	done = env_commit(v, e);
	mdb_env_set_flags(v->mdb, MDB_NOMETASYNC, 0);
	return done;
}

int
env_sync(struct env *v, struct err *e)
{
	int rc = mdb_env_sync(v->mdb, 1);

	return rc == 0 ? 0 : env_fail(v, "sync", rc, e);
}

void
env_abort(struct env *v)
{
	if (v->writer != NULL)
		mdb_txn_abort(v->writer);
	v->writer = NULL;
}

int
env_get(struct env *v, MDB_txn *txn, unsigned table, MDB_val key,
    MDB_val *value_r, struct err *e)
{
	int rc = v->absent[table]
	             ? MDB_NOTFOUND
	             : mdb_get(txn, v->tables[table], &key, value_r);

	if (rc == MDB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : env_fail(v, "get", rc, e);
}

int
env_put(struct env *v, unsigned table, MDB_val key, MDB_val value,
    struct err *e)
{
	int rc = mdb_put(env_write(v), v->tables[table], &key, &value, 0);

	v->wrote = true;
	return rc == 0 ? 0 : env_fail(v, "put", rc, e);
}

unsigned
env_used_permille(const struct env *v)
{
	MDB_envinfo info;
	MDB_stat stat;

	if (mdb_env_info(v->mdb, &info) != 0 ||
	    mdb_env_stat(v->mdb, &stat) != 0)
		return 0;
	return (unsigned)((info.me_last_pgno + 1) * stat.ms_psize /
			  (info.me_mapsize / 1000));
}

int
env_del(struct env *v, unsigned table, MDB_val key, struct err *e)
{
	int rc = mdb_del(env_write(v), v->tables[table], &key, NULL);

	v->wrote = true;
	if (rc == MDB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : env_fail(v, "del", rc, e);
}

int
env_count(struct env *v, unsigned table, uint64_t *n_r, struct err *e)
{
	MDB_txn *txn = env_read(v, e);
	MDB_stat stat = { .ms_entries = 0 };
	int rc;

	if (txn == NULL)
		return -1;
	rc = v->absent[table] ? 0 : mdb_stat(txn, v->tables[table], &stat);
	env_read_end(v);
	*n_r = stat.ms_entries;
	return rc == 0 ? 0 : env_fail(v, "stat", rc, e);
}

int
env_next(struct env *v, MDB_txn *txn, unsigned table, bool from, MDB_val *key,
    MDB_val *value_r, struct err *e)
{
	MDB_val wanted = *key;
	MDB_cursor *c;
	int rc;

	if (v->absent[table])
		return 0;
	rc = mdb_cursor_open(txn, v->tables[table], &c);
	if (rc != 0)
		return env_fail(v, "cursor", rc, e);
	rc = mdb_cursor_get(c, key, value_r, MDB_SET_RANGE);
	if (rc == 0 && !from && key->mv_size == wanted.mv_size &&
	    memcmp(key->mv_data, wanted.mv_data, wanted.mv_size) == 0)
		rc = mdb_cursor_get(c, key, value_r, MDB_NEXT);
	mdb_cursor_close(c);
	if (rc == MDB_NOTFOUND)
		return 0;
	return rc == 0 ? 1 : env_fail(v, "next", rc, e);
}

static int
env_walk_table(struct env *v, MDB_txn *txn, unsigned table)
{
	MDB_val key, value;
	MDB_cursor *c;
	int rc;

	if (v->absent[table])
		return 0;
	rc = mdb_cursor_open(txn, v->tables[table], &c);
	if (rc != 0)
		return rc;
	while ((rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) == 0)
		;
	mdb_cursor_close(c);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int
env_walk(struct env *v, struct err *e)
{
	MDB_txn *txn = env_read(v, e);
	int rc = 0;

	if (txn == NULL)
		return -1;
	for (unsigned i = 0; rc == 0 && i < v->tables_n; i++)
		rc = env_walk_table(v, txn, i);
	env_read_end(v);
	return rc == 0 ? 0 : env_fail(v, "walk", rc, e);
}

void
env_check_readers(struct env *v)
{
	int dead = 0;

	if (mdb_reader_check(v->mdb, &dead) == 0 && dead > 0)
		log_info("%s: freed %d dead readers", v->name, dead);
}
