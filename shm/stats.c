#include "shm/stats.h"

#include <string.h>

#include "base/hash.h"
#include "base/resident.h"
#include "shm/segment_priv.h"
#include "shm/stats_priv.h"

#define STATS_SEED 0x5eed /* the table is shared: no seed of one process */
#define STATS_PROBES 64

static struct stats_text *
stats_text_at(const struct segment *seg, uint32_t i)
{
	return (struct stats_text *)segment_part(seg, seg->map.names) + i;
}

static struct stats_row *
stats_row_at(const struct segment *seg, uint32_t i)
{
	return (struct stats_row *)segment_part(seg, seg->map.series) + i;
}

static _Atomic int64_t *
stats_area(const struct segment *seg, uint32_t area)
{
	return (_Atomic int64_t *)segment_part(seg,
	    seg->map.areas + area * STATS_AREA_BYTES);
}

/* The roles come first: their areas are allocated from the start. */
uint32_t
stats_area_of_seat(uint32_t seat)
{
	return seat + ROLES;
}

uint32_t
stats_area_of_role(const struct segment *seg, enum segment_role role)
{
	(void)seg;
	return (uint32_t)role;
}

/*
 * Walk the places of a text, never place 0.  1 with its place, 0 with a free
 * one, -1 when neither is near.
 */
static int
stats_name_probe(const struct segment *seg, struct slice text,
    uint32_t *place_r)
{
	uint64_t h = hash_slice(text, STATS_SEED);

	for (uint32_t i = 0; i < STATS_PROBES; i++) {
		uint32_t at = (uint32_t)(h + i) % (STATS_NAMES - 1) + 1;
		struct stats_text *t = stats_text_at(seg, at);
		uint16_t len =
		    atomic_load_explicit(&t->len, memory_order_acquire);

		*place_r = at;
		if (len == 0)
			return 0;
		if (len == text.n + 1 && memcmp(t->text, text.p, text.n) == 0)
			return 1;
	}
	return -1;
}

static uint32_t
stats_name_insert(struct segment *seg, struct slice text)
{
	uint32_t place;
	int found;

	segment_lock(&seg->head->stats_lock);
	found = stats_name_probe(seg, text, &place);
	if (found == 0) {
		struct stats_text *t = stats_text_at(seg, place);

		memcpy(t->text, text.p, text.n);
		atomic_store_explicit(&t->len, (uint16_t)(text.n + 1),
		    memory_order_release);
	}
	segment_unlock(&seg->head->stats_lock);
	return found < 0 ? 0 : place;
}

uint16_t
stats_name(struct segment *seg, struct slice text)
{
	uint32_t place;

	if (text.n > STATS_NAME_MAX)
		text.n = STATS_NAME_MAX;
	if (stats_name_probe(seg, text, &place) == 1)
		return (uint16_t)place;
	return (uint16_t)stats_name_insert(seg, text);
}

struct slice
stats_name_text(const struct segment *seg, uint16_t name)
{
	const struct stats_text *t;
	uint16_t len;

	if (name == 0 || name >= STATS_NAMES)
		return SLICE("other");
	t = stats_text_at(seg, name);
	len = atomic_load_explicit(&t->len, memory_order_acquire);
	if (len == 0 || len > STATS_NAME_MAX + 1)
		return SLICE("other");
	return (struct slice){ t->text, len - 1u };
}

static bool
stats_row_is(const struct stats_row *r, enum stats_metric metric,
    const uint16_t label[STATS_LABELS])
{
	return r->metric == metric &&
	       memcmp(r->label, label, sizeof(r->label)) == 0;
}

static int
stats_row_probe(const struct segment *seg, enum stats_metric metric,
    const uint16_t label[STATS_LABELS], uint32_t *place_r)
{
	uint64_t h =
	    hash_bytes(label, STATS_LABELS * sizeof(*label), metric + 1u);

	for (uint32_t i = 0; i < STATS_PROBES; i++) {
		uint32_t at = (uint32_t)(h + i) % STATS_SERIES;
		struct stats_row *r = stats_row_at(seg, at);

		*place_r = at;
		if (atomic_load_explicit(&r->cell, memory_order_acquire) == 0)
			return 0;
		if (stats_row_is(r, metric, label))
			return 1;
	}
	return -1;
}

/* A histogram has its buckets, +Inf and the sum. */
static uint32_t
stats_width(enum stats_metric metric)
{
	unsigned n;

	if (stats_bounds(stats_info(metric)->type, &n) == NULL)
		return 1;
	return n + 2;
}

static uint32_t
stats_row_insert(struct segment *seg, enum stats_metric metric,
    const uint16_t label[STATS_LABELS])
{
	struct segment_header *h = seg->head;
	uint32_t place, cell = 0, width = stats_width(metric);

	segment_lock(&h->stats_lock);
	if (stats_row_probe(seg, metric, label, &place) == 1) {
		cell = atomic_load(&stats_row_at(seg, place)->cell);
	} else if (atomic_load(&stats_row_at(seg, place)->cell) == 0 &&
		   atomic_load(&h->stats_next_cell) + width <= STATS_CELLS) {
		struct stats_row *r = stats_row_at(seg, place);

		cell = atomic_fetch_add(&h->stats_next_cell, width);
		r->metric = (uint16_t)metric;
		memcpy(r->label, label, sizeof(r->label));
		atomic_store_explicit(&r->cell, cell, memory_order_release);
	} else {
		atomic_fetch_add(&h->stats_overflow, 1);
	}
	segment_unlock(&h->stats_lock);
	return cell;
}

uint32_t
stats_cell(struct segment *seg, enum stats_metric metric,
    const uint16_t label[STATS_LABELS])
{
	uint32_t place;

	if (stats_row_probe(seg, metric, label, &place) == 1)
		return atomic_load(&stats_row_at(seg, place)->cell);
	return stats_row_insert(seg, metric, label);
}

void
stats_add(struct segment *seg, uint32_t area, uint32_t cell, int64_t n)
{
	_Atomic int64_t *at = stats_area(seg, area) + cell;

	/* One writer: no locked instruction is needed. */
	atomic_store_explicit(at,
	    atomic_load_explicit(at, memory_order_relaxed) + n,
	    memory_order_relaxed);
}

void
stats_set(struct segment *seg, uint32_t area, uint32_t cell, int64_t n)
{
	atomic_store_explicit(stats_area(seg, area) + cell, n,
	    memory_order_relaxed);
}

void
stats_resident(struct segment *seg, uint32_t area, struct slice role)
{
	uint16_t label[STATS_LABELS] = { stats_name(seg, role) };

	stats_set(seg, area, stats_cell(seg, METRIC_RESIDENT, label),
	    (int64_t)resident_bytes());
}

void
stats_observe(struct segment *seg, uint32_t area, uint32_t cell,
    enum stats_type type, uint64_t ns)
{
	unsigned n, i = 0;
	const uint64_t *bounds = stats_bounds(type, &n);

	while (i < n && ns > bounds[i])
		i++;
	stats_add(seg, area, cell + i, 1);
	stats_add(seg, area, cell + n + 1, (int64_t)ns);
}

int
stats_each(const struct segment *seg, uint32_t *at, struct stats_series *s_r)
{
	for (; *at < STATS_SERIES; ++*at) {
		const struct stats_row *r = stats_row_at(seg, *at);
		uint32_t cell =
		    atomic_load_explicit(&r->cell, memory_order_acquire);

		if (cell == 0)
			continue;
		s_r->metric = (enum stats_metric)r->metric;
		memcpy(s_r->label, r->label, sizeof(s_r->label));
		s_r->cell = cell;
		++*at;
		return 1;
	}
	return 0;
}

/* Seats that were never taken have no pages and nothing to add. */
static bool
stats_area_used(const struct segment *seg, uint32_t area)
{
	return area < ROLES ||
	       atomic_load(&seat_at(seg, area - ROLES)->generation) > 0;
}

int64_t
stats_sum(const struct segment *seg, uint32_t cell)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < seg->map.n_seats + ROLES; i++)
		if (stats_area_used(seg, i))
			sum += atomic_load_explicit(stats_area(seg, i) + cell,
			    memory_order_relaxed);
	return sum;
}

uint64_t
stats_overflow(const struct segment *seg)
{
	return atomic_load(&seg->head->stats_overflow);
}

void
stats_forget(struct segment *seg, uint32_t area)
{
	struct stats_series s;

	for (uint32_t at = 0; stats_each(seg, &at, &s);)
		if (stats_info(s.metric)->type == STATS_GAUGE)
			atomic_store(stats_area(seg, area) + s.cell, 0);
}
