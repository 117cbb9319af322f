#ifndef ADMIN_JOURNAL_H
#define ADMIN_JOURNAL_H

/*
 * journal - the entries that the keeper wrote (keeper/journal.h), read.
 */

#include "admin/office.h"

struct journal_line {
	uint64_t seq;     /* of the entry; start a walk with 0 */
	struct sbuf text; /* the caller frees it after the walk */
	struct row_key row;
	struct slice action, request, time, by, reason; /* raw, may be empty */
	int64_t settled_nano, suspense_nano;
};

/* The next entry that can be read: 1, 0 after the last one, -1. */
int journal_next(struct ledger *l, struct journal_line *line, struct err *e);

/* As an object. */
int journal_show(struct office *o, const struct journal_line *line,
    struct sbuf *out, struct err *e);

#endif
