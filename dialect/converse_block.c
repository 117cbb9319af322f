/*
 * converse_block - blocks of content, whole or in deltas: spec/providers.md
 * 5.2, 7.3, 9.
 *
 * Most blocks have no beginning on the wire and some no end: one ends where
 * another begins.
 */
#include "base/err.h"
#include "dialect/converse_priv.h"
#include "proto/jstr.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEPT_MAX (4 * 1024 * 1024) /* of one block */

bool
converse_find(struct slice object, struct slice name, enum jscan_type type,
    struct slice *value_r)
{
	struct jscan_item item;

	if (jscan_find(object, name, &item) != 1 || item.type != type)
		return false;
	*value_r = item.value;
	return true;
}

void
converse_open(struct tell *t, enum converse_block kind, int64_t index)
{
	struct converse_state *st = t->state;

	if (st->block == kind && st->index == index)
		return;
	converse_close(t);
	st->block = kind;
	st->index = index;
	st->begun_at = st->chars;
	if (kind != CONVERSE_REASONING)
		return;
	st->signing = false;
	sbuf_adds(&t->kept, "{\"type\":\"reasoning.text\",\"text\":\"");
}

/* The thought is kept for its signature: both go back together. */
static void
block_thought(struct tell *t, struct slice raw, int64_t index)
{
	struct converse_state *st = t->state;

	if (raw.n == 0)
		return;
	if (st->block == CONVERSE_REASONING && st->signing)
		converse_close(t);
	converse_open(t, CONVERSE_REASONING, index);
	chatout_reasoning(&t->out, raw);
	sbuf_add_slice(&t->kept, raw);
}

static void
block_signature(struct tell *t, struct slice raw, int64_t index)
{
	struct converse_state *st = t->state;

	if (raw.n == 0)
		return;
	converse_open(t, CONVERSE_REASONING, index);
	if (!st->signing)
		sbuf_adds(&t->kept, "\",\"signature\":\"");
	st->signing = true;
	sbuf_add_slice(&t->kept, raw);
}

static void
block_detail(struct tell *t)
{
	struct converse_state *st = t->state;

	sbuf_addf(&t->kept, "\",\"format\":\"" CLAUDE_FORMAT "\",\"index\":%u}",
	    st->details++);
	chatout_detail(&t->out, sbuf_slice(&t->kept));
}

static void
block_close_reasoning(struct tell *t)
{
	struct converse_state *st = t->state;

	if (st->signing)
		block_detail(t);
}

static void
block_redacted(struct tell *t, struct slice raw)
{
	if (raw.n == 0)
		return;
	converse_close(t);
	sbuf_adds(&t->kept, "{\"type\":\"reasoning.encrypted\",\"data\":\"");
	sbuf_add_slice(&t->kept, raw);
	block_detail(t);
	sbuf_clear(&t->kept);
}

/* {"reasoningText":{"text","signature"}}; a delta lacks the wrapping. */
static int
block_reasoning(struct tell *t, struct slice reasoning, int64_t index,
    struct err *e)
{
	struct slice text = reasoning;

	(void)e;
	converse_find(reasoning, SLICE("reasoningText"), JSCAN_OBJECT, &text);
	block_thought(t, chat_raw(text, SLICE("text")), index);
	block_signature(t, chat_raw(text, SLICE("signature")), index);
	block_redacted(t, chat_raw(reasoning, SLICE("redactedContent")));
	return 0;
}

static int
block_start_tool(struct tell *t, struct slice tool, int64_t index,
    struct err *e)
{
	if (converse_is_of_server(tool)) {
		converse_open_server(t, CONVERSE_USE, tool, index);
		return 0;
	}
	converse_open(t, CONVERSE_CALL, index);
	if (chatout_call(&t->out, chat_raw(tool, SLICE("toolUseId")),
		chat_raw(tool, SLICE("name")), SLICE("")) != 0)
		return err_set(e, ERR_UPSTREAM_STREAM, "too many calls");
	return 0;
}

static int
block_start_result(struct tell *t, struct slice result, int64_t index,
    struct err *e)
{
	(void)e;
	converse_open_server(t, CONVERSE_RESULT, result, index);
	return 0;
}

/* A piece of the arguments. */
static int
block_input(struct tell *t, struct slice tool, int64_t index, struct err *e)
{
	struct converse_state *st = t->state;
	struct slice input = chat_raw(tool, SLICE("input"));

	(void)index;
	(void)e;
	if (st->block == CONVERSE_USE)
		converse_fill(t, input);
	else
		chatout_arguments(&t->out, input);
	return 0;
}

static int
block_citation(struct tell *t, struct slice citation, int64_t index,
    struct err *e)
{
	(void)e;
	converse_citation(t, citation, index);
	return 0;
}

static int
block_whole_tool(struct tell *t, struct slice tool, int64_t index,
    struct err *e)
{
	struct slice input;

	if (block_start_tool(t, tool, index, e) != 0)
		return -1;
	if (converse_find(tool, SLICE("input"), JSCAN_OBJECT, &input))
		chatout_arguments_json(&t->out, input);
	return 0;
}

static int
block_whole_cited(struct tell *t, struct slice block, int64_t index,
    struct err *e)
{
	(void)index;
	(void)e;
	converse_cited(t, block);
	return 0;
}

struct block_row {
	struct slice name;
	int (*take)(struct tell *t, struct slice object, int64_t index,
	    struct err *e);
};

static const struct block_row block_wholes[] = {
	{ SLICE("toolUse"), block_whole_tool },
	{ SLICE("reasoningContent"), block_reasoning },
	{ SLICE("citationsContent"), block_whole_cited },
	{ { NULL, 0 }, NULL },
};

static const struct block_row block_starts[] = {
	{ SLICE("toolUse"), block_start_tool },
	{ SLICE("toolResult"), block_start_result },
	{ { NULL, 0 }, NULL },
};

static const struct block_row block_deltas[] = {
	{ SLICE("reasoningContent"), block_reasoning },
	{ SLICE("toolUse"), block_input },
	{ SLICE("citation"), block_citation },
	{ { NULL, 0 }, NULL },
};

/* A block is an object of one member, whose name says what it is. */
static int
block_take(struct tell *t, const struct block_row *row, struct slice block,
    int64_t index, struct err *e)
{
	struct slice object;

	for (; row->take != NULL; row++)
		if (converse_find(block, row->name, JSCAN_OBJECT, &object))
			return row->take(t, object, index, e);
	return 0;
}

int
converse_whole(struct tell *t, struct slice block, struct err *e)
{
	struct slice tool;
	int done = 0;

	converse_text(t, chat_raw(block, SLICE("text")), -1);
	if (converse_find(block, SLICE("toolResult"), JSCAN_OBJECT, &tool) ||
	    (converse_find(block, SLICE("toolUse"), JSCAN_OBJECT, &tool) &&
		converse_is_of_server(tool)))
		converse_keep(t, block);
	else
		done = block_take(t, block_wholes, block, -1, e);
	converse_close(t);
	return done;
}

int
converse_start(struct tell *t, struct slice start, int64_t index, struct err *e)
{
	converse_close(t);
	return block_take(t, block_starts, start, index, e);
}

int
converse_delta(struct tell *t, struct slice delta, int64_t index, struct err *e)
{
	struct converse_state *st = t->state;
	struct jscan_item item;

	if (t->kept.len + delta.n > KEPT_MAX)
		return err_set(e, ERR_UPSTREAM_STREAM, "block too long");
	if (jscan_find(delta, SLICE("text"), &item) == 1 &&
	    item.type == JSCAN_STRING) {
		converse_text(t, jscan_text(&item), index);
		return 0;
	}
	if (st->block == CONVERSE_RESULT &&
	    jscan_find(delta, SLICE("toolResult"), &item) == 1 &&
	    item.type == JSCAN_ARRAY)
		converse_fill_elements(t, item.value);
	return block_take(t, block_deltas, delta, index, e);
}

void
converse_close(struct tell *t)
{
	struct converse_state *st = t->state;
	enum converse_block block = st->block;

	st->block = CONVERSE_NONE;
	if (block == CONVERSE_TEXT)
		converse_close_text(t);
	else if (block == CONVERSE_REASONING)
		block_close_reasoning(t);
	else if (block == CONVERSE_CALL)
		chatout_call_end(&t->out);
	else if (block == CONVERSE_USE)
		converse_close_use(t);
	else if (block == CONVERSE_RESULT)
		converse_close_result(t);
	sbuf_clear(&t->kept);
}
