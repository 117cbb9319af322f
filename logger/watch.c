#include "logger/watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/settings.h"
#include "shm/health.h"
#include "shm/segment.h"
#include "store/alert.h"

void
watch_init(struct watch *w, uint64_t now_ns)
{
	*w = (struct watch){ .since_ns = now_ns, .steady_ns = now_ns };
}

/* Named by what happened in this segment, as two numbers say it. */
static void
watch_alert(const struct segment *seg, enum alert_event event, uint64_t which,
    uint64_t what, struct alert *a)
{
	struct {
		unsigned char segment[SEGMENT_ID_SIZE];
		uint64_t which, what;
	} name = { .which = which, .what = what };
	unsigned char digest[DIGEST_SIZE];

	memcpy(name.segment, segment_id(seg), sizeof name.segment);
	digest_sha256(&name, sizeof name, digest);
	*a = (struct alert){ .event = event, .time_us = now_real_us() };
	memcpy(a->id, digest, sizeof a->id);
}

bool
watch_look(struct watch *w, const struct segment *seg, uint64_t now_ns,
    struct alert *alert_r)
{
	uint64_t beaten_ns = segment_beaten_ns(seg, ROLE_KEEPER);
	uint64_t last_ns = beaten_ns > w->since_ns ? beaten_ns : w->since_ns;

	if (now_ns < last_ns + WATCH_SILENT_NS) {
		if (now_ns - w->steady_ns >= WATCH_STEADY_NS)
			w->told = false;
		return false;
	}
	w->steady_ns = now_ns;
	if (w->told)
		return false;
	w->told = true;
	watch_alert(seg, ALERT_LEDGER, 0, beaten_ns, alert_r);
	return true;
}

/* How often it was ejected, when that was not told yet; else 0. */
static uint32_t
watch_ejections(struct segment *seg, uint64_t hash)
{
	struct health *h = health_at(seg, health_place(seg, hash));
	uint32_t n = h != NULL ? atomic_load(&h->ejections) : 0;

	return n != 0 && atomic_exchange(&h->told, n) != n ? n : 0;
}

bool
watch_provider(const struct settings *s, struct segment *seg,
    struct alert *alert_r)
{
	for (uint32_t i = 0; i < s->providers.n; i++) {
		const struct settings_provider *p =
		    settings_provider_at(s, (int32_t)i);
		struct slice name = settings_str(s, p->name);
		uint64_t hash = health_provider_hash(name);
		uint32_t n = watch_ejections(seg, hash);

		if (n == 0)
			continue;
		watch_alert(seg, ALERT_PROVIDER, hash, n, alert_r);
		alert_r->provider = name;
		return true;
	}
	return false;
}
