/* filter - reading the groups of a filter. */

#include "admin/filter_priv.h"

#include "admin/faults.h"
#include "base/pool.h"
#include "base/sbuf.h"
#include "proto/jstr.h"

struct filter *
filter_new(struct pool *pool, const struct filter_field *fields, unsigned n)
{
	struct filter *filter = pool_zalloc(pool, sizeof *filter);

	filter->pool = pool;
	filter->fields = fields;
	filter->fields_n = n;
	filter->parts = pool_zalloc(pool, n * sizeof *filter->parts);
	return filter;
}

/* The number of the field; fields_n after a fault. */
static unsigned
filter_field(struct filter *filter, struct slice name, struct faults *f)
{
	unsigned i = 0;

	while (i < filter->fields_n &&
	       !slice_eq(name, slice_str(filter->fields[i].name)))
		i++;
	if (i == filter->fields_n)
		filter_wrong(f, "Unknown field '%.*s'.", filter_shown(name),
		    name.p);
	return i;
}

static void
filter_list(struct filter *filter, struct filter_group *g,
    const struct jscan_item *list, struct faults *f)
{
	struct jscan_item item;
	struct jscan_iter it;

	g->list = true;
	jscan_enter(&it, list->value);
	while (jscan_element_next(&it, &item))
		filter_condition(filter, g, &item, f);
}

static bool
filter_connector(const struct jscan_item *item, bool *any_r, struct faults *f)
{
	*any_r = jstr_says(item, SLICE("OR"));
	if (*any_r || jstr_says(item, SLICE("AND")))
		return true;
	faults_add(f, SLICE("connector"), "AND or OR is a valid choice.");
	return false;
}

static void
filter_bundle(struct filter *filter, struct filter_group *g,
    const struct jscan_item *from, const struct jscan_item *params,
    struct faults *f)
{
	struct jscan_item connector;

	g->bundle = true;
	if (jscan_find(from->value, SLICE("connector"), &connector))
		filter_connector(&connector, &g->any, f);
	if (params->type == JSCAN_ARRAY)
		filter_list(filter, g, params, f);
	else
		filter_wrong(f, "filter_params is a list.");
}

static struct filter_group *
filter_group(struct filter *filter, unsigned field, struct faults *f)
{
	struct filter_group *g = &filter->groups[filter->n];

	if (filter->n == FILTER_CONDITIONS) {
		filter_wrong(f, "At most %d conditions.", FILTER_CONDITIONS);
		return NULL;
	}
	filter->n++;
	g->field = field;
	g->conditions = pool_zalloc(filter->pool,
	    FILTER_CONDITIONS * sizeof *g->conditions);
	return g;
}

static void
filter_member(struct filter *filter, const struct jscan_item *item,
    struct faults *f)
{
	unsigned field = filter_field(filter, jstr_name(item, filter->pool), f);
	struct jscan_item params;
	struct filter_group *g;

	if (field == filter->fields_n)
		return;
	g = filter_group(filter, field, f);
	if (g == NULL)
		return;
	if (item->type == JSCAN_ARRAY)
		filter_list(filter, g, item, f);
	else if (item->type == JSCAN_OBJECT &&
		 jscan_find(item->value, SLICE("filter_params"), &params))
		filter_bundle(filter, g, item, &params, f);
	else
		filter_condition(filter, g, item, f);
}

void
filter_add_body(struct filter *filter, struct slice object, struct faults *f)
{
	struct jscan_item filters, item, connector;
	struct jscan_iter it;

	if (jscan_find(object, SLICE("connector"), &connector))
		filter_connector(&connector, &filter->any, f);
	if (!jscan_find(object, SLICE("filters"), &filters) ||
	    filters.type == JSCAN_NULL)
		return;
	if (filters.type != JSCAN_OBJECT) {
		filter_wrong(f,
		    "Expected a dictionary of items but got type \"%s\".",
		    jscan_type_name(&filters));
		return;
	}
	jscan_enter(&it, filters.value);
	while (jscan_member_next(&it, &item))
		filter_member(filter, &item, f);
}

/* "cost[operator]" is the part "operator" of "cost"; else "value". */
static struct slice
filter_part(struct slice *name)
{
	const char *open = memchr(name->p, '[', name->n);
	struct slice part = SLICE("value");

	if (open == NULL || name->p[name->n - 1] != ']')
		return part;
	part = slice_skip(*name, (size_t)(open - name->p) + 1);
	part.n--;
	name->n = (size_t)(open - name->p);
	return part;
}

void
filter_add_quick(struct filter *filter, struct slice name, struct slice value,
    struct faults *f)
{
	struct slice part = filter_part(&name);
	unsigned field = filter_field(filter, name, f);

	if (field == filter->fields_n)
		return;
	if (slice_eq(part, SLICE("value")))
		filter->parts[field].value = value;
	else if (slice_eq(part, SLICE("operator")))
		filter->parts[field].operator_name = value;
	else if (!slice_eq(part, SLICE("connector")))
		filter_wrong(f, "Unexpected member '%.*s'.", filter_shown(part),
		    part.p);
}

/* The text of a URL as a JSON string, which is read like one of a body. */
static void
filter_quick(struct filter *filter, unsigned field, struct faults *f)
{
	const struct filter_parts *p = &filter->parts[field];
	struct filter_group *g = filter_group(filter, field, f);
	struct jscan_item item = { .type = JSCAN_OBJECT };
	struct sbuf b = { 0 };

	if (g == NULL)
		return;
	g->quick = true;
	sbuf_adds(&b, "{\"operator\":");
	sbuf_add_json(&b, p->operator_name);
	if (p->value.p != NULL) {
		sbuf_adds(&b, ",\"value\":");
		sbuf_add_json(&b, p->value);
	}
	sbuf_addc(&b, '}');
	item.value = pool_copy(filter->pool, sbuf_slice(&b));
	sbuf_free(&b);
	filter_condition(filter, g, &item, f);
}

void
filter_end(struct filter *filter, struct faults *f)
{
	for (unsigned i = 0; i < filter->fields_n; i++)
		if (filter->parts[i].value.p != NULL ||
		    filter->parts[i].operator_name.p != NULL)
			filter_quick(filter, i, f);
}
