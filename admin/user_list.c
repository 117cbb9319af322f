/* user_list - the list of customers (platform.md 8). */

#include <stdlib.h>

#include "admin/faults.h"
#include "admin/page.h"
#include "admin/user_row.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/pool.h"
#include "proto/jstr.h"

#define LIST_PAGE 50
#define LIST_BEAT 64 /* rows */

struct user_list {
	struct rest *rest;
	struct user_row **rows;
	size_t n, room;
	struct filter *filter;
	struct page page;
	unsigned sort; /* by that field */
};

/* ---- rows ---------------------------------------------------------------- */

static int
list_figure(struct user_list *l, struct user_row *row, struct err *e)
{
	if (row->figured)
		return 0;
	row->figured = true;
	return user_figures_read(l->rest->office, &row->def, &row->figures, e);
}

static void
list_add(struct user_list *l, const struct customer_def *c)
{
	struct pool *pool = l->rest->pool;
	struct user_row *row = pool_zalloc(pool, sizeof *row);

	if (l->n == l->room) {
		size_t room = l->room > 0 ? 2 * l->room : 64;
		struct user_row **rows =
		    pool_alloc(pool, room * sizeof(struct user_row *));

		if (l->n > 0)
			memcpy(rows, l->rows, l->n * sizeof(struct user_row *));
		l->rows = rows;
		l->room = room;
	}
	row->def = *c;
	row->def.identifier = pool_copy(pool, c->identifier);
	row->def.name = pool_copy(pool, c->name);
	row->def.email = pool_copy(pool, c->email);
	l->rows[l->n++] = row;
}

static int
list_gather(struct user_list *l, struct err *e)
{
	struct customer_walk walk = { .environment = l->rest->who.environment };
	struct customer_def c;
	int got;

	while ((got = customer_next(l->rest->office, &walk, &c, e)) == 1)
		list_add(l, &c);
	return got;
}

/* Only where filter or order look at them: they cost a query each. */
static bool
list_needs_figures(const struct user_list *l)
{
	bool needed = user_row_needs_figures(l->sort);

	for (unsigned i = 0; i < USER_ROW_FILTERED; i++)
		needed |= user_row_needs_figures(i) && filter_has(l->filter, i);
	return needed;
}

static int
list_pick(struct user_list *l, struct err *e)
{
	bool figures = list_needs_figures(l);
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		/* It may take seconds, and the master counts beats. */
		if (i % LIST_BEAT == 0)
			segment_beat(l->rest->office->seg, ROLE_ADMIN,
			    now_fresh_ns());
		if (figures && list_figure(l, l->rows[i], e) != 0)
			return -1;
		if (filter_passes(l->filter, user_row_get, l->rows[i]))
			l->rows[kept++] = l->rows[i];
	}
	l->n = kept;
	return 0;
}

static int
list_compare_text(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Ties by the identifier, so that pages do not overlap. */
static int
list_compare(const void *pa, const void *pb, void *arg)
{
	const struct user_row *a = *(struct user_row *const *)pa;
	const struct user_row *b = *(struct user_row *const *)pb;
	const struct user_list *l = arg;
	struct filter_value va = { .nano = 0 }, vb = { .nano = 0 };
	int order;

	user_row_get(a, l->sort, &va);
	user_row_get(b, l->sort, &vb);
	if (user_row_fields[l->sort].type == FILTER_TEXT)
		order = list_compare_text(va.text, vb.text);
	else
		order = (va.nano > vb.nano) - (va.nano < vb.nano);
	if (order != 0)
		return l->page.descending ? -order : order;
	return list_compare_text(a->def.identifier, b->def.identifier);
}

static int
list_show(struct user_list *l, struct err *e)
{
	struct rest *r = l->rest;
	size_t from = (size_t)((l->page.number - 1) * l->page.size);
	size_t to = from + (size_t)l->page.size;

	if (!page_exists(&l->page, (int64_t)l->n))
		return rest_detail(r, 404, "Invalid page.");
	if (l->n > 0)
		qsort_r(l->rows, l->n, sizeof(struct user_row *), list_compare,
		    l);
	page_begin(r, &l->page, (int64_t)l->n, &r->out);
	for (size_t i = from; i < to && i < l->n; i++) {
		if (list_figure(l, l->rows[i], e) != 0)
			return -1;
		user_row_show(&r->out, l->rows[i]);
	}
	page_end(l->filter, &r->out);
	r->status = 200;
	return 1;
}

/* ---- the request -----------------------------------------------------------
 */

/* POST: {"filters":{...},"connector":...}; an empty body has none. */
static int
list_read_body(struct user_list *l, struct faults *f, struct err *e)
{
	struct rest *r = l->rest;
	struct jscan_item item;
	struct jscan_iter it;
	struct slice object;

	if (r->method != HTTP1_POST || r->body.n == 0)
		return 0;
	if (rest_object(r, &object, e) != 0)
		return -1;
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item))
		if (!jstr_is(&item, SLICE("filters")) &&
		    !jstr_is(&item, SLICE("connector")))
			faults_add(f, jstr_name(&item, r->pool),
			    "Unknown field.");
	filter_add_body(l->filter, object, f);
	return 0;
}

static void
list_read_sort(struct user_list *l, struct faults *f)
{
	l->sort = 0;
	while (l->sort < USER_ROW_FIELDS &&
	       !slice_eq(l->page.sort_by,
		   slice_str(user_row_fields[l->sort].name)))
		l->sort++;
	if (l->sort == USER_ROW_FIELDS)
		faults_add(f, SLICE("sort_by"), "Unknown sort field.");
}

static int
list_read(struct user_list *l, struct faults *f, struct err *e)
{
	l->filter =
	    filter_new(l->rest->pool, user_row_fields, USER_ROW_FILTERED);
	l->page = (struct page){ .number = 1,
		.size = LIST_PAGE,
		.sort_by = SLICE("-first_seen") };
	if (list_read_body(l, f, e) != 0)
		return -1;
	page_read(l->rest, &l->page, l->filter, f);
	list_read_sort(l, f);
	return 0;
}

int
users_list(struct rest *r, struct err *e)
{
	struct user_list l = { .rest = r };
	struct faults f = { .n = 0 };
	int done = list_read(&l, &f, e);

	if (done == 0 && f.n > 0)
		done = rest_faults(r, &f);
	else if (done == 0)
		done = list_gather(&l, e) < 0 || list_pick(&l, e) != 0
		           ? -1
		           : list_show(&l, e);
	faults_free(&f);
	return done;
}
