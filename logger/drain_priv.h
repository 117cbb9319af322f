#ifndef LOGGER_DRAIN_PRIV_H
#define LOGGER_DRAIN_PRIV_H

/*
 * drain.c         the lanes
 * drain_keys.c    the keys of several answers, side by side
 * drain_record.c  what a record means
 * drain_orphan.c  a row of which there is no record
 */

#include <stdint.h>

#include "logger/answers.h"
#include "logger/drain.h"
#include "logger/forget.h"
#include "logger/join.h"
#include "logger/sink.h"
#include "logger/sink_file.h"
#include "logger/sink_store.h"
#include "shm/lane.h"
#include "shm/seat.h"

struct drain_lane {
	struct lane_reader reader; /* ahead of tail by what is not committed */
	uint32_t generation;       /* of the seat */
	bool reading;              /* reader is in use */
	int64_t last_us;           /* when its last record was read */
};

struct drain {
	const struct settings *settings;
	struct segment *seg;
	struct drain_lane *lanes;
	uint32_t n_lanes;
	struct joins *joins;
	struct sink_files *files;
	struct sink_store *store; /* NULL: switched off */
	struct answers *answers;
	struct forget *forget;
	struct sbuf copy, line, body, encoded;
	uint64_t batch_ms; /* since when the store's batch is open */
	uint64_t space_ms, retained_ms;
	int64_t day;
	bool room; /* the disk has enough of it */
};

/*
 * Make what keys of the cache the workers have left to us, of n records of that
 * seat's lane; before drain_record() of each.
 */
void drain_keys(struct drain *d, uint32_t lane, const struct lane_record *recs,
    unsigned n);

/* Act on a record of that seat's lane. */
void drain_record(struct drain *d, uint32_t lane,
    const struct lane_record *rec);

/* To files and store; makes its line. */
void drain_put(struct drain *d, struct sink_record *out);

void drain_count_lost(struct drain *d, const char *type, const char *sink,
    uint64_t n);

#endif
