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
	struct loop *loop;
	int keeper_fd;         /* -1 while the keeper is replaced */
	uint32_t asked;        /* number of the last question */
	struct slice who;      /* who asks, during an answer */
	struct ledger *ledger; /* opened at the first use, then kept */
	struct objects *objects;
	struct sbuf def, more; /* strings of definitions being shown */
};

/* The stores, for reading.  NULL with *e. */
struct ledger *office_ledger(struct office *o, struct err *e);
struct objects *office_objects(struct office *o, struct err *e);

/*
 * The log store: 1, 0 when the settings have none or no record was written
 * yet, -1.  The caller closes it.
 */
int office_logs(struct office *o, struct logstore **logs_r, struct err *e);

/*
 * Ask the keeper and wait for its answer, at most two seconds.  1 done, 0
 * there is no such thing, -1 with *e: ERR_INVALID_VALUE when it refused,
 * ERR_BUDGET_UNAVAILABLE when it did not answer.
 */
int office_ask(struct office *o, enum ask_op op, struct slice body,
    struct err *e);

/* The same for a question: its answer is put into *reply. */
int office_ask_for(struct office *o, enum ask_op op, struct slice body,
    struct sbuf *reply, struct err *e);

void office_fini(struct office *o);

#endif
