#include "worker/health.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/settings.h"
#include "base/xmem.h"
#include "shm/gen.h"
#include "worker/credential.h"

#include "worker/worker_priv.h"

#define HEALTH_MSEC_NS 1000000u

/* By hand: read again when the word of such changes is another. */
struct health_drained {
	uint64_t seen; /* the word + 1 */
	bool is[];     /* by index of the provider */
};

/* All that the entry of a target stands on. */
static uint32_t
health_add(struct segment *seg, uint64_t provider_hash, struct slice provider,
    uint64_t credential_id, struct slice upstream)
{
	uint64_t now_ns = now_mono_ns();
	struct health_new n = { provider_hash, HEALTH_PROVIDER, HEALTH_NONE,
		provider };
	char id[2 * sizeof credential_id + 1];

	hex_write(&credential_id, sizeof credential_id, id);
	n.above = health_make(seg, &n, now_ns);
	n.hash = health_credential_hash(provider_hash, credential_id);
	n.kind = HEALTH_CREDENTIAL;
	n.text = slice_str(id);
	n.above = health_make(seg, &n, now_ns);
	n.hash = health_target_hash(n.hash, upstream);
	n.kind = HEALTH_TARGET;
	n.text = upstream;
	return health_make(seg, &n, now_ns);
}

uint32_t
health_find(struct worker *w, struct slice provider, uint64_t credential_id,
    struct slice upstream_model)
{
	uint64_t above = health_provider_hash(provider);
	uint64_t hash = health_credential_hash(above, credential_id);
	uint32_t place =
	    health_place(w->segment, health_target_hash(hash, upstream_model));

	if (place != HEALTH_NONE)
		return place;
	return health_add(w->segment, above, provider, credential_id,
	    upstream_model);
}

/* Looked up again after so long: what is not asked for is forgotten. */
#define HEALTH_KNOWN_NS 1000000000u

uint32_t
health_recall(struct worker *w, const struct credential *credential,
    const struct settings_model *model)
{
	const struct settings *s = w->settings;
	const struct settings_provider *p =
	    settings_provider_at(s, model->provider);
	uintptr_t mixed =
	    (uintptr_t)credential / 16 * 31 + (uintptr_t)model / 16;
	struct health_known *k = &w->health[mixed % WORKER_HEALTH_KNOWN];
	uint64_t now_ns = now_mono_ns(), id = 0;

	if (k->credential == credential && k->model == model &&
	    now_ns < k->until_ns)
		return k->place;
	if (credential != NULL)
		id = health_credential(credential->name);
	*k = (struct health_known){ .credential = credential,
		.model = model,
		.until_ns = now_ns + HEALTH_KNOWN_NS,
		.place = health_find(w, settings_str(s, p->name), id,
		    settings_str(s, model->upstream)) };
	return k->place;
}

enum health_verdict
health_ask(struct worker *w, uint32_t place, uint64_t now_ns)
{
	return verdict_ask(w->segment, place, now_ns);
}

uint64_t
health_until_ns(struct worker *w, uint32_t place)
{
	return verdict_until_ns(w->segment, place);
}

void
health_good(struct worker *w, uint32_t place, uint64_t first_byte_ns,
    uint64_t now_ns)
{
	verdict_good(w->segment, place, first_byte_ns, now_ns);
}

void
health_bad(struct worker *w, uint32_t place, uint64_t now_ns)
{
	const struct settings *s = w->settings;
	struct verdict_rules rules = {
		.eject_after = (uint32_t)s->health_eject_after,
		.window_ns = (uint64_t)s->health_window_ms * HEALTH_MSEC_NS,
		.eject_ns = (uint64_t)s->health_eject_for_ms * HEALTH_MSEC_NS,
	};

	verdict_bad(w->segment, place, &rules, now_ns);
}

void
health_wish(struct worker *w, uint32_t place, uint64_t until_ns)
{
	verdict_wish(w->segment, place, until_ns);
}

void
health_locked(struct worker *w, uint32_t place, uint64_t now_ns)
{
	verdict_locked(w->segment, place, now_ns);
}

void
health_unknown(struct worker *w, uint32_t place)
{
	verdict_unknown(w->segment, place);
}

uint64_t
health_first_byte_ns(struct worker *w, uint32_t place)
{
	const struct health *h = health_at(w->segment, place);

	return h != NULL ? atomic_load(&h->first_byte_ns) : 0;
}

static bool
health_is_drained(struct worker *w, int32_t provider)
{
	const struct settings_provider *p =
	    settings_provider_at(w->settings, provider);

	return health_drained(w->segment, settings_str(w->settings, p->name));
}

bool
provider_drained(struct worker *w, int32_t provider)
{
	uint64_t now = gen_get(w->segment, GEN_HEALTH) + 1;
	uint32_t n = w->settings->providers.n;

	if (w->drained == NULL)
		w->drained = xcalloc(1, sizeof *w->drained + n);
	if (w->drained->seen != now) {
		w->drained->seen = now;
		for (uint32_t i = 0; i < n; i++)
			w->drained->is[i] = health_is_drained(w, (int32_t)i);
	}
	return w->drained->is[provider];
}

void
health_forget(struct worker *w)
{
	free(w->drained);
	w->drained = NULL;
}
