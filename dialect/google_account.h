#ifndef DIALECT_GOOGLE_ACCOUNT_H
#define DIALECT_GOOGLE_ACCOUNT_H

/*
 * google_account - credentials for Vertex, and the tokens that they get:
 * spec/providers.md 3.3.
 *
 * Who asks for a token and how long it is kept is the caller's.
 */

#include <stdint.h>

#include "base/slice.h"

struct err;
struct pool;
struct rs256;
struct sbuf;

/* Where a token is asked for: https alone. */
struct google_uri {
	struct slice text; /* all of it: the audience of the assertion */
	struct slice host, path;
	int port;
};

/* Texts, in the pool; n 0: absent. */
struct google_account {
	struct slice email, key_id, project;
	struct slice token; /* given instead of a key; wiped with the pool */
	struct rs256 *key;  /* NULL: a token was given */
	struct google_uri uri;
};

/*
 * Read a credential: the JSON of a service account, or {"access_token":...}.
 * hosts: those that token_uri may name beside Google's.  0, or -1 with
 * ERR_INVALID_VALUE, ERR_API_BASE_NOT_ALLOWED; a text of it is never in *e.
 * The caller wipes the JSON; google_account_fini() forgets the key.
 */
int google_account_read(struct slice json, const struct slice *hosts,
    unsigned n_hosts, struct pool *pool, struct google_account *a_r,
    struct err *e);
void google_account_fini(struct google_account *a);

/*
 * Append the body of the request for a token, a form.  now_s: seconds since
 * 1970.  Only for an account with a key.
 */
void google_account_ask(const struct google_account *a, int64_t now_s,
    struct sbuf *form);

struct google_token {
	struct slice text;    /* wiped with the pool */
	int64_t expires_in_s; /* from its arrival */
};

/*
 * Read the answer.  0, or -1 with ERR_UPSTREAM_CONNECT when there is no token
 * in it, for the reason that it names.
 */
int google_token_read(struct slice json, struct pool *pool,
    struct google_token *token_r, struct err *e);

#endif
