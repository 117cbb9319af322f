/* filter_condition - one condition of a filter, read. */

#include "admin/filter_priv.h"

#include "admin/faults.h"
#include "base/pool.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define TEXT (1u << FILTER_TEXT)
#define NUMBER (1u << FILTER_NUMBER)

#define OP(name, op, types, one)                                               \
	{                                                                      \
		{ name, sizeof(name) - 1 }, op, types, one                     \
	}

static const struct operator_row {
	struct slice name;
	enum filter_operator op;
	unsigned types;
	bool one; /* value */
} operators[] = {
	OP("", OP_EQUAL, TEXT | NUMBER, false),
	OP("=", OP_EQUAL, TEXT | NUMBER, false),
	OP("==", OP_EQUAL, TEXT | NUMBER, false),
	OP("eq", OP_EQUAL, TEXT | NUMBER, false),
	OP("equals", OP_EQUAL, TEXT | NUMBER, false),
	OP("in", OP_EQUAL, TEXT | NUMBER, false),
	OP("not", OP_NOT, TEXT | NUMBER, false),
	OP("!=", OP_NOT, TEXT | NUMBER, false),
	OP("iexact", OP_EQUAL_NOCASE, TEXT, false),
	OP("lt", OP_LESS, NUMBER, true),
	OP("lte", OP_LESS_EQUAL, NUMBER, true),
	OP("gt", OP_GREATER, NUMBER, true),
	OP("gte", OP_GREATER_EQUAL, NUMBER, true),
	OP("contains", OP_CONTAINS, TEXT, false),
	OP("icontains", OP_CONTAINS_NOCASE, TEXT, false),
	OP("ilike", OP_CONTAINS_NOCASE, TEXT, false),
	OP("startswith", OP_STARTS, TEXT, false),
	OP("endswith", OP_ENDS, TEXT, false),
	OP("isnull", OP_NULL, TEXT | NUMBER, true),
	OP("empty", OP_NULL, TEXT | NUMBER, false),
	OP("notEmpty", OP_NOT_NULL, TEXT | NUMBER, false),
	OP("not_empty", OP_NOT_NULL, TEXT | NUMBER, false),
};

int
filter_shown(struct slice s)
{
	return (int)(s.n < 80 ? s.n : 80);
}

static const struct operator_row *
filter_operator(enum filter_type type, struct slice name, struct faults *f)
{
	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
		if (slice_eq(name, operators[i].name) &&
		    (operators[i].types & 1u << type))
			return &operators[i];
	filter_wrong(f, "Operator '%.*s' is not supported.", filter_shown(name),
	    name.p);
	return NULL;
}

static bool
filter_text(struct filter *filter, const struct jscan_item *item,
    struct filter_operand *o, struct faults *f)
{
	o->text = jstr_item(item, filter->pool);
	filter->text += o->text.n + 1;
	if (filter->text > FILTER_BYTES)
		filter_wrong(f, "At most %d bytes of text.", FILTER_BYTES);
	return filter->text <= FILTER_BYTES;
}

/* A value of the type of the field. */
static bool
filter_operand(struct filter *filter, unsigned field,
    const struct jscan_item *item, struct filter_operand *o, struct faults *f)
{
	const struct filter_field *at = &filter->fields[field];
	struct slice number = item->value;

	o->shown = item->value;
	if (at->type == FILTER_TEXT) {
		if (item->type == JSCAN_STRING)
			return filter_text(filter, item, o, f);
		faults_add(f, slice_str(at->name), "Not a valid string.");
		return false;
	}
	if (item->type == JSCAN_STRING)
		number = jscan_text(item);
	if ((item->type != JSCAN_NUMBER && item->type != JSCAN_STRING) ||
	    !jnum_is(number)) {
		faults_add(f, slice_str(at->name),
		    "A valid number is required.");
		return false;
	}
	o->shown = number;
	o->nano = jnum_nano(number);
	return true;
}

/* isnull: true or false, which is then another operator. */
static bool
filter_null(struct filter *filter, unsigned field,
    const struct jscan_item *item, struct filter_condition *c, struct faults *f)
{
	bool yes = jscan_true(item) || jstr_says(item, SLICE("true"));

	if (!yes && item->type != JSCAN_BOOL &&
	    !jstr_says(item, SLICE("false"))) {
		faults_add(f, slice_str(filter->fields[field].name),
		    "Must be a valid boolean.");
		return false;
	}
	c->op = yes ? OP_NULL : OP_NOT_NULL;
	c->values[0].shown = yes ? SLICE("true") : SLICE("false");
	return true;
}

static bool
filter_value(struct filter *filter, unsigned field,
    const struct operator_row *op, const struct jscan_item *item,
    struct filter_condition *c, struct faults *f)
{
	if (c->n >= (op->one ? 1 : FILTER_VALUES)) {
		filter_wrong(f, "Operator '%.*s' takes at most %d.",
		    SLICE_ARGS(op->name), op->one ? 1 : FILTER_VALUES);
		return false;
	}
	if (op->op == OP_NULL && op->one)
		return filter_null(filter, field, item, c, f) && ++c->n;
	return filter_operand(filter, field, item, &c->values[c->n], f) &&
	       ++c->n;
}

static void
filter_values(struct filter *filter, unsigned field,
    const struct operator_row *op, const struct jscan_item *value,
    struct filter_condition *c, struct faults *f)
{
	struct jscan_item item;
	struct jscan_iter it;

	c->values =
	    pool_zalloc(filter->pool, FILTER_VALUES * sizeof *c->values);
	if (op->op == OP_NULL && !op->one)
		return;
	if (op->op == OP_NOT_NULL)
		return;
	if (value->type != JSCAN_ARRAY) {
		filter_value(filter, field, op, value, c, f);
		return;
	}
	jscan_enter(&it, value->value);
	while (jscan_element_next(&it, &item))
		if (!filter_value(filter, field, op, &item, c, f))
			return;
	if (op->one && c->n == 0)
		filter_wrong(f, "Operator '%.*s' needs a value.",
		    SLICE_ARGS(op->name));
}

void
filter_condition(struct filter *filter, struct filter_group *g,
    const struct jscan_item *from, struct faults *f)
{
	struct jscan_item item,
	    value = { .value = SLICE("[]"), .type = JSCAN_ARRAY };
	struct filter_condition *c = &g->conditions[g->n];
	const struct operator_row *op;
	struct jscan_iter it;

	if (from->type != JSCAN_OBJECT) {
		filter_wrong(f, "A condition is an object.");
		return;
	}
	if (filter->conditions++ >= FILTER_CONDITIONS) {
		if (filter->conditions == FILTER_CONDITIONS + 1)
			filter_wrong(f, "At most %d conditions.",
			    FILTER_CONDITIONS);
		return;
	}
	jscan_enter(&it, from->value);
	while (jscan_member_next(&it, &item)) {
		if (jstr_is(&item, SLICE("operator")) &&
		    item.type == JSCAN_STRING)
			c->name = jstr_item(&item, filter->pool);
		else if (jstr_is(&item, SLICE("value")))
			value = item;
		else {
			struct slice name = jstr_name(&item, filter->pool);

			filter_wrong(f, "Unexpected member '%.*s'.",
			    filter_shown(name), name.p);
		}
	}
	op = filter_operator(filter->fields[g->field].type, c->name, f);
	if (op == NULL)
		return;
	c->op = op->op;
	filter_values(filter, g->field, op, &value, c, f);
	g->n++;
}
