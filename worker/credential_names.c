/* What callers call providers and models: routing.md 1, 4.1. */

#include "worker/credential_priv.h"

#include "base/pool.h"
#include "proto/jstr.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

#define NAMES_DEPLOYMENT_MAX 64

bool
credential_names_provider(const struct req *r, struct slice name)
{
	return settings_provider_is(r->w->settings, r->choice.target->provider,
	    name);
}

/* What follows "prefix/" of this provider, or all of it. */
static struct slice
names_bare(const struct req *r, struct slice name)
{
	const char *slash = memchr(name.p, '/', name.n);
	struct slice prefix = { name.p, 0 };

	if (slash == NULL)
		return name;
	prefix.n = (size_t)(slash - name.p);
	return credential_names_provider(r, prefix)
	           ? slice_skip(name, prefix.n + 1)
	           : name;
}

int
credential_names_slug(const struct req *r, struct slice name, struct slice slug)
{
	if (slice_eq(name, slug))
		return 2;
	return slice_eq(names_bare(r, name), names_bare(r, slug));
}

int
credential_find_slug(const struct req *r, struct slice object,
    struct jscan_item *item_r)
{
	struct jscan_iter it;
	struct jscan_item item;
	int best = 0;

	jscan_enter(&it, object);
	while (best < 2 && jscan_member_next(&it, &item)) {
		int got = credential_names_slug(r, jstr_name(&item, r->pool),
		    r->choice.slug);

		if (got > best) {
			*item_r = item;
			best = got;
		}
	}
	return best > 0;
}

/* Nothing but dots would be a step in the path. */
static bool
names_is_deployment(struct slice s)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		dots += c == '.';
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '.' || c == '_' ||
			c == '-'))
			return false;
	}
	return dots < s.n && s.n <= NAMES_DEPLOYMENT_MAX;
}

/* The log names the deployment; the settings' credential is everybody's. */
static void
names_deployment(struct req *r, struct slice deployment)
{
	struct credential *own = pool_alloc(r->pool, sizeof *own);

	r->choice.upstream_model = deployment;
	if (r->choice.credential == NULL)
		return;
	*own = *r->choice.credential;
	own->name = deployment;
	r->choice.credential = own;
}

int
credential_map_model(struct req *r)
{
	struct jscan_item item;
	struct slice deployment;
	char name[CREDENTIAL_WHERE_SIZE];

	if (!credential_find_slug(r,
		params_json(&r->params, PARAM_model_name_map), &item))
		return 0;
	deployment = names_bare(r, jstr_item(&item, r->pool));
	if (!names_is_deployment(deployment)) {
		credential_where(name, "", item.name);
		return credential_invalid(r, "model_name_map", name,
		    "must be 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-'");
	}
	names_deployment(r, deployment);
	return 0;
}
