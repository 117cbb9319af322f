#ifndef SHM_AUDIT_H
#define SHM_AUDIT_H

/*
 * audit - is the money of an account all there?  spec/money.md 10.
 *
 * The terms of one account are read under its stripe, so that they belong to
 * one instant; those of its row are the caller's.  Who calls must be the one
 * that writes rows and publishes them, between two batches: only then do
 * entry and row belong together.
 *
 * What is held may pass the limit without a fault of ours: a limit is lowered
 * below what is in use, a provider bills above its bound, an administrator
 * adjusts upwards.  Of a lowered limit the lease bears witness, since it never
 * falls below what is in use; the other two are counted in the entry
 * (overrun_nano).  AUDIT_FREE and AUDIT_LEASE are what neither explains.
 */

#include "shm/apply.h"

enum audit_fault {
	AUDIT_FREE = 1,     /* (a) past the limit, and nothing explains it */
	AUDIT_SETTLED = 2,  /* (b) settled is not what the row says */
	AUDIT_RESERVED = 4, /* (c) reserved is not the sum of the slots */
	AUDIT_LEASE = 8,    /* (d) settled + reserved > lease > the row's */
	AUDIT_LIMIT = 16,   /* limit or suspense is not the row's */
	AUDIT_ROW = 32,     /* the ledger has no row for it */
	AUDIT_FAULTS = 6,
};

/* What people call a fault: the bit's number below AUDIT_FAULTS. */
const char *audit_fault_name(unsigned bit);

struct audit_account {
	struct account_view view;
	int64_t overrun;    /* legally past the lease, at most */
	int64_t slots;      /* sum of the amounts of slots that name it */
	int64_t slots_done; /* of these, what waits for the keeper */
	uint32_t slots_n;
	uint32_t has_row;
	struct apply_row row;  /* for the caller to fill, with has_row */
	uint32_t faults, zero; /* of enum audit_fault */
};

/* The terms of an entry but for the row.  1; 0 when the entry is free. */
int audit_look(struct segment *seg, uint32_t entry, struct audit_account *a_r);

/* The faults that the terms show. */
uint32_t audit_faults(const struct audit_account *a);

/* A seat's money lane and slots against the durable cursor of its lane. */
struct audit_lane {
	uint32_t seat, zero;
	uint64_t cursor, released; /* seq of the last record consumed */
	uint32_t done;             /* slots that wait for the keeper */
	uint32_t stuck;            /* slots whose charge it has applied */
	uint32_t faulty, zero2;
};

/* 1 with *lane_r; 0 when the seat has nothing to look at. */
int audit_lane(struct segment *seg, uint32_t seat, uint64_t cursor,
    struct audit_lane *lane_r);

#endif
