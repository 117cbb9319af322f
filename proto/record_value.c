#include "proto/record_json.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/jstr.h"
#include "proto/utf8.h"

#define NAME_MAX_BYTES 255
#define VALUE_MAX_BYTES 16384

/* Whether all bytes are ASCII, so that nothing has to be checked. */
static bool
text_is_plain(struct slice text)
{
	unsigned char high = 0;

	for (size_t i = 0; i < text.n; i++)
		high |= (unsigned char)text.p[i];
	return high < 0x80;
}

void
record_json_text(struct slice text, struct sbuf *out)
{
	const char *end;

	if (text_is_plain(text) || utf8_valid(text)) {
		sbuf_add_json(out, text);
		return;
	}
	end = text.p + text.n;
	sbuf_addc(out, '"');
	for (size_t step; text.n > 0; text = slice_skip(text, step)) {
		step = utf8_step(text.p, end);
		if (step > 0) {
			sbuf_add_json_part(out, (struct slice){ text.p, step });
		} else {
			sbuf_adds(out, "\xef\xbf\xbd");
			step = 1;
		}
	}
	sbuf_addc(out, '"');
}

/* A string of checked JSON with its quotes: the bytes up to its end. */
static size_t
string_length(struct slice json)
{
	size_t i = 1;

	while (json.p[i] != '"')
		i += json.p[i] == '\\' ? 2 : 1;
	return i + 1;
}

/* Copy checked JSON without the blanks between its tokens. */
static void
compact_checked(struct slice json, struct sbuf *out)
{
	while (json.n > 0) {
		size_t n = 1;

		if (*json.p == '"')
			n = string_length(json);
		if ((unsigned char)*json.p > ' ')
			sbuf_add(out, json.p, n);
		json = slice_skip(json, n);
	}
}

void
record_json_compact(struct slice value, struct sbuf *out)
{
	struct jscan_item item;
	struct err e;

	if (jscan_value(value, &item, &e) == -1)
		sbuf_adds(out, "null");
	else
		compact_checked(item.value, out);
}

/* A text that may be too long, as a JSON string. */
static void
add_cut(struct slice text, size_t max, struct sbuf *out)
{
	const char *at = text.p;
	size_t step;

	if (text.n > max) {
		while ((step = utf8_step(at, text.p + text.n)) > 0 &&
		       (size_t)(at - text.p) + step <= max)
			at += step;
		text.n = (size_t)(at - text.p);
	}
	record_json_text(text, out);
}

/* The value of a metadata member as text. */
static void
add_text_value(const struct jscan_item *item, struct sbuf *scratch,
    struct sbuf *out)
{
	sbuf_clear(scratch);
	if (item->type == JSCAN_STRING)
		jstr_add(scratch, jscan_text(item));
	else
		compact_checked(item->value, scratch);
	add_cut(sbuf_slice(scratch), VALUE_MAX_BYTES, out);
}

static void
add_text_members(struct slice object, struct sbuf *out)
{
	struct sbuf scratch = { 0 };
	struct jscan_iter it;
	struct jscan_item item;
	bool first = true;

	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		if (item.type == JSCAN_NULL)
			continue;
		if (!first)
			sbuf_addc(out, ',');
		first = false;
		jstr_add(&scratch, item.name);
		add_cut(sbuf_slice(&scratch), NAME_MAX_BYTES, out);
		sbuf_addc(out, ':');
		add_text_value(&item, &scratch, out);
		sbuf_clear(&scratch);
	}
	sbuf_free(&scratch);
}

void
record_json_texts(struct slice object, struct sbuf *out)
{
	struct sbuf unquoted = { 0 };
	struct jscan_item item;
	struct err e;
	int ok = jscan_value(object, &item, &e) == 0;

	if (ok && item.type == JSCAN_STRING) {
		jstr_add(&unquoted, jscan_text(&item));
		ok = jscan_value(sbuf_slice(&unquoted), &item, &e) == 0;
	}
	sbuf_addc(out, '{');
	if (ok && item.type == JSCAN_OBJECT)
		add_text_members(item.value, out);
	sbuf_addc(out, '}');
	sbuf_free(&unquoted);
}
