/* stored_groups - load-balance groups, of the settings and of the store. */

#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "store/objects.h"
#include "worker/stored_priv.h"

static void
entries_read(struct stored_reading *r, struct slice entries,
    struct stored_group *g)
{
	struct pool *pool = r->set.pool;
	struct group_entry e;

	g->entries = pool_alloc(pool, STORED_MODELS * sizeof *g->entries);
	while (group_entry_next(&entries, &e)) {
		struct stored_entry *to = &g->entries[g->n++];

		to->model = pool_copy(pool, e.model);
		to->weight_nano = e.weight_nano;
		to->credentials =
		    e.sealed.n > 0 ? stored_sealed(r, e.sealed) : SLICE("");
	}
}

static int
groups_read(struct stored_reading *r, struct err *e)
{
	struct slice after = SLICE("");
	struct sbuf record = { 0 };
	struct group_def d;
	int got;

	while ((got = objects_group_next(r->w->objects, after, &record, &d,
		    e)) == 1) {
		struct stored_group *g = stored_add(r, sizeof *g);

		g->id = pool_copy(r->set.pool, d.id);
		g->name = pool_copy(r->set.pool, d.name);
		entries_read(r, d.entries, g);
		g->fallbacks = stored_list(r->set.pool, d.fallback_models,
		    &g->n_fallbacks);
		after = g->id;
	}
	sbuf_free(&record);
	return got;
}

/*
 * An entry that brings credentials of its own is not called with others: they
 * would be somebody else's account.
 */
static void
group_open(struct stored_reading *r, struct stored_group *g)
{
	struct sbuf place = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < g->n; i++) {
		struct stored_entry *e = &g->entries[i];

		sbuf_clear(&place);
		stored_place_entry(&place, g->id, e->model);
		if (e->credentials.n == 0 ||
		    stored_open(r, &place, &e->credentials))
			g->entries[n++] = *e;
	}
	g->n = n;
	sbuf_free(&place);
}

static void
groups_open(struct stored_reading *r)
{
	struct stored_group *groups = r->set.list;

	for (unsigned i = 0; i < r->set.n; i++)
		group_open(r, &groups[i]);
}

static const struct stored_kind groups_kind = { GEN_GROUPS, "groups",
	groups_read, groups_open };

/* ---- into the pool of a request ----------------------------------------- */

static int
group_from_settings(struct worker *w, const struct settings_group *from,
    struct pool *pool, struct stored_group *g)
{
	const struct settings *s = w->settings;
	const struct settings_group_entry *e = settings_list(s, from->models);
	const struct sref *f = settings_list(s, from->fallback_models);

	*g = (struct stored_group){ .id = settings_str(s, from->group_id),
		.name = settings_str(s, from->name),
		.n = from->models.n,
		.n_fallbacks = from->fallback_models.n };
	g->entries = pool_zalloc(pool, (g->n + 1) * sizeof *g->entries);
	g->fallbacks =
	    pool_alloc(pool, (g->n_fallbacks + 1) * sizeof *g->fallbacks);
	for (unsigned i = 0; i < g->n; i++) {
		g->entries[i].model = settings_str(s, e[i].model);
		g->entries[i].weight_nano = e[i].weight_nano;
		g->entries[i].credentials = SLICE("");
	}
	for (unsigned i = 0; i < g->n_fallbacks; i++)
		g->fallbacks[i] = settings_str(s, f[i]);
	return 1;
}

/* The set may be another one before the request ends. */
static int
group_from_store(const struct stored_group *from, struct pool *pool,
    struct stored_group *g)
{
	*g = (struct stored_group){ .id = pool_copy(pool, from->id),
		.name = pool_copy(pool, from->name),
		.n = from->n,
		.n_fallbacks = from->n_fallbacks };
	g->entries = pool_alloc(pool, (g->n + 1) * sizeof *g->entries);
	g->fallbacks =
	    pool_alloc(pool, (g->n_fallbacks + 1) * sizeof *g->fallbacks);
	for (unsigned i = 0; i < g->n; i++) {
		g->entries[i] = from->entries[i];
		g->entries[i].model = pool_copy(pool, from->entries[i].model);
		if (from->entries[i].credentials.n > 0)
			g->entries[i].credentials =
			    pool_secret(pool, from->entries[i].credentials);
	}
	for (unsigned i = 0; i < g->n_fallbacks; i++)
		g->fallbacks[i] = pool_copy(pool, from->fallbacks[i]);
	return 1;
}

static int
group_compare(const void *va, const void *vb)
{
	const struct slice *id = va;
	const struct stored_group *at = vb;
	size_t n = id->n < at->id.n ? id->n : at->id.n;
	int order = n > 0 ? memcmp(id->p, at->id.p, n) : 0;

	if (order != 0)
		return order;
	return id->n < at->id.n ? -1 : id->n > at->id.n;
}

/* LMDB gave them in the order of their ids. */
static const struct stored_group *
group_by_id(const struct stored_set *set, struct slice id)
{
	return set->n > 0 ? bsearch(&id, set->list, set->n,
				sizeof(struct stored_group), group_compare)
	                  : NULL;
}

static const struct stored_group *
group_by_name(const struct stored_set *set, struct slice name)
{
	const struct stored_group *groups = set->list;

	for (unsigned i = 0; i < set->n && name.n > 0; i++)
		if (slice_eq(groups[i].name, name))
			return &groups[i];
	return NULL;
}

int
stored_group_find(struct worker *w, struct slice id_or_name, struct pool *pool,
    struct stored_group *g_r)
{
	const struct settings_group *own =
	    settings_group_find(w->settings, id_or_name);
	struct stored_set *set = &w->stored->groups;
	const struct stored_group *found;
	int known;

	if (own != NULL)
		return group_from_settings(w, own, pool, g_r);
	known = stored_refresh(w, set, &groups_kind);
	found = known >= 0 ? group_by_id(set, id_or_name) : NULL;
	if (found != NULL)
		return group_from_store(found, pool, g_r);
	own = settings_group_named(w->settings, id_or_name);
	if (own != NULL)
		return group_from_settings(w, own, pool, g_r);
	found = known >= 0 ? group_by_name(set, id_or_name) : NULL;
	if (found != NULL)
		return group_from_store(found, pool, g_r);
	return known < 0 ? -1 : 0;
}
