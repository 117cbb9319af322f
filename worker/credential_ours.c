/* Credentials that nobody brought: routing.md 4.1, rows 6 and 7. */
#include "base/pool.h"
#include "base/random.h"
#include "worker/credential_priv.h"
#include "worker/keys.h"
#include "worker/stored.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

/* Of the settings; more than a caller's entries of it make no overflow. */
#define DRAW_WEIGHT_MAX INT64_C(1000000000000000)

static bool
draw_is_tried(const struct credential_draw *d, uint64_t id)
{
	for (unsigned i = 0; i < d->n_tried; i++)
		if (d->tried[i] == id)
			return true;
	return false;
}

/*
 * The n-th takes the place of what was drawn before with the chance of its
 * weight in all so far: in the end each has its share.
 */
void
credential_draw_add(struct credential_draw *d, const struct credential *c,
    int64_t weight_nano)
{
	uint64_t weight =
	    (uint64_t)(weight_nano < DRAW_WEIGHT_MAX ? weight_nano
						     : DRAW_WEIGHT_MAX);

	d->n++;
	if (draw_is_tried(d, c->id))
		return;
	d->sum += weight;
	if (d->got == NULL || random_choice() % d->sum < weight)
		d->got = c;
}

static void
settings_draw(const struct worker *w, const struct target *t,
    int32_t environment, struct slice slug, struct credential_draw *d)
{
	const struct settings_credential *from =
	    settings_list(w->settings, t->provider->credentials);

	for (uint32_t i = 0; i < t->provider->credentials.n; i++)
		if (settings_credential_serves(w->settings, &from[i],
			environment, slug))
			credential_draw_add(d, &t->credentials[i],
			    from[i].weight_nano);
}

/* As a rule there is one, and it serves everybody. */
static bool
settings_has_one(const struct settings *s, const struct target *t)
{
	const struct settings_credential *c =
	    settings_list(s, t->provider->credentials);

	return t->provider->credentials.n == 1 && c->environment == ENV_BOTH &&
	       c->available_models.n == 0 && c->exclude_models.n == 0;
}

static bool
settings_needs_none(const struct target *t)
{
	return t->provider->credentials.n == 0 &&
	       (t->demo || (t->provider->quirks & QUIRK_LOCAL) != 0);
}

bool
credential_in_settings(struct worker *w, const struct target *t,
    int32_t environment, struct slice slug)
{
	struct credential_draw d = { 0 };

	if (settings_needs_none(t))
		return true;
	settings_draw(w, t, environment, slug, &d);
	return d.got != NULL;
}

/* ---- the store (row 6) --------------------------------------------------- */

static bool
stored_lists(const struct slice *list, unsigned n, struct slice slug)
{
	for (unsigned i = 0; i < n; i++)
		if (slice_eq(list[i], slug))
			return true;
	return false;
}

static bool
stored_serves(const struct stored_key *k, int32_t environment,
    struct slice slug)
{
	if (k->environment != environment ||
	    stored_lists(k->excluded, k->n_excluded, slug))
		return false;
	return k->n_available == 0 ||
	       stored_lists(k->available, k->n_available, slug);
}

/* One that lacks what its provider needs is passed by, and said so. */
static void
stored_add(struct req *r, const struct stored_key *k, struct credential_draw *d)
{
	struct jscan_item item = { .type = JSCAN_OBJECT,
		.value = k->credentials };
	struct credential_said said = { CREDENTIAL_INTEGRATION, &item,
		"integration" };
	struct credential *c;

	if (credential_read(r, &said, &c) != 0) {
		params_warn(&r->params, pool_copy(r->pool, k->id));
		return;
	}
	c->id = k->hash | 1;
	c->stored_id = pool_copy(r->pool, k->id);
	c->name = k->name.n > 0 ? pool_copy(r->pool, k->name) : c->stored_id;
	credential_draw_add(d, c, k->weight_nano);
}

static void
stored_draw(struct req *r, const struct stored_key *keys, unsigned n,
    int32_t environment, struct credential_draw *d)
{
	for (unsigned i = 0; i < n; i++)
		if (stored_serves(&keys[i], environment, r->choice.slug))
			stored_add(r, &keys[i], d);
}

/*
 * Rows 6 and 7: those of the key's environment before those of all, and both
 * before the settings.
 */
int
credential_ours(struct req *r, struct credential_draw *d)
{
	const struct target *t = r->choice.target;
	int32_t environment = r->key->def.environment;
	const struct stored_key *keys;
	unsigned n;

	r->choice.credential = NULL;
	keys = stored_keys(r->w, r->choice.provider, &n);
	if (n == 0 && d->n_tried == 0 && settings_has_one(r->w->settings, t)) {
		r->choice.credential = t->credentials;
		return 1;
	}
	if (n > 0)
		stored_draw(r, keys, n, environment, d);
	if (n > 0 && d->n == 0)
		stored_draw(r, keys, n, ENV_BOTH, d);
	if (d->n == 0 && settings_needs_none(t))
		return !draw_is_tried(d, credential_id(NULL));
	if (d->n == 0)
		settings_draw(r->w, t, environment, r->choice.slug, d);
	r->choice.credential = d->got;
	return d->got != NULL;
}
