#ifndef WORKER_CREDENTIAL_PRIV_H
#define WORKER_CREDENTIAL_PRIV_H

/* What the files of credential share. */

#include "base/settings.h"
#include "proto/jscan.h"
#include "worker/credential.h"
#include "worker/req.h"

#define CREDENTIAL_ENTRIES_MAX 64 /* of one provider in one request */

/* One text of a caller's, and what it is called in an error. */
struct credential_said {
	enum credential_source source;
	const struct jscan_item *item; /* an object, or a bare api_key */
	const char *where;             /* "credential_override.openai" */
};

/*
 * As a credential of r->choice's provider, in the pool, with all that its kind
 * cannot do without.  0; -1 with req_err(): 400.
 */
int credential_read(struct req *r, const struct credential_said *said,
    struct credential **c_r);

/*
 * Fill c->host and c->base: api_base is what the caller wrote, n 0 when he
 * named none.  0; -1 with req_err(): 400 api_base_not_allowed, or a member
 * that is missing.
 */
int credential_place(struct req *r, const char *where, struct slice api_base,
    struct credential *c);

/*
 * parent and a caller's own name behind it, for an error: cut, and only what
 * is printable of it.
 */
#define CREDENTIAL_WHERE_SIZE 80
void credential_where(char out[CREDENTIAL_WHERE_SIZE], const char *parent,
    struct slice name);

/* They name "where.member" and return -1. */
int credential_type(struct req *r, const char *where, const char *member,
    const char *expected, const struct jscan_item *got);
int credential_missing(struct req *r, const char *where, const char *member);
int credential_invalid(struct req *r, const char *where, const char *member,
    const char *why);

/* Whether name is the provider's id or one of its others. */
bool credential_names_provider(const struct req *r, struct slice name);

/*
 * Whether name is the slug: 2 byte for byte, 1 when the two differ in the
 * provider's prefix alone, 0 not.
 */
int credential_names_slug(const struct req *r, struct slice name,
    struct slice slug);

/* The member of an object that is named for the slug.  1 or 0. */
int credential_find_slug(const struct req *r, struct slice object,
    struct jscan_item *item_r);

/* model_name_map, for Azure.  0; -1 with req_err(). */
int credential_map_model(struct req *r);

/* -- credential_ours.c -- */

/* A weighted draw among those that come, one after the other. */
struct credential_draw {
	const uint64_t *tried;
	unsigned n_tried;
	unsigned n;   /* that serve the model, tried ones too */
	uint64_t sum; /* weights of those that are left */
	const struct credential *got;
};

void credential_draw_add(struct credential_draw *d, const struct credential *c,
    int64_t weight_nano);

/* Into r->choice.credential.  1, or 0: there is none [left]. */
int credential_ours(struct req *r, struct credential_draw *d);

#endif
