/* cohere_options - tools, the shape of the answer, reasoning. */
#include "base/sbuf.h"
#include "dialect/ask.h"
#include "dialect/cohere_priv.h"
#include "proto/jstr.h"

/* Where one is named, the others are not sent. */
static bool
cohere_sends(const struct chat *c, const struct chat_tool *t)
{
	return c->choice != CHOICE_NAMED || jstr_same(t->name, c->choice_name);
}

static int
cohere_strict(struct ask *a, struct sbuf *b, unsigned sent, unsigned strict,
    struct err *e)
{
	if (strict == 0)
		return 0;
	if (strict < sent)
		return ask_drop(a, SLICE("strict"), e);
	ask_json(b, "strict_tools", SLICE("true"));
	return 0;
}

static int
cohere_tools(struct ask *a, struct sbuf *b, struct err *e)
{
	const struct chat *c = &a->chat;
	unsigned sent = 0, strict = 0;

	if (c->n_tools == 0)
		return 0;
	ask_name(b, "tools");
	sbuf_addc(b, '[');
	for (unsigned i = 0; i < c->n_tools; i++) {
		if (!cohere_sends(c, &c->tools[i]))
			continue;
		ask_function(b, &c->tools[i]);
		sent++;
		strict += c->tools[i].strict;
	}
	sbuf_addc(b, ']');
	if (sent == 0)
		return ask_refuse(a, e, "tool_choice");
	return cohere_strict(a, b, sent, strict, e);
}

static int
cohere_choice(struct ask *a, struct sbuf *b, struct err *e)
{
	static const struct slice words[] = {
		[CHOICE_ABSENT] = SLICE(""),
		[CHOICE_AUTO] = SLICE(""),
		[CHOICE_NONE] = SLICE("NONE"),
		[CHOICE_REQUIRED] = SLICE("REQUIRED"),
		[CHOICE_NAMED] = SLICE("REQUIRED"),
	};
	enum chat_choice choice = a->chat.choice;

	if (words[choice].n == 0 ||
	    (a->chat.n_tools == 0 && choice == CHOICE_NONE))
		return 0;
	if (a->chat.n_tools == 0)
		return ask_refuse(a, e, "tool_choice");
	ask_text(b, "tool_choice", words[choice]);
	return 0;
}

static void
cohere_format(const struct chat *c, struct sbuf *b)
{
	if (c->format == FORMAT_TEXT)
		return;
	ask_name(b, "response_format");
	sbuf_adds(b, "{\"type\":\"json_object\"");
	ask_json(b, "json_schema", c->schema);
	sbuf_addc(b, '}');
}

static int
cohere_thinking(struct ask *a, struct sbuf *b, struct err *e)
{
	struct slice named;
	int64_t budget;
	int on = ask_thinking(a, &budget, &named);

	if (on < 0)
		return named.n > 0 ? ask_drop(a, named, e) : 0;
	ask_name(b, "thinking");
	sbuf_addc(b, '{');
	ask_text(b, "type", on == 1 ? SLICE("enabled") : SLICE("disabled"));
	if (on == 1 && budget > 0)
		ask_int(b, "token_budget", budget);
	sbuf_addc(b, '}');
	return 0;
}

int
cohere_options(struct ask *a, struct sbuf *b, struct err *e)
{
	if (cohere_tools(a, b, e) != 0 || cohere_choice(a, b, e) != 0)
		return -1;
	cohere_format(&a->chat, b);
	return cohere_thinking(a, b, e);
}
