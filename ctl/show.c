/* show - the daemon's reply, for people or as JSON. */

#include <string.h>

#include "base/err.h"
#include "ctl/ctl.h"
#include "proto/jnum.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define COLUMNS_MAX 16

/* How many bytes at the beginning of text a terminal would obey, not show. */
static size_t
control_bytes(struct slice text)
{
	unsigned char c = (unsigned char)text.p[0];

	if (c < 0x20 || c == 0x7f)
		return 1;
	/* U+0080 to U+009F in UTF-8. */
	return c == 0xc2 && text.n > 1 && (unsigned char)text.p[1] < 0xa0 ? 2
	                                                                  : 0;
}

void
ctl_print(FILE *to, struct slice text)
{
	while (text.n > 0) {
		size_t n = control_bytes(text);

		if (n == 0)
			fputc(text.p[0], to);
		for (size_t i = 0; i < n; i++)
			fprintf(to, "\\x%02x", (unsigned char)text.p[i]);
		text = slice_skip(text, n > 0 ? n : 1);
	}
}

static void show_add(struct sbuf *b, const struct jscan_item *item);

/* What an object of a list says, in a cell: "main ejected 4". */
static void
show_object(struct sbuf *b, struct slice object)
{
	size_t before = b->len;
	struct jscan_item item;
	struct jscan_iter it;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_NULL)
			continue;
		if (b->len > before)
			sbuf_addc(b, ' ');
		show_add(b, &item);
	}
}

/* A list of objects: "main ejected 4, spare up".  False: it is none. */
static bool
show_objects(struct sbuf *b, struct slice array)
{
	const char *comma = "";
	struct jscan_item item;
	struct jscan_iter it;

	jscan_enter(&it, array);
	while (jscan_element_next(&it, &item) && item.type == JSCAN_OBJECT) {
		sbuf_adds(b, comma);
		show_object(b, item.value);
		comma = ", ";
	}
	return *comma != '\0';
}

/* A value as people read it; what is absent is a dash. */
static void
show_add(struct sbuf *b, const struct jscan_item *item)
{
	if (item->type == JSCAN_ARRAY && show_objects(b, item->value))
		return;
	if (item->type == JSCAN_NULL ||
	    (item->type == JSCAN_STRING && item->value.n == 2))
		sbuf_addc(b, '-');
	else if (item->type == JSCAN_STRING)
		jstr_add(b, jscan_text(item));
	else
		sbuf_add_slice(b, item->value);
}

static void
show_value(struct sbuf *b, const struct jscan_item *item)
{
	sbuf_clear(b);
	show_add(b, item);
}

static void show_pairs(const struct ctl_call *c, struct slice object);

/* Each object of a list, under the list's name.  1, or 0: no such list. */
static int
show_list(const struct ctl_call *c, const struct jscan_item *list)
{
	struct jscan_item item;
	struct jscan_iter it;
	int n = 0;

	jscan_enter(&it, list->value);
	while (jscan_element_next(&it, &item)) {
		if (item.type != JSCAN_OBJECT)
			return 0;
		fprintf(c->out, "%.*s %d:\n", SLICE_ARGS(list->name), ++n);
		show_pairs(c, item.value);
	}
	return n > 0;
}

static void
show_pairs(const struct ctl_call *c, struct slice object)
{
	struct sbuf value = { 0 };
	struct jscan_item item;
	struct jscan_iter it;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_OBJECT) {
			show_pairs(c, item.value);
			continue;
		}
		if (item.type == JSCAN_ARRAY && show_list(c, &item))
			continue;
		show_value(&value, &item);
		fprintf(c->out, "%-22.*s ", SLICE_ARGS(item.name));
		ctl_print(c->out, sbuf_slice(&value));
		fputc('\n', c->out);
	}
	sbuf_free(&value);
}

struct column {
	struct slice name;
	int width;
};

static int
table_columns(const char *names, struct column columns[COLUMNS_MAX])
{
	int n = 0;

	while (*names != '\0' && n < COLUMNS_MAX) {
		size_t len = strcspn(names, " ");

		columns[n++] = (struct column){ { names, len }, (int)len };
		names += len + (names[len] == ' ');
	}
	return n;
}

static void
table_cell(struct slice row, struct slice name, struct sbuf *value)
{
	struct jscan_item item;

	sbuf_clear(value);
	if (jscan_find(row, name, &item))
		show_value(value, &item);
}

static void
table_measure(struct slice results, struct column *columns, int n)
{
	struct sbuf value = { 0 };
	struct jscan_item row;
	struct jscan_iter it;

	jscan_enter(&it, results);
	while (jscan_element_next(&it, &row))
		for (int i = 0; i < n; i++) {
			table_cell(row.value, columns[i].name, &value);
			if ((int)value.len > columns[i].width)
				columns[i].width = (int)value.len;
		}
	sbuf_free(&value);
}

static void
table_print_cell(FILE *to, const struct column *c, struct slice text, bool last)
{
	ctl_print(to, text);
	if (!last)
		fprintf(to, "%*s", c->width + 2 - (int)text.n, "");
}

static void
show_table(const struct ctl_call *c, struct slice results)
{
	struct column columns[COLUMNS_MAX];
	int n = table_columns(c->verb->columns, columns);
	struct sbuf value = { 0 };
	struct jscan_item row;
	struct jscan_iter it;

	table_measure(results, columns, n);
	for (int i = 0; i < n; i++)
		table_print_cell(c->out, &columns[i], columns[i].name,
		    i == n - 1);
	fputc('\n', c->out);
	jscan_enter(&it, results);
	while (jscan_element_next(&it, &row)) {
		for (int i = 0; i < n; i++) {
			table_cell(row.value, columns[i].name, &value);
			table_print_cell(c->out, &columns[i],
			    sbuf_slice(&value), i == n - 1);
		}
		fputc('\n', c->out);
	}
	sbuf_free(&value);
}

static void
show_body(const struct ctl_call *c, struct slice body)
{
	struct jscan_item results;

	if (c->json) {
		/* The daemon escapes control bytes in its strings. */
		fprintf(c->out, "%.*s\n", SLICE_ARGS(body));
		return;
	}
	if (c->verb->columns != NULL &&
	    jscan_find(body, SLICE("results"), &results))
		show_table(c, results.value);
	else
		show_pairs(c, body);
}

static void
show_refusal(const struct ctl_call *c, struct slice body)
{
	struct jscan_item detail;
	struct sbuf text = { 0 };

	if (c->json) {
		fprintf(c->out, "%.*s\n", SLICE_ARGS(body));
		return;
	}
	if (jscan_find(body, SLICE("detail"), &detail))
		show_value(&text, &detail);
	fputs("holdfastctl: ", c->err);
	ctl_print(c->err, sbuf_slice(&text));
	fputc('\n', c->err);
	sbuf_free(&text);
}

static int
show_exit(int64_t status)
{
	static const struct {
		int64_t status;
		int code;
	} exits[] = {
		{ 200, CTL_DONE },
		{ 400, CTL_USAGE },
		{ 403, CTL_DENIED },
		{ 503, CTL_UNREACHABLE },
	};

	for (size_t i = 0; i < sizeof exits / sizeof exits[0]; i++)
		if (exits[i].status == status)
			return exits[i].code;
	return CTL_NO;
}

/* An audit that found something is answered in full, and is a no. */
static int
show_verdict(struct slice body)
{
	struct jscan_item clean;

	return jscan_find(body, SLICE("clean"), &clean) && !jscan_true(&clean)
	           ? CTL_NO
	           : CTL_DONE;
}

int
ctl_show(const struct ctl_call *c, struct slice reply)
{
	struct jscan_item whole, status, body;
	int64_t number;
	struct err e;
	int code;

	if (jscan_value(reply, &whole, &e) != 0 || whole.type != JSCAN_OBJECT ||
	    !jscan_find(whole.value, SLICE("status"), &status) ||
	    status.type != JSCAN_NUMBER || !jnum_int(status.value, &number) ||
	    !jscan_find(whole.value, SLICE("body"), &body) ||
	    body.type != JSCAN_OBJECT) {
		fputs("holdfastctl: the daemon's answer is not understood\n",
		    c->err);
		return CTL_UNREACHABLE;
	}
	code = show_exit(number);
	if (code != CTL_DONE) {
		show_refusal(c, body.value);
		return code;
	}
	code = show_verdict(body.value);
	if (!c->quiet || code != CTL_DONE)
		show_body(c, body.value);
	return code;
}
