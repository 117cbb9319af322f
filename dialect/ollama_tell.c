/* ollama_tell - what Ollama answers in its own words: providers.md 5. */
#include "base/err.h"
#include "dialect/dialect.h"
#include "dialect/ollama_priv.h"
#include "dialect/tell_json.h"
#include "proto/jstr.h"

/* A call comes whole; its arguments are an object, or its text. */
static int
ollama_call(struct tell *t, struct slice call, struct err *e)
{
	struct slice function = tell_object(call, SLICE("function"));
	struct slice object = tell_object(function, SLICE("arguments"));
	struct slice text = tell_raw(function, SLICE("arguments"));
	struct slice name = tell_raw(function, SLICE("name"));

	if (name.n == 0)
		return 0;
	if (chatout_call(&t->out, tell_raw(call, SLICE("id")), name,
		SLICE("")) != 0)
		return err_set(e, ERR_UPSTREAM_STREAM, "too many tool calls");
	if (object.n > 0)
		chatout_arguments_json(&t->out, object);
	else if (!slice_eq(text, SLICE("null")))
		chatout_arguments(&t->out, text);
	chatout_call_end(&t->out);
	return 0;
}

static int
ollama_calls(struct tell *t, struct slice calls, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (calls.n == 0)
		return 0;
	jscan_enter(&it, calls);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT &&
		    ollama_call(t, item.value, e) != 0)
			return -1;
	return 0;
}

/* Absent figures are 0: what is cached is not counted again. */
static void
ollama_usage(struct tell *t, struct slice json)
{
	int64_t in = tell_count(json, SLICE("prompt_eval_count"));
	int64_t out = tell_count(json, SLICE("eval_count"));

	if (in == USAGE_MALFORMED || out == USAGE_MALFORMED ||
	    (in == USAGE_ABSENT && out == USAGE_ABSENT))
		return;
	usage_of_totals(&t->usage, in > 0 ? in : 0, out > 0 ? out : 0);
	t->in_tokens = in;
	t->has_usage = true;
}

static void
ollama_finish(struct tell *t, struct slice json)
{
	struct slice word = tell_raw(json, SLICE("done_reason"));

	ollama_usage(t, json);
	chatout_finish(&t->out,
	    slice_eq(word, SLICE("length")) ? CHATOUT_LENGTH : CHATOUT_STOP,
	    word);
	t->complete = true;
}

/* Of /api/chat, or of /api/generate, whose text has no message around it. */
static int
ollama_words(struct tell *t, struct slice json, struct err *e)
{
	struct slice message = tell_object(json, SLICE("message"));
	struct slice from = message.n > 0 ? message : json;

	chatout_model(&t->out, tell_raw(json, SLICE("model")));
	chatout_begin(&t->out);
	chatout_reasoning(&t->out, tell_raw(from, SLICE("thinking")));
	chatout_text(&t->out,
	    tell_raw(from,
		message.n > 0 ? SLICE("content") : SLICE("response")));
	return ollama_calls(t, tell_array(from, SLICE("tool_calls")), e);
}

static bool
ollama_has(struct slice json, struct slice name)
{
	struct jscan_item item;

	return jscan_find(json, name, &item) == 1 && item.type != JSCAN_NULL;
}

int
ollama_reply(struct tell *t, struct slice json, struct err *e)
{
	if (ollama_has(json, SLICE("error"))) {
		t->failed = true;
		return 0;
	}
	if (tell_object(json, SLICE("message")).n == 0 &&
	    !ollama_has(json, SLICE("response")))
		return err_set(e, ERR_UPSTREAM_INVALID, "reply has no message");
	if (ollama_words(t, json, e) != 0)
		return -1;
	ollama_finish(t, json);
	return 0;
}

int
ollama_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct jscan_item done;

	if (ollama_has(ev->data, SLICE("error"))) {
		chatout_error(&t->out, ev->data);
		t->failed = true;
		return 0;
	}
	if (ollama_words(t, ev->data, e) != 0)
		return -1;
	if (jscan_find(ev->data, SLICE("done"), &done) == 1 &&
	    jscan_true(&done))
		ollama_finish(t, ev->data);
	return 0;
}
