/* stored_keys - the provider keys of the store. */

#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/settings.h"
#include "base/sbuf.h"
#include "store/objects.h"
#include "worker/stored_priv.h"

/* Its provider may have gone from the settings since. */
static bool
key_provider(struct worker *w, struct slice id, int32_t *provider_r)
{
	const struct settings_provider *p =
	    settings_provider_find(w->settings, id);

	if (p == NULL)
		return false;
	*provider_r = (int32_t)(p - settings_provider_at(w->settings, 0));
	return true;
}

static void
key_read(struct stored_reading *r, const struct integration_def *d)
{
	struct pool *pool = r->set.pool;
	struct stored_key *k;
	int32_t provider;

	if (!d->enabled || !key_provider(r->w, d->provider, &provider))
		return;
	k = stored_add(r, sizeof *k);
	k->id = pool_copy(pool, d->id);
	k->name = pool_copy(pool, d->name);
	k->provider = provider;
	k->environment = d->environment;
	k->weight_nano = d->weight_nano;
	k->available = stored_list(pool, d->available_models, &k->n_available);
	k->excluded = stored_list(pool, d->exclude_models, &k->n_excluded);
	k->credentials = stored_sealed(r, d->sealed);
	k->hash = hash_slice(d->sealed, hash_slice(d->id, 0));
}

static int
keys_read(struct stored_reading *r, struct err *e)
{
	struct slice after = SLICE("");
	struct sbuf record = { 0 };
	struct integration_def d;
	int got;

	while ((got = objects_integration_next(r->w->objects, after, &record,
		    &d, e)) == 1) {
		key_read(r, &d);
		after = d.id;
	}
	sbuf_free(&record);
	return got;
}

/* By provider, and each provider's by id. */
static int
keys_compare(const void *va, const void *vb)
{
	const struct stored_key *a = va, *b = vb;

	if (a->provider != b->provider)
		return a->provider < b->provider ? -1 : 1;
	return strcmp(a->id.p, b->id.p);
}

static void
keys_open(struct stored_reading *r)
{
	const struct settings *s = r->w->settings;
	struct stored_key *keys = r->set.list;
	struct sbuf place = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < r->set.n; i++) {
		struct integration_def d = { .id = keys[i].id };

		d.provider = settings_str(s,
		    settings_provider_at(s, keys[i].provider)->name);
		sbuf_clear(&place);
		stored_place_integration(&place, &d);
		if (stored_open(r, &place, &keys[i].credentials))
			keys[n++] = keys[i];
	}
	sbuf_free(&place);
	r->set.n = n;
	if (n > 0)
		qsort(keys, n, sizeof *keys, keys_compare);
}

static const struct stored_kind keys_kind = { GEN_CREDENTIALS, "provider keys",
	keys_read, keys_open };

/* Where the keys of each provider begin. */
static void
keys_index(struct worker *w, struct stored *s)
{
	const struct stored_key *keys = s->keys.list;
	unsigned i = 0;

	for (uint32_t p = 0; p <= w->settings->providers.n; p++) {
		while (i < s->keys.n && keys[i].provider < (int32_t)p)
			i++;
		s->first[p] = i;
	}
}

const struct stored_key *
stored_keys(struct worker *w, int32_t provider, unsigned *n_r)
{
	struct stored *s = w->stored;
	const struct stored_key *keys;

	if (stored_refresh(w, &s->keys, &keys_kind) == 1)
		keys_index(w, s);
	*n_r = 0;
	if (s->keys.n == 0)
		return NULL;
	*n_r = s->first[provider + 1] - s->first[provider];
	keys = s->keys.list;
	return *n_r > 0 ? keys + s->first[provider] : NULL;
}
