#ifndef ADMIN_USER_SHOW_H
#define ADMIN_USER_SHOW_H

/* user_show - a customer with its money and its statistics, as JSON. */

#include "admin/office.h"

#define USER_ORGANIZATION_NUMBER 1 /* there is one, "default" */

/* The object of a detail reply.  0, or -1 with *e. */
int user_show(struct office *o, const struct customer_def *c,
    const char *source, struct sbuf *out, struct err *e);

#endif
