#ifndef KEEPER_AUDIT_H
#define KEEPER_AUDIT_H

/*
 * audit - the conservation check of money.md 10 (a) to (e), between batches.
 *
 * The keeper is the only one for whom rows and entries belong together.  A
 * few accounts at a time: each costs a pass over the states of all slots,
 * tens of microseconds.  A fault is one only if a second and a third look
 * show it too: a slot that another worker fills anew during the pass may be
 * read half.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct book;
struct err;
struct sbuf;

#define AUDIT_AT_ONCE 16 /* accounts in one answer */

/*
 * The answer to ASK_AUDIT: a uint32_t, where to go on (ACCOUNT_NONE: that was
 * the last), and struct audit_account, as many as it takes.  0 or -1.
 */
int audit_answer(struct book *b, struct slice body, struct sbuf *out,
    struct err *e);

/* The answer to ASK_LANES: struct audit_lane of each seat in use. */
int audit_answer_lanes(struct book *b, struct slice body, struct sbuf *out,
    struct err *e);

/* The keeper's own round: 64 accounts a minute, in turn. */
struct audit_round {
	uint32_t at;      /* the entry to go on with */
	unsigned left;    /* accounts of this minute still to be looked at */
	unsigned seconds; /* since the keeper began */
};

/* Each second.  Violations are logged and counted.  0 or -1. */
int audit_second(struct book *b, struct audit_round *r, struct err *e);

#endif
