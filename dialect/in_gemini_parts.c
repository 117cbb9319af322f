/* in_gemini_parts - the parts of a content. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"

#define FORMAT "google-gemini-v1"
#define CALLS_LOOKED_AT 512

struct in_part {
	struct slice json;
	struct jscan_item value; /* of the member that names its type */
	struct slice signature;  /* raw, or n 0 */
	unsigned at;
	char where[IN_WHERE];
};

typedef void in_part_fn(struct in_turn *t, const struct in_part *part);

static struct inbound *
in_of(const struct in_turn *t)
{
	return t->talk->x->in;
}

static struct slice
in_raw(struct slice object, struct slice camel)
{
	struct jscan_item item;

	if (camel_find(object, camel, &item) != 1 || item.type != JSCAN_STRING)
		return SLICE("");
	return jscan_text(&item);
}

static void
in_own_part(struct in_turn *t, const struct in_part *part)
{
	in_own_kind(in_of(t), part->where);
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

static bool
in_is_of(struct slice type, struct slice family)
{
	return slice_starts(type, family);
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
		in_own_part(t, part);
		return;
	}
	type = jstr_decode(in_raw(blob, SLICE("mimeType")), in_of(t)->pool);
	data = in_raw(blob, SLICE("data"));
	if (in_is_of(type, SLICE("image/")))
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
		in_own_part(t, part);
}

/* What others may fetch by themselves. */
static void
in_uri(struct in_turn *t, const struct in_part *part)
{
	struct slice uri, type, file = part->value.value;

	if (part->value.type != JSCAN_OBJECT) {
		in_own_part(t, part);
		return;
	}
	uri = jstr_decode(in_raw(file, SLICE("fileUri")), in_of(t)->pool);
	type = in_raw(file, SLICE("mimeType"));
	if ((slice_starts(uri, SLICE("https://")) ||
		slice_starts(uri, SLICE("http://"))) &&
	    (type.n == 0 || in_is_of(type, SLICE("image"))))
		in_add_image_url(in_content_part(&t->content),
		    in_raw(file, SLICE("fileUri")), SLICE(""));
	else
		in_own_part(t, part);
}

static struct slice
in_mint(struct in_turn *t, const struct in_part *part)
{
	char id[48];

	snprintf(id, sizeof id, "call_%u_%u", t->at, part->at);
	return pool_copy(in_of(t)->pool, slice_str(id));
}

static void
in_call_part(struct in_turn *t, const struct in_part *part)
{
	struct in_call call = { .answered = false };
	struct sbuf *b = &t->calls;
	struct jscan_item args;

	if (part->value.type != JSCAN_OBJECT) {
		in_own_part(t, part);
		return;
	}
	call.id = in_raw(part->value.value, SLICE("id"));
	call.name = in_raw(part->value.value, SLICE("name"));
	if (call.id.n == 0)
		call.id = in_mint(t, part);
	sbuf_add(&t->talk->calls, &call, sizeof call);
	t->talk->n_calls++;
	ask_comma(b);
	sbuf_addc(b, '{');
	ask_text(b, "id", call.id);
	sbuf_adds(b, ",\"type\":\"function\",\"function\":{");
	ask_text(b, "name", call.name);
	ask_name(b, "arguments");
	camel_find(part->value.value, SLICE("args"), &args);
	sbuf_add_json(b, args.type == JSCAN_OBJECT ? args.value : SLICE("{}"));
	sbuf_addc(b, '}');
	if (part->signature.n > 0) {
		sbuf_adds(b, ",\"extra_content\":{\"google\":{");
		ask_text(b, "thought_signature", part->signature);
		sbuf_adds(b, "}}");
	}
	sbuf_addc(b, '}');
}

/*
 * A result's call among those of the turn before it: by its id, else the first
 * of that name that has no result.  No turn of use has more calls than are
 * looked at.
 */
static struct in_call *
in_answered(struct in_talk *talk, struct slice id, struct slice name)
{
	struct in_call *calls = (struct in_call *)(void *)talk->calls.data;
	unsigned end;

	while (talk->first_call < talk->n_calls &&
	       calls[talk->first_call].answered)
		talk->first_call++;
	end = talk->n_calls;
	if (end - talk->first_call > CALLS_LOOKED_AT)
		end = talk->first_call + CALLS_LOOKED_AT;
	for (unsigned i = talk->first_call; i < end; i++)
		if (!calls[i].answered &&
		    (id.n > 0 ? jstr_same(calls[i].id, id)
			      : jstr_same(calls[i].name, name)))
			return &calls[i];
	return NULL;
}

static struct slice
in_result_id(struct in_turn *t, const struct in_part *part)
{
	struct slice id = chat_raw(part->value.value, SLICE("id"));
	struct slice name = chat_raw(part->value.value, SLICE("name"));
	struct in_call *call = in_answered(t->talk, id, name);

	if (call == NULL)
		return id.n > 0 ? id : in_mint(t, part);
	call->answered = true;
	return call->id;
}

/* {"result":"text"} is how a text is told as a response; see ask. */
static void
in_response(struct in_turn *t, struct slice response)
{
	struct sbuf *chat = t->talk->x->chat;
	struct jscan_iter it;
	struct jscan_item first, other;

	jscan_enter(&it, response);
	if (jscan_member_next(&it, &first) &&
	    jstr_is(&first, SLICE("result")) && first.type == JSCAN_STRING &&
	    !jscan_member_next(&it, &other)) {
		ask_json(chat, "content", first.value);
		return;
	}
	ask_name(chat, "content");
	sbuf_add_json(chat, response);
}

static void in_result_media(struct in_turn *t, struct slice response);

static void
in_result(struct in_turn *t, const struct in_part *part)
{
	struct sbuf *chat = t->talk->x->chat;
	struct jscan_item response;

	if (part->value.type != JSCAN_OBJECT) {
		in_own_part(t, part);
		return;
	}
	ask_comma(chat);
	sbuf_adds(chat, "{\"role\":\"tool\"");
	ask_text(chat, "tool_call_id", in_result_id(t, part));
	camel_find(part->value.value, SLICE("response"), &response);
	in_response(t,
	    response.type == JSCAN_OBJECT ? response.value : SLICE("{}"));
	sbuf_addc(chat, '}');
	t->n_results++;
	in_result_media(t, part->value.value);
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
	{ SLICE("functionCall"), { NULL, in_call_part, NULL } },
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
			           : in_own_part;
	return NULL;
}

static void
in_part(struct in_turn *t, struct in_part *part, bool results)
{
	in_part_fn *read = in_part_reader(t->role, part);

	part->signature = in_raw(part->json, SLICE("thoughtSignature"));
	if (read == NULL)
		in_sign(t, part);
	else if (!results)
		read(t, part);
	else if (read == in_written)
		in_result(t, part);
}

/* Pictures of a result: the user shows them. */
static void
in_result_media(struct in_turn *t, struct slice response)
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
