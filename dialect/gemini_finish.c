/* gemini_finish - why a choice is over: providers.md 5.3, 5.4. */
#include "base/sbuf.h"
#include "dialect/gemini_tell.h"

/* What is no end of an answer, but of an attempt, when nothing was said. */
#define FINISH_ERROR (CHATOUT_CONTENT_FILTER + 1)

/* Words, and the numbers of Vertex's clients.  What is not here is "stop". */
static const struct {
	struct slice word;
	unsigned how;
} finish_words[] = {
	{ SLICE("MAX_TOKENS"), CHATOUT_LENGTH },
	{ SLICE("2"), CHATOUT_LENGTH },
	{ SLICE("SAFETY"), CHATOUT_CONTENT_FILTER },
	{ SLICE("3"), CHATOUT_CONTENT_FILTER },
	{ SLICE("RECITATION"), CHATOUT_CONTENT_FILTER },
	{ SLICE("4"), CHATOUT_CONTENT_FILTER },
	{ SLICE("BLOCKLIST"), CHATOUT_CONTENT_FILTER },
	{ SLICE("PROHIBITED_CONTENT"), CHATOUT_CONTENT_FILTER },
	{ SLICE("SPII"), CHATOUT_CONTENT_FILTER },
	{ SLICE("IMAGE_SAFETY"), CHATOUT_CONTENT_FILTER },
	{ SLICE("IMAGE_PROHIBITED_CONTENT"), CHATOUT_CONTENT_FILTER },
	{ SLICE("IMAGE_RECITATION"), CHATOUT_CONTENT_FILTER },
	{ SLICE("MODEL_ARMOR"), CHATOUT_CONTENT_FILTER },
	{ SLICE("ESCALATION"), CHATOUT_CONTENT_FILTER },
	{ SLICE("MALFORMED_FUNCTION_CALL"), FINISH_ERROR },
	{ SLICE("UNEXPECTED_TOOL_CALL"), FINISH_ERROR },
	{ SLICE("TOO_MANY_TOOL_CALLS"), FINISH_ERROR },
	{ SLICE("MISSING_THOUGHT_SIGNATURE"), FINISH_ERROR },
	{ SLICE("MALFORMED_RESPONSE"), FINISH_ERROR },
};

static unsigned
finish_how(struct slice word)
{
	for (size_t i = 0; i < sizeof finish_words / sizeof *finish_words; i++)
		if (slice_eq(word, finish_words[i].word))
			return finish_words[i].how;
	return CHATOUT_STOP;
}

/* The first of the reasons that makes the whole answer a failure; "" none. */
static struct slice
finish_fault(struct tell *t)
{
	const struct gemini_state *s = t->state;
	struct slice fault = SLICE(""), word;

	for (unsigned i = 0; i < CHATOUT_CHOICES; i++) {
		chatout_choice(&t->out, i);
		if (chatout_has_content(&t->out))
			return SLICE("");
		word = slice_str(s->finish[i]);
		if (fault.n == 0 && finish_how(word) == FINISH_ERROR)
			fault = word;
	}
	return fault;
}

static void
finish_fail(struct tell *t, struct slice word)
{
	const struct gemini_state *s = t->state;
	struct sbuf b = { 0 };

	sbuf_adds(&b, "{\"error\":{\"code\":502,\"message\":\"");
	if (s->message[0] != '\0') {
		sbuf_adds(&b, s->message);
	} else {
		sbuf_adds(&b, "The model stopped with ");
		sbuf_add_slice(&b, word);
		sbuf_addc(&b, '.');
	}
	sbuf_adds(&b, "\",\"status\":\"");
	sbuf_add_slice(&b, word);
	sbuf_adds(&b, "\"}}");
	chatout_error(&t->out, sbuf_slice(&b));
	t->failed = true;
	sbuf_free(&b);
}

/* An answer without a choice will have one that is empty. */
static bool
finish_any(const struct tell *t)
{
	for (unsigned i = 0; i < CHATOUT_CHOICES; i++)
		if (t->out.choices[i].begun)
			return true;
	return false;
}

/* Whether each choice that began has a reason. */
static bool
finish_is_known(const struct tell *t)
{
	const struct gemini_state *s = t->state;

	if (s->blocked)
		return true;
	for (unsigned i = 0; i < CHATOUT_CHOICES; i++)
		if (t->out.choices[i].begun && s->finish[i][0] == '\0')
			return false;
	return finish_any(t);
}

static void
finish_choice(struct tell *t, unsigned i)
{
	struct gemini_state *s = t->state;
	struct slice word = slice_str(s->finish[i]);
	unsigned how = finish_how(word);

	chatout_choice(&t->out, i);
	gemini_partial_end(&s->partial[i], &t->out);
	if (how == FINISH_ERROR)
		how = CHATOUT_STOP;
	if (word.n == 0 && s->blocked) {
		how = CHATOUT_CONTENT_FILTER;
		word = slice_str(s->reason);
	}
	chatout_finish(&t->out, (enum chatout_finish)how, word);
}

bool
gemini_finish(struct tell *t, bool whole)
{
	struct slice fault;

	if (!whole && !finish_is_known(t))
		return false;
	fault = finish_fault(t);
	if (fault.n > 0) {
		finish_fail(t, fault);
		return false;
	}
	if (!finish_any(t)) {
		chatout_choice(&t->out, 0);
		chatout_begin(&t->out);
	}
	for (unsigned i = 0; i < CHATOUT_CHOICES; i++)
		if (t->out.choices[i].begun)
			finish_choice(t, i);
	return true;
}
