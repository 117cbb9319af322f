#include "store/alert.h"
#include "store/orphan.h"
#include "tests/sim/disk.h"

/* The ledger in memory: alerts and orphans, which no logger takes away. */

int
ledger_alert_add(struct ledger *l, struct slice packed, uint64_t *seq_r,
    struct err *e)
{
	struct orphan o;
	struct alert a;

	(void)e;
	if (alert_unpack(packed, &a) == 1)
		l->open.alerts += a.percent > 0;
	else
		sim_check(orphan_unpack(packed, &o) == 1,
		    "neither an alert nor an orphan");
	*seq_r = l->open.alerts;
	return 0;
}

int
ledger_alert_next(struct ledger *l, uint64_t *seq, struct sbuf *buf,
    struct err *e)
{
	(void)l, (void)seq, (void)buf, (void)e;
	return 0;
}

int
ledger_alert_del(struct ledger *l, uint64_t seq, struct slice id, struct err *e)
{
	(void)l, (void)seq, (void)id, (void)e;
	return 0;
}

static unsigned
disk_marked(const struct disk *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < sim.truths; i++) {
		uint32_t told = d->row[i].row.alert_bits & 0xff;

		for (unsigned k = 0; k < SIM_PERCENTS; k++)
			n += told >= (uint32_t)sim_percents[k];
	}
	return n;
}

void
disk_judge_alerts(const struct ledger *l)
{
	unsigned marked = disk_marked(&l->open) - disk_marked(&l->committed);
	uint64_t kept = l->open.alerts - l->committed.alerts;

	sim_check(marked == kept, "%u thresholds marked, %llu alerts kept",
	    marked, (unsigned long long)kept);
}
