#include "tests/sim/sim.h"

/* What must hold now and then: at a commit, and when nobody can go on. */

void
sim_judge_commit(unsigned truth, const struct apply_row *was,
    const struct apply_row *is)
{
	sim_tell("row: settled, lease, limit", is->settled, is->lease,
	    is->limit);
	sim_check(is->settled >= 0 && is->suspense >= 0 &&
		      is->suspense <= is->settled,
	    "account %u: suspense %lld of settled %lld", truth,
	    (long long)is->suspense, (long long)is->settled);
	if (is->limit == ACCOUNT_UNLIMITED)
		return;
	sim_check(is->settled <= is->lease,
	    "account %u: settled %lld, lease %lld", truth,
	    (long long)is->settled, (long long)is->lease);
	if (was->limit == ACCOUNT_UNLIMITED || is->lease <= was->lease)
		return;
	/* Past the limit only with what was spent or entered all the same. */
	sim_check(is->lease <= is->limit || is->lease == is->settled,
	    "account %u: the lease rises to %lld, the limit is %lld", truth,
	    (long long)is->lease, (long long)is->limit);
}

/*
 * Nobody can go on but by the clock.  When the keeper sleeps because there is
 * nothing to do, nobody may wait for anything that it or another would bring.
 */
void
sim_judge_idle(void)
{
	bool parked;

	if (sim_waits(SIM_KEEPER, &parked) != SIM_WAIT_WORK || !parked ||
	    !sim_fleet_at_rest())
		return;
	sim_check(!account_any_wanted(sim.seg), "the keeper sleeps, an account "
						"is wanted");
	for (uint32_t i = 0; i < SIM_SEATS; i++)
		sim_check(!seat_mapped(sim.seg, i) ||
			      lane_empty(&seat_at(sim.seg, i)->money),
		    "the keeper sleeps, lane %u is not empty", i);
	for (int i = 0; i < SIM_ACTORS; i++) {
		enum sim_wait why = sim_waits(i, &parked);

		sim_check(!parked || why == SIM_WAIT_TIME ||
			      why == SIM_WAIT_WORK,
		    "%s waits (%d) and nobody will wake it", sim_name(i), why);
	}
}
