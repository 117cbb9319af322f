#include "proto/replay.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/sbuf.h"
#include "base/xmem.h"
#include "proto/jscan.h"

/* What a choice goes through; each step is a chunk, or is left out. */
enum replay_step {
	STEP_ROLE,
	STEP_REASONING_CONTENT,
	STEP_REASONING,
	STEP_CONTENT,
	STEP_REFUSAL,
	STEP_FUNCTION,
	STEP_CALLS,
	STEP_FINISH,
	STEP_OVER,
};

/* The members that are sent whole, each in a chunk of its own. */
static const char *const replay_members[] = {
	[STEP_REASONING_CONTENT] = "reasoning_content",
	[STEP_REASONING] = "reasoning",
	[STEP_CONTENT] = "content",
	[STEP_REFUSAL] = "refusal",
	[STEP_FUNCTION] = "function_call",
};

struct replay {
	struct slice id, created, model, fingerprint, usage; /* raw; or empty */
	struct jscan_iter choices;
	struct slice choice, message; /* the one in hand */
	unsigned position, call;
	struct slice index; /* raw; empty: its position */
	enum replay_step step;
	struct jscan_iter calls;
	bool has_calls;
	bool usage_due;
};

static void
replay_keep(struct slice *raw, const struct jscan_item *item, const char *name)
{
	if (item->type != JSCAN_NULL && slice_eq(item->name, slice_str(name)))
		*raw = item->value;
}

/* Take the next choice in hand; at the end its step is STEP_OVER. */
static void
replay_turn(struct replay *r, bool first)
{
	struct jscan_item item, member;

	r->step = STEP_OVER;
	if (jscan_element_next(&r->choices, &item) == 0)
		return;
	r->position = first ? 0 : r->position + 1;
	r->index = SLICE("");
	r->step = STEP_ROLE;
	r->choice = item.value;
	r->message = SLICE("{}");
	r->has_calls = false;
	if (item.type != JSCAN_OBJECT)
		return;
	if (jscan_find(item.value, SLICE("index"), &member) == 1 &&
	    member.type == JSCAN_NUMBER)
		r->index = member.value;
	if (jscan_find(item.value, SLICE("message"), &member) == 1 &&
	    member.type == JSCAN_OBJECT)
		r->message = member.value;
	if (jscan_find(r->message, SLICE("tool_calls"), &member) == 1 &&
	    member.type == JSCAN_ARRAY) {
		r->has_calls = true;
		r->call = 0;
		jscan_enter(&r->calls, member.value);
	}
}

int
replay_open(struct replay **rp, struct slice body, bool include_usage,
    struct err *e)
{
	struct jscan_item whole, item, choices = { .type = JSCAN_NULL };
	struct jscan_iter it;
	struct replay *r;

	if (jscan_value(body, &whole, e) == -1)
		return -1;
	if (whole.type != JSCAN_OBJECT ||
	    jscan_find(whole.value, SLICE("choices"), &choices) == 0 ||
	    choices.type != JSCAN_ARRAY)
		return err_set(e, ERR_DAMAGED, "replay: no chat.completion");
	r = xcalloc(1, sizeof *r);
	jscan_enter(&it, whole.value);
	while (jscan_member_next(&it, &item) == 1) {
		replay_keep(&r->id, &item, "id");
		replay_keep(&r->created, &item, "created");
		replay_keep(&r->model, &item, "model");
		replay_keep(&r->fingerprint, &item, "system_fingerprint");
		replay_keep(&r->usage, &item, "usage");
	}
	r->usage_due = include_usage && r->usage.n > 0;
	jscan_enter(&r->choices, choices.value);
	replay_turn(r, true);
	*rp = r;
	return 0;
}

void
replay_free(struct replay **rp)
{
	free(*rp);
	*rp = NULL;
}

static void
replay_put(struct sbuf *b, const char *before, struct slice raw,
    struct slice absent)
{
	sbuf_adds(b, before);
	sbuf_add_slice(b, raw.n > 0 ? raw : absent);
}

static void
replay_head(const struct replay *r, struct sbuf *b)
{
	replay_put(b, "{\"id\":", r->id, SLICE("\"\""));
	sbuf_adds(b, ",\"object\":\"chat.completion.chunk\"");
	replay_put(b, ",\"created\":", r->created, SLICE("0"));
	replay_put(b, ",\"model\":", r->model, SLICE("\"\""));
	if (r->fingerprint.n > 0)
		replay_put(b, ",\"system_fingerprint\":", r->fingerprint,
		    SLICE("null"));
	sbuf_adds(b, ",\"choices\":[");
}

/* One choice of a chunk: its delta's members as they are given. */
static void
replay_delta(const struct replay *r, struct sbuf *b, struct slice members,
    struct slice finish)
{
	struct jscan_item logprobs;
	bool has = r->step == STEP_CONTENT &&
	           jscan_find(r->choice, SLICE("logprobs"), &logprobs) == 1;

	replay_head(r, b);
	sbuf_adds(b, "{\"index\":");
	if (r->index.n > 0)
		sbuf_add_slice(b, r->index);
	else
		sbuf_add_u64(b, r->position);
	sbuf_adds(b, ",\"delta\":{");
	sbuf_add_slice(b, members);
	replay_put(b, "},\"logprobs\":", has ? logprobs.value : SLICE("null"),
	    SLICE("null"));
	replay_put(b, ",\"finish_reason\":", finish, SLICE("null"));
	sbuf_adds(b, "}]}");
}

/* False when the message has nothing of that name. */
static bool
replay_member(const struct replay *r, struct sbuf *b, const char *name)
{
	struct sbuf members = { 0 };
	struct jscan_item item;

	if (jscan_find(r->message, slice_str(name), &item) == 0 ||
	    item.type == JSCAN_NULL ||
	    (item.type == JSCAN_STRING && item.value.n == 2))
		return false;
	sbuf_addf(&members, "\"%s\":", name);
	sbuf_add_slice(&members, item.value);
	replay_delta(r, b, sbuf_slice(&members), SLICE(""));
	sbuf_free(&members);
	return true;
}

/* A whole call in one chunk.  False when there are no more. */
static bool
replay_call(struct replay *r, struct sbuf *b)
{
	struct sbuf members = { 0 };
	struct jscan_item call, item;
	struct jscan_iter it;

	if (!r->has_calls || jscan_element_next(&r->calls, &call) == 0)
		return false;
	sbuf_addf(&members, "\"tool_calls\":[{\"index\":%u", r->call++);
	if (call.type == JSCAN_OBJECT)
		jscan_enter(&it, call.value);
	while (
	    call.type == JSCAN_OBJECT && jscan_member_next(&it, &item) == 1) {
		if (slice_eq(item.name, SLICE("index")))
			continue;
		sbuf_adds(&members, ",\"");
		sbuf_add_slice(&members, item.name);
		sbuf_adds(&members, "\":");
		sbuf_add_slice(&members, item.value);
	}
	sbuf_adds(&members, "}]");
	replay_delta(r, b, sbuf_slice(&members), SLICE(""));
	sbuf_free(&members);
	return true;
}

static void
replay_finish(const struct replay *r, struct sbuf *b)
{
	struct jscan_item item;
	struct slice finish = SLICE("\"stop\"");

	if (jscan_find(r->choice, SLICE("finish_reason"), &item) == 1 &&
	    item.type == JSCAN_STRING)
		finish = item.value;
	replay_delta(r, b, SLICE(""), finish);
}

/* Write the chunk of the step in hand.  False when it has none. */
static bool
replay_write(struct replay *r, struct sbuf *b)
{
	switch (r->step) {
	case STEP_ROLE:
		replay_delta(r, b,
		    SLICE("\"role\":\"assistant\",\"content\":\"\""),
		    SLICE(""));
		return true;
	case STEP_REASONING_CONTENT:
	case STEP_REASONING:
	case STEP_CONTENT:
	case STEP_REFUSAL:
	case STEP_FUNCTION:
		return replay_member(r, b, replay_members[r->step]);
	case STEP_CALLS:
		return replay_call(r, b);
	case STEP_FINISH:
		replay_finish(r, b);
		return true;
	case STEP_OVER:
		break;
	}
	return false;
}

static int
replay_usage(struct replay *r, struct sbuf *b)
{
	if (!r->usage_due)
		return 0;
	r->usage_due = false;
	replay_head(r, b);
	replay_put(b, "],\"usage\":", r->usage, SLICE("null"));
	sbuf_addc(b, '}');
	return 1;
}

int
replay_next(struct replay *r, struct sbuf *b)
{
	bool written = false;

	while (!written && r->step != STEP_OVER) {
		written = replay_write(r, b);
		/* Calls are a step each until there are no more. */
		if (written && r->step == STEP_CALLS)
			continue;
		r->step++;
		if (r->step == STEP_OVER)
			replay_turn(r, false);
	}
	return written ? 1 : replay_usage(r, b);
}
