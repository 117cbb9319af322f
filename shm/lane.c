#include "shm/lane.h"

#include <assert.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/prefetch.h"
#include "shm/lane_priv.h"
#include "shm/sim.h"
#include "shm/wake.h"

#define LANE_PREFETCH_MOST 4096 /* more than a processor asks for at once */

static uint64_t
lane_record_bytes(uint32_t payload_len)
{
	return ((uint64_t)payload_len + LANE_RECORD_HEAD + 15) & ~15ull;
}

uint32_t
lane_max_payload(uint64_t size)
{
	return (uint32_t)(size / 2) - LANE_RECORD_HEAD;
}

/* Room for n bytes behind pos; looks at the tail only when it must. */
static bool
lane_has_room(struct lane *l, uint64_t end)
{
	if (end - l->tail <= l->size)
		return true;
	l->tail = atomic_load_explicit(&l->words->tail, memory_order_acquire);
	return end - l->tail <= l->size;
}

/* Fill the end of the lane; fewer than a head's bytes: only the length. */
static void
lane_write_pad(struct lane *l, uint64_t at, uint64_t bytes)
{
	struct lane_head pad = { .len = (uint32_t)bytes,
		.about = lane_about(LANE_PAD, 0, 0) };
	size_t n = bytes < sizeof(pad) ? sizeof(pad.len) : sizeof(pad);

	memcpy(l->data + lane_place(at, l->size), &pad, n);
	SIM_POINT();
}

void
lane_prefetch(const struct lane *l, uint64_t bytes)
{
	uint64_t at = lane_place(l->head, l->size), left = l->size - at;
	uint64_t n = bytes < LANE_PREFETCH_MOST ? bytes : LANE_PREFETCH_MOST;

	for (uint64_t i = 0; i < n && i < left; i += PREFETCH_LINE)
		prefetch_write(l->data + at + i);
}

void *
lane_reserve(struct lane *l, uint32_t len)
{
	uint64_t bytes = lane_record_bytes(len);
	uint64_t left = l->size - lane_place(l->head, l->size);

	assert(len <= lane_max_payload(l->size));
	l->at = l->head + (left < bytes ? left : 0);
	if (!lane_has_room(l, l->at + bytes))
		return NULL;
	if (l->at != l->head)
		lane_write_pad(l, l->head, left);
	return l->data + lane_place(l->at, l->size) + LANE_RECORD_HEAD;
}

uint32_t
lane_sum(enum lane_kind kind, const struct lane_head *h, const void *payload)
{
	size_t from = offsetof(struct lane_head, seq);
	uint32_t sum = crc32c((const char *)h + from, sizeof(*h) - from);

	return kind == LANE_MONEY
	           ? crc32c_more(sum, payload, lane_head_payload_len(h))
	           : sum;
}

/*
 * Word by word, as they were written: a load of two at once would wait until
 * they and all stores before them have left the CPU.
 */
static void
lane_write_head(char *at, const struct lane_head *h)
{
	memcpy(at, &h->len, sizeof(h->len));
	memcpy(at + offsetof(struct lane_head, crc), &h->crc, sizeof(h->crc));
	memcpy(at + offsetof(struct lane_head, seq), &h->seq, sizeof(h->seq));
	memcpy(at + offsetof(struct lane_head, about), &h->about,
	    sizeof(h->about));
}

uint64_t
lane_commit(struct lane *l, uint16_t type, uint16_t flags, uint32_t len)
{
	char *at = l->data + lane_place(l->at, l->size);
	struct lane_head h = {
		.len = (uint32_t)lane_record_bytes(len),
		.seq = l->seq + 1,
		.about = lane_about(type, flags, len),
	};

	h.crc = lane_sum(l->kind, &h, at + LANE_RECORD_HEAD);
	lane_write_head(at, &h);
	SIM_POINT();
	l->head = l->at + h.len;
	l->seq = h.seq;
	atomic_store_explicit(&l->words->head, l->head, memory_order_release);
	SIM_POINT();
	l->news = true;
	return l->seq;
}

uint64_t
lane_put(struct lane *l, uint16_t type, uint16_t flags, const void *payload,
    uint32_t len)
{
	void *at = lane_reserve(l, len);

	if (at == NULL)
		return 0;
	memcpy(at, payload, len);
	return lane_commit(l, type, flags, len);
}

void
lane_drop(struct lane *l, uint16_t type)
{
	assert(type < LANE_TYPES);
	atomic_fetch_add_explicit(&l->words->dropped[type], 1,
	    memory_order_relaxed);
	l->untold = true;
}

/*
 * Room for the telling and for what comes after it, a pad included: or the
 * last bytes of a full lane would fill with records that tell of one drop.
 */
static bool
lane_has_room_to_tell(struct lane *l, uint32_t len)
{
	uint64_t need = lane_record_bytes(sizeof(struct lane_dropped)) +
	                2 * lane_record_bytes(len);

	return lane_has_room(l,
	    l->head + (need < l->size / 2 ? need : l->size / 2));
}

static void
lane_tell(struct lane *l)
{
	struct lane_dropped d;

	for (unsigned i = 0; i < LANE_TYPES; i++)
		d.count[i] = atomic_load_explicit(&l->words->dropped[i],
				 memory_order_relaxed) -
		             l->dropped_told[i];
	if (lane_put(l, LANE_DROPPED, 0, &d, sizeof(d)) == 0)
		return;
	for (unsigned i = 0; i < LANE_TYPES; i++)
		l->dropped_told[i] += d.count[i];
	l->untold = false;
}

void *
lane_reserve_or_drop(struct lane *l, uint16_t type, uint32_t len)
{
	void *at = NULL;

	if (l->untold && lane_has_room_to_tell(l, len))
		lane_tell(l);
	if (len <= lane_max_payload(l->size))
		at = lane_reserve(l, len);
	if (at == NULL)
		lane_drop(l, type);
	return at;
}

uint64_t
lane_put_or_drop(struct lane *l, uint16_t type, uint16_t flags,
    const void *payload, uint32_t len)
{
	void *at = lane_reserve_or_drop(l, type, len);

	if (at == NULL)
		return 0;
	memcpy(at, payload, len);
	return lane_commit(l, type, flags, len);
}

uint64_t
lane_upsert(struct lane *l, const void *payload, uint32_t len)
{
	uint64_t seq;

	assert(l->kind == LANE_MONEY);
	seq = lane_put(l, LANE_UPSERT, 0, payload, len);
	/* A request waits for it. */
	wake_role_now(l->seg, ROLE_KEEPER);
	l->news = false;
	return seq;
}

bool
lane_consumed(const struct lane *l, uint64_t seq)
{
	return atomic_load_explicit(&l->words->tail_seq,
		   memory_order_acquire) >= seq;
}

uint32_t
lane_used_permille(const struct lane_words *words, uint64_t size)
{
	uint64_t tail = atomic_load(&words->tail);
	uint64_t head = atomic_load(&words->head);

	return head <= tail ? 0 : (uint32_t)((head - tail) * 1000 / size);
}

bool
lane_empty(const struct lane_words *words)
{
	return atomic_load(&words->tail) == atomic_load(&words->head);
}

void
lane_resume(struct lane *l)
{
	struct lane_reader r = {
		.words = l->words,
		.data = l->data,
		.size = l->size,
		.pos = atomic_load(&l->words->tail),
		.seq = LANE_SEQ_ANY,
		.kind = l->kind,
	};
	struct lane_record rec;

	l->tail = r.pos;
	l->head = atomic_load(&l->words->head);
	l->seq = atomic_load(&l->words->tail_seq);
	while (lane_next(&r, &rec, NULL) == 1)
		if (rec.seq > l->seq)
			l->seq = rec.seq;
	for (unsigned i = 0; i < LANE_TYPES; i++)
		l->dropped_told[i] = atomic_load(&l->words->dropped[i]);
	l->untold = false;
}
