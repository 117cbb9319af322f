/*
 * invoke_other - families whose answers are one text: Llama, Titan, Mistral,
 * Cohere's Command, AI21's Jamba, the first Claudes.
 */
#include "dialect/invoke_priv.h"
#include "proto/jstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Lists whose first element is what is said. */
static const struct slice other_lists[] = { SLICE("choices"),
	SLICE("generations"), SLICE("outputs"), SLICE("results") };
static const struct slice other_inner[] = { SLICE("delta"), SLICE("message") };
static const struct slice other_texts[] = { SLICE("completion"),
	SLICE("generation"), SLICE("outputText"), SLICE("content"),
	SLICE("text") };
static const struct slice other_stops[] = { SLICE("stop_reason"),
	SLICE("finish_reason"), SLICE("completionReason") };

static const struct {
	struct slice word;
	enum chatout_finish how;
} other_finishes[] = {
	{ SLICE("length"), CHATOUT_LENGTH },
	{ SLICE("max_tokens"), CHATOUT_LENGTH },
	{ SLICE("content_filter"), CHATOUT_CONTENT_FILTER },
	{ SLICE("content_filtered"), CHATOUT_CONTENT_FILTER },
};

static struct slice
other_first(struct slice json)
{
	struct jscan_iter it;
	struct jscan_item item;
	struct slice list;

	for (size_t i = 0; i < COUNT(other_lists); i++) {
		if (!converse_find(json, other_lists[i], JSCAN_ARRAY, &list))
			continue;
		jscan_enter(&it, list);
		if (jscan_element_next(&it, &item) && item.type == JSCAN_OBJECT)
			return item.value;
	}
	return json;
}

static bool
other_text(struct tell *t, struct slice object)
{
	struct jscan_item item;
	struct slice said = object;

	for (size_t i = 0; i < COUNT(other_inner); i++)
		converse_find(object, other_inner[i], JSCAN_OBJECT, &said);
	for (size_t i = 0; i < COUNT(other_texts); i++)
		if (jscan_find(said, other_texts[i], &item) == 1 &&
		    item.type == JSCAN_STRING) {
			chatout_begin(&t->out);
			chatout_text(&t->out, jscan_text(&item));
			return true;
		}
	return false;
}

static bool
other_stop(struct tell *t, struct slice object)
{
	struct invoke_state *st = t->state;

	for (size_t i = 0; i < COUNT(other_stops); i++) {
		struct slice word = chat_raw(object, other_stops[i]);

		if (word.n == 0)
			continue;
		if (word.n >= sizeof st->stop)
			word.n = sizeof st->stop - 1;
		memcpy(st->stop, word.p, word.n);
		st->stop[word.n] = '\0';
		return true;
	}
	return false;
}

/* A body's own figures, in OpenAI's form or the family's. */
static void
other_usage(struct tell *t, struct slice json)
{
	struct usage_figures f;
	struct slice usage;

	bedrock_usage(t, json);
	if (!converse_find(json, SLICE("usage"), JSCAN_OBJECT, &usage) ||
	    usage_read(usage, 0, &t->usage) != 1)
		return;
	usage_sum(&t->usage, &f);
	t->in_tokens = f.prompt;
	t->has_usage = true;
}

bool
invoke_other(struct tell *t, struct slice json)
{
	struct invoke_state *st = t->state;
	struct slice object = other_first(json), metrics;
	bool known = other_text(t, object);

	known |= other_stop(t, object);
	if (!converse_find(json, SLICE("amazon-bedrock-invocationMetrics"),
		JSCAN_OBJECT, &metrics))
		return known;
	bedrock_usage(t, metrics);
	st->measured = true;
	return known;
}

bool
invoke_other_reply(struct tell *t, struct slice json)
{
	other_usage(t, json);
	return invoke_other(t, json);
}

void
invoke_finish(struct tell *t)
{
	struct invoke_state *st = t->state;
	struct slice word = slice_str(st->stop);
	enum chatout_finish how = CHATOUT_STOP;

	for (size_t i = 0; i < COUNT(other_finishes); i++)
		if (slice_eq_nocase(word, other_finishes[i].word))
			how = other_finishes[i].how;
	chatout_finish(&t->out, how, word);
	t->complete = true;
}
