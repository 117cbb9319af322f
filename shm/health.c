#include "shm/health.h"

#include <string.h>

#include "base/hash.h"
#include "shm/gen.h"
#include "shm/segment_priv.h"

#define HEALTH_PROBES 32
#define HEALTH_SEED 0x4ea17e /* the table is shared: no seed of one process */
#define HEALTH_TAG_SHIFT 11
#define HEALTH_TAG_BITS 20 /* 31 with the index: no place is HEALTH_NONE */
#define HEALTH_TAG_OF(hash) ((hash) >> (64 - HEALTH_TAG_BITS))

_Static_assert(HEALTH_SLOTS == 1 << HEALTH_TAG_SHIFT, "a place is index, tag");

uint64_t
health_provider_hash(struct slice name)
{
	return hash_slice(name, HEALTH_SEED) | 1;
}

uint64_t
health_credential_hash(uint64_t provider_hash, uint64_t id)
{
	return hash_bytes(&id, sizeof id, provider_hash) | 1;
}

uint64_t
health_target_hash(uint64_t credential_hash, struct slice upstream)
{
	return hash_slice(upstream, credential_hash) | 1;
}

uint64_t
health_credential_id(struct slice name)
{
	return hash_slice(name, HEALTH_SEED) | 1;
}

static struct health *
health_slot(struct segment *seg, uint32_t index)
{
	return (struct health *)segment_part(seg, seg->map.health) + index;
}

static uint32_t
health_index(uint64_t hash, uint32_t probe)
{
	return (uint32_t)((hash >> 1) + probe) % HEALTH_SLOTS;
}

static uint32_t
health_place_of(uint64_t hash, uint32_t index)
{
	return (uint32_t)(HEALTH_TAG_OF(hash) << HEALTH_TAG_SHIFT) | index;
}

static uint64_t
health_hash(const struct health *h)
{
	return atomic_load_explicit(&h->hash, memory_order_acquire);
}

/* Its maker has written all of it; else he is not done, or has died. */
static bool
health_is_made(const struct health *h)
{
	return atomic_load_explicit(&h->text_len, memory_order_acquire) != 0;
}

uint32_t
health_place(struct segment *seg, uint64_t hash)
{
	for (uint32_t i = 0; i < HEALTH_PROBES; i++) {
		uint32_t at = health_index(hash, i);
		const struct health *h = health_slot(seg, at);
		uint64_t there = health_hash(h);

		if (there == hash && health_is_made(h))
			return health_place_of(hash, at);
		if (there == 0)
			break;
	}
	return HEALTH_NONE;
}

struct health *
health_at(struct segment *seg, uint32_t place)
{
	struct health *h;

	if (place == HEALTH_NONE)
		return NULL;
	h = health_slot(seg, place % HEALTH_SLOTS);
	return HEALTH_TAG_OF(health_hash(h)) == place >> HEALTH_TAG_SHIFT
	           ? h
	           : NULL;
}

struct health *
health_above(struct segment *seg, const struct health *h)
{
	return health_at(seg, atomic_load(&h->above));
}

struct health *
health_next(struct segment *seg, uint32_t *at)
{
	while (*at < HEALTH_SLOTS) {
		struct health *h = health_slot(seg, (*at)++);

		if (health_hash(h) != 0 && health_is_made(h))
			return h;
	}
	return NULL;
}

struct slice
health_text(const struct health *h)
{
	uint16_t len = atomic_load_explicit(&h->text_len, memory_order_acquire);

	if (len == 0 || len > HEALTH_TEXT_MAX + 1)
		return SLICE("");
	return (struct slice){ h->text, len - 1u };
}

/* Whoever meets an entry that is not made writes the same bytes again. */
static void
health_name(struct health *h, const struct health_new *n)
{
	size_t len = n->text.n < HEALTH_TEXT_MAX ? n->text.n : HEALTH_TEXT_MAX;

	atomic_store(&h->kind, (uint8_t)n->kind);
	atomic_store(&h->above, n->above);
	memcpy(h->text, n->text.p, len);
	atomic_store_explicit(&h->text_len, (uint16_t)(len + 1),
	    memory_order_release);
}

/* Nobody has used it for long and nothing holds against it. */
static bool
health_is_idle(const struct health *h, uint64_t now_ns)
{
	uint64_t last = atomic_load(&h->touched_ns);
	uint64_t until = atomic_load(&h->until_ns);

	if (atomic_load(&h->kind) != HEALTH_TARGET)
		return false;
	return now_ns >= last + HEALTH_IDLE_NS && now_ns >= until;
}

static void
health_clear(struct health *h, uint64_t now_ns)
{
	atomic_store(&h->until_ns, 0);
	atomic_store(&h->probe_ns, 0);
	atomic_store(&h->first_byte_ns, 0);
	atomic_store(&h->failures, 0);
	atomic_store(&h->window, 0);
	atomic_store(&h->ejections, 0);
	atomic_store(&h->touched_ns, now_ns);
}

/*
 * Give the entry that was idle longest to another target.  It is nobody's made
 * entry from before it changes its hash: who dies here leaves no mixture.
 */
static uint32_t
health_replace(struct segment *seg, uint64_t hash, uint64_t now_ns)
{
	struct health *oldest = NULL;
	uint32_t index = 0;
	uint64_t there;

	for (uint32_t i = 0; i < HEALTH_PROBES; i++) {
		struct health *h = health_slot(seg, health_index(hash, i));

		if (!health_is_idle(h, now_ns) ||
		    (oldest != NULL && atomic_load(&h->touched_ns) >=
					   atomic_load(&oldest->touched_ns)))
			continue;
		oldest = h;
		index = health_index(hash, i);
	}
	if (oldest == NULL)
		return HEALTH_NONE;
	there = health_hash(oldest);
	atomic_store(&oldest->text_len, 0);
	if (!atomic_compare_exchange_strong(&oldest->hash, &there, hash))
		return HEALTH_NONE;
	health_clear(oldest, now_ns);
	return health_place_of(hash, index);
}

static uint32_t
health_claim(struct segment *seg, uint64_t hash, uint64_t now_ns)
{
	for (uint32_t i = 0; i < HEALTH_PROBES; i++) {
		uint32_t at = health_index(hash, i);
		struct health *h = health_slot(seg, at);
		uint64_t there = 0;

		if (atomic_compare_exchange_strong(&h->hash, &there, hash)) {
			atomic_store(&h->touched_ns, now_ns);
			return health_place_of(hash, at);
		}
		if (there == hash)
			return health_place_of(hash, at);
	}
	return health_replace(seg, hash, now_ns);
}

uint32_t
health_make(struct segment *seg, const struct health_new *n, uint64_t now_ns)
{
	uint32_t place = health_place(seg, n->hash);
	struct health *h;

	if (place == HEALTH_NONE)
		place = health_claim(seg, n->hash, now_ns);
	h = health_at(seg, place);
	if (h == NULL)
		return HEALTH_NONE;
	if (!health_is_made(h))
		health_name(h, n);
	return place;
}

int
health_drain(struct segment *seg, struct slice provider, bool drained,
    uint64_t now_ns)
{
	struct health_new n = { health_provider_hash(provider), HEALTH_PROVIDER,
		HEALTH_NONE, provider };
	struct health *h = health_at(seg, health_make(seg, &n, now_ns));

	if (h == NULL)
		return 0;
	atomic_store(&h->drained, drained);
	gen_raise(seg, GEN_HEALTH);
	return 1;
}

bool
health_drained(struct segment *seg, struct slice provider)
{
	const struct health *h =
	    health_at(seg, health_place(seg, health_provider_hash(provider)));

	return h != NULL && atomic_load(&h->drained) != 0;
}
