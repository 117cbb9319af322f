#ifndef ADMIN_FIGURES_H
#define ADMIN_FIGURES_H

/*
 * figures - one look over the segment: what status, readiness and metrics
 * have in common.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shm/lane.h"

struct office;
struct sbuf;

struct figures {
	uint32_t workers, draining; /* seats that are owned */
	uint64_t requests_inflight, streams, connections;
	uint32_t money_permille, log_permille; /* of the fullest lane */
	uint64_t dropped[LANE_TYPES];
	bool charges_wait; /* published and not applied yet */
	uint32_t accounts;
	int64_t held_nano, suspense_nano; /* of the accounts in use */
	uint64_t keeper_silent_ms, logger_silent_ms;
	uint64_t clock_steps; /* ever since the segment was made */
	int64_t clock_step_s; /* the last one */
};

void figures_read(struct office *o, struct figures *f_r);

/*
 * Is this machine ready (operations.md 7)?  Appends the reasons against it as
 * JSON strings, comma-separated.
 */
bool figures_ready(const struct figures *f, struct sbuf *reasons);

#endif
