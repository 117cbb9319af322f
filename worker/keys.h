#ifndef WORKER_KEYS_H
#define WORKER_KEYS_H

/*
 * keys - who may call, kept in the worker.
 *
 * Keys of the settings file and stored ones, found by prefix and verified by
 * the SHA-256 of their secret.  What was found is remembered until the
 * generation word of keys is raised: a revocation holds at once.  So is the
 * secret that was right, in memory that is wiped: who presents it again is
 * spared the hash.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shm/period.h"
#include "store/defs.h"

struct worker;

struct key {
	struct key_def def; /* its strings live as long as the key */
	bool demo;          /* the built-in one */
	unsigned char hash[OWNER_HASH_SIZE]; /* of its accounts and windows */
	struct period period;                /* the one that was met last */
	unsigned refs;
	struct sbuf *bytes; /* what def points into */
	bool proved;        /* secret has the hash of def */
	char secret[DEFS_KEY_SECRET];
};

enum key_verdict {
	KEY_GOOD,
	KEY_MALFORMED,
	KEY_UNKNOWN,
	KEY_WRONG,
	KEY_REVOKED,
	KEY_EXPIRED,
	KEY_DEMO_REFUSED,
};

struct keys;

struct keys *keys_new(struct worker *w);
void keys_free(struct keys **kp);

/*
 * Judge a credential.  KEY_GOOD fills *key_r, which the caller lets go with
 * key_release().  demo_ok: the caller may use the built-in key.
 */
enum key_verdict keys_judge(struct keys *k, struct slice credential,
    bool demo_ok, struct key **key_r);

void key_release(struct key **kp);

/* What the log says of a verdict: "key_revoked". */
const char *key_verdict_name(enum key_verdict v);

/* True when the list of the key lets this name pass ("*", "prefix*"). */
bool key_permits(struct slice list, struct slice name);

#endif
