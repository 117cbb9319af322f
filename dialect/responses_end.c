/* responses_end - a whole response: as an answer, or as the end of a stream. */
#include "base/err.h"
#include "dialect/chat_priv.h"
#include "dialect/responses_priv.h"

/* Items that only the whole response has. */
int
responses_output(struct tell *t, struct slice output)
{
	const struct responses_state *s = t->state;
	unsigned told = t->out.choices[t->out.at].calls, calls = 0;
	bool seen = s->seen;
	struct jscan_iter it;
	struct jscan_item item;

	if (output.n == 0 || *output.p != '[')
		return 0;
	jscan_enter(&it, output);
	while (jscan_element_next(&it, &item)) {
		if (item.type != JSCAN_OBJECT)
			continue;
		if (responses_is_call(item.value) ? calls++ < told : seen)
			continue;
		if (responses_item(t, item.value, false) != 0)
			return -1;
	}
	return 0;
}

/* The usage does not tell them: each is an item of the output. */
static int64_t
responses_searches(struct slice response)
{
	struct slice output = chat_json(response, SLICE("output"));
	struct jscan_iter it;
	struct jscan_item item, type;
	int64_t n = 0;

	if (output.n == 0 || *output.p != '[')
		return 0;
	jscan_enter(&it, output);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT &&
		    jscan_find(item.value, SLICE("type"), &type) == 1 &&
		    jstr_says(&type, SLICE("web_search_call")))
			n++;
	return n;
}

void
responses_finish(struct tell *t, struct slice response)
{
	static const struct {
		struct slice reason;
		enum chatout_finish finish;
	} reasons[] = {
		{ SLICE("max_output_tokens"), CHATOUT_LENGTH },
		{ SLICE("content_filter"), CHATOUT_CONTENT_FILTER },
	};
	struct slice usage = chat_json(response, SLICE("usage"));
	struct slice native = chat_raw(response, SLICE("status"));
	enum chatout_finish how = CHATOUT_STOP;
	struct usage_figures figures;
	struct jscan_item reason;

	if (usage.n > 0 && usage_read(usage, t->quirks, &t->usage) == 1) {
		t->has_usage = true;
		t->usage.searches = responses_searches(response);
		usage_sum(&t->usage, &figures);
		t->in_tokens = figures.prompt;
	}
	if (jscan_dig(response, &reason, "incomplete_details", "reason",
		(char *)NULL) == 1 &&
	    reason.type == JSCAN_STRING) {
		native = jscan_text(&reason);
		for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
			if (jstr_says(&reason, reasons[i].reason))
				how = reasons[i].finish;
	}
	chatout_finish(&t->out, how, native);
	t->complete = true;
}

bool
responses_has_failed(struct slice response)
{
	struct jscan_item status;

	return chat_json(response, SLICE("error")).n > 0 ||
	       (jscan_find(response, SLICE("status"), &status) == 1 &&
		   jstr_says(&status, SLICE("failed")));
}

/* It runs on behind our back, or was stopped: no answer. */
static bool
responses_is_unfinished(struct slice response)
{
	static const struct slice words[] = { SLICE("in_progress"),
		SLICE("queued"), SLICE("cancelled") };
	struct jscan_item status;

	if (jscan_find(response, SLICE("status"), &status) == 1)
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (jstr_says(&status, words[i]))
				return true;
	return false;
}

int
responses_reply(struct tell *t, struct slice json, struct err *e)
{
	struct slice output = chat_json(json, SLICE("output"));

	if (responses_has_failed(json)) {
		t->failed = true;
		return 0;
	}
	if (output.n == 0 || *output.p != '[' || responses_is_unfinished(json))
		return err_set(e, ERR_UPSTREAM_INVALID, "reply has no output");
	chatout_model(&t->out, chat_raw(json, SLICE("model")));
	/* mistral.rs: text, where OpenAI repeats the request's member. */
	chatout_reasoning(&t->out, chat_raw(json, SLICE("reasoning")));
	if (responses_output(t, output) != 0)
		return err_set(e, ERR_UPSTREAM_INVALID,
		    "too many calls of tools");
	responses_finish(t, json);
	return 0;
}
