#ifndef STORE_OBJECTS_PRIV_H
#define STORE_OBJECTS_PRIV_H

/* What the kinds of objects share: tables, keys and single records. */

#include "base/digest.h"
#include "base/sbuf.h"
#include "store/defs.h"
#include "store/env.h"

/* LMDB's keys end at 511 bytes (M11). */
#define OBJECT_ID_PLAIN 400
#define OBJECT_KEY_MAX                                                         \
	(sizeof DEFS_ORGANIZATION + 2 + OBJECT_ID_PLAIN + DIGEST_SIZE)

enum objects_table {
	ORGANIZATIONS,
	KEYS,
	CUSTOMERS,
	COUNTERS,
	INTEGRATIONS,
	GROUPS,
	TABLES
};

struct objects {
	struct env *env;
	struct sbuf pack; /* of the record being written */
	struct sbuf old;  /* the one it replaces */
};

struct object_key {
	size_t n;
	char bytes[OBJECT_KEY_MAX];
};

#define NO_ENVIRONMENT (-1)

/* Organisation, NUL, [environment, NUL,] id. */
struct object_key object_key_make(int environment, struct slice id);

/* Copy one record out.  1, 0, -1. */
int object_get(struct objects *o, unsigned table, struct object_key *k,
    struct sbuf *buf, struct err *e);

/*
 * Copy out the record after k, of those whose keys begin with the first
 * head_n bytes of k.
 */
int object_next(struct objects *o, unsigned table, struct object_key *k,
    size_t head_n, struct sbuf *buf, struct err *e);

/* A record that cannot be unpacked: -1. */
int object_damaged(unsigned table, struct err *e);

/*
 * Write o->pack, which may have most bytes.  version: of the record that is
 * there, 0: none.
 */
int object_put(struct objects *o, unsigned table, struct object_key *k,
    uint64_t version, size_t most, struct err *e);

#endif
