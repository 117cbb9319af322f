#include "logger/watch.h"

#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "shm/segment.h"
#include "store/alert.h"

void
watch_init(struct watch *w, uint64_t now_ns)
{
	*w = (struct watch){ .since_ns = now_ns, .steady_ns = now_ns };
}

/* Named by the keeper's last beat. */
static void
watch_alert(const struct segment *seg, uint64_t beaten_ns, struct alert *a)
{
	struct {
		unsigned char segment[SEGMENT_ID_SIZE];
		uint64_t beaten_ns;
	} what = { .beaten_ns = beaten_ns };
	unsigned char digest[DIGEST_SIZE];

	memcpy(what.segment, segment_id(seg), sizeof what.segment);
	digest_sha256(&what, sizeof what, digest);
	*a = (struct alert){ .event = ALERT_LEDGER, .time_us = now_real_us() };
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
	watch_alert(seg, beaten_ns, alert_r);
	return true;
}
