#include "worker/credential.h"

#include "base/pool.h"
#include "base/random.h"
#include "worker/keys.h"
#include "worker/targets.h"

#include "worker/credential_priv.h"
#include "worker/worker_priv.h"

const struct slice credential_source_names[CREDENTIAL_SOURCES] = {
	[CREDENTIAL_LOAD_BALANCE] = { "load_balance", 12 },
	[CREDENTIAL_OVERRIDE_MODEL] = { "override_model", 14 },
	[CREDENTIAL_OVERRIDE_PROVIDER] = { "override_provider", 17 },
	[CREDENTIAL_CUSTOMER] = { "customer", 8 },
	[CREDENTIAL_CUSTOMER_API_KEY] = { "customer_api_key", 16 },
	[CREDENTIAL_INTEGRATION] = { "integration", 11 },
	[CREDENTIAL_SETTINGS] = { "settings", 8 },
};

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
	if (d->got == NULL || random_draw() % d->sum < weight)
		d->got = c;
}

/* --- ours --- */

static bool
settings_serves(const struct settings *s, const struct settings_credential *c,
    int32_t environment, struct slice slug)
{
	if (c->environment != ENV_BOTH && c->environment != environment)
		return false;
	if (settings_has(s, c->exclude_models, slug))
		return false;
	return c->available_models.n == 0 ||
	       settings_has(s, c->available_models, slug);
}

static void
settings_draw(const struct worker *w, const struct target *t,
    int32_t environment, struct slice slug, struct credential_draw *d)
{
	const struct settings_credential *from =
	    settings_list(w->settings, t->provider->credentials);

	for (uint32_t i = 0; i < t->provider->credentials.n; i++)
		if (settings_serves(w->settings, &from[i], environment, slug))
			credential_draw_add(d, &t->credentials[i],
			    from[i].weight_nano);
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

/*
 * Rows 6 and 7.  Candidates from another list of ours join the draw by
 * credential_draw_add(), before those of the settings.
 */
static int
choose_ours(struct req *r, struct credential_draw *d)
{
	const struct target *t = r->choice.target;

	r->choice.credential = NULL;
	if (settings_needs_none(t))
		return !draw_is_tried(d, credential_id(NULL));
	settings_draw(r->w, t, r->key->def.environment, r->choice.slug, d);
	r->choice.credential = d->got;
	return d->got != NULL;
}

/*
 * Where a caller's source has something for the target, ours are not asked
 * behind it: who brings a key is not served with another's.
 */
static int
choose(struct req *r, struct slice entry, struct credential_draw *d)
{
	for (size_t i = 0; i < CREDENTIAL_CALLERS; i++) {
		if (credential_callers[i](r, entry, d) != 0)
			return -1;
		if (d->n > 0) {
			r->choice.credential = d->got;
			return d->got != NULL;
		}
	}
	return choose_ours(r, d);
}

static bool
choose_is_plain(const struct req *r, struct slice entry)
{
	return entry.n == 0 &&
	       !params_has(&r->params, PARAM_credential_override) &&
	       !params_has(&r->params, PARAM_customer_credentials) &&
	       !params_has(&r->params, PARAM_customer_api_keys);
}

int
credential_choose(struct req *r, struct slice entry, const uint64_t *tried,
    unsigned n_tried)
{
	struct credential_draw d = { .tried = tried, .n_tried = n_tried };
	int got = choose_is_plain(r, entry) ? choose_ours(r, &d)
	                                    : choose(r, entry, &d);

	if (got == 1 && r->choice.kind == KIND_AZURE &&
	    params_has(&r->params, PARAM_model_name_map))
		return credential_map_model(r) != 0 ? -1 : 1;
	return got;
}
