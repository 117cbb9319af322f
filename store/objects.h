#ifndef STORE_OBJECTS_H
#define STORE_OBJECTS_H

/*
 * objects - keys, customers, groups and provider keys in the LMDB environment
 * "objects".
 *
 * The keeper opens it to write, workers and admin to read (stack.md M1).
 * Opened after the fork, once in a process (M5).  A look-up renews the
 * process' one read transaction, copies out and resets it: about 1 us.
 */

#include "store/defs_stored.h"

struct err;
struct objects;

/*
 * path is the directory store.path; the files are made there.  A reader's
 * open fails until a writer has made them.  NULL with *e on failure.
 */
struct objects *objects_open_writer(const char *path, uint64_t size_bytes,
    struct err *e);
struct objects *objects_open_reader(const char *path, struct err *e);
void objects_close(struct objects **op);

/*
 * Copy a record out.  buf keeps the bytes that the slices of *k_r point into;
 * it is cleared first and stays the caller's.  1, 0 not there, -1 with *e.
 */
struct sbuf;
int objects_key_get(struct objects *o, struct slice prefix, struct sbuf *buf,
    struct key_def *k_r, struct err *e);
int objects_customer_get(struct objects *o, int32_t environment,
    struct slice identifier, struct sbuf *buf, struct customer_def *c_r,
    struct err *e);

/* The same, and a customer that was deleted: what is left of it. */
int objects_customer_left(struct objects *o, int32_t environment,
    struct slice identifier, struct sbuf *buf, struct customer_def *c_r,
    struct err *e);

/*
 * The record after the given one, by prefix or identifier; "" starts.  after
 * may be the last answer's own slice.  1, 0 at the end, -1 with *e.
 */
int objects_key_next(struct objects *o, struct slice after, struct sbuf *buf,
    struct key_def *k_r, struct err *e);
int objects_customer_next(struct objects *o, int32_t environment,
    struct slice after, struct sbuf *buf, struct customer_def *c_r,
    struct err *e);

/* The same, and what is left of deleted ones. */
int objects_customer_left_next(struct objects *o, int32_t environment,
    struct slice after, struct sbuf *buf, struct customer_def *c_r,
    struct err *e);

/* Provider keys and groups, by id in the order of bytes: 1, 0, -1 with *e. */
int objects_integration_get(struct objects *o, struct slice id,
    struct sbuf *buf, struct integration_def *d_r, struct err *e);
int objects_integration_next(struct objects *o, struct slice after,
    struct sbuf *buf, struct integration_def *d_r, struct err *e);
int objects_group_get(struct objects *o, struct slice id, struct sbuf *buf,
    struct group_def *d_r, struct err *e);
int objects_group_next(struct objects *o, struct slice after, struct sbuf *buf,
    struct group_def *d_r, struct err *e);

/* Stored keys, revoked ones too; -1 with *e. */
int64_t objects_keys_count(struct objects *o, struct err *e);

/*
 * Writing: one transaction at a time.  Records get the next version.  After
 * -1 the transaction is gone (M13), but for ERR_INVALID_VALUE, a record above
 * DEFS_MAX or STORED_MAX: nothing was done.
 */
int objects_begin(struct objects *o, struct err *e);
int objects_key_put(struct objects *o, const struct key_def *k, struct err *e);
int objects_customer_put(struct objects *o, const struct customer_def *c,
    struct err *e);
int objects_integration_put(struct objects *o, const struct integration_def *d,
    struct err *e);
int objects_group_put(struct objects *o, const struct group_def *d,
    struct err *e);
/* 1, 0 not there, -1 with *e. */
int objects_integration_del(struct objects *o, struct slice id, struct err *e);
int objects_group_del(struct objects *o, struct slice id, struct err *e);
int objects_commit(struct objects *o, struct err *e);
void objects_abort(struct objects *o);

/* Read everything, in a child (M4).  0 or -1; or the child dies. */
int objects_walk(struct objects *o, struct err *e);

/* Free the slots of readers that died (M8). */
void objects_check_readers(struct objects *o);

#endif
