#ifndef ADMIN_USER_ROW_H
#define ADMIN_USER_ROW_H

/* user_row - one row of the list of customers, and its fields. */

#include "admin/filter.h"
#include "admin/user_figures.h"

struct user_row {
	struct customer_def def; /* its texts are in the pool */
	struct user_figures figures;
	bool figured;
};

/* Those that may be filtered come first; by all of them a list is sorted. */
#define USER_ROW_FIELDS 11u
#define USER_ROW_FILTERED 7u
extern const struct filter_field user_row_fields[USER_ROW_FIELDS];

/* row is a struct user_row. */
void user_row_get(const void *row, unsigned field, struct filter_value *v);

/* Are the figures of the row looked at for this field? */
bool user_row_needs_figures(unsigned field);

void user_row_show(struct sbuf *b, const struct user_row *row);

#endif
