#include "shm/inflight.h"

#include <string.h>

#include "base/hash.h"
#include "base/prefetch.h"
#include "shm/inflight_priv.h"
#include "shm/segment_priv.h"
#include "shm/wake.h"

static struct inflight_table *
inflight_table(const struct segment *seg)
{
	return segment_part(seg, seg->map.inflight);
}

static struct inflight_slot *
inflight_at(const struct segment *seg, uint32_t i)
{
	return &inflight_table(seg)->slot[i];
}

/* Seats, a bit each. */
static uint64_t *
inflight_waiters(const struct segment *seg, uint32_t i)
{
	return inflight_table(seg)->waiters[i];
}

static struct segment_lock *
inflight_lock_of(struct segment *seg, uint32_t slot)
{
	return &seg->head->inflight_lock[slot / INFLIGHT_WAYS %
					 SEGMENT_INFLIGHT_LOCKS];
}

/* The slot with its lock held, or NULL when another key has it by now. */
static struct inflight_slot *
inflight_lock(struct segment *seg, struct inflight_ref ref)
{
	struct inflight_slot *s;

	if (ref.slot >= INFLIGHT_SLOTS)
		return NULL;
	segment_lock(inflight_lock_of(seg, ref.slot));
	s = inflight_at(seg, ref.slot);
	if (s->generation == ref.generation &&
	    atomic_load(&s->state) != INFLIGHT_FREE)
		return s;
	segment_unlock(inflight_lock_of(seg, ref.slot));
	return NULL;
}

static bool
inflight_any_waiter(const struct segment *seg, uint32_t slot)
{
	const uint64_t *waiters = inflight_waiters(seg, slot);
	uint64_t any = 0;

	for (unsigned i = 0; i < SEGMENT_SEATS_WORDS; i++)
		any |= waiters[i];
	return any != 0;
}

/* Unlock, then wake those that were waiting under it. */
static void
inflight_unlock_wake(struct segment *seg, uint32_t slot)
{
	uint64_t seats[SEGMENT_SEATS_WORDS];

	memcpy(seats, inflight_waiters(seg, slot), sizeof(seats));
	segment_unlock(inflight_lock_of(seg, slot));
	wake_seats(seg, seats, WAKE_TWIN);
}

static void
inflight_free(struct inflight_slot *s)
{
	s->generation++;
	SIM_POINT();
	atomic_store(&s->state, INFLIGHT_FREE);
}

/* Nobody leads: the first waiter that looks will, if there is one. */
static void
inflight_offer(struct segment *seg, uint32_t slot)
{
	struct inflight_slot *s = inflight_at(seg, slot);

	if (inflight_any_waiter(seg, slot))
		atomic_store(&s->state, INFLIGHT_OFFERED);
	else
		inflight_free(s);
}

static void
inflight_set_waiter(struct segment *seg, uint32_t slot, uint32_t seat, bool on)
{
	uint64_t *word = &inflight_waiters(seg, slot)[seat / 64];
	uint64_t bit = 1ull << (seat % 64);

	if (on)
		*word |= bit;
	else
		*word &= ~bit;
}

static void
inflight_lead(struct inflight_slot *s, uint32_t seat)
{
	s->leader = (uint16_t)seat;
	SIM_POINT();
	atomic_store(&s->state, INFLIGHT_LEADING);
}

/* In its bucket: the slot of the key, else a free one, else NULL. */
static struct inflight_slot *
inflight_find(struct segment *seg, uint32_t first, uint64_t key,
    uint32_t *slot_r)
{
	struct inflight_slot *free_slot = NULL;

	for (uint32_t i = first; i < first + INFLIGHT_WAYS; i++) {
		struct inflight_slot *s = inflight_at(seg, i);

		if (atomic_load(&s->state) == INFLIGHT_FREE) {
			if (free_slot == NULL)
				*slot_r = i;
			free_slot = free_slot == NULL ? s : free_slot;
		} else if (s->key == key) {
			*slot_r = i;
			return s;
		}
	}
	return free_slot;
}

static enum inflight_state
inflight_enter(struct segment *seg, uint32_t slot, uint32_t seat, uint64_t key)
{
	struct inflight_slot *s = inflight_at(seg, slot);

	if (atomic_load(&s->state) == INFLIGHT_FREE) {
		s->key = key;
		memset(inflight_waiters(seg, slot), 0,
		    SEGMENT_SEATS_WORDS * sizeof(uint64_t));
		inflight_lead(s, seat);
		return INFLIGHT_LEAD;
	}
	inflight_set_waiter(seg, slot, seat, true);
	return INFLIGHT_WAIT;
}

/* The first slot of a key's bucket. */
static uint32_t
inflight_first(uint64_t key)
{
	return (uint32_t)(key % INFLIGHT_BUCKETS) * INFLIGHT_WAYS;
}

uint64_t
inflight_key(const struct segment *seg, struct slice text)
{
	return hash_slice(text, seg->head->inflight_seed);
}

void
inflight_prefetch(const struct segment *seg, uint64_t key)
{
	const struct inflight_slot *s = inflight_at(seg, inflight_first(key));

	prefetch_write(s);
	prefetch_write(&s[INFLIGHT_WAYS - 1]);
}

void
inflight_prefetch_ref(const struct segment *seg, struct inflight_ref ref)
{
	if (ref.slot < INFLIGHT_SLOTS)
		prefetch_write(inflight_at(seg, ref.slot));
}

enum inflight_state
inflight_join(struct segment *seg, uint32_t seat, uint64_t key,
    struct inflight_ref *ref_r)
{
	enum inflight_state state = INFLIGHT_OFF;
	struct inflight_slot *s;
	uint32_t first = inflight_first(key);

	segment_lock(inflight_lock_of(seg, first));
	s = inflight_find(seg, first, key, &ref_r->slot);
	if (s != NULL) {
		state = inflight_enter(seg, ref_r->slot, seat, key);
		ref_r->generation = s->generation;
	}
	segment_unlock(inflight_lock_of(seg, first));
	return state;
}

enum inflight_state
inflight_look(struct segment *seg, uint32_t seat, struct inflight_ref ref)
{
	struct inflight_slot *s = inflight_lock(seg, ref);
	enum inflight_state state = INFLIGHT_WAIT;

	if (s == NULL)
		return INFLIGHT_OVER;
	if (atomic_load(&s->state) == INFLIGHT_OFFERED) {
		inflight_lead(s, seat);
		state = INFLIGHT_LEAD;
	}
	segment_unlock(inflight_lock_of(seg, ref.slot));
	return state;
}

void
inflight_leave(struct segment *seg, uint32_t seat, struct inflight_ref ref)
{
	struct inflight_slot *s = inflight_lock(seg, ref);

	if (s == NULL)
		return;
	inflight_set_waiter(seg, ref.slot, seat, false);
	if (atomic_load(&s->state) == INFLIGHT_OFFERED)
		inflight_offer(seg, ref.slot);
	segment_unlock(inflight_lock_of(seg, ref.slot));
}

bool
inflight_followed(struct segment *seg, struct inflight_ref ref)
{
	struct inflight_slot *s = inflight_lock(seg, ref);
	bool any;

	if (s == NULL)
		return false;
	any = inflight_any_waiter(seg, ref.slot);
	segment_unlock(inflight_lock_of(seg, ref.slot));
	return any;
}

void
inflight_storing(struct segment *seg, struct inflight_ref ref)
{
	struct inflight_slot *s;

	if (ref.slot >= INFLIGHT_SLOTS)
		return;
	s = inflight_at(seg, ref.slot);
	/* Without the lock: as long as it leads nobody else changes this. */
	if (s->generation == ref.generation)
		atomic_store_explicit(&s->state, INFLIGHT_STORING,
		    memory_order_release);
}

void
inflight_stored(struct segment *seg, struct inflight_ref ref)
{
	struct inflight_slot *s = inflight_lock(seg, ref);

	if (s == NULL)
		return;
	inflight_free(s);
	inflight_unlock_wake(seg, ref.slot);
}

void
inflight_failed(struct segment *seg, struct inflight_ref ref)
{
	if (inflight_lock(seg, ref) == NULL)
		return;
	inflight_offer(seg, ref.slot);
	inflight_unlock_wake(seg, ref.slot);
}

int
inflight_each_storing(struct segment *seg, uint32_t *at,
    struct inflight_ref *ref_r)
{
	for (; *at < INFLIGHT_SLOTS; ++*at) {
		struct inflight_slot *s = inflight_at(seg, *at);

		if (atomic_load(&s->state) != INFLIGHT_STORING)
			continue;
		*ref_r = (struct inflight_ref){ *at, s->generation };
		++*at;
		return 1;
	}
	return 0;
}

void
inflight_reap(struct segment *seg, uint32_t seat)
{
	for (uint32_t i = 0; i < INFLIGHT_SLOTS; i++) {
		struct inflight_slot *s = inflight_at(seg, i);
		uint32_t state;

		if (atomic_load(&s->state) == INFLIGHT_FREE)
			continue;
		segment_lock(inflight_lock_of(seg, i));
		state = atomic_load(&s->state);
		inflight_set_waiter(seg, i, seat, false);
		if (state == INFLIGHT_OFFERED ||
		    (state == INFLIGHT_LEADING && s->leader == seat))
			inflight_offer(seg, i);
		inflight_unlock_wake(seg, i);
	}
}
