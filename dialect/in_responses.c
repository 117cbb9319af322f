/*
 * in_responses - a request in the words of OpenAI's Responses, said as chat:
 * spec/providers.md 10.4, spec/api.md 5.2.
 */
#include "dialect/in_responses_priv.h"
#include "proto/params.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NANO INT64_C(1000000000)

typedef int member_fn(struct in_responses *x, const struct jscan_item *item);

const struct jscan_item *
in_responses_find(const struct in_responses *x, struct slice name)
{
	static const struct jscan_item absent = { .type = JSCAN_NULL };

	for (unsigned i = 0; i < x->merged.n; i++)
		if (x->merged.items[i].type != JSCAN_NULL &&
		    jstr_is(&x->merged.items[i], name))
			return &x->merged.items[i];
	return &absent;
}

int
in_responses_copy(struct in_responses *x, const struct jscan_item *item)
{
	ask_comma(x->chat);
	sbuf_addc(x->chat, '"');
	sbuf_add_slice(x->chat, item->name);
	sbuf_adds(x->chat, "\":");
	sbuf_add_slice(x->chat, item->value);
	return 0;
}

/* Read with the messages. */
static int
member_read(struct in_responses *x, const struct jscan_item *item)
{
	(void)x;
	(void)item;
	return 0;
}

static int
member_instructions(struct in_responses *x, const struct jscan_item *item)
{
	return in_expect(x->e, "instructions", item, JSCAN_STRING);
}

static int
member_cap(struct in_responses *x, const struct jscan_item *item)
{
	static const struct in_bounds bounds = { true, NANO, INT64_MAX,
		"must be at least 1" };

	if (in_number(x->e, "max_output_tokens", item, &bounds) != 0)
		return -1;
	ask_json(x->chat, "max_tokens", item->value);
	return 0;
}

/* {"type":"json_schema","name",...} as chat wraps it. */
static void
text_schema(struct in_responses *x, struct slice format)
{
	static const char *const names[] = { "name", "description", "schema",
		"strict" };
	struct jscan_item item;

	sbuf_adds(x->chat, ",\"json_schema\":{");
	for (size_t i = 0; i < COUNT(names); i++)
		if (in_find(format, slice_str(names[i]), &item) == 1)
			ask_json(x->chat, names[i], item.value);
	sbuf_addc(x->chat, '}');
}

static int
text_format(struct in_responses *x, const struct jscan_item *format)
{
	struct jscan_item type;

	if (in_expect(x->e, "text.format", format, JSCAN_OBJECT) != 0)
		return -1;
	if (in_find(format->value, SLICE("type"), &type) != 1)
		return in_missing(x->e, "text.format.type");
	if (!jstr_says(&type, SLICE("text")) &&
	    !jstr_says(&type, SLICE("json_object")) &&
	    !jstr_says(&type, SLICE("json_schema")))
		return in_value(x->e, "text.format.type",
		    "must be text, json_object or json_schema");
	ask_name(x->chat, "response_format");
	sbuf_addc(x->chat, '{');
	ask_json(x->chat, "type", type.value);
	if (jstr_says(&type, SLICE("json_schema")))
		text_schema(x, format->value);
	sbuf_addc(x->chat, '}');
	return 0;
}

static int
member_text(struct in_responses *x, const struct jscan_item *item)
{
	struct jscan_item format, verbosity;

	if (in_expect(x->e, "text", item, JSCAN_OBJECT) != 0)
		return -1;
	if (in_find(item->value, SLICE("verbosity"), &verbosity) == 1) {
		if (in_expect(x->e, "text.verbosity", &verbosity,
			JSCAN_STRING) != 0)
			return -1;
		ask_json(x->chat, "verbosity", verbosity.value);
	}
	if (in_find(item->value, SLICE("format"), &format) != 1)
		return 0;
	return text_format(x, &format);
}

static int
member_reasoning(struct in_responses *x, const struct jscan_item *item)
{
	struct jscan_item effort;

	if (in_expect(x->e, "reasoning", item, JSCAN_OBJECT) != 0)
		return -1;
	if (in_find(item->value, SLICE("effort"), &effort) != 1)
		return 0;
	if (in_expect(x->e, "reasoning.effort", &effort, JSCAN_STRING) != 0)
		return -1;
	ask_json(x->chat, "reasoning_effort", effort.value);
	return 0;
}

static int
member_include(struct in_responses *x, const struct jscan_item *item)
{
	struct jscan_iter it;
	struct jscan_item word;

	if (in_expect(x->e, "include", item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, item->value);
	while (jscan_element_next(&it, &word))
		if (jstr_says(&word, SLICE("message.output_text.logprobs")))
			x->logprobs = true;
		else if (!jstr_says(&word,
			     SLICE("reasoning.encrypted_content")))
			in_leave(x->in, SLICE("include"));
	return 0;
}

static int
member_top_logprobs(struct in_responses *x, const struct jscan_item *item)
{
	x->logprobs = true;
	return in_responses_copy(x, item);
}

/* What was said before is known to the one who heard it. */
static int
member_previous(struct in_responses *x, const struct jscan_item *item)
{
	in_own_input(x->in, "previous_response_id");
	return in_expect(x->e, "previous_response_id", item, JSCAN_STRING);
}

static int
member_conversation(struct in_responses *x, const struct jscan_item *item)
{
	if (item->type != JSCAN_STRING && item->type != JSCAN_OBJECT)
		return in_type(x->e, "conversation", "string or object", item);
	in_own_input(x->in, "conversation");
	return 0;
}

/* A job that runs on cannot be settled. */
static int
member_background(struct in_responses *x, const struct jscan_item *item)
{
	if (in_expect(x->e, "background", item, JSCAN_BOOL) != 0)
		return -1;
	return jscan_true(item) ? in_unsupported(x->e, "background") : 0;
}

static int
member_truncation(struct in_responses *x, const struct jscan_item *item)
{
	if (in_expect(x->e, "truncation", item, JSCAN_STRING) != 0)
		return -1;
	if (!jstr_says(item, SLICE("disabled")))
		in_leave(x->in, SLICE("truncation"));
	return 0;
}

static int
member_max_tool_calls(struct in_responses *x, const struct jscan_item *item)
{
	static const struct in_bounds bounds = { true, INT64_MIN, INT64_MAX,
		"" };

	in_leave(x->in, SLICE("max_tool_calls"));
	return in_number(x->e, "max_tool_calls", item, &bounds);
}

static int
member_store(struct in_responses *x, const struct jscan_item *item)
{
	if (in_expect(x->e, "store", item, JSCAN_BOOL) != 0)
		return -1;
	if (jscan_true(item))
		in_leave(x->in, SLICE("store"));
	return 0;
}

/* Respan keeps it; another kind does not get it. */
static int
member_metadata(struct in_responses *x, const struct jscan_item *item)
{
	in_leave(x->in, SLICE("metadata"));
	return in_responses_copy(x, item);
}

static int
member_stream_options(struct in_responses *x, const struct jscan_item *item)
{
	return in_expect(x->e, "stream_options", item, JSCAN_OBJECT);
}

/* With an id, and no prompt_id, it is OpenAI's own. */
static int
member_prompt(struct in_responses *x, const struct jscan_item *item)
{
	struct jscan_item id;

	if (item->type == JSCAN_OBJECT &&
	    in_find(item->value, SLICE("prompt_id"), &id) != 1 &&
	    in_find(item->value, SLICE("id"), &id) == 1) {
		in_own_input(x->in, "prompt");
		return 0;
	}
	return in_responses_copy(x, item);
}

/* Whatever is not among these has the same name in chat. */
static const struct {
	struct slice name;
	member_fn *take;
} members[] = {
	{ SLICE("input"), member_read },
	{ SLICE("instructions"), member_instructions },
	{ SLICE("max_output_tokens"), member_cap },
	{ SLICE("text"), member_text },
	{ SLICE("reasoning"), member_reasoning },
	{ SLICE("tools"), in_responses_tools },
	{ SLICE("tool_choice"), member_read },
	{ SLICE("include"), member_include },
	{ SLICE("top_logprobs"), member_top_logprobs },
	{ SLICE("previous_response_id"), member_previous },
	{ SLICE("conversation"), member_conversation },
	{ SLICE("background"), member_background },
	{ SLICE("truncation"), member_truncation },
	{ SLICE("max_tool_calls"), member_max_tool_calls },
	{ SLICE("store"), member_store },
	{ SLICE("metadata"), member_metadata },
	{ SLICE("stream_options"), member_stream_options },
	{ SLICE("prompt"), member_prompt },
};

/* A name that chat knows and Responses does not would mean something. */
static int
member_other(struct in_responses *x, const struct jscan_item *item)
{
	enum param_id id = params_find(jstr_name(item, x->in->pool));

	if (id == PARAM_UNKNOWN || params_knows(DIALECT_RESPONSES, id))
		return in_responses_copy(x, item);
	in_leave(x->in, jstr_name(item, x->in->pool));
	return 0;
}

static int
in_responses_member(struct in_responses *x, const struct jscan_item *item)
{
	if (item->type == JSCAN_NULL || in_merge_is_container(item))
		return 0;
	for (size_t i = 0; i < COUNT(members); i++)
		if (jstr_is(item, members[i].name))
			return members[i].take(x, item);
	return member_other(x, item);
}

int
inbound_responses(struct inbound *in, struct sbuf *chat, struct err *e)
{
	struct in_responses x = { .in = in, .chat = chat, .e = e };

	if (in_merge(DIALECT_RESPONSES, in->body, in->headers, in->pool,
		&x.merged, e) != 0)
		return -1;
	sbuf_addc(chat, '{');
	for (unsigned i = 0; i < x.merged.n; i++)
		if (in_responses_member(&x, &x.merged.items[i]) != 0)
			return -1;
	for (unsigned i = 0; i < x.merged.n_dropped; i++)
		in_leave(in, x.merged.dropped[i]);
	if (x.logprobs)
		ask_json(chat, "logprobs", SLICE("true"));
	if (in_responses_choice(&x) != 0 || in_responses_messages(&x) != 0)
		return -1;
	sbuf_addc(chat, '}');
	return 0;
}
