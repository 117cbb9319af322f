/* filter_test - does a row pass, and what was understood. */

#include "admin/filter_priv.h"
#include "admin/show.h"
#include "base/sbuf.h"

static bool
test_contains(struct slice text, struct slice part)
{
	return part.n == 0 || (text.n >= part.n && memmem(text.p, text.n,
						       part.p, part.n) != NULL);
}

static bool
test_contains_nocase(struct slice text, struct slice part)
{
	const char *p = text.p, *end = text.p + text.n;

	if (part.n == 0)
		return true;
	/* Where the first byte is right in either case. */
	for (; part.n <= (size_t)(end - p); p++)
		if (((*p ^ *part.p) & ~0x20) == 0 &&
		    slice_eq_nocase((struct slice){ p, part.n }, part))
			return true;
	return false;
}

static bool
test_ends(struct slice text, struct slice end)
{
	return text.n >= end.n &&
	       slice_eq(slice_skip(text, text.n - end.n), end);
}

static bool
test_text(enum filter_operator op, struct slice text, struct slice with)
{
	switch (op) {
	case OP_EQUAL_NOCASE:
		return slice_eq_nocase(text, with);
	case OP_CONTAINS:
		return test_contains(text, with);
	case OP_CONTAINS_NOCASE:
		return test_contains_nocase(text, with);
	case OP_STARTS:
		return slice_starts(text, with);
	case OP_ENDS:
		return test_ends(text, with);
	default:
		return slice_eq(text, with);
	}
}

static bool
test_number(enum filter_operator op, int64_t n, int64_t with)
{
	switch (op) {
	case OP_LESS:
		return n < with;
	case OP_LESS_EQUAL:
		return n <= with;
	case OP_GREATER:
		return n > with;
	case OP_GREATER_EQUAL:
		return n >= with;
	default:
		return n == with;
	}
}

static bool
test_condition(const struct filter_condition *c, enum filter_type type,
    const struct filter_value *v)
{
	bool null = v->null || (type == FILTER_TEXT && v->text.n == 0);
	bool any = false;

	if (c->op == OP_NULL || c->op == OP_NOT_NULL)
		return null == (c->op == OP_NULL);
	for (unsigned i = 0; i < c->n; i++)
		any |=
		    !v->null &&
		    (type == FILTER_TEXT
			    ? test_text(c->op, v->text, c->values[i].text)
			    : test_number(c->op, v->nano, c->values[i].nano));
	return any != (c->op == OP_NOT);
}

static bool
test_group(const struct filter *f, const struct filter_group *g,
    filter_get_fn *get, const void *row)
{
	struct filter_value v = { .null = false };

	get(row, g->field, &v);
	for (unsigned i = 0; i < g->n; i++)
		if (test_condition(&g->conditions[i], f->fields[g->field].type,
			&v) == g->any)
			return g->any;
	return !g->any;
}

bool
filter_passes(const struct filter *f, filter_get_fn *get, const void *row)
{
	bool any = false, body = false;

	for (unsigned i = 0; i < f->n; i++) {
		const struct filter_group *g = &f->groups[i];
		bool passes = test_group(f, g, get, row);

		if (!passes && (g->quick || !f->any))
			return false;
		body |= !g->quick;
		any |= passes && !g->quick;
	}
	return any || !body || !f->any;
}

bool
filter_has(const struct filter *f, unsigned field)
{
	for (unsigned i = 0; i < f->n; i++)
		if (f->groups[i].field == field)
			return true;
	return false;
}

static void
show_condition(const struct filter_condition *c, struct sbuf *out)
{
	if (out->data[out->len - 1] == '}')
		sbuf_addc(out, ',');
	sbuf_addc(out, '{');
	show_text(out, "operator", c->name);
	sbuf_adds(out, ",\"value\":[");
	for (unsigned i = 0; i < c->n; i++) {
		if (i > 0)
			sbuf_addc(out, ',');
		sbuf_add_slice(out, c->values[i].shown);
	}
	sbuf_adds(out, "]}");
}

void
filter_show(const struct filter *f, struct sbuf *out)
{
	sbuf_addc(out, '{');
	for (unsigned i = 0; i < f->n; i++) {
		const struct filter_group *g = &f->groups[i];

		show_name(out, f->fields[g->field].name);
		if (g->bundle)
			sbuf_addf(out,
			    "{\"connector\":\"%s\",\"filter_params\":",
			    g->any ? "OR" : "AND");
		if (g->list)
			sbuf_addc(out, '[');
		for (unsigned k = 0; k < g->n; k++)
			show_condition(&g->conditions[k], out);
		if (g->list)
			sbuf_addc(out, ']');
		if (g->bundle)
			sbuf_addc(out, '}');
	}
	sbuf_addc(out, '}');
}
