#ifndef SHM_STATS_PRIV_H
#define SHM_STATS_PRIV_H

/* stats_priv - the shared tables of label values and series. */

#include <stdatomic.h>

#include "shm/stats.h"

#define STATS_SERIES 8192
#define STATS_AREA_BYTES (STATS_CELLS * sizeof(uint64_t))

/* A label value; len is stored last.  Entry 0 is "other". */
struct stats_text {
	_Atomic uint16_t len; /* + 1; 0 = free */
	char text[STATS_NAME_MAX];
};

/* A series; cell is stored last. */
struct stats_row {
	uint16_t metric;
	uint16_t label[STATS_LABELS];
	_Atomic uint32_t cell; /* 0 = free */
};

#endif
