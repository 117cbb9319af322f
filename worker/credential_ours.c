/* Credentials that nobody brought: routing.md 4.1, rows 6 and 7. */

#include "worker/credential_priv.h"

#include "base/random.h"
#include "worker/keys.h"
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
	if (d->got == NULL || random_draw() % d->sum < weight)
		d->got = c;
}

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
int
credential_ours(struct req *r, struct credential_draw *d)
{
	const struct target *t = r->choice.target;

	r->choice.credential = NULL;
	if (settings_needs_none(t))
		return !draw_is_tried(d, credential_id(NULL));
	settings_draw(r->w, t, r->key->def.environment, r->choice.slug, d);
	r->choice.credential = d->got;
	return d->got != NULL;
}
