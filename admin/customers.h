#ifndef ADMIN_CUSTOMERS_H
#define ADMIN_CUSTOMERS_H

/* customers - who is meant by a verb, and what is known of them. */

#include "admin/office.h"

/* 1 and what the file or the store says of a customer, 0, -1. */
int customer_find(struct office *o, int32_t environment, struct slice id,
    struct customer_def *c, const char **source_r, struct err *e);

/* The arguments "customer", which must be there, and "environment": 0, -1. */
int customer_id(struct slice args, struct sbuf *id, int32_t *environment_r,
    struct err *e);

#endif
