#include "admin/throttle.h"

#include "admin/office.h"
#include "base/clock.h"
#include "base/digest.h"
#include "shm/rate.h"

uint64_t
throttle_wait_s(struct office *o)
{
	/* Not the window of the requests that it makes to models. */
	static const char name[] = "platform/" DEFS_ORGANIZATION;
	struct rate_limit limit = { .per_minute =
					o->settings->platform_rate_limit };
	unsigned char hash[DIGEST_SIZE];
	struct rate_state state;

	if (limit.per_minute == 0)
		return 0;
	digest_sha256(name, sizeof name, hash);
	if (rate_take(o->seg, rate_get(o->seg, RATE_ORGANIZATION, hash),
		RATE_REQUESTS, &limit, 1, now_mono_ns(), &state))
		return 0;
	return state.wait_ns / 1000000000 + 1;
}
