#include "dialect/ask_schema.h"

#include "base/sbuf.h"
#include "dialect/ask.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

static bool
schema_has(struct slice schema, struct slice name)
{
	struct jscan_item item;

	return jscan_find(schema, name, &item) == 1 && item.type != JSCAN_NULL;
}

static bool
schema_is_empty(struct slice schema)
{
	struct jscan_iter it;
	struct jscan_item member;

	if (schema.n == 0)
		return true;
	jscan_enter(&it, schema);
	return jscan_member_next(&it, &member) == 0;
}

void
ask_schema(struct sbuf *b, struct slice schema)
{
	if (schema_is_empty(schema)) {
		sbuf_adds(b, "{\"type\":\"object\",\"properties\":{}}");
	} else if (schema_has(schema, SLICE("type"))) {
		sbuf_add_slice(b, schema);
	} else {
		sbuf_adds(b, "{\"type\":\"object\",");
		sbuf_add_slice(b, slice_skip(schema, 1));
	}
}

/* Is it certain that its values are objects? */
static bool
schema_is_object(struct slice schema)
{
	struct jscan_item type;

	if (jscan_find(schema, SLICE("type"), &type) == 1)
		return jstr_says(&type, SLICE("object"));
	return schema_has(schema, SLICE("properties"));
}

/* Wrapped, its definitions still stand where its references look for them. */
static void
schema_wrap(struct sbuf *b, struct slice schema)
{
	static const char *const roots[] = { "$defs", "definitions" };
	struct jscan_item item;

	sbuf_adds(b, "{\"type\":\"object\",\"properties\":{\"value\":");
	sbuf_add_slice(b, schema);
	sbuf_adds(b, "},\"required\":[\"value\"]");
	for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
		if (jscan_find(schema, slice_str(roots[i]), &item) == 1)
			ask_json(b, roots[i], item.value);
	sbuf_addc(b, '}');
}

enum chatout_forced
ask_forced_schema(struct sbuf *b, struct slice schema)
{
	if (!schema_is_object(schema)) {
		schema_wrap(b, schema);
		return FORCED_WRAPPED;
	}
	ask_schema(b, schema);
	return FORCED_TOOL;
}
