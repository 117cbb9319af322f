#include "worker/candidate.h"

#include "base/settings.h"
#include "proto/models.h"
#include "worker/health.h"
#include "worker/keys.h"
#include "worker/needs.h"
#include "worker/worker_priv.h"

#define CANDIDATE_PIN_MAX 64 /* no provider's id is longer */
#define CANDIDATE_SHOWN 200  /* bytes of a caller's text in a message */

/* "prefix/rest" where the prefix is a provider that takes any model. */
static int
candidate_find_open(const struct settings *s, struct slice name,
    struct candidate *c)
{
	const struct settings_provider *p = settings_open_find(s, name);

	if (p == NULL)
		return 0;
	c->provider = (int32_t)(p - settings_provider_at(s, 0));
	c->slug = name;
	c->upstream = slice_skip(name, p->name.len + 1);
	return 1;
}

int
candidate_may_name(struct req *r, struct slice name)
{
	if (key_permits(r->key->def.models, name))
		return 1;
	err_param(req_err(r), ERR_MODEL_NOT_PERMITTED, "model",
	    "This key may not use model %.*s.%s",
	    (int)(name.n < CANDIDATE_SHOWN ? name.n : CANDIDATE_SHOWN), name.p,
	    r->key->demo ? " Create a key with: holdfastctl key new" : "");
	return 0;
}

int
candidate_find(const struct settings *s, struct slice name,
    struct candidate *c_r)
{
	const struct settings_model *m = settings_model_find(s, name);

	*c_r = (struct candidate){ .model = m, .weight_nano = 1000000000 };
	if (m == NULL)
		return candidate_find_open(s, name, c_r);
	c_r->provider = m->provider;
	c_r->slug = settings_str(s, m->name);
	c_r->upstream = settings_str(s, m->upstream);
	return 1;
}

int
candidate_allowed(struct req *r, const struct candidate *c)
{
	const struct settings *s = r->w->settings;

	if (!candidate_may_name(r, c->slug))
		return 0;
	if (!provider_drained(r->w, c->provider))
		return 1;
	err_set(req_err(r), ERR_PROVIDER_DRAINED, "Provider %.*s is drained.",
	    SLICE_ARGS(
		settings_str(s, settings_provider_at(s, c->provider)->name)));
	return 0;
}

const char *
candidate_unable(struct req *r, const struct settings_model *m)
{
	struct needs needs;

	needs_of(r, &needs);
	return m != NULL ? needs_missing_there(&needs, r->w->settings, m)
	                 : NULL;
}

/* The provider that the header names in any case, or -1. */
static int32_t
candidate_pinned(const struct req *r)
{
	const struct settings *s = r->w->settings;
	const struct settings_provider *p;
	char name[CANDIDATE_PIN_MAX];
	size_t n = r->route_provider.n;

	if (n > sizeof name)
		return -1;
	for (size_t i = 0; i < n; i++) {
		char c = r->route_provider.p[i];

		name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	p = settings_provider_called(s, (struct slice){ name, n });
	return p != NULL ? (int32_t)(p - settings_provider_at(s, 0)) : -1;
}

int
candidate_check_pin(struct req *r)
{
	struct slice pin = r->route_provider;

	if (pin.n == 0 || candidate_pinned(r) >= 0)
		return 0;
	return err_param(req_err(r), ERR_ROUTE_UNKNOWN, NULL,
	    "Unknown provider '%.*s' in X-Respan-Route-Provider.",
	    (int)(pin.n < CANDIDATE_SHOWN ? pin.n : CANDIDATE_SHOWN), pin.p);
}

int
candidate_pin(const struct req *r, struct candidate *c)
{
	const struct settings *s = r->w->settings;
	const struct settings_model *all = settings_list(s, s->models);
	int32_t provider;

	if (r->route_provider.n == 0)
		return 1;
	provider = candidate_pinned(r);
	if (provider == c->provider)
		return 1;
	for (uint32_t i = 0; i < s->models.n; i++) {
		if (all[i].provider != provider ||
		    !models_same(settings_str(s, all[i].upstream), c->upstream))
			continue;
		c->model = &all[i];
		c->provider = provider;
		c->slug = settings_str(s, all[i].name);
		c->upstream = settings_str(s, all[i].upstream);
		return 1;
	}
	return 0;
}

void
candidate_choose(struct req *r, const struct candidate *c)
{
	r->choice = (struct choice){ .model = c->model,
		.slug = c->slug,
		.upstream_model = c->upstream,
		.provider = c->provider };
}
