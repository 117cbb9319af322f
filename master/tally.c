/* What the master alone knows, for the metrics (spec/logs.md 7). */

#include <sys/wait.h>

#include "base/clock.h"
#include "base/slice.h"
#include "master/master_priv.h"
#include "shm/segment.h"
#include "shm/stats.h"

static const struct slice tally_results[] = { { "refused", 7 }, { "ok", 2 } };

enum tally_cause { TALLY_SIGNAL, TALLY_EXIT, TALLY_SILENT, TALLY_CAUSES };

static const struct slice tally_causes[TALLY_CAUSES] = {
	[TALLY_SIGNAL] = { "signal", 6 },
	[TALLY_EXIT] = { "exit", 4 },
	[TALLY_SILENT] = { "silent", 6 },
};

/* Adding nothing makes the series: one that rises from 0 can be seen to. */
static void
tally_add(struct master *m, enum stats_metric metric, struct slice value,
    int64_t n)
{
	uint16_t label[STATS_LABELS] = { stats_name(m->segment, value) };

	stats_add(m->segment, stats_area_of_role(m->segment, ROLE_MASTER),
	    stats_cell(m->segment, metric, label), n);
}

static void
tally_settings_taken(struct master *m)
{
	static const uint16_t none[STATS_LABELS];

	now_update();
	stats_set(m->segment, stats_area_of_role(m->segment, ROLE_MASTER),
	    stats_cell(m->segment, METRIC_LAST_RELOAD, none),
	    now_real_us() / 1000000);
}

void
tally_begin(struct master *m)
{
	tally_settings_taken(m);
	for (int ok = 0; ok < 2; ok++)
		tally_add(m, METRIC_RELOADS, tally_results[ok], 0);
	for (int cause = 0; cause < TALLY_CAUSES; cause++)
		tally_add(m, METRIC_WORKER_DEATHS, tally_causes[cause], 0);
}

void
tally_reload(struct master *m, bool ok)
{
	tally_add(m, METRIC_RELOADS, tally_results[ok], 1);
	if (ok)
		tally_settings_taken(m);
}

void
tally_death(struct master *m, const struct child *c, int status)
{
	enum tally_cause cause = c->silent             ? TALLY_SILENT
	                         : WIFSIGNALED(status) ? TALLY_SIGNAL
	                                               : TALLY_EXIT;

	tally_add(m, METRIC_WORKER_DEATHS, tally_causes[cause], 1);
}

void
tally_turn(struct master *m, uint64_t now_ns)
{
	if (now_ns < m->tally_ns)
		return;
	m->tally_ns = now_ns + MASTER_SECOND_NS;
	stats_resident(m->segment, stats_area_of_role(m->segment, ROLE_MASTER),
	    SLICE("master"));
}
