#include "shm/stats.h"

#define MSEC 1000000ull
#define USEC 1000ull
#define SEC 1000000000ull

static const struct stats_info info[METRICS] = {
#define METRIC(name, text, type, labels, help)                                 \
	[METRIC_##name] = { text, labels, help, STATS_##type },
#include "shm/metrics.def"
#undef METRIC
};

/* 0.01 * 2^k seconds: spec/logs.md 7. */
static const uint64_t duration[] = {
	10 * MSEC,
	20 * MSEC,
	40 * MSEC,
	80 * MSEC,
	160 * MSEC,
	320 * MSEC,
	640 * MSEC,
	1280 * MSEC,
	2560 * MSEC,
	5120 * MSEC,
	10240 * MSEC,
	20480 * MSEC,
	40960 * MSEC,
	81920 * MSEC,
	163840 * MSEC,
	327680 * MSEC,
	655360 * MSEC,
};

static const uint64_t first_token[] = {
	1 * MSEC,
	2 * MSEC,
	5 * MSEC,
	10 * MSEC,
	20 * MSEC,
	40 * MSEC,
	60 * MSEC,
	80 * MSEC,
	100 * MSEC,
	250 * MSEC,
	500 * MSEC,
	750 * MSEC,
	1 * SEC,
	2500 * MSEC,
	5 * SEC,
	7500 * MSEC,
	10 * SEC,
	15 * SEC,
	20 * SEC,
	30 * SEC,
	60 * SEC,
};

static const uint64_t overhead[] = {
	10 * USEC,
	20 * USEC,
	50 * USEC,
	100 * USEC,
	200 * USEC,
	500 * USEC,
	1 * MSEC,
	2 * MSEC,
	5 * MSEC,
	10 * MSEC,
	20 * MSEC,
	50 * MSEC,
};

static const struct {
	const uint64_t *bound;
	unsigned n;
} bounds[] = {
	[STATS_DURATION] = { duration, sizeof(duration) / sizeof(*duration) },
	[STATS_FIRST_TOKEN] = { first_token,
	    sizeof(first_token) / sizeof(*first_token) },
	[STATS_OVERHEAD] = { overhead, sizeof(overhead) / sizeof(*overhead) },
};

const struct stats_info *
stats_info(enum stats_metric metric)
{
	return &info[metric];
}

const uint64_t *
stats_bounds(enum stats_type type, unsigned *n_r)
{
	*n_r = bounds[type].n;
	return bounds[type].bound;
}
