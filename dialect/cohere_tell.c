/* cohere_tell - what Cohere's v2 answers: providers.md 5 and 7.3. */
#include "base/err.h"
#include "dialect/chat_priv.h"
#include "dialect/cohere_priv.h"
#include "dialect/dialect.h"
#include "dialect/tell_json.h"
#include "proto/jstr.h"

static struct cohere *
cohere_of(struct tell *t)
{
	return t->state;
}

/* Arguments of "null" are none, in however many pieces they come. */
static void
cohere_piece(struct tell *t, struct slice raw)
{
	static const struct slice none = SLICE("null");
	struct cohere *c = cohere_of(t);

	while (!c->told && raw.n > 0 && c->nulls < none.n &&
	       *raw.p == none.p[c->nulls]) {
		c->nulls++;
		raw = slice_skip(raw, 1);
	}
	if (raw.n == 0)
		return;
	if (!c->told)
		chatout_arguments(&t->out, (struct slice){ none.p, c->nulls });
	c->told = true;
	chatout_arguments(&t->out, raw);
}

static void
cohere_call_end(struct tell *t)
{
	chatout_call_end(&t->out);
	*cohere_of(t) = (struct cohere){ 0 };
}

/* The arguments are text; an object in their place becomes text. */
static void
cohere_arguments(struct tell *t, struct slice function)
{
	struct slice object = tell_object(function, SLICE("arguments"));

	if (object.n == 0) {
		cohere_piece(t, tell_raw(function, SLICE("arguments")));
		return;
	}
	cohere_of(t)->told = true;
	chatout_arguments_json(&t->out, object);
}

/* A call, or the beginning of one. */
static int
cohere_call(struct tell *t, struct slice call, struct err *e)
{
	struct slice function = tell_object(call, SLICE("function"));
	struct slice name = tell_raw(function, SLICE("name"));

	cohere_call_end(t);
	if (name.n == 0)
		return 0;
	if (chatout_call(&t->out, tell_raw(call, SLICE("id")), name,
		SLICE("")) != 0)
		return err_set(e, ERR_UPSTREAM_STREAM, "too many tool calls");
	cohere_arguments(t, function);
	return 0;
}

/* A block of content, or a piece of one. */
static void
cohere_content(struct tell *t, struct slice content)
{
	chatout_reasoning(&t->out, tell_raw(content, SLICE("thinking")));
	chatout_text(&t->out, tell_raw(content, SLICE("text")));
}

static void
cohere_finish(struct tell *t, struct slice word)
{
	chatout_finish(&t->out,
	    slice_eq(word, SLICE("MAX_TOKENS")) ? CHATOUT_LENGTH : CHATOUT_STOP,
	    word);
	t->complete = true;
}

static int
cohere_all_content(struct tell *t, struct slice content, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item item;

	(void)e;
	jscan_enter(&it, content);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			cohere_content(t, item.value);
	return 0;
}

static int
cohere_all_calls(struct tell *t, struct slice calls, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item item;

	jscan_enter(&it, calls);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT &&
		    cohere_call(t, item.value, e) != 0)
			return -1;
	cohere_call_end(t);
	return 0;
}

static int
cohere_all_citations(struct tell *t, struct slice citations, struct err *e)
{
	struct jscan_iter it;
	struct jscan_item item;

	(void)e;
	jscan_enter(&it, citations);
	while (jscan_element_next(&it, &item))
		if (item.type == JSCAN_OBJECT)
			cohere_citation(t, item.value);
	return 0;
}

/* The plan leads to calls; alone it is all that is said. */
static void
cohere_plan(struct tell *t, struct slice message, struct slice calls)
{
	struct slice plan = tell_raw(message, SLICE("tool_plan"));

	if (jscan_count(calls) > 0)
		chatout_reasoning(&t->out, plan);
	else
		chatout_text(&t->out, plan);
}

static int
cohere_message(struct tell *t, struct slice message, struct err *e)
{
	static const struct {
		struct slice name;
		int (*tell)(struct tell *t, struct slice array, struct err *e);
	} arrays[] = {
		{ SLICE("content"), cohere_all_content },
		{ SLICE("citations"), cohere_all_citations },
		{ SLICE("tool_calls"), cohere_all_calls },
	};
	struct slice array;

	cohere_plan(t, message, tell_array(message, SLICE("tool_calls")));
	for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
		array = tell_array(message, arrays[i].name);
		if (array.n > 0 && arrays[i].tell(t, array, e) != 0)
			return -1;
	}
	return 0;
}

int
cohere_reply(struct tell *t, struct slice json, struct err *e)
{
	struct slice message = tell_object(json, SLICE("message"));
	struct slice finish = tell_raw(json, SLICE("finish_reason"));

	if (message.n == 0 && !cohere_is_error(json))
		return err_set(e, ERR_UPSTREAM_INVALID, "reply has no message");
	if (message.n == 0 || slice_eq(finish, SLICE("ERROR"))) {
		t->failed = true;
		return 0;
	}
	chatout_begin(&t->out);
	if (cohere_message(t, message, e) != 0)
		return -1;
	cohere_logprobs(t, json);
	cohere_usage(t, tell_object(json, SLICE("usage")));
	cohere_finish(t, finish);
	return 0;
}

/* delta.message of an event; empty: it has none. */
static struct slice
cohere_delta(struct slice json)
{
	return tell_object(tell_object(json, SLICE("delta")), SLICE("message"));
}

static int
cohere_on_start(struct tell *t, struct slice json, struct err *e)
{
	(void)json, (void)e;
	chatout_begin(&t->out);
	return 0;
}

static int
cohere_on_content(struct tell *t, struct slice json, struct err *e)
{
	(void)e;
	cohere_content(t, tell_object(cohere_delta(json), SLICE("content")));
	cohere_logprobs(t, json);
	return 0;
}

static int
cohere_on_plan(struct tell *t, struct slice json, struct err *e)
{
	(void)e;
	chatout_reasoning(&t->out,
	    tell_raw(cohere_delta(json), SLICE("tool_plan")));
	return 0;
}

static int
cohere_on_call(struct tell *t, struct slice json, struct err *e)
{
	return cohere_call(t,
	    tell_object(cohere_delta(json), SLICE("tool_calls")), e);
}

static int
cohere_on_arguments(struct tell *t, struct slice json, struct err *e)
{
	struct slice call =
	    tell_object(cohere_delta(json), SLICE("tool_calls"));

	(void)e;
	cohere_arguments(t, tell_object(call, SLICE("function")));
	return 0;
}

static int
cohere_on_call_end(struct tell *t, struct slice json, struct err *e)
{
	(void)json, (void)e;
	cohere_call_end(t);
	return 0;
}

static int
cohere_on_citation(struct tell *t, struct slice json, struct err *e)
{
	(void)e;
	cohere_citation(t, tell_object(cohere_delta(json), SLICE("citations")));
	return 0;
}

static void
cohere_fail(struct tell *t, struct slice json)
{
	chatout_error(&t->out, json);
	t->failed = true;
}

/* Without a reason it is no end that could be told. */
static int
cohere_on_end(struct tell *t, struct slice json, struct err *e)
{
	struct slice delta = tell_object(json, SLICE("delta"));
	struct slice finish = tell_raw(delta, SLICE("finish_reason"));

	(void)e;
	cohere_usage(t, tell_object(delta, SLICE("usage")));
	if (slice_eq(finish, SLICE("ERROR")))
		cohere_fail(t, delta);
	else if (finish.n > 0)
		cohere_finish(t, finish);
	return 0;
}

static const struct {
	struct slice name;
	int (*tell)(struct tell *t, struct slice json, struct err *e);
} cohere_events[] = {
	{ SLICE("content-delta"), cohere_on_content },
	{ SLICE("tool-call-delta"), cohere_on_arguments },
	{ SLICE("tool-plan-delta"), cohere_on_plan },
	{ SLICE("content-start"), cohere_on_content },
	{ SLICE("tool-call-start"), cohere_on_call },
	{ SLICE("tool-call-end"), cohere_on_call_end },
	{ SLICE("citation-start"), cohere_on_citation },
	{ SLICE("message-start"), cohere_on_start },
	{ SLICE("message-end"), cohere_on_end },
};

int
cohere_event(struct tell *t, const struct dialect_event *ev, struct err *e)
{
	struct slice type = tell_raw(ev->data, SLICE("type"));

	if (type.n == 0)
		type = ev->name;
	for (size_t i = 0; i < sizeof cohere_events / sizeof *cohere_events;
	     i++)
		if (slice_eq(type, cohere_events[i].name))
			return cohere_events[i].tell(t, ev->data, e);
	if (cohere_is_error(ev->data))
		cohere_fail(t, ev->data);
	return 0;
}
