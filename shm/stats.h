#ifndef SHM_STATS_H
#define SHM_STATS_H

/*
 * stats - labelled counters and histograms, one copy per process, plain
 * stores, added up by who reads them.
 *
 * A series (metric and label values) has its cells at the same place in every
 * process's area; names of label values are interned once.  A full table
 * gives cell 0, which belongs to no series and is not shown (counted).
 * stats_name() and stats_cell() are cheap and their results may be kept as
 * long as the segment lives.
 */

#include <stdint.h>

#include "base/slice.h"
#include "shm/segment.h"

#define STATS_LABELS 5
#define STATS_CELLS 16384
#define STATS_NAMES 2048
#define STATS_NAME_MAX 62
#define STATS_BUCKETS_MAX 24

enum stats_metric {
#define METRIC(name, text, type, labels, help) METRIC_##name,
#include "shm/metrics.def"
#undef METRIC
	METRICS,
};

enum stats_type {
	STATS_COUNTER,
	STATS_MONEY,
	STATS_GAUGE,
	STATS_DURATION,
	STATS_FIRST_TOKEN,
	STATS_OVERHEAD,
};

struct stats_info {
	const char *name, *labels, *help; /* labels separated by blanks */
	enum stats_type type;
};

/* The row of metrics.def. */
const struct stats_info *stats_info(enum stats_metric metric);

/* Upper bounds of a histogram's buckets in ns; *n_r of them, then +Inf. */
const uint64_t *stats_bounds(enum stats_type type, unsigned *n_r);

/* The process's area: the roles first, then the seats. */
uint32_t stats_area_of_seat(uint32_t seat);
uint32_t stats_area_of_role(const struct segment *seg, enum segment_role role);

/* The number of a label value; 0 = "other" when the table is full. */
uint16_t stats_name(struct segment *seg, struct slice text);

/* The text of a number; lives as long as the segment. */
struct slice stats_name_text(const struct segment *seg, uint16_t name);

/* The first cell of a series; unused labels are 0. */
uint32_t stats_cell(struct segment *seg, enum stats_metric metric,
    const uint16_t label[STATS_LABELS]);

/* Add to a counter or gauge (gauges may get a negative number). */
void stats_add(struct segment *seg, uint32_t area, uint32_t cell, int64_t n);

/* Set the part of a gauge that is this area's. */
void stats_set(struct segment *seg, uint32_t area, uint32_t cell, int64_t n);

/* How much memory this process has, under the name of its role. */
void stats_resident(struct segment *seg, uint32_t area, struct slice role);

/* Put one observation into a histogram. */
void stats_observe(struct segment *seg, uint32_t area, uint32_t cell,
    enum stats_type type, uint64_t ns);

/* A series as its readers see it. */
struct stats_series {
	enum stats_metric metric;
	uint16_t label[STATS_LABELS];
	uint32_t cell;
};

/* Walk all series: start with *at = 0.  1 with *s_r, or 0. */
int stats_each(const struct segment *seg, uint32_t *at,
    struct stats_series *s_r);

/*
 * The sum over all areas of one cell.  A histogram has its buckets (not
 * cumulative), then +Inf, then the sum in ns.
 */
int64_t stats_sum(const struct segment *seg, uint32_t cell);

/* Series that found no place. */
uint64_t stats_overflow(const struct segment *seg);

/* The gauges of an ended process's area go to zero. */
void stats_forget(struct segment *seg, uint32_t area);

#endif
