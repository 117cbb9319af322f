#ifndef WORKER_CREDENTIAL_H
#define WORKER_CREDENTIAL_H

/*
 * credential - whose name a provider is asked in: spec/routing.md 4.
 *
 * A credential is whole: secret, address and what else it needs come from one
 * source, and are never mixed with another's.  So a key of ours cannot meet a
 * host that a caller named (security.md F1).
 *
 * Those of the settings are made with their target and live as long as the
 * worker.  Those of a request live in its pool, their secrets are wiped with
 * it; they are const to all but this room's credential_*.c.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/slice.h"

struct req;
struct target;
struct worker;

/* In the order of routing.md 4.1: the first that has one is taken. */
enum credential_source {
	CREDENTIAL_LOAD_BALANCE,
	CREDENTIAL_OVERRIDE_MODEL,
	CREDENTIAL_OVERRIDE_PROVIDER,
	CREDENTIAL_CUSTOMER,
	CREDENTIAL_CUSTOMER_API_KEY,
	CREDENTIAL_INTEGRATION,
	CREDENTIAL_SETTINGS,
	CREDENTIAL_SOURCES,
};

/* The words of the log: "load_balance" ... "settings". */
extern const struct slice credential_source_names[CREDENTIAL_SOURCES];

/* Who named the host that is called. */
enum credential_host {
	HOST_PROVIDER, /* the settings; connections are the provider's */
	HOST_REGION,   /* the same, but for a {region} or {location} in it */
	HOST_CALLER,   /* the caller, by api_base: public addresses alone */
};

/* An address in its parts; the path has no slash at its end. */
struct credential_base {
	struct slice host, path;
	int port;
	bool tls;
};

/* Absent texts have n 0.  All are checked: none can break a head's line. */
struct credential {
	enum credential_source source;
	bool callers;  /* sources 1 to 5: neither counted nor blocked */
	int32_t index; /* in the provider's list of the settings; else -1 */
	/*
	 * Of (provider, name) for those of the settings and stored ones, the
	 * same in every worker and at every start; of all that it holds for a
	 * caller's.  Never 0.
	 */
	uint64_t id;
	unsigned char sum[DIGEST_SIZE]; /* what id is the beginning of */
	struct slice name;              /* the log's deployment_name */
	struct slice stored_id;         /* "int_4f0c2a"; n 0: not stored */
	struct slice api_key, azure_ad_token;
	struct slice aws_access_key_id, aws_secret_access_key;
	struct slice aws_session_token, aws_bearer_token, aws_region_name;
	struct slice vertex_ai_credentials; /* JSON */
	struct slice vertex_ai_project, vertex_ai_location;
	struct slice organization, project; /* OpenAI's headers */
	struct slice api_version;           /* "" = the provider's */
	enum credential_host host;
	struct credential_base base;
	/* Of a caller's: where it stands, and the api_base as he wrote it. */
	const char *where;
	struct slice api_base;
};

/*
 * Fill r->choice.credential for r->choice, of which slug, provider, target and
 * kind are set; NULL for a provider that needs none.  For Azure model_name_map
 * acts here, on r->choice.upstream_model and the credential's name.
 *
 * entry: the member "credentials" of the load-balance entry that was drawn, as
 * JSON; n 0: none.  tried: ids that are not drawn again; id 0 stands for NULL.
 * 1; 0 when there is none, or none left; -1 with req_err(): the caller's own
 * fault.
 */
int credential_choose(struct req *r, struct slice entry, const uint64_t *tried,
    unsigned n_tried);

/*
 * What needs no choice, before the limits: the key's scope for each member
 * that brings credentials, and a warning for each name in them that means
 * nothing here.  0, or -1 with req_err().
 */
int credential_check(struct req *r);

/*
 * The SHA-256 of all that the request brings (cache.md 2, part 8).  1 with
 * sum_r, 0 when it brings none.
 */
int credential_sum(struct req *r, unsigned char sum_r[DIGEST_SIZE]);

/*
 * The caller's host has no address that may be connected to, or none at all:
 * the same 400 as if it had been refused by its text, in req_err().
 */
void credential_refuse_base(struct req *r);

/* Whether the settings have one for this model, or none is needed. */
bool credential_in_settings(struct worker *w, const struct target *t,
    int32_t environment, struct slice slug);

/*
 * The id that health and "tried" know it by: 0 for NULL.
 */
static inline uint64_t
credential_id(const struct credential *c)
{
	return c != NULL ? c->id : 0;
}

/*
 * Whether the answer comes from a host that the caller named: it gets less
 * (security.md F8).
 */
static inline bool
credential_is_guest(const struct credential *c)
{
	return c != NULL && c->host == HOST_CALLER;
}

#define CREDENTIAL_GUEST_ANSWER_MAX ((uint64_t)32 * 1024 * 1024)
#define CREDENTIAL_GUEST_ERROR_MAX 4096
#define CREDENTIAL_GUEST_MS 600000

#endif
