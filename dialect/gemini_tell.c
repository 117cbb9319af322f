#include "dialect/gemini_tell.h"

#include "base/err.h"
#include "base/sbuf.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

/* The members of an object that are read, wherever they stand. */
enum { TOP_ERROR, TOP_MODEL, TOP_CANDIDATES, TOP_FEEDBACK, TOP_USAGE, TOPS };
static const struct slice tell_tops[TOPS] = {
	[TOP_ERROR] = SLICE("error"),
	[TOP_MODEL] = SLICE("modelVersion"),
	[TOP_CANDIDATES] = SLICE("candidates"),
	[TOP_FEEDBACK] = SLICE("promptFeedback"),
	[TOP_USAGE] = SLICE("usageMetadata"),
};

enum {
	CAND_INDEX,
	CAND_CONTENT,
	CAND_FINISH,
	CAND_MESSAGE,
	CAND_LOGPROBS,
	CAND_GROUNDING,
	CAND_CITATIONS,
	CANDS
};
static const struct slice tell_cands[CANDS] = {
	[CAND_INDEX] = SLICE("index"),
	[CAND_CONTENT] = SLICE("content"),
	[CAND_FINISH] = SLICE("finishReason"),
	[CAND_MESSAGE] = SLICE("finishMessage"),
	[CAND_LOGPROBS] = SLICE("logprobsResult"),
	[CAND_GROUNDING] = SLICE("groundingMetadata"),
	[CAND_CITATIONS] = SLICE("citationMetadata"),
};

void
gemini_members(struct slice object, const struct slice *names, unsigned n,
    struct jscan_item *at)
{
	struct jscan_iter it;
	struct jscan_item item;

	for (unsigned i = 0; i < n; i++)
		at[i] = (struct jscan_item){ .type = JSCAN_NULL };
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item))
		for (unsigned i = 0; i < n; i++)
			if (jstr_is(&item, names[i])) {
				at[i] = item;
				break;
			}
}

static void
tell_word(char word[32], const struct jscan_item *item)
{
	struct slice text = item->value;

	if (item->type == JSCAN_STRING)
		text = jscan_text(item);
	else if (item->type != JSCAN_NUMBER)
		return;
	if (text.n == 0)
		return;
	text.n = text.n < 31 ? text.n : 31;
	memcpy(word, text.p, text.n);
	word[text.n] = '\0';
}

/* A long one is cut nowhere: an escape must stay whole. */
static void
tell_message(struct gemini_state *s, const struct jscan_item *item)
{
	struct slice raw;

	if (item->type != JSCAN_STRING)
		return;
	raw = jscan_text(item);
	if (raw.n >= sizeof s->message)
		return;
	memcpy(s->message, raw.p, raw.n);
	s->message[raw.n] = '\0';
}

static unsigned
tell_index(const struct jscan_item *item, unsigned position)
{
	int64_t n;

	if (item->type != JSCAN_NUMBER || jnum_int(item->value, &n) != 1)
		return position;
	return n >= 0 && n < CHATOUT_CHOICES ? (unsigned)n : CHATOUT_CHOICES;
}

static int
tell_candidate(struct tell *t, struct slice json, unsigned position)
{
	struct gemini_state *s = t->state;
	struct jscan_item at[CANDS];
	unsigned index;

	gemini_members(json, tell_cands, CANDS, at);
	index = tell_index(&at[CAND_INDEX], position);
	if (chatout_choice(&t->out, index) != 0)
		return -1;
	chatout_begin(&t->out);
	if (at[CAND_CONTENT].type == JSCAN_OBJECT &&
	    gemini_parts(t, at[CAND_CONTENT].value) != 0)
		return -1;
	if (at[CAND_LOGPROBS].type == JSCAN_OBJECT)
		gemini_logprobs(&t->out, at[CAND_LOGPROBS].value);
	gemini_sources(t, &at[CAND_GROUNDING], &at[CAND_CITATIONS]);
	tell_word(s->finish[index], &at[CAND_FINISH]);
	s->finished |= s->finish[index][0] != '\0';
	tell_message(s, &at[CAND_MESSAGE]);
	return 0;
}

static int
tell_candidates(struct tell *t, struct slice array)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, array);
	for (unsigned i = 0; jscan_element_next(&it, &item); i++)
		if (item.type == JSCAN_OBJECT &&
		    tell_candidate(t, item.value, i) != 0)
			return -1;
	return 0;
}

static void
tell_feedback(struct gemini_state *s, struct slice json)
{
	struct jscan_item reason;

	if (jscan_find(json, SLICE("blockReason"), &reason) != 1 ||
	    reason.type == JSCAN_NULL)
		return;
	s->blocked = s->finished = true;
	tell_word(s->reason, &reason);
}

/* Figures are told with every chunk; they are whole when the end is known. */
static void
tell_usage(struct tell *t, const struct jscan_item *item)
{
	struct gemini_state *s = t->state;

	if (item->type == JSCAN_OBJECT &&
	    gemini_figures_read(&s->figures, item->value))
		s->counted = true;
	if (!s->counted)
		return;
	gemini_usage(&s->figures, &t->usage, &t->in_tokens);
	t->has_usage = s->finished;
}

/* 1 when it was an answer, 0 when an error, -1 when there is too much. */
static int
tell_object(struct tell *t, struct slice json, struct jscan_item at[TOPS])
{
	struct gemini_state *s = t->state;

	gemini_members(json, tell_tops, TOPS, at);
	if (at[TOP_ERROR].type == JSCAN_OBJECT ||
	    at[TOP_ERROR].type == JSCAN_STRING) {
		chatout_error(&t->out, json);
		t->failed = true;
		return 0;
	}
	if (!s->begun)
		gemini_figures_init(&s->figures);
	if (!s->begun && at[TOP_MODEL].type == JSCAN_STRING)
		chatout_model(&t->out, jscan_text(&at[TOP_MODEL]));
	s->begun = true;
	if (at[TOP_CANDIDATES].type == JSCAN_ARRAY &&
	    tell_candidates(t, at[TOP_CANDIDATES].value) != 0)
		return -1;
	if (at[TOP_FEEDBACK].type == JSCAN_OBJECT)
		tell_feedback(s, at[TOP_FEEDBACK].value);
	tell_usage(t, &at[TOP_USAGE]);
	return 1;
}

int
gemini_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct jscan_item at[TOPS];

	if (tell_object(t, ev->data, at) == -1)
		return err_set(e, ERR_UPSTREAM_STREAM,
		    "too many candidates or calls");
	return 0;
}

int
gemini_reply(struct tell *t, struct slice json, struct err *e)
{
	struct gemini_state *s = t->state;
	struct jscan_item at[TOPS];
	int is = tell_object(t, json, at);

	if (is == 0)
		return 0;
	if (is == -1 || (at[TOP_CANDIDATES].type != JSCAN_ARRAY &&
			    at[TOP_FEEDBACK].type != JSCAN_OBJECT))
		return err_set(e, ERR_UPSTREAM_INVALID,
		    "reply has no candidates");
	t->has_usage = s->counted;
	gemini_finish(t, true);
	return 0;
}

void
gemini_end(struct tell *t)
{
	t->complete = gemini_finish(t, false);
}
