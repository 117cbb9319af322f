#ifndef ADMIN_AUDIT_DEEP_H
#define ADMIN_AUDIT_DEEP_H

/*
 * audit_deep - the customers whose rows and records are compared: the table
 * that admin/audit_deep.c fills and judges.
 */

#include "admin/office.h"

enum deep_fault { DEEP_CHARGES = 1, DEEP_TOTAL = 2 };

struct deep_sum {
	int64_t settled, requests, first_us; /* first_us 0: no row */
};

struct deep_rows {
	struct deep_sum periods, total;
};

struct deep_owner {
	unsigned char hash[OWNER_HASH_SIZE];
	struct deep_rows then, now; /* before and after the records */
	int64_t adjusted_periods, adjusted_total;
	int64_t charge_nano, records;
	int64_t unlogged_nano;
	unsigned faults; /* of enum deep_fault, seen in all looks so far */
	struct sbuf id;  /* for people, once there is a fault */
	int32_t environment;
};

/* By hash: the ledger gives them in that order. */
struct deep {
	struct deep_owner *owners, *before; /* before: of the last look */
	size_t n, cap, before_n;
	int64_t oldest_us; /* of the records; 0: all are there */
	int64_t compared, totals;
};

/* Another look: what was found is kept for deep_judge(). */
void deep_begin(struct deep *d);
void deep_free(struct deep *d);

/* 0 or -1. */
int deep_read_rows(struct deep *d, struct ledger *l, bool now, struct err *e);
int deep_read_journal(struct deep *d, struct ledger *l, struct err *e);
int deep_read_logs(struct deep *d, struct logstore *logs, struct err *e);

/* How many faults this look and all before it show. */
unsigned deep_judge(struct deep *d, bool logs);

#endif
