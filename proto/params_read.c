#include "proto/params_priv.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "base/pool.h"
#include "proto/jnum.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

static void
params_path(const struct params_ctx *c, struct slice name, char *out,
    size_t size)
{
	if (c->inside.n == 0)
		snprintf(out, size, "%.*s", SLICE_ARGS(name));
	else if (c->nth < 0)
		snprintf(out, size, "%.*s.%.*s", SLICE_ARGS(c->inside),
		    SLICE_ARGS(name));
	else
		snprintf(out, size, "%.*s[%ld].%.*s", SLICE_ARGS(c->inside),
		    c->nth, SLICE_ARGS(name));
}

int
params_missing(struct params_ctx *c, const char *name)
{
	char path[sizeof c->e->param];

	params_path(c, slice_str(name), path, sizeof path);
	return err_param(c->e, ERR_MISSING_PARAMETER, path,
	    "Missing required parameter: '%s'.", path);
}

int
params_type(struct params_ctx *c, struct slice name, const char *expected,
    const struct jscan_item *got)
{
	char path[sizeof c->e->param];

	params_path(c, name, path, sizeof path);
	return err_param(c->e, ERR_INVALID_TYPE, path,
	    "Invalid type for '%s': expected %s, got %s.", path, expected,
	    jscan_type_name(got));
}

int
params_value(struct params_ctx *c, struct slice name, const char *fmt, ...)
{
	char path[sizeof c->e->param], why[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, sizeof why, fmt, args);
	va_end(args);
	params_path(c, name, path, sizeof path);
	return err_param(c->e, ERR_INVALID_VALUE, path,
	    "Invalid value for '%s': %s.", path, why);
}

int
params_words(struct params_ctx *c, struct slice name, const char *text)
{
	char path[sizeof c->e->param];

	params_path(c, name, path, sizeof path);
	return err_param(c->e, ERR_INVALID_VALUE, path, "%s", text);
}

int
params_twice(struct params_ctx *c, struct slice name)
{
	char path[sizeof c->e->param];

	params_path(c, name, path, sizeof path);
	return err_param(c->e, ERR_DUPLICATE_PARAMETER, path,
	    "Duplicate parameter: '%s'.", path);
}

void
params_enter(struct params_ctx *c, struct slice name)
{
	c->inside = name;
	c->nth = -1;
}

void
params_enter_nth(struct params_ctx *c, struct slice name, unsigned i)
{
	c->inside = name;
	c->nth = (long)i;
}

void
params_leave(struct params_ctx *c)
{
	c->inside = SLICE("");
}

int
params_type_nth(struct params_ctx *c, struct slice name, unsigned i,
    const char *expected, const struct jscan_item *got)
{
	char nth[PARAMS_NTH];

	snprintf(nth, sizeof nth, "%.*s[%u]", SLICE_ARGS(name), i);
	return params_type(c, slice_str(nth), expected, got);
}

int
params_expect(struct params_ctx *c, struct slice name,
    const struct jscan_item *item, enum jscan_type type)
{
	static const char *const words[] = { "null", "boolean", "number",
		"string", "array", "object" };

	if (item->type == type)
		return 0;
	return params_type(c, name, words[type], item);
}

/* The row whose name this member bears, or table->n. */
static unsigned
params_row_of(const struct params_members *table, const struct jscan_item *item)
{
	unsigned i = 0;

	while (i < table->n && !jstr_is(item, table->rows[i].name))
		i++;
	return i;
}

/* Check in the order of the table, so that its first fault is reported. */
static int
params_check_members(struct params_ctx *c, const struct params_members *table,
    struct param *values)
{
	const struct params_row *row;

	for (unsigned i = 0; i < table->n; i++) {
		row = &table->rows[i];
		if (values[i].text.p != NULL &&
		    row->check(c, row, &values[i]) != 0)
			return -1;
	}
	return 0;
}

int
params_read_members(struct params_ctx *c, const struct params_members *table,
    struct slice object, struct param *values, struct jscan_item *other_r)
{
	struct jscan_item item;
	struct jscan_iter it;
	uint64_t seen = 0;
	unsigned i;

	memset(values, 0, table->n * sizeof *values);
	if (other_r != NULL)
		other_r->name.p = NULL;
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		i = params_row_of(table, &item);
		if (i == table->n) {
			if (other_r != NULL && other_r->name.p == NULL)
				*other_r = item;
			continue;
		}
		if ((seen & (uint64_t)1 << i) != 0)
			return params_twice(c, table->rows[i].name);
		seen |= (uint64_t)1 << i;
		values[i].item = item;
		if (item.type != JSCAN_NULL)
			values[i].text = (struct slice){ "", 0 };
	}
	return params_check_members(c, table, values);
}

/* 5.1 reads strictly. */

int
params_check_bool(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	v->number = jscan_true(&v->item);
	return params_expect(c, row->name, &v->item, JSCAN_BOOL);
}

static int
params_in_range(struct params_ctx *c, const struct params_row *row,
    const struct param *v)
{
	if (v->number < row->low || v->number > row->high)
		return params_value(c, row->name, "%s", row->range);
	return 0;
}

int
params_check_number(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_expect(c, row->name, &v->item, JSCAN_NUMBER) != 0)
		return -1;
	v->number = jnum_nano(v->item.value);
	return params_in_range(c, row, v);
}

/* "100.0" goes upstream as 100: text is what is sent instead. */
static void
params_integer_text(struct params_ctx *c, struct param *v)
{
	char digits[24];
	int n;

	if (jnum_is_plain(v->item.value) || v->number == INT64_MAX ||
	    v->number == INT64_MIN)
		return;
	n = snprintf(digits, sizeof digits, "%lld", (long long)v->number);
	v->text = pool_copy(c->pool, (struct slice){ digits, (size_t)n });
}

int
params_check_integer(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (v->item.type != JSCAN_NUMBER ||
	    !jnum_int(v->item.value, &v->number))
		return params_type(c, row->name, "integer", &v->item);
	params_integer_text(c, v);
	return params_in_range(c, row, v);
}

int
params_check_string(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_expect(c, row->name, &v->item, JSCAN_STRING) != 0)
		return -1;
	v->text = jstr_item(&v->item, c->pool);
	return 0;
}

/* high: the most bytes it may have; 0 = any. */
int
params_check_object(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_expect(c, row->name, &v->item, JSCAN_OBJECT) != 0)
		return -1;
	if (row->high > 0 && v->item.value.n > (size_t)row->high)
		return params_value(c, row->name, "%s", row->range);
	return 0;
}

int
params_check_array(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	return params_expect(c, row->name, &v->item, JSCAN_ARRAY);
}

int
params_check_string_or_object(struct params_ctx *c,
    const struct params_row *row, struct param *v)
{
	if (v->item.type == JSCAN_OBJECT)
		return 0;
	if (v->item.type != JSCAN_STRING)
		return params_type(c, row->name, "string or object", &v->item);
	return params_check_string(c, row, v);
}

/* 5.3 and 5.4 read leniently. */

int
params_check_flag(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	static const struct {
		struct slice json;
		bool value;
	} spellings[] = { { SLICE("true"), true }, { SLICE("false"), false },
		{ SLICE("1"), true }, { SLICE("0"), false },
		{ SLICE("\"true\""), true }, { SLICE("\"false\""), false },
		{ SLICE("\"True\""), true }, { SLICE("\"False\""), false },
		{ SLICE("\"1\""), true }, { SLICE("\"0\""), false } };

	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		if (slice_eq(v->item.value, spellings[i].json)) {
			v->number = spellings[i].value;
			return 0;
		}
	}
	return params_type(c, row->name, "boolean", &v->item);
}

struct slice
params_lenient(const struct param *v)
{
	if (v->item.type == JSCAN_NUMBER)
		return v->item.value;
	if (v->item.type == JSCAN_STRING && jnum_is(jscan_text(&v->item)))
		return jscan_text(&v->item);
	return (struct slice){ "", 0 };
}

int
params_check_lenient_number(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct slice digits = params_lenient(v);

	if (digits.n == 0)
		return params_type(c, row->name, "number", &v->item);
	v->number = jnum_nano(digits);
	return params_in_range(c, row, v);
}

int
params_check_lenient_integer(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct slice digits = params_lenient(v);

	if (digits.n == 0 || !jnum_int(digits, &v->number))
		return params_type(c, row->name, "integer", &v->item);
	return params_in_range(c, row, v);
}

int
params_check_weight(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	struct slice digits = params_lenient(v);

	if (digits.n == 0)
		return params_type(c, row->name, "number", &v->item);
	v->number = jnum_nano(digits);
	return v->number > 0 ? 0 : params_words(c, row->name, row->range);
}

int
params_check_identifier(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (v->item.type == JSCAN_STRING)
		v->text = jstr_item(&v->item, c->pool);
	else if (v->item.type == JSCAN_BOOL ||
		 (v->item.type == JSCAN_NUMBER && jnum_is_plain(v->item.value)))
		v->text = v->item.value;
	else
		return params_type(c, row->name, "string", &v->item);
	v->text = utf8_cut(v->text, (size_t)row->high);
	return 0;
}

int
params_check_text(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_string(c, row, v) != 0)
		return -1;
	v->text = utf8_cut(v->text, (size_t)row->high);
	return 0;
}

int
params_check_framing(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	if (params_check_string(c, row, v) != 0)
		return -1;
	if (v->text.n < (size_t)row->low || v->text.n > (size_t)row->high)
		return params_value(c, row->name, "%s", row->range);
	return 0;
}

int
params_check_without_effect(struct params_ctx *c, const struct params_row *row,
    struct param *v)
{
	params_warn(c->p, row->name);
	return params_expect(c, row->name, &v->item, JSCAN_OBJECT);
}
