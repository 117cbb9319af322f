#ifndef ADMIN_CHANGE_H
#define ADMIN_CHANGE_H

/*
 * change - what somebody wants of a customer, read from JSON: by the platform
 * API and by holdfastctl (spec/platform.md 8, money.md 6.1).
 */

#include "admin/faults.h"
#include "store/defs.h"

struct pool;

struct change_read {
	struct pool *pool; /* owns the texts */
	/*
	 * Who is meant, when that is known before; p NULL: customer_identifier
	 * and environment are members.
	 */
	struct slice identifier;
	int32_t environment; /* of both, else the default */
	/* Every member must be a known one; else others are passed over. */
	bool strict;
};

/*
 * Read the members of object, which was checked.  All that is wrong goes to
 * *f; the change is good when nothing is.
 */
void change_read(const struct change_read *how, struct slice object,
    struct customer_change *c_r, struct faults *f);

/* A new end of the running period must lie behind its start. */
void change_check_end(const struct customer_change *c, int64_t running_start_s,
    struct faults *f);

#endif
