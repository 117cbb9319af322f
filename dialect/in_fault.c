/* in_fault - what is wrong with a request, and what chat cannot carry. */
#include <stdio.h>

#include "dialect/in_priv.h"
#include "proto/jnum.h"
#include "proto/utf8.h"

#define ROLE_SHOWN 64 /* code points of an unknown role that a fault shows */

int
in_missing(struct err *e, const char *where)
{
	return err_param(e, ERR_MISSING_PARAMETER, where,
	    "Missing required parameter: '%s'.", where);
}

int
in_type(struct err *e, const char *where, const char *expected,
    const struct jscan_item *got)
{
	return err_param(e, ERR_INVALID_TYPE, where,
	    "Invalid type for '%s': expected %s, got %s.", where, expected,
	    jscan_type_name(got));
}

int
in_value(struct err *e, const char *where, const char *why)
{
	return err_param(e, ERR_INVALID_VALUE, where,
	    "Invalid value for '%s': %s.", where, why);
}

int
in_unsupported(struct err *e, const char *where)
{
	return err_param(e, ERR_UNSUPPORTED_PARAMETER, where,
	    "Parameter '%s' is not supported by this endpoint.", where);
}

int
in_unknown_role(struct err *e, struct pool *pool, const char *where,
    const struct jscan_item *role)
{
	struct slice shown = utf8_cut(jstr_item(role, pool), ROLE_SHOWN);
	char why[sizeof e->text];

	snprintf(why, sizeof why, "unknown role '%.*s'", SLICE_ARGS(shown));
	return in_value(e, where, why);
}

int
in_expect(struct err *e, const char *where, const struct jscan_item *item,
    enum jscan_type type)
{
	static const char *const words[] = { "null", "boolean", "number",
		"string", "array", "object" };

	if (item->type == type)
		return 0;
	return in_type(e, where, words[type], item);
}

int
in_number(struct err *e, const char *where, const struct jscan_item *item,
    const struct in_bounds *bounds)
{
	int64_t n;

	if (item->type != JSCAN_NUMBER ||
	    (bounds->whole && jnum_int(item->value, &n) != 1))
		return in_type(e, where, bounds->whole ? "integer" : "number",
		    item);
	n = jnum_nano(item->value);
	if (n < bounds->low || n > bounds->high)
		return in_value(e, where, bounds->range);
	return 0;
}

void
in_own_kind(struct inbound *in, const char *where)
{
	if (in->own_kind_only[0] == '\0')
		snprintf(in->own_kind_only, sizeof in->own_kind_only, "%s",
		    where);
}

void
in_own_input(struct inbound *in, const char *where)
{
	in->unsized = true;
	in_own_kind(in, where);
}

/* Tools of a kind that the client runs; of new ones the kind is thought to. */
static bool
in_is_run_by_client(struct slice raw)
{
	static const struct slice heads[] = { SLICE("bash_"),
		SLICE("text_editor_"), SLICE("computer_"), SLICE("memory_"),
		SLICE("computerUse"), SLICE("custom"), SLICE("local_shell"),
		SLICE("apply_patch") };

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		if (slice_starts(raw, heads[i]))
			return true;
	return false;
}

void
in_own_tool(struct inbound *in, const char *where, struct slice raw)
{
	in->own_tools = true;
	if (!in_is_run_by_client(raw))
		in->runs_tools = true;
	in_own_kind(in, where);
}

void
in_leave(struct inbound *in, struct slice name)
{
	for (unsigned i = 0; i < in->n_left; i++)
		if (slice_eq(in->left[i], name))
			return;
	if (in->n_left < INBOUND_LEFT_MAX)
		in->left[in->n_left++] = name;
}

int
in_find(struct slice object, struct slice name, struct jscan_item *item_r)
{
	if (jscan_find(object, name, item_r) == 1 && item_r->type != JSCAN_NULL)
		return 1;
	*item_r =
	    (struct jscan_item){ .type = JSCAN_NULL, .value = SLICE("null") };
	return 0;
}

struct slice
in_mark(struct slice block)
{
	return chat_json(block, SLICE("cache_control"));
}

bool
in_is_true(struct slice object, struct slice name)
{
	struct jscan_item item;

	return in_find(object, name, &item) == 1 && jscan_true(&item);
}
