#ifndef SHM_SIM_H
#define SHM_SIM_H

/*
 * sim - where a test may stop this room between two stores to shared memory.
 *
 * Empty in the product.  The torture test and the simulation compile these
 * sources again with a SIM_POINT() of their own that yields, waits or kills.
 */

#ifndef SIM_POINT
#define SIM_POINT() ((void)0)
#endif

#endif
