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
	struct ledger *ledger; /* opened at the first use, then kept */
	struct objects *objects;
	struct sbuf def, more; /* strings of definitions being shown */
};

/* The stores, for reading.  NULL with *e. */
struct ledger *office_ledger(struct office *o, struct err *e);
struct objects *office_objects(struct office *o, struct err *e);

/*
 * Ask the keeper and wait for its answer, at most two seconds.  1 done, 0
 * there is no such thing, -1 with *e: ERR_INVALID_VALUE when it refused,
 * ERR_CHANGED when another version was told, ERR_BUDGET_UNAVAILABLE when it
 * did not answer.
 */
int office_ask(struct office *o, enum ask_op op, struct slice body,
    struct err *e);

void office_fini(struct office *o);

#endif
