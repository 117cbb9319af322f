#ifndef ADMIN_OFFICE_H
#define ADMIN_OFFICE_H

/*
 * office - what the admin process has at hand for an answer.
 */

#include "admin/admin.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "shm/segment.h"
#include "store/ask.h"
#include "store/ledger.h"
#include "store/logstore.h"
#include "store/objects.h"

struct err;
struct loop;

struct office {
	const struct admin_args *args;
	const struct settings *settings;
	struct segment *seg;
	const char *secrets; /* of the same generation as settings */
	struct loop *loop;
	int platform_fd;         /* listening on platform.sock */
	int keeper_fd;           /* -1 while the keeper is replaced */
	unsigned token_wrong;    /* wrong admin tokens that were sent */
	uint64_t token_until_ms; /* and when they are forgotten */
	uint32_t asked;          /* number of the last question */
	struct slice who;        /* who asks, during an answer */
	struct ledger *ledger;   /* opened at the first use, then kept */
	struct objects *objects;
	struct logstore *logs;
	struct sbuf def, more; /* strings of definitions being shown */
};

/* The stores, for reading.  NULL with *e. */
struct ledger *office_ledger(struct office *o, struct err *e);
struct objects *office_objects(struct office *o, struct err *e);

/*
 * The log store, for reading, its transaction to be ended after each use.
 * NULL: there is none (yet), or it cannot be read.
 */
struct logstore *office_logs(struct office *o);

/*
 * Ask the keeper and wait for its answer, at most two seconds.  1 done, 0
 * there is no such thing, -1 with *e: ERR_INVALID_VALUE when it refused,
 * ERR_CHANGED when another version was told, ERR_BUDGET_UNAVAILABLE when it
 * did not answer.
 */
int office_ask(struct office *o, enum ask_op op, struct slice body,
    struct err *e);

/* The same for a question: its answer is put into *reply. */
int office_ask_for(struct office *o, enum ask_op op, struct slice body,
    struct sbuf *reply, struct err *e);

void office_fini(struct office *o);

#endif
