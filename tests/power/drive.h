#ifndef TESTS_POWER_DRIVE_H
#define TESTS_POWER_DRIVE_H

/*
 * drive - a gateway's life by seed: customers, keys, requests, turns of the
 * keeper, changes by the operator, ends of every kind.  What it does goes to
 * past, what somebody may rely upon goes to the tape.
 */

#include <stdint.h>

struct draw;

struct drive_counts {
	unsigned requests, refused, settled, turns, syncs, changes, entries;
	unsigned restarts, stops, losses;
};

/* Record so many steps with the store at path. */
void drive(const char *path, struct draw *d, unsigned steps,
    struct drive_counts *counts_r);

#endif
