/* Which children there should be. */

#include "base/childproto.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "master/master_priv.h"
#include "shm/reap.h"
#include "shm/seat.h"
#include "shm/segment.h"

#define FLEET_SILENT_NS (5 * MASTER_SECOND_NS)
#define FLEET_START_NS (30 * MASTER_SECOND_NS)
#define FLEET_KILL_NS (2 * MASTER_SECOND_NS)

/* The phase in which a role is told to end and is not replaced any more. */
static const enum master_phase fleet_until[MASTER_ROLES] = {
	[MASTER_KEEPER] = PHASE_KEEPER,
	[MASTER_LOGGER] = PHASE_LOGGER,
	[MASTER_ADMIN] = PHASE_ADMIN,
	[MASTER_WORKER] = PHASE_WORKERS,
};

unsigned
fleet_count(const struct master *m, const struct generation *g,
    enum child_state state)
{
	unsigned n = 0;

	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++)
		n += m->children[i].generation == g &&
		     m->children[i].state == state;
	return n;
}

static bool
fleet_start_worker(struct master *m, struct child *c)
{
	struct err e = { 0 };
	uint32_t seat;
	int taken = seat_take(m->segment, &seat, &e);

	if (taken == 1) {
		c->seat = (int)seat;
		if (child_start(m, c) == 0)
			return true;
		m->seats[seat] = SEAT_WORK_REAP;
		c->seat = -1;
		return false;
	}
	if (taken < 0)
		log_error("master: no seat for a worker: %s", e.text);
	c->due_ns = now_fresh_ns() + MASTER_SECOND_NS / 10;
	return false;
}

int
fleet_add_worker(struct master *m, struct generation *g)
{
	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++) {
		struct child *c = &m->children[i];

		if (c->generation != NULL || child_is_alive(c))
			continue;
		*c = (struct child){ .role = MASTER_WORKER,
			.control_fd = -1,
			.seat = -1,
			.generation = g };
		return fleet_start_worker(m, c);
	}
	return 0;
}

/* Whether this role may have a process now. */
static bool
fleet_wants(const struct master *m, const struct child *c)
{
	if (m->phase >= fleet_until[c->role])
		return false;
	if (m->phase > PHASE_RUN && m->status != 0)
		return false; /* the start failed: nothing is begun anew */
	if (c->role == MASTER_WORKER)
		return c->generation != NULL;
	return true;
}

/* At the start each role waits for the one before it. */
static bool
fleet_may_start(const struct master *m, const struct child *c)
{
	if (m->phase != PHASE_START)
		return true;
	for (int role = MASTER_KEEPER; role < (int)c->role; role++)
		if (m->children[role].state != CHILD_SERVING)
			return false;
	return true;
}

static void
fleet_start_due(struct master *m, uint64_t now_ns)
{
	for (size_t i = 0; i < MASTER_MAX_CHILDREN; i++) {
		struct child *c = &m->children[i];

		if (c->state != CHILD_GONE || c->due_ns > now_ns ||
		    !fleet_wants(m, c) || !fleet_may_start(m, c))
			continue;
		if (c->role == MASTER_WORKER)
			fleet_start_worker(m, c);
		else
			child_start(m, c);
	}
}

/* When a child last showed life; its start counts. */
static uint64_t
fleet_beaten_ns(const struct master *m, const struct child *c)
{
	uint64_t beat;

	if (c->role == MASTER_WORKER)
		beat = atomic_load(&seat_at(m->segment, (uint32_t)c->seat)
					->figures.heartbeat_ns);
	else
		beat =
		    segment_beaten_ns(m->segment, (enum segment_role)c->role);
	return beat > c->started_ns ? beat : c->started_ns;
}

static void
fleet_check_life(const struct master *m, struct child *c, uint64_t now_ns)
{
	uint64_t beaten = fleet_beaten_ns(m, c);
	uint64_t limit =
	    c->state == CHILD_STARTING ? FLEET_START_NS : FLEET_SILENT_NS;

	if (now_ns <= beaten + limit)
		return;
	log_error("master: %s %d was silent for %llu s and is killed",
	    child_name(c), (int)c->pid,
	    (unsigned long long)((now_ns - beaten) / MASTER_SECOND_NS));
	c->silent = true;
	child_kill(c);
}

/* A drain that takes too long becomes a stop, a stop a kill. */
static void
fleet_check_patience(struct child *c, uint64_t now_ns)
{
	if (c->due_ns > now_ns)
		return;
	if (c->state == CHILD_DRAINING) {
		child_say(c, MASTER_STOP);
		c->state = CHILD_STOPPING;
		c->due_ns = now_ns + FLEET_KILL_NS;
	} else if (c->state == CHILD_STOPPING)
		child_kill(c);
}

static void
fleet_watch(struct master *m, uint64_t now_ns)
{
	for (size_t i = 0; i < MASTER_MAX_CHILDREN; i++) {
		struct child *c = &m->children[i];

		if (!child_is_alive(c))
			continue;
		fleet_check_life(m, c, now_ns);
		fleet_check_patience(c, now_ns);
	}
}

static void
fleet_seats(struct master *m)
{
	uint32_t n = segment_seats(m->segment);

	for (uint32_t i = 0; i < n; i++) {
		if (m->seats[i] == SEAT_WORK_REAP &&
		    reap_seat(m->segment, i) == 1) {
			m->seats[i] = SEAT_WORK_RETURN;
			child_say(&m->children[MASTER_KEEPER], MASTER_REAPED);
			child_say(&m->children[MASTER_LOGGER], MASTER_REAPED);
		}
		if (m->seats[i] == SEAT_WORK_RETURN &&
		    seat_return(m->segment, i) == 1)
			m->seats[i] = SEAT_WORK_NONE;
	}
}

bool
fleet_workers_gone(const struct master *m)
{
	uint32_t n = segment_seats(m->segment);

	for (size_t i = MASTER_WORKER; i < MASTER_MAX_CHILDREN; i++)
		if (child_is_alive(&m->children[i]))
			return false;
	for (uint32_t i = 0; i < n; i++)
		if (m->seats[i] == SEAT_WORK_REAP)
			return false;
	return true;
}

bool
fleet_ready(const struct master *m)
{
	for (size_t i = 0; i < MASTER_WORKER; i++)
		if (m->children[i].state != CHILD_SERVING)
			return false;
	return fleet_count(m, m->now, CHILD_SERVING) >= m->workers_wanted;
}

void
fleet_turn(struct master *m, uint64_t now_ns)
{
	fleet_seats(m);
	fleet_watch(m, now_ns);
	fleet_start_due(m, now_ns);
}
