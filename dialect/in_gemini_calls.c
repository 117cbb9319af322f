/* in_gemini_calls - calls of functions, and whose a result is. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"

#define CALLS_LOOKED_AT 512

static struct slice
in_mint(struct in_turn *t, const struct in_part *part)
{
	char id[48];

	snprintf(id, sizeof id, "call_%u_%u", t->at, part->at);
	return pool_copy(t->talk->x->in->pool, slice_str(id));
}

void
in_gemini_call(struct in_turn *t, const struct in_part *part)
{
	struct in_call call = { .answered = false };
	struct sbuf *b = &t->calls;
	struct jscan_item args;

	if (part->value.type != JSCAN_OBJECT) {
		in_gemini_own(t, part);
		return;
	}
	call.id = in_gemini_raw(part->value.value, SLICE("id"));
	call.name = in_gemini_raw(part->value.value, SLICE("name"));
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

void
in_gemini_result(struct in_turn *t, const struct in_part *part)
{
	struct sbuf *chat = t->talk->x->chat;
	struct jscan_item response;

	if (part->value.type != JSCAN_OBJECT) {
		in_gemini_own(t, part);
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
	in_gemini_result_media(t, part->value.value);
}
