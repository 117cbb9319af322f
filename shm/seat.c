#include "shm/seat.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "shm/lane_priv.h"
#include "shm/segment_priv.h"
#include "shm/stats.h"
#include "shm/stats_priv.h"
#include "shm/wake.h"

static uint64_t
seat_offset(const struct segment *seg, uint32_t seat)
{
	assert(seat < seg->map.n_seats);
	return seg->map.seats + seat * seg->map.seat_bytes;
}

struct seat *
seat_at(const struct segment *seg, uint32_t seat)
{
	return segment_part(seg, seat_offset(seg, seat));
}

_Atomic uint32_t *
seat_states(const struct segment *seg, uint32_t seat)
{
	return segment_part(seg, seat_offset(seg, seat) + SEGMENT_PAGE);
}

struct slot *
seat_slots(const struct segment *seg, uint32_t seat)
{
	return segment_part(seg, seat_offset(seg, seat) + SEGMENT_PAGE +
				     SEAT_SLOTS * sizeof(uint32_t));
}

static char *
seat_money_data(const struct segment *seg, uint32_t seat)
{
	return (char *)(seat_slots(seg, seat) + SEAT_SLOTS);
}

static char *
seat_log_data(const struct segment *seg, uint32_t seat)
{
	return seat_money_data(seg, seat) + LANE_MONEY_BYTES;
}

uint64_t
seat_log_bytes(const struct segment *seg)
{
	return seg->head->shape.log_lane_bytes;
}

bool
seat_mapped(const struct segment *seg, uint32_t seat)
{
	return atomic_load_explicit(&seat_at(seg, seat)->state,
		   memory_order_acquire) != SEAT_FREE;
}

/* The counters stay allocated for good: they never fall. */
static int
seat_allocate(struct segment *seg, uint32_t seat)
{
	int rc = segment_allocate(seg,
	    seg->map.areas + stats_area_of_seat(seat) * STATS_AREA_BYTES,
	    STATS_AREA_BYTES);

	if (rc != 0)
		return rc;
	return segment_allocate(seg, seat_offset(seg, seat),
	    seg->map.seat_bytes);
}

int
seat_take(struct segment *seg, uint32_t *seat_r, struct err *e)
{
	for (uint32_t i = 0; i < seg->map.n_seats; i++) {
		struct seat *seat = seat_at(seg, i);
		int rc;

		if (atomic_load(&seat->state) != SEAT_FREE)
			continue;
		rc = seat_allocate(seg, i);
		if (rc != 0)
			return err_set(e, ERR_SYSTEM, "seat %u: %s", i,
			    strerror(rc));
		atomic_fetch_add(&seat->generation, 1);
		atomic_store(&seat->pid, 0);
		atomic_store(&seat->wake, 0);
		memset(&seat->figures, 0, sizeof(seat->figures));
		atomic_store_explicit(&seat->state, SEAT_OWNED,
		    memory_order_release);
		*seat_r = i;
		return 1;
	}
	return 0;
}

void
seat_set_pid(struct segment *seg, uint32_t seat, int32_t pid)
{
	atomic_store(&seat_at(seg, seat)->pid, pid);
}

static bool
seat_at_rest(const struct segment *seg, uint32_t seat)
{
	for (uint32_t i = 0; i < SEAT_SLOTS; i++)
		if (atomic_load(&seat_states(seg, seat)[i]) != SLOT_FREE)
			return false;
	return true;
}

int
seat_return(struct segment *seg, uint32_t seat)
{
	struct seat *s = seat_at(seg, seat);

	if (atomic_load(&s->state) != SEAT_REAPED || !lane_empty(&s->money) ||
	    !lane_empty(&s->log) || !seat_at_rest(seg, seat))
		return 0;
	atomic_store(&s->pid, 0);
	atomic_store_explicit(&s->state, SEAT_FREE, memory_order_release);
	segment_punch(seg, seat_offset(seg, seat) + SEGMENT_PAGE,
	    seg->map.seat_bytes - SEGMENT_PAGE);
	return 1;
}

uint32_t
seat_count_free(const struct segment *seg)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < seg->map.n_seats; i++)
		if (!seat_mapped(seg, i))
			n++;
	return n;
}

void
seat_own(struct segment *seg, uint32_t seat, struct seat_owner *o)
{
	struct seat *s = seat_at(seg, seat);

	memset(o, 0, sizeof(*o));
	o->seg = seg;
	o->seat = s;
	o->index = seat;
	o->states = seat_states(seg, seat);
	o->slots = seat_slots(seg, seat);
	o->money = (struct lane){
		.seg = seg,
		.words = &s->money,
		.data = seat_money_data(seg, seat),
		.size = LANE_MONEY_BYTES,
		.kind = LANE_MONEY,
	};
	o->log = (struct lane){
		.seg = seg,
		.words = &s->log,
		.data = seat_log_data(seg, seat),
		.size = seat_log_bytes(seg),
		.kind = LANE_LOG,
	};
	lane_resume(&o->money);
	lane_resume(&o->log);
}

void
seat_wake(struct seat_owner *o)
{
	unsigned roles = (unsigned)o->money.news << ROLE_KEEPER |
	                 (unsigned)o->log.news << ROLE_LOGGER;

	if (roles == 0)
		return;
	o->money.news = o->log.news = false;
	wake_roles(o->seg, roles);
}

void
seat_beat(struct seat_owner *o, uint64_t now_ns)
{
	atomic_store_explicit(&o->seat->figures.heartbeat_ns, now_ns,
	    memory_order_relaxed);
}

void
seat_reader(struct segment *seg, uint32_t seat, enum lane_kind kind,
    struct lane_reader *r)
{
	struct seat *s = seat_at(seg, seat);
	bool money = kind == LANE_MONEY;

	*r = (struct lane_reader){
		.words = money ? &s->money : &s->log,
		.data = money ? seat_money_data(seg, seat)
		              : seat_log_data(seg, seat),
		.size = money ? LANE_MONEY_BYTES : seat_log_bytes(seg),
		.kind = kind,
	};
	/*
	 * The last consumer may have died between tail_seq and tail, and a
	 * log lane may have been discarded: any number may come first.  A
	 * money record is then judged by the durable cursor (apply_due).
	 */
	r->pos = atomic_load(&r->words->tail);
	r->seq = LANE_SEQ_ANY;
}
