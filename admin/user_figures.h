#ifndef ADMIN_USER_FIGURES_H
#define ADMIN_USER_FIGURES_H

/*
 * user_figures - what a customer has spent, from the book, and what it did,
 * from the log store, which may lag by a second.
 */

#include "admin/customers.h"
#include "store/logstore.h"

struct user_figures {
	struct customer_money money;
	struct logstore_customer did; /* zeroes without a log store */
};

/* 0, or -1 with *e: the book cannot be read. */
int user_figures_read(struct office *o, const struct customer_def *c,
    struct user_figures *f_r, struct err *e);

/* Members of detail and list. */
void user_show_average(struct sbuf *b, const char *name, int64_t sum_us,
    int64_t n);
void user_show_models(struct office *o, struct sbuf *b,
    const struct customer_def *c);
void user_show_organization(struct sbuf *b);

struct slice user_environment(int32_t environment);

#endif
