#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

/* disk - what the ledger in memory consists of, for its two files. */

#include "store/ledger.h"
#include "tests/sim/sim.h"

struct disk {
	struct sim_row row[SIM_TRUTHS]; /* by number of the truth */
	struct {
		uint64_t epoch, seq;
	} cursor[SIM_SEATS];
	struct ledger_meta meta;
	bool met;
	uint32_t owners; /* customers whose hash is known, one bit each */
	uint64_t journal;
	uint64_t alerts; /* of thresholds, that were ever kept */
};

struct ledger {
	struct disk durable, committed, open;
	bool writing;
};

/* The keeper sees the changes of its own transaction. */
static inline struct disk *
disk_seen(struct ledger *l)
{
	return l->writing ? &l->open : &l->committed;
}

/* At a commit: thresholds are marked in rows as their alerts are kept. */
void disk_judge_alerts(const struct ledger *l);

#endif
