/*
 * responses_tell - what OpenAI's Responses answers: providers.md 7.2, 7.3.
 *
 * A call is told as its pieces come.  Chat tells one after the other: one that
 * begins while another is told waits in t->kept until that is done.  An item
 * that comes whole, or only in the last event, is told then.
 */
#include "base/err.h"
#include "dialect/chat_priv.h"
#include "dialect/responses_priv.h"
#include "proto/jnum.h"

enum {
	EV_TYPE,
	EV_DELTA,
	EV_INDEX,
	EV_ITEM,
	EV_RESPONSE,
	EV_LOGPROBS,
	EV_ERROR,
	EV_MESSAGE,
	EV_CODE,
	EV_MEMBERS
};

static const struct slice ev_names[EV_MEMBERS] = {
	[EV_TYPE] = SLICE("type"),
	[EV_DELTA] = SLICE("delta"),
	[EV_INDEX] = SLICE("output_index"),
	[EV_ITEM] = SLICE("item"),
	[EV_RESPONSE] = SLICE("response"),
	[EV_LOGPROBS] = SLICE("logprobs"),
	[EV_ERROR] = SLICE("error"),
	[EV_MESSAGE] = SLICE("message"),
	[EV_CODE] = SLICE("code"),
};

struct responses_ev {
	struct tell *t;
	struct err *e;
	struct jscan_item members[EV_MEMBERS];
	unsigned at; /* output_index */
};

static void
ev_read(struct responses_ev *ev, struct slice json)
{
	struct jscan_iter it;
	struct jscan_item item;
	int64_t at;

	jscan_enter(&it, json);
	while (jscan_member_next(&it, &item))
		for (int i = 0; i < EV_MEMBERS; i++)
			if (jstr_is(&item, ev_names[i])) {
				ev->members[i] = item;
				break;
			}
	item = ev->members[EV_INDEX];
	if (item.type == JSCAN_NUMBER && jnum_int(item.value, &at) == 1 &&
	    at >= 0)
		ev->at = at < RESPONSES_ITEMS ? (unsigned)at : RESPONSES_ITEMS;
}

/* The raw text of a member; n 0: it has none. */
static struct slice
ev_raw(const struct responses_ev *ev, int which)
{
	const struct jscan_item *item = &ev->members[which];

	return item->type == JSCAN_STRING ? jscan_text(item) : SLICE("");
}

/* The object that a member is; n 0: it is none. */
static struct slice
ev_object(const struct responses_ev *ev, int which)
{
	const struct jscan_item *item = &ev->members[which];

	return item->type == JSCAN_OBJECT ? item->value : SLICE("");
}

static bool
ev_was_said(const struct responses_ev *ev)
{
	const struct responses_state *s = ev->t->state;

	/* So many items have pieces, if they have text at all. */
	return ev->at >= RESPONSES_ITEMS ||
	       s->said[ev->at / 64] >> ev->at % 64 & 1;
}

static void
ev_say(struct responses_ev *ev)
{
	struct responses_state *s = ev->t->state;

	s->seen = true;
	if (ev->at < RESPONSES_ITEMS)
		s->said[ev->at / 64] |= UINT64_C(1) << ev->at % 64;
}

static int
ev_text(struct responses_ev *ev)
{
	ev_say(ev);
	responses_in_message(ev->t);
	chatout_text(&ev->t->out, ev_raw(ev, EV_DELTA));
	return 0;
}

static int
ev_refusal(struct responses_ev *ev)
{
	ev_say(ev);
	responses_in_message(ev->t);
	chatout_refusal(&ev->t->out, ev_raw(ev, EV_DELTA));
	return 0;
}

static int
ev_reasoning(struct responses_ev *ev)
{
	ev_say(ev);
	chatout_reasoning(&ev->t->out, ev_raw(ev, EV_DELTA));
	return 0;
}

static int
ev_logprobs(struct responses_ev *ev)
{
	if (ev_was_said(ev))
		responses_logprobs(ev->t, ev->members[EV_LOGPROBS].value);
	return 0;
}

static int
ev_too_many(struct responses_ev *ev)
{
	return err_set(ev->e, ERR_UPSTREAM_STREAM, "too many calls of tools");
}

static int
ev_added(struct responses_ev *ev)
{
	struct responses_state *s = ev->t->state;
	struct slice item = ev_object(ev, EV_ITEM);

	/* The place is another item's now, if it was one's before. */
	if (ev->at < RESPONSES_ITEMS)
		s->said[ev->at / 64] &= ~(UINT64_C(1) << ev->at % 64);
	if (item.n == 0 || !responses_is_call(item) || s->open != 0)
		return 0;
	ev_say(ev);
	s->open = ev->at + 1;
	s->has_pieces = false;
	return responses_call(ev->t, item) == 0 ? 0 : ev_too_many(ev);
}

static int
ev_arguments(struct responses_ev *ev)
{
	struct responses_state *s = ev->t->state;

	if (s->open != ev->at + 1)
		return 0;
	s->has_pieces = true;
	chatout_arguments(&ev->t->out, ev_raw(ev, EV_DELTA));
	return 0;
}

/* The calls that waited: elements of a JSON array, each with a comma. */
static int
ev_tell_kept(struct responses_ev *ev)
{
	struct sbuf *kept = &ev->t->kept;
	struct jscan_iter it;
	struct jscan_item item;
	int done = 0;

	if (kept->len == 0)
		return 0;
	kept->data[kept->len - 1] = ']';
	jscan_enter(&it, sbuf_slice(kept));
	while (done == 0 && jscan_element_next(&it, &item))
		done = responses_item(ev->t, item.value, false);
	sbuf_clear(kept);
	return done == 0 ? 0 : ev_too_many(ev);
}

static void
ev_keep(struct responses_ev *ev, struct slice item)
{
	struct sbuf *kept = &ev->t->kept;

	if (kept->len == 0)
		sbuf_addc(kept, '[');
	sbuf_add_slice(kept, item);
	sbuf_addc(kept, ',');
}

static int
ev_call_done(struct responses_ev *ev, struct slice item)
{
	struct responses_state *s = ev->t->state;

	if (s->open != 0 && s->open != ev->at + 1) {
		ev_keep(ev, item);
		return 0;
	}
	if (s->open == 0)
		return responses_item(ev->t, item, false);
	if (!s->has_pieces)
		responses_arguments(ev->t, item);
	chatout_call_end(&ev->t->out);
	s->open = 0;
	return ev_tell_kept(ev);
}

static int
ev_done(struct responses_ev *ev)
{
	struct slice item = ev_object(ev, EV_ITEM);
	bool said = ev_was_said(ev);

	if (item.n == 0)
		return 0;
	ev_say(ev);
	if (responses_is_call(item))
		return ev_call_done(ev, item) == 0 ? 0 : ev_too_many(ev);
	return responses_item(ev->t, item, said);
}

static int
ev_created(struct responses_ev *ev)
{
	struct slice response = ev_object(ev, EV_RESPONSE);

	if (response.n > 0)
		chatout_model(&ev->t->out, chat_raw(response, SLICE("model")));
	return 0;
}

static int
ev_failed(struct responses_ev *ev)
{
	struct slice response = ev_object(ev, EV_RESPONSE);

	ev->t->failed = true;
	chatout_error(&ev->t->out, response.n > 0 ? response : SLICE("{}"));
	return 0;
}

static int
ev_finished(struct responses_ev *ev)
{
	struct slice response = ev_object(ev, EV_RESPONSE);

	if (response.n == 0)
		return err_set(ev->e, ERR_UPSTREAM_STREAM,
		    "last event has no response");
	if (responses_has_failed(response))
		return ev_failed(ev);
	ev_created(ev);
	if (ev_tell_kept(ev) != 0 ||
	    responses_output(ev->t, chat_json(response, SLICE("output"))) != 0)
		return ev_too_many(ev);
	responses_finish(ev->t, response);
	return 0;
}

/* {"type":"error","code","message"}; some wrap it: {"error":{...}}. */
static int
ev_error(struct responses_ev *ev)
{
	struct sbuf b = { 0 };

	sbuf_adds(&b, "{\"error\":");
	if (ev_object(ev, EV_ERROR).n > 0) {
		sbuf_add_slice(&b, ev_object(ev, EV_ERROR));
	} else {
		sbuf_adds(&b, "{\"message\":\"");
		sbuf_add_slice(&b, ev_raw(ev, EV_MESSAGE));
		sbuf_adds(&b, "\",\"code\":");
		sbuf_add_slice(&b, ev->members[EV_CODE].value.n > 0
				       ? ev->members[EV_CODE].value
				       : SLICE("null"));
		sbuf_addc(&b, '}');
	}
	sbuf_addc(&b, '}');
	ev->t->failed = true;
	chatout_error(&ev->t->out, sbuf_slice(&b));
	sbuf_free(&b);
	return 0;
}

static const struct {
	struct slice type;
	int (*take)(struct responses_ev *ev);
} ev_types[] = {
	{ SLICE("response.output_text.delta"), ev_text },
	{ SLICE("response.function_call_arguments.delta"), ev_arguments },
	{ SLICE("response.reasoning_summary_text.delta"), ev_reasoning },
	{ SLICE("response.reasoning_text.delta"), ev_reasoning },
	{ SLICE("response.refusal.delta"), ev_refusal },
	{ SLICE("response.output_item.added"), ev_added },
	{ SLICE("response.output_item.done"), ev_done },
	{ SLICE("response.output_text.done"), ev_logprobs },
	{ SLICE("response.created"), ev_created },
	{ SLICE("response.completed"), ev_finished },
	{ SLICE("response.incomplete"), ev_finished },
	{ SLICE("response.failed"), ev_failed },
	{ SLICE("error"), ev_error },
};

int
responses_event(struct tell *t, const struct dialect_event *from, struct err *e)
{
	struct responses_ev ev = { .t = t, .e = e };

	ev_read(&ev, from->data);
	for (size_t i = 0; i < sizeof ev_types / sizeof *ev_types; i++)
		if (jstr_says(&ev.members[EV_TYPE], ev_types[i].type))
			return ev_types[i].take(&ev);
	/* An error that names no type: OpenRouter's, xAI's. */
	if (ev.members[EV_TYPE].type == JSCAN_NULL &&
	    ev_object(&ev, EV_ERROR).n > 0)
		return ev_error(&ev);
	return 0;
}
