#include "worker/keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/log.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "shm/gen.h"
#include "store/objects.h"
#include "worker/worker_priv.h"

#define KEYS_SLOTS 1024 /* a power of two; a clash forgets the older */

struct keys {
	struct worker *worker;
	uint64_t generation; /* of the word when the table was filled */
	struct key *demo;
	struct key *slots[KEYS_SLOTS];
};

static struct key *
key_new(void)
{
	struct key *k = xcalloc(1, sizeof *k);

	k->refs = 1;
	k->bytes = xcalloc(1, sizeof *k->bytes);
	return k;
}

void
key_release(struct key **kp)
{
	struct key *k = *kp;

	*kp = NULL;
	if (k == NULL || --k->refs > 0)
		return;
	sbuf_free(k->bytes);
	free(k->bytes);
	explicit_bzero(k->secret, DEFS_KEY_SECRET);
	free(k);
}

/* The hash under which ledger and segment know it. */
static void
key_name(struct key *k)
{
	struct account_owner owner = { .kind = OWNER_KEY,
		.environment = k->def.environment,
		.id = k->def.prefix };

	owner_hash(&owner, k->hash);
}

static struct key *
key_new_demo(void)
{
	struct key *k = key_new();

	k->demo = true;
	k->def.prefix = SLICE("demo");
	k->def.name = SLICE("demo");
	k->def.models = (struct slice){ "demo/*", sizeof "demo/*" };
	k->def.environment = ENV_TEST;
	k->def.scopes = SCOPE_GATEWAY | SCOPE_CUSTOMER_WRITE;
	k->def.period_budget_nano = MONEY_NONE;
	k->def.spending_limit_nano = MONEY_NONE;
	key_name(k);
	return k;
}

struct keys *
keys_new(struct worker *w)
{
	struct keys *k = xcalloc(1, sizeof *k);

	k->worker = w;
	k->demo = key_new_demo();
	return k;
}

static void
keys_forget(struct keys *k)
{
	for (size_t i = 0; i < KEYS_SLOTS; i++)
		key_release(&k->slots[i]);
}

void
keys_free(struct keys **kp)
{
	if (*kp == NULL)
		return;
	keys_forget(*kp);
	key_release(&(*kp)->demo);
	free(*kp);
	*kp = NULL;
}

/* From the settings file, else from the store.  NULL when it is in neither. */
static struct key *
keys_load(struct keys *keys, struct slice prefix)
{
	struct worker *w = keys->worker;
	const struct settings_key *from =
	    settings_key_find(w->settings, prefix);
	struct key *k = key_new();
	struct err e;
	int found = 1;

	if (from != NULL)
		defs_from_key(w->settings, from, k->bytes, &k->def);
	else
		found =
		    objects_key_get(w->objects, prefix, k->bytes, &k->def, &e);
	if (found < 0)
		log_error("keys: %s", e.text);
	if (found <= 0)
		key_release(&k);
	else
		key_name(k);
	return k;
}

/* The key of that prefix, borrowed from the table; NULL when there is none. */
static struct key *
keys_find(struct keys *keys, struct slice prefix)
{
	uint64_t now = gen_get(keys->worker->segment, GEN_KEYS), at;
	struct key **slot;

	if (now != keys->generation) {
		keys_forget(keys);
		keys->generation = now;
	}
	memcpy(&at, prefix.p, DEFS_KEY_PREFIX);
	at *= 0x9e3779b97f4a7c15ULL;
	slot = &keys->slots[(at >> 32) % KEYS_SLOTS];
	if (*slot != NULL && slice_eq((*slot)->def.prefix, prefix))
		return *slot;
	key_release(slot);
	*slot = keys_load(keys, prefix);
	return *slot;
}

/* An unknown prefix (k NULL) costs the same digest and comparison. */
static bool
keys_prove(struct key *k, struct slice secret)
{
	static const unsigned char nobody[DIGEST_SIZE];
	unsigned char got[DIGEST_SIZE];
	bool right;

	if (k != NULL && k->proved &&
	    digest_equal(k->secret, secret.p, DEFS_KEY_SECRET))
		return true;
	digest_sha256(secret.p, secret.n, got);
	right =
	    digest_equal(got, k != NULL ? k->def.sha256 : nobody, DIGEST_SIZE);
	if (k == NULL || !right)
		return false;
	memcpy(k->secret, secret.p, DEFS_KEY_SECRET);
	k->proved = true;
	return true;
}

enum key_verdict
keys_judge(struct keys *keys, struct slice credential, bool demo_ok,
    struct key **key_r)
{
	struct slice prefix, secret;
	struct key *k;
	bool right;

	if (slice_eq(credential, SLICE("demo"))) {
		if (!demo_ok)
			return KEY_DEMO_REFUSED;
		*key_r = keys->demo;
		keys->demo->refs++;
		return KEY_GOOD;
	}
	if (!defs_key_split(credential, &prefix, &secret))
		return KEY_MALFORMED;
	k = keys_find(keys, prefix);
	right = keys_prove(k, secret);
	if (k == NULL)
		return KEY_UNKNOWN;
	if (!right)
		return KEY_WRONG;
	switch (defs_key_state(&k->def, now_real_us() / 1000000)) {
	case KEY_WAS_REVOKED:
		return KEY_REVOKED;
	case KEY_HAS_EXPIRED:
		return KEY_EXPIRED;
	case KEY_LIVES:
		break;
	}
	k->refs++;
	*key_r = k;
	return KEY_GOOD;
}

const char *
key_verdict_name(enum key_verdict v)
{
	static const char *const names[] = { "", "key_malformed", "key_unknown",
		"key_wrong_secret", "key_revoked", "key_expired",
		"demo_key_refused" };

	return names[v];
}

bool
key_permits(struct slice list, struct slice name)
{
	struct slice item;

	if (list.n == 0)
		return true;
	while (defs_list_next(&list, &item)) {
		if (item.n > 0 && item.p[item.n - 1] == '*') {
			item.n--;
			if (slice_starts(name, item))
				return true;
		} else if (slice_eq(item, name)) {
			return true;
		}
	}
	return false;
}
