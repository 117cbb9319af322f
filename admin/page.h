#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

/*
 * page - one page of a list (spec/platform.md 3): which one is asked for, and
 * what stands around its rows.
 */

#include "admin/rest.h"

#define PAGE_SIZE_MAX 1000

struct filter;

struct page {
	int64_t number, size;
	struct slice sort_by;
	bool descending;
};

/*
 * Read the query of a list: page, page_size, sort_by, quick filters.  What is
 * wrong goes to *f.  size and sort_by are preset with the defaults.
 */
void page_read(struct rest *r, struct page *p, struct filter *filter,
    struct faults *f);

/* Is there such a page of so many rows?  An empty list has a first one. */
bool page_exists(const struct page *p, int64_t count);

/* The object up to "results":[ and behind its last row. */
void page_begin(struct rest *r, const struct page *p, int64_t count,
    struct sbuf *out);
void page_end(const struct filter *filter, struct sbuf *out);

#endif
