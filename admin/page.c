#include "admin/page.h"

#include <inttypes.h>

#include "admin/faults.h"
#include "admin/filter.h"
#include "admin/show.h"
#include "base/pool.h"
#include "proto/jnum.h"
#include "proto/url.h"

static void
page_number(struct slice name, struct slice value, int64_t max, int64_t *n_r,
    struct faults *f)
{
	int64_t n;

	if (!jnum_is(value) || !jnum_int(value, &n))
		faults_add(f, name, "A valid integer is required.");
	else if (n < 1)
		faults_add(f, name,
		    "Ensure this value is greater than or equal to 1.");
	else if (n > max)
		faults_add(f, name,
		    "Ensure this value is less than or equal to %" PRId64 ".",
		    max);
	else
		*n_r = n;
}

void
page_read(struct rest *r, struct page *p, struct filter *filter,
    struct faults *f)
{
	struct slice query = r->query, name, value;

	while (url_query_next(&query, r->pool, &name, &value, NULL) == 1) {
		if (slice_eq(name, SLICE("page")))
			page_number(name, value, INT32_MAX, &p->number, f);
		else if (slice_eq(name, SLICE("page_size")))
			page_number(name, value, PAGE_SIZE_MAX, &p->size, f);
		else if (slice_eq(name, SLICE("sort_by")))
			p->sort_by = value;
		else if (!slice_eq(name, SLICE("environment")) &&
			 !slice_eq(name, SLICE("organization")))
			filter_add_quick(filter, name, value, f);
	}
	filter_end(filter, f);
	p->descending = slice_starts(p->sort_by, SLICE("-"));
	if (p->descending)
		p->sort_by = slice_skip(p->sort_by, 1);
}

bool
page_exists(const struct page *p, int64_t count)
{
	return p->number == 1 || (p->number - 1) * p->size < count;
}

/* The URL of this request with another page. */
static void
page_url(struct rest *r, const char *name, int64_t number, struct sbuf *out)
{
	struct slice query = r->query, n, v, raw;
	struct sbuf url = { 0 };

	sbuf_addf(&url, "%.*s://%.*s%.*s?", SLICE_ARGS(r->scheme),
	    SLICE_ARGS(r->host), SLICE_ARGS(r->path));
	while (url_query_next(&query, r->pool, &n, &v, &raw) == 1)
		if (!slice_eq(n, SLICE("page"))) {
			sbuf_add_slice(&url, raw);
			sbuf_addc(&url, '&');
		}
	sbuf_addf(&url, "page=%" PRId64, number);
	show_text(out, name, sbuf_slice(&url));
	sbuf_free(&url);
}

static void
page_link(struct rest *r, const char *name, int64_t number, bool there,
    struct sbuf *out)
{
	if (there) {
		page_url(r, name, number, out);
		return;
	}
	show_name(out, name);
	sbuf_adds(out, "null");
}

void
page_begin(struct rest *r, const struct page *p, int64_t count,
    struct sbuf *out)
{
	sbuf_addc(out, '{');
	show_int(out, "count", count);
	page_link(r, "next", p->number + 1, p->number * p->size < count, out);
	page_link(r, "previous", p->number - 1, p->number > 1, out);
	show_name(out, "results");
	sbuf_addc(out, '[');
}

void
page_end(const struct filter *filter, struct sbuf *out)
{
	sbuf_addc(out, ']');
	show_name(out, "current_filters");
	filter_show(filter, out);
	sbuf_addc(out, '}');
}
