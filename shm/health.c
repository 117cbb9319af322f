#include "shm/health.h"

#include <assert.h>

#include "shm/segment_priv.h"

#define HEALTH_PROBES 32

struct health *
health_at(struct segment *seg, uint32_t index)
{
	assert(index < HEALTH_SLOTS);
	return (struct health *)segment_part(seg, seg->map.health) + index;
}

uint32_t
health_get(struct segment *seg, uint64_t hash)
{
	if (hash == 0)
		hash = 1;
	for (uint32_t i = 0; i < HEALTH_PROBES; i++) {
		uint32_t at = (uint32_t)(hash + i) % HEALTH_SLOTS;
		uint64_t there = atomic_load(&health_at(seg, at)->hash);

		if (there == 0 &&
		    atomic_compare_exchange_strong(&health_at(seg, at)->hash,
			&there, hash))
			return at;
		if (there == hash)
			return at;
	}
	return HEALTH_NONE;
}
