#include "admin/gate.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/pool.h"
#include "net/addr.h"

#define GATE_WRONG_MOST 5

/* What follows "Bearer "; p NULL when it is another header, or none. */
static struct slice
gate_bearer(const struct http1_head *h)
{
	struct slice value = http1_header(h, HTTP1_AUTHORIZATION);

	if (value.n < 7 || strncasecmp(value.p, "bearer ", 7) != 0)
		return (struct slice){ NULL, 0 };
	value = slice_skip(value, 7);
	while (value.n > 0 && *value.p == ' ')
		value = slice_skip(value, 1);
	return value;
}

/* The listener is on loopback: all who guess have one address. */
static bool
gate_is_shut(struct office *o)
{
	if (now_mono_ms() < o->token_until_ms)
		return o->token_wrong >= GATE_WRONG_MOST;
	o->token_until_ms = now_mono_ms() + GATE_WAIT_S * 1000;
	o->token_wrong = 0;
	return false;
}

/* The same time whatever is wrong with it. */
static bool
gate_token_right(struct slice token, struct slice given)
{
	unsigned char a[DIGEST_SIZE], b[DIGEST_SIZE];

	digest_sha256(token.p, token.n, a);
	digest_sha256(given.p, given.n, b);
	return digest_equal(a, b, sizeof a);
}

/* Of the settings file, else of the store.  1, 0, -1. */
static int
gate_find_key(struct office *o, struct slice prefix, struct key_def *k,
    struct err *e)
{
	const struct settings_key *in_file =
	    settings_key_find(o->settings, prefix);
	struct objects *objects;

	if (in_file != NULL) {
		defs_from_key(o->settings, in_file, &o->def, k);
		return 1;
	}
	objects = office_objects(o, e);
	if (objects == NULL)
		return -1;
	return objects_key_get(objects, prefix, &o->def, k, e);
}

/* Is it a key that lives?  An unknown one costs the same digest. */
static bool
gate_key_good(struct office *o, struct slice credential, struct key_def *k)
{
	static const unsigned char nobody[DIGEST_SIZE];
	unsigned char got[DIGEST_SIZE];
	struct slice prefix, secret;
	struct err e;
	int found;

	if (!defs_key_split(credential, &prefix, &secret))
		return false;
	found = gate_find_key(o, prefix, k, &e);
	digest_sha256(secret.p, secret.n, got);
	if (!digest_equal(got, found == 1 ? k->sha256 : nobody, DIGEST_SIZE))
		return false;
	return found == 1 &&
	       defs_key_state(k, now_real_us() / 1000000) == KEY_LIVES;
}

static bool
gate_address_ok(const struct key_def *k, const struct sockaddr *peer)
{
	struct slice list = k->addresses, item;
	struct addr_net net;
	struct addr from;

	if (list.n == 0)
		return true;
	if (!addr_from_sockaddr(&from, peer, sizeof(struct sockaddr_storage)))
		return false;
	while (defs_list_next(&list, &item))
		if (addr_read_net(&net, item) && addr_in_net(&from, &net))
			return true;
	return false;
}

static int
gate_judge_key(struct office *o, struct slice given,
    const struct sockaddr *peer, struct pool *pool,
    struct rest_caller *caller_r, struct err *e)
{
	struct key_def k;

	if (!gate_key_good(o, given, &k)) {
		o->token_wrong++;
		return err_set(e, ERR_INVALID_KEY,
		    "Your API key is invalid or expired, please check your "
		    "API key.");
	}
	if (!(k.scopes & SCOPE_PLATFORM) || !gate_address_ok(&k, peer))
		return err_set(e, ERR_KEY_NOT_PERMITTED,
		    "You do not have permission to perform this action.");
	*caller_r = (struct rest_caller){ .key = pool_copy(pool, k.prefix),
		.environment = k.environment };
	return 1;
}

int
gate_judge(struct office *o, const struct http1_head *h,
    const struct sockaddr *peer, struct pool *pool,
    struct rest_caller *caller_r, struct err *e)
{
	const struct settings *s = o->settings;
	struct slice given = gate_bearer(h);

	if (o->secrets == NULL || s->admin_http_token.len == 0)
		return 0;
	if (gate_is_shut(o))
		return err_set(e, ERR_RATE_LIMIT, "Rate limit exceeded");
	if (given.p == NULL)
		return err_set(e, ERR_MISSING_KEY,
		    "Authentication credentials were not provided.");
	if (!gate_token_right(settings_secret(o->secrets, s->admin_http_token),
		given))
		return gate_judge_key(o, given, peer, pool, caller_r, e);
	*caller_r =
	    (struct rest_caller){ .admin = true, .environment = ENV_PROD };
	return 1;
}
