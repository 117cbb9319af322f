#include "proto/record_json.h"

#include <string.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jscan.h"
#include "proto/record.h"
#include "proto/utf8.h"

#define EXCERPT_CHARS 2000
#define FULL_MAX (16 * 1024 * 1024)

static const struct slice none = { "", 0 };

/* The object that a body is; empty when it is none. */
static struct slice
bodies_object(struct slice body)
{
	struct jscan_item item;
	struct err e;

	if (body.p == NULL || body.n > FULL_MAX ||
	    jscan_value(body, &item, &e) == -1 || item.type != JSCAN_OBJECT)
		return none;
	return item.value;
}

/* The first of some members that an object has; empty when it has none. */
static struct slice
bodies_member(struct slice object, const char *const *names, size_t n)
{
	struct jscan_item item;

	for (size_t i = 0; object.n > 0 && i < n; i++) {
		if (jscan_find(object, slice_str(names[i]), &item))
			return item.value;
	}
	return none;
}

static struct slice
bodies_find(struct slice object, const char *name)
{
	return bodies_member(object, &name, 1);
}

static struct slice
bodies_input(struct slice request)
{
	static const char *const names[] = { "messages", "input", "contents" };

	return bodies_member(request, names, 3);
}

/* The message of the first choice, or the output of a response. */
static struct slice
bodies_output(struct slice response)
{
	struct slice choices = bodies_find(response, "choices");
	struct jscan_iter it;
	struct jscan_item first;

	if (choices.n == 0 || *choices.p != '[')
		return bodies_find(response, "output");
	jscan_enter(&it, choices);
	if (!jscan_element_next(&it, &first) || first.type != JSCAN_OBJECT)
		return none;
	return bodies_find(first.value, "message");
}

static void
add_name(const char *name, struct sbuf *out)
{
	sbuf_adds(out, ",\"");
	sbuf_adds(out, name);
	sbuf_adds(out, "\":");
}

/* A JSON value as a field, compact; the fallback when there is none. */
static void
add_value(const char *name, struct slice value, const char *fallback,
    struct sbuf *out)
{
	add_name(name, out);
	if (value.n == 0)
		sbuf_adds(out, fallback);
	else
		record_json_compact(value, out);
}

/* A JSON value as the text of a field. */
static void
add_text(const char *name, struct slice value, size_t max, struct sbuf *out)
{
	struct sbuf compact = { 0 };

	add_name(name, out);
	if (value.n > 0)
		record_json_compact(value, &compact);
	record_json_text(utf8_cut(sbuf_slice(&compact), max), out);
	sbuf_free(&compact);
}

static void
add_full(const char *name, struct slice body, struct slice object,
    struct sbuf *out)
{
	add_name(name, out);
	if (object.n > 0)
		record_json_compact(object, out);
	else if (body.n > FULL_MAX)
		sbuf_addf(out, "{\"_truncated\":true,\"bytes\":%zu}", body.n);
	else if (body.p == NULL)
		sbuf_adds(out, "null");
	else
		record_json_text(body, out);
}

static void
add_choices(struct slice response, struct sbuf *out)
{
	struct slice choices = bodies_find(response, "choices");
	struct jscan_iter it;
	struct jscan_item choice;
	const char *comma = "";

	add_name("completion_messages", out);
	sbuf_addc(out, '[');
	if (choices.n > 0 && *choices.p == '[') {
		jscan_enter(&it, choices);
		while (jscan_element_next(&it, &choice)) {
			struct slice message = none;

			if (choice.type == JSCAN_OBJECT)
				message = bodies_find(choice.value, "message");
			if (message.n == 0)
				continue;
			sbuf_adds(out, comma);
			record_json_compact(message, out);
			comma = ",";
		}
	}
	sbuf_addc(out, ']');
}

void
record_json_bodies(struct slice request, struct slice response,
    enum record_contents contents, struct sbuf *out)
{
	size_t max = contents == RECORD_ALL ? SIZE_MAX : EXCERPT_CHARS;
	struct slice asked = bodies_object(request);
	struct slice answer = bodies_object(response);
	struct slice input = bodies_input(asked);
	struct slice output = bodies_output(answer);

	add_text("input", input, max, out);
	add_text("output", output, max, out);
	if (contents != RECORD_ALL)
		return;
	add_value("prompt_messages", bodies_find(asked, "messages"), "[]", out);
	add_value("completion_message", output, "null", out);
	add_choices(answer, out);
	add_value("tools", bodies_find(asked, "tools"), "[]", out);
	add_value("tool_calls",
	    output.n > 0 && *output.p == '{' ? bodies_find(output, "tool_calls")
					     : none,
	    "[]", out);
	add_value("variables", bodies_find(asked, "variables"), "null", out);
	add_full("full_request", request, asked, out);
	add_full("full_response", response, answer, out);
}

/* Words are what stands between blanks, characters are code points. */
static void
count_text(struct slice value, int64_t *words_r, int64_t *chars_r)
{
	bool inside = false;

	*words_r = *chars_r = 0;
	for (size_t i = 0; i < value.n; i++) {
		bool blank = (unsigned char)value.p[i] <= ' ';

		*words_r += !blank && !inside;
		*chars_r += ((unsigned char)value.p[i] & 0xc0) != 0x80;
		inside = !blank;
	}
}

void
record_json_count(struct slice request, struct slice response, struct record *r)
{
	struct slice asked = bodies_object(request);
	struct slice answer = bodies_object(response);

	if (asked.n > 0)
		count_text(bodies_input(asked), &r->input_words,
		    &r->input_chars);
	if (answer.n == 0)
		return;
	count_text(bodies_output(answer), &r->output_words, &r->output_chars);
	r->completion_message_count =
	    jscan_count(bodies_find(answer, "choices"));
}
