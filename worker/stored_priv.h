#ifndef WORKER_STORED_PRIV_H
#define WORKER_STORED_PRIV_H

/*
 * stored_priv - what keys and groups share: a set is all of one kind as the
 * store had it at one generation, read whole and replaced whole.
 */

#include "base/pool.h"
#include "base/seal.h"
#include "base/vault.h"
#include "shm/gen.h"
#include "worker/stored.h"
#include "worker/worker_priv.h"

struct err;
struct sbuf;

struct stored_set {
	uint64_t generation; /* of the word, and 1; 0 = never read */
	uint64_t again_ms;   /* it could not be read: not before this */
	struct pool *pool;   /* everything but the list and the secrets */
	struct vault *vault; /* the credentials */
	void *list;          /* of struct stored_key or stored_group */
	unsigned n;
};

struct stored {
	struct stored_set keys, groups;
	unsigned *first; /* the keys of provider i are [first[i], first[i+1]) */
};

/* A set while it is read, on its way to take the place of the old one. */
struct stored_reading {
	struct worker *w;
	struct stored_set set;
	struct seal_keys seal;
	size_t secret_n; /* bytes of all credentials in the clear */
};

struct stored_kind {
	enum gen_kind gen;
	const char *name; /* for the log */
	/*
	 * Read every record into r->set: 0, or -1 with *e.  Credentials are
	 * still sealed, in the pool.
	 */
	int (*read)(struct stored_reading *r, struct err *e);
	/* Put them into the vault, and drop what cannot be opened. */
	void (*open)(struct stored_reading *r);
};

/*
 * Put another set in its place, if that can be read: 1, or -1.  generation:
 * of its word, and 1.
 */
int stored_replace(struct worker *w, struct stored_set *set,
    const struct stored_kind *kind, uint64_t generation);

/*
 * Bring a set up to date.  1 it is another one now, 0 it is as it was, -1 the
 * store cannot be read.  Every request comes by here.
 */
static inline int
stored_refresh(struct worker *w, struct stored_set *set,
    const struct stored_kind *kind)
{
	/* Taken before the store is read: a change in between is seen. */
	uint64_t generation = gen_get(w->segment, kind->gen) + 1;

	return generation == set->generation
	           ? 0
	           : stored_replace(w, set, kind, generation);
}

/* Room for one more element in r->set.list, zeroed and counted. */
void *stored_add(struct stored_reading *r, size_t size);

/* The items of a list (store/defs.h), copied into the pool. */
struct slice *stored_list(struct pool *pool, struct slice list, unsigned *n_r);

/* Credentials as they are sealed, kept for stored_open(). */
struct slice stored_sealed(struct stored_reading *r, struct slice sealed);

/*
 * Open what is sealed for a place, in its place.  False when no key opens it:
 * the log names the record.
 */
bool stored_open(struct stored_reading *r, const struct sbuf *place,
    struct slice *credentials);

#endif
