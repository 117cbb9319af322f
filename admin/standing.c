#include "admin/standing.h"

#include <stdlib.h>

#include "admin/office.h"
#include "base/clock.h"
#include "base/xmem.h"
#include "shm/health.h"
#include "shm/stats.h"
#include "shm/verdict.h"

/*
 * Of a credential that is not in the settings: it is listed while it is used,
 * for it may have been taken out of them.
 */
#define STANDING_SEEN_NS (10 * HEALTH_IDLE_NS)

static void
standing_add(struct standings *s, uint64_t provider_hash, int32_t provider,
    struct slice name, uint64_t id)
{
	s->all[s->n++] = (struct standing){
		.hash = health_credential_hash(provider_hash, id),
		.provider = provider,
		.name = name,
	};
}

static void
standings_add_provider(struct office *o, struct standings *s, int32_t i)
{
	const struct settings_provider *p =
	    settings_provider_at(o->settings, i);
	const struct settings_credential *c =
	    settings_list(o->settings, p->credentials);
	uint64_t hash =
	    health_provider_hash(settings_str(o->settings, p->name));

	for (uint32_t n = 0; n < p->credentials.n; n++) {
		struct slice name = settings_str(o->settings, c[n].name);

		standing_add(s, hash, i, name, health_credential_id(name));
	}
	if (p->credentials.n == 0)
		standing_add(s, hash, i, SLICE(""), 0);
}

static size_t
standings_most(const struct settings *s)
{
	size_t n = s->providers.n + HEALTH_SLOTS;

	for (uint32_t i = 0; i < s->providers.n; i++)
		n += settings_provider_at(s, (int32_t)i)->credentials.n;
	return n;
}

static struct standing *
standings_find(struct standings *s, uint64_t hash)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].hash == hash)
			return &s->all[i];
	return NULL;
}

static void
standing_soonest(struct standing *c, const struct health *h)
{
	uint64_t until = atomic_load(&h->until_ns);

	if (c->back_ns == 0 || until < c->back_ns)
		c->back_ns = until;
}

static bool
standings_recent(const struct standings *s, const struct health *h,
    uint64_t within_ns)
{
	return s->now_ns < atomic_load(&h->touched_ns) + within_ns;
}

static void
standing_add_target(const struct standings *s, struct standing *c,
    const struct health *h)
{
	if (!verdict_is_up(h, s->now_ns)) {
		c->ejected++;
		standing_soonest(c, h);
	} else if (standings_recent(s, h, HEALTH_IDLE_NS))
		c->used++;
}

/* The provider of the settings that an entry stands under, or -1. */
static int32_t
standings_provider_of(struct office *o, const struct health *h)
{
	const struct health *above = health_above(o->seg, h);
	uint64_t hash = above != NULL ? atomic_load(&above->hash) : 0;

	for (uint32_t i = 0; i < o->settings->providers.n; i++) {
		const struct settings_provider *p =
		    settings_provider_at(o->settings, (int32_t)i);

		if (hash ==
		    health_provider_hash(settings_str(o->settings, p->name)))
			return (int32_t)i;
	}
	return -1;
}

/* One that the settings do not know, by its number. */
static struct standing *
standings_add_unknown(struct office *o, struct standings *s,
    const struct health *h)
{
	int32_t provider = standings_provider_of(o, h);

	if (provider < 0)
		return NULL;
	s->all[s->n] = (struct standing){
		.hash = atomic_load(&h->hash),
		.provider = provider,
		.name = health_text(h),
	};
	return &s->all[s->n++];
}

/* The credential of a target; NULL when that is none of ours. */
static struct standing *
standings_of(struct office *o, struct standings *s, const struct health *h)
{
	const struct health *above = health_above(o->seg, h);
	struct standing *c;

	if (above == NULL || atomic_load(&above->kind) != HEALTH_CREDENTIAL)
		return NULL;
	c = standings_find(s, atomic_load(&above->hash));
	if (c == NULL && standings_recent(s, h, STANDING_SEEN_NS) &&
	    s->n < standings_most(o->settings))
		c = standings_add_unknown(o, s, above);
	return c;
}

/* A refused credential is back when its own time is over. */
static void
standings_refused(struct office *o, struct standings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct health *h =
		    health_at(o->seg, health_place(o->seg, s->all[i].hash));

		if (h == NULL || verdict_is_up(h, s->now_ns))
			continue;
		s->all[i].refused = true;
		s->all[i].back_ns = atomic_load(&h->until_ns);
	}
}

void
standings_read(struct office *o, struct standings *s_r)
{
	const struct health *h;
	uint32_t at = 0;

	*s_r = (struct standings){ .now_ns = now_mono_ns() };
	s_r->all = xcalloc(standings_most(o->settings), sizeof s_r->all[0]);
	for (uint32_t i = 0; i < o->settings->providers.n; i++)
		standings_add_provider(o, s_r, (int32_t)i);
	while ((h = health_next(o->seg, &at)) != NULL) {
		struct standing *c = NULL;

		if (atomic_load(&h->kind) == HEALTH_TARGET)
			c = standings_of(o, s_r, h);
		if (c != NULL)
			standing_add_target(s_r, c, h);
	}
	standings_refused(o, s_r);
}

void
standings_free(struct standings *s)
{
	free(s->all);
	s->all = NULL;
}

enum standing_state
standing_state(const struct standing *c)
{
	return c->refused || (c->ejected > 0 && c->used == 0) ? STANDING_EJECTED
	                                                      : STANDING_UP;
}

uint64_t
standing_back_s(const struct standings *s, const struct standing *c)
{
	if (c->back_ns <= s->now_ns)
		return 0;
	return (c->back_ns - s->now_ns + 999999999) / 1000000000;
}

enum standing_state
standings_provider(struct office *o, const struct standings *s,
    int32_t provider)
{
	const struct settings_provider *p =
	    settings_provider_at(o->settings, provider);

	if (health_drained(o->seg, settings_str(o->settings, p->name)))
		return STANDING_DRAINED;
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].provider == provider &&
		    standing_state(&s->all[i]) == STANDING_UP)
			return STANDING_UP;
	return STANDING_EJECTED;
}

int64_t
standing_inflight(struct office *o, struct slice provider)
{
	struct stats_series series;
	uint32_t at = 0;

	if (provider.n > STATS_NAME_MAX)
		provider.n = STATS_NAME_MAX;
	while (stats_each(o->seg, &at, &series))
		if (series.metric == METRIC_UPSTREAM_INFLIGHT &&
		    slice_eq(stats_name_text(o->seg, series.label[0]),
			provider))
			return stats_sum(o->seg, series.cell);
	return 0;
}
