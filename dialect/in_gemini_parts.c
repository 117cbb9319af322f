/* in_gemini_parts - the parts of a content. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"

#define FORMAT "google-gemini-v1"

typedef void in_part_fn(struct in_turn *t, const struct in_part *part);

struct slice
in_gemini_raw(struct slice object, struct slice camel)
{
	struct jscan_item item;

	if (camel_find(object, camel, &item) != 1 || item.type != JSCAN_STRING)
		return SLICE("");
	return jscan_text(&item);
}

void
in_gemini_own(struct in_turn *t, const struct in_part *part)
{
	in_own_input(t->talk->x->in, part->where);
}

static void
in_sign(struct in_turn *t, const struct in_part *part)
{
	if (part->signature.n > 0)
		in_add_encrypted(&t->details, part->signature, FORMAT,
		    t->n_details++);
}

static void
in_text_part(struct in_turn *t, const struct in_part *part)
{
	struct slice text = part->value.type == JSCAN_STRING
	                        ? jscan_text(&part->value)
	                        : SLICE("");

	in_sign(t, part);
	if (in_is_true(part->json, SLICE("thought"))) {
		sbuf_add_slice(&t->reasoning, text);
		return;
	}
	/* An empty one carries a signature and nothing else. */
	if (text.n > 0 || part->signature.n == 0)
		in_content_text(&t->content, text, SLICE(""));
}

static void
in_audio(struct in_turn *t, struct slice format, struct slice data)
{
	struct sbuf *b = in_content_part(&t->content);

	sbuf_adds(b, "{\"type\":\"input_audio\",\"input_audio\":{");
	ask_text(b, "data", data);
	ask_text(b, "format", format);
	sbuf_adds(b, "}}");
}

static void
in_blob(struct in_turn *t, const struct in_part *part)
{
	struct slice type, data, blob = part->value.value;

	if (part->value.type != JSCAN_OBJECT) {
		in_gemini_own(t, part);
		return;
	}
	type = jstr_decode(in_gemini_raw(blob, SLICE("mimeType")),
	    t->talk->x->in->pool);
	data = in_gemini_raw(blob, SLICE("data"));
	if (slice_starts(type, SLICE("image/")))
		in_add_image(in_content_part(&t->content), type, data,
		    SLICE(""));
	else if (slice_eq(type, SLICE("audio/wav")) ||
		 slice_eq(type, SLICE("audio/x-wav")))
		in_audio(t, SLICE("wav"), data);
	else if (slice_eq(type, SLICE("audio/mp3")) ||
		 slice_eq(type, SLICE("audio/mpeg")))
		in_audio(t, SLICE("mp3"), data);
	else if (slice_eq(type, SLICE("application/pdf")))
		in_add_file(in_content_part(&t->content), SLICE("document.pdf"),
		    type, data, SLICE(""));
	else
		in_gemini_own(t, part);
}

/* What others may fetch by themselves. */
static void
in_uri(struct in_turn *t, const struct in_part *part)
{
	struct slice uri, type, file = part->value.value;

	if (part->value.type != JSCAN_OBJECT) {
		in_gemini_own(t, part);
		return;
	}
	uri = jstr_decode(in_gemini_raw(file, SLICE("fileUri")),
	    t->talk->x->in->pool);
	type = in_gemini_raw(file, SLICE("mimeType"));
	if ((slice_starts(uri, SLICE("https://")) ||
		slice_starts(uri, SLICE("http://"))) &&
	    (type.n == 0 || slice_starts(type, SLICE("image"))))
		in_add_image_url(in_content_part(&t->content),
		    in_gemini_raw(file, SLICE("fileUri")), SLICE(""));
	else
		in_gemini_own(t, part);
}

/* Written before the other parts of its content. */
static void
in_written(struct in_turn *t, const struct in_part *part)
{
	(void)t;
	(void)part;
}

static const struct {
	struct slice camel;
	in_part_fn *of[3]; /* by role; NULL: its own kind only */
} in_part_types[] = {
	{ SLICE("text"), { in_text_part, in_text_part, in_text_part } },
	{ SLICE("inlineData"), { in_blob, NULL, NULL } },
	{ SLICE("fileData"), { in_uri, NULL, NULL } },
	{ SLICE("functionCall"), { NULL, in_gemini_call, NULL } },
	{ SLICE("functionResponse"), { in_written, NULL, NULL } },
	{ SLICE("executableCode"), { NULL, NULL, NULL } },
	{ SLICE("codeExecutionResult"), { NULL, NULL, NULL } },
	{ SLICE("toolCall"), { NULL, NULL, NULL } },
	{ SLICE("toolResponse"), { NULL, NULL, NULL } },
};

/* What a part is: its reader, NULL when it says nothing. */
static in_part_fn *
in_part_reader(enum in_role role, struct in_part *part)
{
	size_t n = sizeof in_part_types / sizeof *in_part_types;

	for (size_t i = 0; i < n; i++)
		if (camel_find(part->json, in_part_types[i].camel,
			&part->value) == 1)
			return in_part_types[i].of[role] != NULL
			           ? in_part_types[i].of[role]
			           : in_gemini_own;
	return NULL;
}

static void
in_part(struct in_turn *t, struct in_part *part, bool results)
{
	in_part_fn *read = in_part_reader(t->role, part);

	part->signature = in_gemini_raw(part->json, SLICE("thoughtSignature"));
	if (read == NULL)
		in_sign(t, part);
	else if (!results)
		read(t, part);
	else if (read == in_written)
		in_gemini_result(t, part);
}

void
in_gemini_result_media(struct in_turn *t, struct slice response)
{
	struct in_part part = { .at = 0 };
	struct in_gemini_many many;
	struct jscan_item parts, item;

	camel_find(response, SLICE("parts"), &parts);
	in_gemini_enter(&many, &parts);
	for (; in_gemini_next(&many, &item); part.at++) {
		snprintf(part.where, sizeof part.where,
		    "contents[%u].parts.functionResponse.parts[%u]", t->at,
		    part.at);
		part.json =
		    item.type == JSCAN_OBJECT ? item.value : SLICE("{}");
		in_part(t, &part, false);
	}
}

int
in_gemini_parts(struct in_turn *t, const char *base,
    const struct jscan_item *parts, bool results)
{
	struct in_part part = { .at = 0 };
	struct in_gemini_many many;
	struct jscan_item item;
	struct err *e = t->talk->x->e;

	in_gemini_enter(&many, parts);
	for (; in_gemini_next(&many, &item); part.at++) {
		snprintf(part.where, sizeof part.where, "%s[%u]", base,
		    part.at);
		if (in_expect(e, part.where, &item, JSCAN_OBJECT) != 0 ||
		    (!results && jscan_unique(item.value, part.where, e) != 0))
			return -1;
		part.json = item.value;
		in_part(t, &part, results);
	}
	return 0;
}
