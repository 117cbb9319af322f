#include "proto/assemble.h"

#include "proto/assemble_priv.h"
#include "proto/usage.h"

static void
assemble_put_member(struct sbuf *b, struct slice name, const char *open,
    const struct sbuf *raw, const char *close)
{
	sbuf_adds(b, ",\"");
	sbuf_add_slice(b, name);
	sbuf_adds(b, "\":");
	sbuf_adds(b, open);
	sbuf_add_slice(b, sbuf_slice(raw));
	sbuf_adds(b, close);
}

static void
assemble_put_arguments(struct sbuf *b, const struct assemble_call *call)
{
	sbuf_adds(b, call->custom ? "\",\"input\":\"" : "\",\"arguments\":\"");
	if (call->arguments.len == 0 && !call->custom)
		sbuf_adds(b, "{}");
	sbuf_add_slice(b, sbuf_slice(&call->arguments));
	sbuf_adds(b, "\"}");
}

static void
assemble_put_calls(struct sbuf *b, const struct assemble_choice *c)
{
	const struct assemble_call *call;
	const char *type;
	size_t i;

	sbuf_adds(b, ",\"tool_calls\":[");
	for (i = 0; i < c->ncalls; i++) {
		call = &c->calls[i];
		type = call->custom ? "custom" : "function";
		sbuf_adds(b, i > 0 ? ",{\"id\":\"" : "{\"id\":\"");
		sbuf_add_slice(b, sbuf_slice(&call->id));
		sbuf_addf(b, "\",\"type\":\"%s\",\"%s\":{\"name\":\"", type,
		    type);
		sbuf_add_slice(b, sbuf_slice(&call->name));
		assemble_put_arguments(b, call);
		if (call->extra.len > 0)
			assemble_put_member(b, SLICE("extra_content"), "",
			    &call->extra, "");
		sbuf_addc(b, '}');
	}
	sbuf_addc(b, ']');
}

/* Content is null when all that was said is a call or a refusal. */
static bool
assemble_has_content(const struct assemble_choice *c)
{
	return c->text[TEXT_CONTENT].len > 0 ||
	       (c->ncalls == 0 && c->function_name.len == 0 &&
		   c->text[TEXT_REFUSAL].len == 0);
}

static void
assemble_put_message(struct sbuf *b, const struct assemble_choice *c)
{
	unsigned i;

	sbuf_adds(b, "{\"role\":\"assistant\"");
	if (assemble_has_content(c))
		assemble_put_member(b, SLICE("content"), "\"",
		    &c->text[TEXT_CONTENT], "\"");
	else
		sbuf_adds(b, ",\"content\":null");
	for (i = TEXT_REASONING_CONTENT; i <= TEXT_REASONING; i++)
		if (c->text[i].len > 0)
			assemble_put_member(b, assemble_text_names[i], "\"",
			    &c->text[i], "\"");
	/* Some refuse without a word. */
	if (c->said[TEXT_REFUSAL])
		assemble_put_member(b, SLICE("refusal"), "\"",
		    &c->text[TEXT_REFUSAL], "\"");
	else
		sbuf_adds(b, ",\"refusal\":null");
	for (i = 0; i < ASSEMBLE_ARRAYS; i++)
		if (c->array[i].len > 0)
			assemble_put_member(b, assemble_array_names[i], "[",
			    &c->array[i], "]");
	if (c->ncalls > 0)
		assemble_put_calls(b, c);
	if (c->function_name.len > 0) {
		assemble_put_member(b, SLICE("function_call"), "{\"name\":\"",
		    &c->function_name, "\"");
		assemble_put_member(b, SLICE("arguments"), "\"",
		    &c->function_arguments, "\"}");
	}
	sbuf_addc(b, '}');
}

static void
assemble_put_logprobs(struct sbuf *b, const struct assemble_choice *c)
{
	sbuf_adds(b, ",\"logprobs\":");
	if (c->logprobs.len == 0 && c->refusal_logprobs.len == 0) {
		sbuf_adds(b, "null");
		return;
	}
	sbuf_adds(b, "{\"content\":[");
	sbuf_add_slice(b, sbuf_slice(&c->logprobs));
	sbuf_adds(b, "],\"refusal\":");
	if (c->refusal_logprobs.len == 0) {
		sbuf_adds(b, "null}");
		return;
	}
	sbuf_addc(b, '[');
	sbuf_add_slice(b, sbuf_slice(&c->refusal_logprobs));
	sbuf_adds(b, "]}");
}

static void
assemble_put_choice(struct sbuf *b, const struct assemble_choice *c)
{
	sbuf_adds(b, "{\"index\":");
	sbuf_add_u64(b, c->index);
	sbuf_adds(b, ",\"message\":");
	assemble_put_message(b, c);
	assemble_put_logprobs(b, c);
	sbuf_adds(b, ",\"finish_reason\":");
	if (c->finish.len > 0)
		sbuf_add_slice(b, sbuf_slice(&c->finish));
	else
		sbuf_adds(b, "null");
	sbuf_addc(b, '}');
}

static void
assemble_put_kept(struct sbuf *b, const struct assemble *a, unsigned which,
    const char *absent)
{
	sbuf_adds(b, which == KEPT_ID ? "\"" : ",\"");
	sbuf_add_slice(b, assemble_kept_names[which]);
	sbuf_adds(b, "\":");
	if (a->kept[which].len > 0)
		sbuf_add_slice(b, sbuf_slice(&a->kept[which]));
	else
		sbuf_adds(b, absent);
}

static void
assemble_put_fields(struct sbuf *b, const struct assemble *a)
{
	const struct assemble_field *f;
	size_t i;

	if (a->nfields == 0)
		return;
	sbuf_adds(b, ",\"provider_specific_fields\":{");
	for (i = 0; i < a->nfields; i++) {
		f = &a->fields[i];
		sbuf_adds(b, i > 0 ? ",\"" : "\"");
		sbuf_add_slice(b, sbuf_slice(&f->name));
		sbuf_adds(b, f->array ? "\":[" : "\":");
		sbuf_add_slice(b, sbuf_slice(&f->value));
		if (f->array)
			sbuf_addc(b, ']');
	}
	sbuf_addc(b, '}');
}

void
assemble_write(const struct assemble *a, const struct usage *usage,
    struct sbuf *b)
{
	size_t i;

	sbuf_addc(b, '{');
	assemble_put_kept(b, a, KEPT_ID, "\"\"");
	sbuf_adds(b, ",\"object\":\"chat.completion\"");
	assemble_put_kept(b, a, KEPT_CREATED, "0");
	assemble_put_kept(b, a, KEPT_MODEL, "\"\"");
	sbuf_adds(b, ",\"choices\":[");
	for (i = 0; i < a->nchoices; i++) {
		if (i > 0)
			sbuf_addc(b, ',');
		assemble_put_choice(b, &a->choices[i]);
	}
	sbuf_addc(b, ']');
	for (i = KEPT_FINGERPRINT; i < KEPT_USAGE; i++)
		if (a->kept[i].len > 0)
			assemble_put_kept(b, a, (unsigned)i, "");
	assemble_put_fields(b, a);
	if (a->kept[KEPT_USAGE].len > 0) {
		assemble_put_kept(b, a, KEPT_USAGE, "");
	} else if (usage != NULL) {
		sbuf_adds(b, ",\"usage\":");
		usage_write(b, usage);
	}
	sbuf_addc(b, '}');
}

void
assemble_message(const struct assemble *a, struct sbuf *b)
{
	static const struct assemble_choice silent;

	assemble_put_message(b, a->nchoices > 0 ? &a->choices[0] : &silent);
}
