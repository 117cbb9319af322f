#ifndef TESTS_SIM_SIZES_H
#define TESTS_SIM_SIZES_H

/*
 * sizes - the segment and the keeper, small: full tables, full lanes and full
 * batches are then a matter of a few steps.  Included before anything else by
 * every file of the simulation, since they all look at the same memory.
 */

#define SEAT_SLOTS 24
#define LANE_MONEY_BYTES 4096u
#define INFLIGHT_SLOTS 64
#define BATCH_RECORDS 8
#define STRIPE_SPINS 1

#endif
