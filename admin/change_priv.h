#ifndef ADMIN_CHANGE_PRIV_H
#define ADMIN_CHANGE_PRIV_H

/*
 * change_priv - what the table of members (change.c) and the reading of each
 * (change_member.c) share.
 */

#include "admin/change.h"
#include "proto/jscan.h"

/* What is at hand for one member. */
struct change_ctx {
	const struct change_read *how;
	struct customer_change *c;
	struct faults *f;
	const struct jscan_item *item;
	struct slice name;
};

#define change_wrong(ctx, ...) faults_add((ctx)->f, (ctx)->name, __VA_ARGS__)

/* Read the member into the change.  False after a fault. */
typedef bool change_member_fn(struct change_ctx *x);

change_member_fn member_name, member_group, member_email, member_metadata,
    member_period_budget, member_total_budget, member_duration,
    member_period_start, member_period_end, member_markup, member_rate_limit,
    member_identifier, member_environment, member_only;

#endif
