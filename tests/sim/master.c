#include "tests/sim/sim.h"

#include <string.h>

#include "base/err.h"
#include "shm/reap.h"

/*
 * The master: reaps the seats of the dead, gives them back when they are
 * drained, and starts what is missing.  It remembers nothing that it could
 * not find again after its own death.
 */

static struct fleet {
	uint32_t seat[SIM_WORKERS_MAX]; /* SEAT_NONE */
	bool drains[SIM_WORKERS_MAX];
	bool to_reap[SIM_SEATS];
} fleet;

void
sim_fleet_new(void)
{
	memset(&fleet, 0, sizeof(fleet));
	for (unsigned i = 0; i < SIM_WORKERS_MAX; i++)
		fleet.seat[i] = SEAT_NONE;
}

uint32_t
sim_fleet_seat(int who)
{
	return fleet.seat[who];
}

void
sim_fleet_drain(int who)
{
	if (!sim_alive(who))
		return;
	sim_tell("is to drain", who, 0, 0);
	fleet.drains[who] = true;
	sim.events |= 1ull << (SIM_FD_SEAT + fleet.seat[who]);
}

bool
sim_fleet_drains(int who)
{
	return fleet.drains[who];
}

/* What was sent is charged in full: more than was billed, perhaps. */
static void
fleet_orphan(uint32_t seat)
{
	for (uint32_t i = 0; i < SEAT_SLOTS; i++) {
		const struct slot *s = &seat_slots(sim.seg, seat)[i];

		if (atomic_load(&seat_states(sim.seg, seat)[i]) != SLOT_SENT)
			continue;
		for (unsigned k = 0; k < s->n_accounts; k++)
			sim_truth(&account_at(sim.seg, s->entry[k])->key)
			    ->inexact = true;
	}
}

void
sim_fleet_died(int who)
{
	sim_tell("is dead", who, 0, 0);
	sim.events |= 1ull << SIM_FD_DEATH | 1ull << SIM_FD_ANSWER;
	if (who == SIM_KEEPER)
		sim_operator_lost();
	if (who >= SIM_WORKERS_MAX || fleet.seat[who] == SEAT_NONE)
		return;
	fleet.to_reap[fleet.seat[who]] = true;
	fleet_orphan(fleet.seat[who]);
	fleet.seat[who] = SEAT_NONE;
	fleet.drains[who] = false;
}

bool
sim_fleet_at_rest(void)
{
	for (uint32_t i = 0; i < SIM_SEATS; i++)
		if (fleet.to_reap[i])
			return false;
	return sim_alive(SIM_KEEPER);
}

/* True when something is left to be done later. */
static bool
master_seats(void)
{
	bool left = false;

	for (uint32_t i = 0; i < SIM_SEATS; i++) {
		if (fleet.to_reap[i] && reap_seat(sim.seg, i) == 1) {
			sim_tell("has reaped seat", i, 0, 0);
			fleet.to_reap[i] = false;
		}
		left |= fleet.to_reap[i];
		if (seat_mapped(sim.seg, i) && seat_return(sim.seg, i) == 0 &&
		    atomic_load(&seat_at(sim.seg, i)->state) == SEAT_REAPED)
			left = true;
	}
	return left;
}

static void
master_start_workers(void)
{
	struct err e;

	for (int i = 0; i < (int)sim.style.workers; i++) {
		uint32_t seat;

		if (sim_alive(i) || sim.stop)
			continue;
		if (seat_take(sim.seg, &seat, &e) != 1)
			return;
		fleet.seat[i] = seat;
		sim_tell("has the seat", i, seat, 0);
		sim_start(i, sim_worker);
	}
}

void
sim_master(void)
{
	for (;;) {
		bool left;

		sim.events &= ~(1ull << SIM_FD_DEATH);
		left = master_seats();
		sim_point();
		if (!sim_alive(SIM_KEEPER) && !sim.keeper_ended)
			sim_start(SIM_KEEPER, sim_keeper);
		master_start_workers();
		sim_park(1ull << SIM_FD_DEATH, left ? 20000000 : 1000000000,
		    SIM_WAIT_TIME);
	}
}
