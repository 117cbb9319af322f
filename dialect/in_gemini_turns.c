/* in_gemini_turns - systemInstruction and contents. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"
#include "proto/utf8.h"

#define FORMAT "google-gemini-v1"
#define ROLE_SHOWN 64 /* code points of an unknown role that a fault shows */

enum in_role { ROLE_USER, ROLE_MODEL, ROLE_SYSTEM };

/* A call that was made, until its result is found. */
struct in_call {
	struct slice id, name; /* raw; the id is the client's, or minted */
	bool answered;
};

/* All contents. */
struct in_talk {
	struct in_gemini *x;
	struct sbuf calls;            /* of struct in_call */
	unsigned n_calls, first_call; /* of the model's last turn */
};

/* One content on its way into chat. */
struct in_turn {
	struct in_talk *talk;
	unsigned at;
	enum in_role role;
	struct in_content content;
	struct sbuf calls, details, reasoning;
	unsigned n_details, n_results;
};

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

/* A result's call: by its id, else the first of that name without one. */
static struct in_call *
in_answered(struct in_talk *talk, unsigned from, struct slice id,
    struct slice name)
{
	struct in_call *calls = (struct in_call *)(void *)talk->calls.data;

	for (unsigned i = from; i < talk->n_calls; i++) {
		struct in_call *call = &calls[i];

		if (id.n > 0 ? jstr_same(call->id, id)
			     : !call->answered && jstr_same(call->name, name))
			return call;
	}
	return NULL;
}

static struct slice
in_result_id(struct in_turn *t, const struct in_part *part)
{
	struct in_talk *talk = t->talk;
	struct slice id = in_raw(part->value.value, SLICE("id"));
	struct slice name = in_raw(part->value.value, SLICE("name"));
	struct in_call *call = in_answered(talk, talk->first_call, id, name);

	if (call == NULL)
		call = in_answered(talk, 0, id, name);
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

static int
in_parts(struct in_turn *t, const char *base, const struct jscan_item *parts,
    bool results)
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

static int
in_content_read(struct in_turn *t, const char *where, struct slice content)
{
	struct jscan_item parts;
	char base[IN_WHERE];

	snprintf(base, sizeof base, "%s.parts", where);
	camel_find(content, SLICE("parts"), &parts);
	if (parts.type != JSCAN_NULL && parts.type != JSCAN_OBJECT &&
	    in_expect(t->talk->x->e, base, &parts, JSCAN_ARRAY) != 0)
		return -1;
	if (t->role == ROLE_USER && in_parts(t, base, &parts, true) != 0)
		return -1;
	return in_parts(t, base, &parts, false);
}

static void
in_array(struct sbuf *chat, const char *name, const struct sbuf *elements)
{
	if (elements->len == 0)
		return;
	ask_name(chat, name);
	sbuf_addc(chat, '[');
	sbuf_add_slice(chat, sbuf_slice(elements));
	sbuf_addc(chat, ']');
}

static void
in_turn_write(struct in_turn *t)
{
	static const char *const words[] = { "user", "assistant", "system" };
	struct sbuf *chat = t->talk->x->chat;

	if (t->role == ROLE_USER && t->content.n == 0 && t->n_results > 0)
		return;
	ask_comma(chat);
	sbuf_addc(chat, '{');
	ask_text(chat, "role", slice_str(words[t->role]));
	in_content_end(&t->content, chat, t->calls.len > 0 ? "null" : "\"\"");
	if (t->role == ROLE_MODEL) {
		if (t->reasoning.len > 0)
			ask_text(chat, "reasoning_content",
			    sbuf_slice(&t->reasoning));
		in_array(chat, "reasoning_details", &t->details);
		in_array(chat, "tool_calls", &t->calls);
	}
	sbuf_addc(chat, '}');
}

/* Read and write one content of a role that is known. */
static int
in_turn_run(struct in_turn *t, const char *where, struct slice content)
{
	unsigned calls = t->talk->n_calls;
	int done = in_content_read(t, where, content);

	if (done == 0 && (t->role != ROLE_SYSTEM || t->content.n > 0))
		in_turn_write(t);
	if (t->role == ROLE_MODEL)
		t->talk->first_call = calls;
	sbuf_free(&t->content.parts);
	sbuf_free(&t->calls);
	sbuf_free(&t->details);
	sbuf_free(&t->reasoning);
	return done;
}

static int
in_role_of(struct in_gemini *x, struct slice content, const char *at,
    enum in_role *role_r)
{
	struct jscan_item role;
	struct slice shown;
	char where[IN_WHERE], why[IN_WHERE * 4];

	snprintf(where, sizeof where, "%.80s.role", at);
	*role_r = ROLE_USER;
	if (camel_find(content, SLICE("role"), &role) != 1)
		return 0;
	if (in_expect(x->e, where, &role, JSCAN_STRING) != 0)
		return -1;
	if (jstr_says(&role, SLICE("user")) ||
	    jstr_says(&role, SLICE("function")) || jstr_says(&role, SLICE("")))
		return 0;
	*role_r = ROLE_MODEL;
	if (jstr_says(&role, SLICE("model")))
		return 0;
	shown = utf8_cut(jstr_item(&role, x->in->pool), ROLE_SHOWN);
	snprintf(why, sizeof why, "unknown role '%.*s'", SLICE_ARGS(shown));
	return in_value(x->e, where, why);
}

static int
in_content(struct in_talk *talk, const struct jscan_item *item, unsigned at)
{
	struct in_turn t = { .talk = talk, .at = at };
	struct err *e = talk->x->e;
	char where[IN_WHERE];

	snprintf(where, sizeof where, "contents[%u]", at);
	if (in_expect(e, where, item, JSCAN_OBJECT) != 0 ||
	    jscan_unique(item->value, where, e) != 0 ||
	    in_role_of(talk->x, item->value, where, &t.role) != 0)
		return -1;
	return in_turn_run(&t, where, item->value);
}

static int
in_system(struct in_talk *talk, const struct jscan_item *system)
{
	struct in_turn t = { .talk = talk, .role = ROLE_SYSTEM };
	struct slice name;
	char where[IN_WHERE];

	if (system->type == JSCAN_NULL)
		return 0;
	name = jstr_name(system, talk->x->in->pool);
	snprintf(where, sizeof where, "%.*s", SLICE_ARGS(name));
	if (in_expect(talk->x->e, where, system, JSCAN_OBJECT) != 0)
		return -1;
	return in_turn_run(&t, where, system->value);
}

static int
in_contents(struct in_talk *talk, const struct jscan_item *contents,
    const struct jscan_item *system)
{
	struct in_gemini *x = talk->x;
	struct jscan_iter it;
	struct jscan_item item;
	unsigned at = 0;

	ask_name(x->chat, "messages");
	sbuf_addc(x->chat, '[');
	if (in_system(talk, system) != 0)
		return -1;
	jscan_enter(&it, contents->value);
	for (; jscan_element_next(&it, &item); at++)
		if (in_content(talk, &item, at) != 0)
			return -1;
	sbuf_addc(x->chat, ']');
	return at > 0 ? 0 : in_value(x->e, "contents", "must not be empty");
}

int
in_gemini_turns(struct in_gemini *x, const struct jscan_item *contents,
    const struct jscan_item *system)
{
	struct in_talk talk = { .x = x };
	int done;

	if (contents->type == JSCAN_NULL)
		return in_missing(x->e, "contents");
	if (in_expect(x->e, "contents", contents, JSCAN_ARRAY) != 0)
		return -1;
	done = in_contents(&talk, contents, system);
	sbuf_free(&talk.calls);
	return done;
}
