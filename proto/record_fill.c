#include "proto/record_json.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jscan.h"

enum fill_shown { ALWAYS, LIST, DETAIL, HIDDEN };

#define DEFAULT_INT "0"
#define DEFAULT_MONEY "0.0"
#define DEFAULT_MAYBE_MONEY "null"
#define DEFAULT_SECONDS "0"
#define DEFAULT_TIME "null"
#define DEFAULT_BOOL "false"
#define DEFAULT_TEXT "\"\""
#define DEFAULT_JSON "null"
#define DEFAULT_TEXTS "{}"
#define DEFAULT_LIMITS "null"
#define DEFAULT_ATTEMPTS "[]"

/* All fields in their order, and what they are when a line has them not. */
static const struct fill_row {
	struct slice name;
	enum fill_shown shown;
	const char *fallback;
} rows[] = {
#define FILL(name, shown, json) { { #name, sizeof(#name) - 1 }, shown, json },
#define NUMBER(form, name, shown, column) FILL(name, shown, DEFAULT_##form)
#define STRING(form, name, shown, column) FILL(name, shown, DEFAULT_##form)
#define DERIVED(name, shown, json) FILL(name, shown, json)
#define CONSTANT(name, shown, json) FILL(name, shown, json)
#include "proto/record.def"
};
#define ROWS (sizeof rows / sizeof rows[0])

static void
fill_name(struct slice name, struct sbuf *out)
{
	if (out->data[out->len - 1] != '{')
		sbuf_addc(out, ',');
	sbuf_addc(out, '"');
	sbuf_add_slice(out, name);
	sbuf_add(out, "\":", 2);
}

/*
 * The next member that the table knows from row i on, and its row; ROWS at
 * the end.  Others (bodies, fields of another version) are copied.
 */
static size_t
fill_next(struct jscan_iter *it, size_t i, struct jscan_item *item,
    struct sbuf *out)
{
	while (jscan_member_next(it, item)) {
		for (size_t row = i; row < ROWS; row++) {
			if (slice_eq(item->name, rows[row].name))
				return row;
		}
		fill_name(item->name, out);
		sbuf_add_slice(out, item->value);
	}
	return ROWS;
}

/* Both the table and the line are in the same order: one walk through both. */
static void
fill_rows(struct slice object, enum fill_shown most, struct sbuf *out)
{
	struct jscan_iter it;
	struct jscan_item item;
	size_t next;

	jscan_enter(&it, object);
	next = fill_next(&it, 0, &item, out);
	for (size_t i = 0; i < ROWS; i++) {
		struct slice value = slice_str(rows[i].fallback);

		if (i == next)
			value = item.value;
		if (rows[i].shown <= most) {
			fill_name(rows[i].name, out);
			sbuf_add_slice(out, value);
		}
		if (i == next)
			next = fill_next(&it, i + 1, &item, out);
	}
}

void
record_json_fill(struct slice line, bool detail, struct sbuf *out)
{
	struct jscan_item object;
	struct err e;

	if (jscan_value(line, &object, &e) == -1 || object.type != JSCAN_OBJECT)
		object.value = SLICE("{}");
	sbuf_addc(out, '{');
	fill_rows(object.value, detail ? DETAIL : LIST, out);
	sbuf_addc(out, '}');
}
