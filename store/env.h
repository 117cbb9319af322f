#ifndef STORE_ENV_H
#define STORE_ENV_H

/*
 * env - one LMDB environment of this process, for the modules of this room.
 *
 * Opened after the fork, once in a process (stack.md M5), tables opened once
 * with it (M14).  Reading renews the process' one read transaction and resets
 * it again before the loop turns (M7), so that a killed or idle process pins
 * no pages.  Within a write transaction reads see its own changes.
 */

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

struct err;
struct env;

struct env_options {
	const char *path; /* the directory that holds the environments */
	const char *name; /* "ledger": the directory of this one */
	const char *const *tables;
	unsigned tables_n;
	unsigned late_n;     /* the last ones, which an older version did not
	                        make: a reader takes them as empty */
	uint64_t size_bytes; /* writer: of the map; readers follow the file */
	unsigned flags;      /* MDB_NOSYNC, or 0 */
	bool writer;         /* makes directory and tables if need be */
};

/* NULL with *e.  tables must outlive the environment. */
struct env *env_open(const struct env_options *o, struct err *e);
void env_close(struct env **ep);

/* The handle of tables[i]. */
MDB_dbi env_table(const struct env *v, unsigned i);

/*
 * A transaction to read with: the open write transaction, or the process'
 * read transaction, renewed.  NULL with *e.  env_read_end() follows always.
 */
MDB_txn *env_read(struct env *v, struct err *e);
void env_read_end(struct env *v);

/* The write transaction: begin, use, then commit or abort.  0 or -1. */
int env_begin(struct env *v, struct err *e);
MDB_txn *env_write(struct env *v);
int env_commit(struct env *v, struct err *e);

/*
 * Did the write transaction, or the last one, change anything?  LMDB neither
 * writes nor syncs for the commit of one that did not.
 */
bool env_wrote(const struct env *v);

/*
 * The same without waiting for the page that makes it valid: a power cut may
 * take this commit back, whole, until the next one or env_sync().
 */
int env_commit_lazily(struct env *v, struct err *e);
int env_sync(struct env *v, struct err *e);
void env_abort(struct env *v);

/*
 * Copyless single steps on tables[i].  What they return lives until
 * env_read_end(), or the next change within a write transaction.
 */
int env_get(struct env *v, MDB_txn *txn, unsigned table, MDB_val key,
    MDB_val *value_r, struct err *e);
/* How much of its size was ever used; what is free again counts too. */
unsigned env_used_permille(const struct env *v);

/* 1, 0 not there, -1. */
int env_del(struct env *v, unsigned table, MDB_val key, struct err *e);
int env_put(struct env *v, unsigned table, MDB_val key, MDB_val value,
    struct err *e);

/* How many pairs there are.  0 or -1. */
int env_count(struct env *v, unsigned table, uint64_t *n_r, struct err *e);

/* The first pair after key in key order, or at key when from is true. */
int env_next(struct env *v, MDB_txn *txn, unsigned table, bool from,
    MDB_val *key, MDB_val *value_r, struct err *e);

/*
 * Read every pair of every table (M4): 0, or -1 with *e.  LMDB itself may
 * abort the process over a damaged file: call it in a child.
 */
int env_walk(struct env *v, struct err *e);

/* Free the slots of readers that died (M8). */
void env_check_readers(struct env *v);

/* err_set() with LMDB's words for rc; -1. */
int env_fail(struct env *v, const char *what, int rc, struct err *e);

#endif
