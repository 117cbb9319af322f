#include "tests/sim/sim.h"

#include <stddef.h>

#include "tests/sim/coro.h"

/*
 * The scheduler.  An actor runs for a number of points; at each the judge
 * looks, at the last another actor may go on.  Who is parked goes on when one
 * of its events is there, or when time has come; time jumps only while nobody
 * else can do anything.
 */

enum sim_life { DEAD, READY, PARKED, BLOCKED };

static struct sim_actor {
	struct coro coro;
	enum sim_life life;
	uint64_t events, until_ns;
	enum sim_wait why;
	const void *lock;
} actors[SIM_ACTORS];

static unsigned quantum;

uint64_t
sim_draw(uint64_t n)
{
	sim.draw ^= sim.draw << 13;
	sim.draw ^= sim.draw >> 7;
	sim.draw ^= sim.draw << 17;
	return (sim.draw >> 11) % n;
}

bool
sim_once_in(uint64_t n)
{
	return n != 0 && sim_draw(n) == 0;
}

const char *
sim_name(int who)
{
	static const char *const names[SIM_ACTORS] = { "worker 0", "worker 1",
		"worker 2", "worker 3", "worker 4", "worker 5", "keeper",
		"master", "operator" };

	return who < 0 ? "the story" : names[who];
}

static void
sched_yield_now(void)
{
	coro_yield(&actors[sim.now].coro);
}

void
sim_point(void)
{
	if (sim.now < 0)
		return;
	sim.points++;
	/* With late stores only what all see is judged: after the switch. */
	if (!sim.style.weak)
		sim_judge();
	if (quantum > 1) {
		quantum--;
		return;
	}
	sched_yield_now();
}

void
sim_fine_point(void)
{
	if (sim.style.fine)
		sim_point();
}

void
sim_park(uint64_t events, uint64_t ns, enum sim_wait why)
{
	struct sim_actor *a = &actors[sim.now];

	sim_check(!sim_locks_any(sim.now), "%s sleeps with a lock",
	    sim_name(sim.now));
	if (sim.style.weak)
		sim_weak_settle(sim.now);
	if (why > SIM_WAIT_WORK)
		sim_tell("waits for", why, 0, 0);
	*a = (struct sim_actor){ .coro = a->coro,
		.life = PARKED,
		.events = events,
		.until_ns = sim.mono_ns + ns,
		.why = why };
	sched_yield_now();
}

void
sim_block(const void *lock)
{
	struct sim_actor *a = &actors[sim.now];

	a->life = BLOCKED;
	a->lock = lock;
	sched_yield_now();
}

void
sim_unblock(const void *lock)
{
	for (unsigned i = 0; i < SIM_ACTORS; i++)
		if (actors[i].life == BLOCKED && actors[i].lock == lock)
			actors[i].life = READY;
}

void
sim_new_actors(void)
{
	for (unsigned i = 0; i < SIM_ACTORS; i++)
		actors[i].life = DEAD;
	sim.now = SIM_NOBODY;
}

void
sim_start(int who, void (*body)(void))
{
	sim_tell("begins", who, 0, 0);
	coro_set(&actors[who].coro, body);
	actors[who].life = READY;
}

bool
sim_alive(int who)
{
	return actors[who].life != DEAD;
}

enum sim_wait
sim_waits(int who, bool *parked_r)
{
	*parked_r = actors[who].life == PARKED;
	return actors[who].why;
}

/*
 * What it stored is seen by all in the end; what it had locked is in doubt.
 */
void
sim_kill(int who)
{
	int was = sim.now;

	if (actors[who].life == DEAD)
		return;
	if (sim.style.weak) {
		if (was != who)
			sim_weak_enter(who);
		sim_weak_die(who);
	}
	actors[who].life = DEAD;
	sim_locks_die(who);
	if (who == SIM_KEEPER) {
		sim.keeper_ready = false;
		sim_forget_keeper();
	}
	sim_fleet_died(who);
	/* Its own end, and not from outside: there is no way back. */
	if (was == who)
		sched_yield_now();
}

void
sim_kill_all(void)
{
	for (int who = 0; who < SIM_ACTORS; who++)
		if (who != SIM_OPERATOR)
			sim_kill(who);
}

static bool
sched_can_run(const struct sim_actor *a)
{
	return a->life == READY ||
	       (a->life == PARKED && (a->events & sim.events) != 0);
}

/* One that can go on, or SIM_NOBODY. */
static int
sched_pick(void)
{
	int can[SIM_ACTORS];
	unsigned n = 0;

	for (int i = 0; i < SIM_ACTORS; i++)
		if (sched_can_run(&actors[i]))
			can[n++] = i;
	/* A keeper that is seldom there finds its lanes full. */
	if (n > 1 && sim.style.slow && sim.keeper_ready && sim_draw(60) != 0)
		for (unsigned i = 0; i < n; i++)
			if (can[i] == SIM_KEEPER)
				can[i] = can[--n];
	return n == 0 ? SIM_NOBODY : can[sim_draw(n)];
}

static unsigned
sched_quantum(void)
{
	switch (sim_draw(4)) {
	case 0:
		return 1 + (unsigned)sim_draw(8);
	case 1:
		return 1 + (unsigned)sim_draw(60);
	default:
		return 1;
	}
}

/* Nobody can do anything: time goes on to the first who waits for it. */
static bool
sched_idle(void)
{
	struct sim_actor *first = NULL;

	for (unsigned i = 0; i < SIM_ACTORS; i++) {
		struct sim_actor *a = &actors[i];

		sim_check(a->life != BLOCKED, "deadlock: %s waits for ever",
		    sim_name((int)i));
		if (a->life == PARKED &&
		    (first == NULL || a->until_ns < first->until_ns))
			first = a;
	}
	if (first == NULL)
		return false;
	sim_judge_idle();
	if (sim.stop && actors[SIM_KEEPER].life == PARKED &&
	    actors[SIM_KEEPER].why == SIM_WAIT_WORK && sim_fleet_at_rest())
		return false;
	if (first->until_ns > sim.mono_ns) {
		sim.real_us += (int64_t)(first->until_ns - sim.mono_ns) / 1000;
		sim.mono_ns = first->until_ns;
	}
	first->life = READY;
	return true;
}

static void
sched_run(int who)
{
	actors[who].life = READY;
	quantum = sched_quantum();
	sim.now = who;
	sim.switches++;
	if (sim.style.weak)
		sim_weak_enter(who);
	coro_run(&actors[who].coro);
	if (sim.style.weak)
		sim_weak_leave(who);
	sim.now = SIM_NOBODY;
	if (sim.style.weak)
		sim_judge();
}

bool
sim_step(void)
{
	int who = sched_pick();

	if (who == SIM_NOBODY)
		return sched_idle();
	sched_run(who);
	return true;
}
