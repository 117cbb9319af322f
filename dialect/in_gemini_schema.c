/* in_gemini_schema - OpenAPI's types are in capitals and may be nullable. */
#include "dialect/in_gemini_priv.h"

static void
in_schema_lower(struct sbuf *b, struct slice raw)
{
	sbuf_addc(b, '"');
	for (size_t i = 0; i < raw.n; i++)
		sbuf_addc(b, raw.p[i] >= 'A' && raw.p[i] <= 'Z'
				 ? (char)(raw.p[i] - 'A' + 'a')
				 : raw.p[i]);
	sbuf_addc(b, '"');
}

static void
in_schema_type(struct sbuf *b, struct slice raw, bool nullable)
{
	ask_name(b, "type");
	if (nullable)
		sbuf_addc(b, '[');
	in_schema_lower(b, raw);
	if (nullable)
		sbuf_adds(b, ",\"null\"]");
}

/* Values that only look like schemas. */
static bool
in_schema_is_data(const struct jscan_item *item)
{
	static const struct slice names[] = { SLICE("enum"), SLICE("default"),
		SLICE("example"), SLICE("const"), SLICE("required") };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (jstr_is(item, names[i]))
			return true;
	return false;
}

static bool
in_schema_is_whole(const struct jscan_item *item)
{
	static const struct slice names[] = { SLICE("minItems"),
		SLICE("maxItems"), SLICE("minLength"), SLICE("maxLength"),
		SLICE("minProperties"), SLICE("maxProperties") };
	struct slice text;

	if (item->type != JSCAN_STRING)
		return false;
	text = jscan_text(item);
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < '0' || text.p[i] > '9' ||
		    (i == 0 && text.p[i] == '0' && text.n > 1))
			return false;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (camel_is(item, names[i]))
			return text.n > 0;
	return false;
}

static void in_schema_value(struct sbuf *b, const struct jscan_item *item,
    bool properties);

/* properties: names are the user's, values are schemas. */
static void
in_schema_object(struct sbuf *b, struct slice object, bool properties)
{
	bool nullable = !properties && in_is_true(object, SLICE("nullable"));
	struct jscan_iter it;
	struct jscan_item item;

	sbuf_addc(b, '{');
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (!properties && jstr_is(&item, SLICE("nullable")))
			continue;
		if (!properties && item.type == JSCAN_STRING &&
		    jstr_is(&item, SLICE("type"))) {
			in_schema_type(b, jscan_text(&item), nullable);
			continue;
		}
		ask_comma(b);
		sbuf_addc(b, '"');
		sbuf_add_slice(b, item.name);
		sbuf_adds(b, "\":");
		if (!properties && in_schema_is_whole(&item))
			sbuf_add_slice(b, jscan_text(&item));
		else if (!properties && in_schema_is_data(&item))
			sbuf_add_slice(b, item.value);
		else
			in_schema_value(b, &item,
			    !properties && jstr_is(&item, SLICE("properties")));
	}
	sbuf_addc(b, '}');
}

static void
in_schema_value(struct sbuf *b, const struct jscan_item *item, bool properties)
{
	struct jscan_iter it;
	struct jscan_item element;

	if (item->type == JSCAN_OBJECT) {
		in_schema_object(b, item->value, properties);
		return;
	}
	if (item->type != JSCAN_ARRAY) {
		sbuf_add_slice(b, item->value);
		return;
	}
	sbuf_addc(b, '[');
	jscan_enter(&it, item->value);
	while (jscan_element_next(&it, &element)) {
		ask_comma(b);
		in_schema_value(b, &element, false);
	}
	sbuf_addc(b, ']');
}

void
in_gemini_schema(struct sbuf *b, struct slice schema)
{
	in_schema_object(b, schema, false);
}
