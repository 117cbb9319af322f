#ifndef ADMIN_CUSTOMERS_H
#define ADMIN_CUSTOMERS_H

/*
 * customers - those of the settings file and of the store, read and changed:
 * for the platform API (admin/users.c) and for holdfastctl.
 */

#include "admin/office.h"

/*
 * What the file, else the store says of a customer; strings live until the
 * next call.  1, 0, -1.
 */
int customer_find(struct office *o, int32_t environment, struct slice id,
    struct customer_def *c, const char **source_r, struct err *e);

/* The arguments "customer", which must be there, and "environment": 0, -1. */
int customer_id(struct slice args, struct sbuf *id, int32_t *environment_r,
    struct err *e);

/* The period in which it spends now. */
struct period customer_period(const struct settings *s,
    const struct customer_def *c);

/* Ask the keeper; as office_ask(). */
int customer_change(struct office *o, enum ask_op op,
    const struct customer_change *c, struct err *e);

/*
 * One after the other, those of the file first.  Start with zeroes and an
 * environment; strings of *c live until the next call.  1, 0 at the end, -1.
 */
struct customer_walk {
	int32_t environment;
	uint32_t at; /* of the file's */
	struct slice after;
	const char *source; /* of the one that was found */
};
int customer_next(struct office *o, struct customer_walk *walk,
    struct customer_def *c, struct err *e);

/* What it has spent, in nano-USD. */
struct customer_money {
	int64_t period_nano, total_nano;  /* settled without suspense */
	int64_t held_nano, suspense_nano; /* of the period that runs */
	int64_t remaining_nano;           /* MONEY_NONE: no limit */
};
int customer_money(struct office *o, const struct customer_def *c,
    struct customer_money *m_r, struct err *e);

#endif
