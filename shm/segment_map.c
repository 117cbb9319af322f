#include "shm/segment_map.h"

#include "shm/inflight_priv.h"
#include "shm/rate_priv.h"
#include "shm/segment_priv.h"
#include "shm/sieve_priv.h"
#include "shm/stats_priv.h"
#include "shm/stripe.h"

static uint64_t
map_add(uint64_t *end, uint64_t bytes)
{
	uint64_t at = *end;

	*end += (bytes + SEGMENT_PAGE - 1) / SEGMENT_PAGE * SEGMENT_PAGE;
	return at;
}

static uint32_t
map_power(uint32_t atleast)
{
	uint32_t n = STRIPES;

	while (n < atleast)
		n *= 2;
	return n;
}

static uint32_t
map_seats(const struct segment_shape *shape)
{
	uint32_t n = shape->workers * 4;

	if (n < 8)
		return 8;
	return n < SEGMENT_SEATS_MAX ? n : SEGMENT_SEATS_MAX;
}

static uint64_t
map_seat_bytes(const struct segment_shape *shape)
{
	uint64_t end = 0;

	map_add(&end, sizeof(struct seat));
	map_add(&end, SEAT_SLOTS * sizeof(uint32_t));
	map_add(&end, SEAT_SLOTS * sizeof(struct slot));
	map_add(&end, LANE_MONEY_BYTES);
	map_add(&end, shape->log_lane_bytes);
	return end;
}

void
segment_map(const struct segment_shape *shape, struct segment_map *m)
{
	uint64_t max = shape->max_accounts;

	m->n_seats = map_seats(shape);
	m->n_buckets = map_power(2 * shape->max_accounts);
	m->n_rates = map_power(2 * shape->max_accounts);
	m->seat_bytes = map_seat_bytes(shape);

	m->end = 0;
	map_add(&m->end, sizeof(struct segment_header));
	m->stripes = map_add(&m->end, STRIPES * sizeof(struct segment_lock));
	m->wants = map_add(&m->end, (max + 63) / 64 * 8);
	m->buckets = map_add(&m->end, m->n_buckets * sizeof(uint32_t));
	m->accounts = map_add(&m->end, max * sizeof(struct account));
	m->rates = map_add(&m->end,
	    (m->n_rates + RATE_ADDRESSES) * sizeof(struct rate));
	m->health = map_add(&m->end, HEALTH_SLOTS * sizeof(struct health));
	m->inflight = map_add(&m->end, sizeof(struct inflight_table));
	m->sieve = map_add(&m->end, sizeof(struct sieve));
	m->names = map_add(&m->end, STATS_NAMES * sizeof(struct stats_text));
	m->series = map_add(&m->end, STATS_SERIES * sizeof(struct stats_row));
	m->areas = map_add(&m->end, (m->n_seats + ROLES) * STATS_AREA_BYTES);
	m->seats = map_add(&m->end, m->n_seats * m->seat_bytes);
}
