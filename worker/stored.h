#ifndef WORKER_STORED_H
#define WORKER_STORED_H

/*
 * stored - load-balance groups, and provider keys that an administrator gave
 * to the store ("integrations": spec/routing.md 3.2, 4.1; platform.md 5, 6).
 *
 * Read from the store when the word of their kind was raised, so that a change
 * holds for every later request; a worker whose store has none of them pays
 * one atomic load.  Their credentials are opened then (base/seal.h) and lie in
 * a vault (base/vault.h).  What cannot be opened, since store.secret_key is
 * another one by now, is left out with a line in the log.
 */

#include <stdint.h>

#include "base/slice.h"

struct pool;
struct stored;
struct worker;

struct stored *stored_new(struct worker *w);
void stored_free(struct stored **sp);

struct stored_entry {
	struct slice model;       /* as written: a slug, an alias, ... */
	int64_t weight_nano;      /* above 0; weight 1 = 1000000000 */
	struct slice credentials; /* JSON object, opened; n 0 = none */
};

struct stored_group {
	struct slice id, name; /* name n 0: none */
	unsigned n; /* 0: the credentials of no entry could be opened */
	struct stored_entry *entries;
	struct slice *fallbacks; /* models as written */
	unsigned n_fallbacks;
};

/*
 * By id, then by exact name; of each the settings first, then the store.  1
 * with *g_r in the pool, credentials as its secrets; 0 unknown; -1 the store
 * cannot be read, which the log tells.
 */
int stored_group_find(struct worker *w, struct slice id_or_name,
    struct pool *pool, struct stored_group *g_r);

struct stored_key {
	struct slice id, name; /* "int_4f0c2a"; name n 0: none */
	int32_t provider;      /* index into the settings' list */
	int32_t environment;   /* enum settings_environment */
	int64_t weight_nano;   /* above 0 */
	/* A JSON object whose values are strings (store/defs_stored.h). */
	struct slice credentials;
	const struct slice *available, *excluded; /* models; none = all */
	unsigned n_available, n_excluded;
	/*
	 * Names this key with these credentials in every worker: another one
	 * once they were replaced.
	 */
	uint64_t hash;
};

/*
 * The enabled stored keys of a provider, by id; NULL with *n_r 0 when it has
 * none.  They and everything in them live until the next call of this
 * function: a request copies what it keeps, credentials with pool_secret().
 * While the store cannot be read, which the log tells, they are those of
 * before.
 */
const struct stored_key *stored_keys(struct worker *w, int32_t provider,
    unsigned *n_r);

#endif
