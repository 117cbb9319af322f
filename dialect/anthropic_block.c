/* anthropic_block - blocks of content, whole or in deltas: 5.2, 7.3, 9. */
#include "base/err.h"
#include "dialect/anthropic.h"
#include "dialect/claude.h"
#include "dialect/chat_priv.h"
#include "dialect/dialect.h"
#include "proto/jscan.h"
#include "proto/jstr.h"

#define KEPT_MAX (4 * 1024 * 1024) /* of one block */

static void
block_thinking(struct tell *t, struct slice raw)
{
	struct anthropic_state *st = t->state;

	chatout_reasoning(&t->out, raw);
	if (!st->has_signature)
		sbuf_add_slice(&t->kept, raw);
}

/* The thought's text is kept with its signature: both go back together. */
static void
block_signature(struct tell *t, struct slice raw)
{
	struct anthropic_state *st = t->state;

	if (raw.n == 0)
		return;
	if (!st->has_signature)
		sbuf_adds(&t->kept, "\",\"signature\":\"");
	st->has_signature = true;
	sbuf_add_slice(&t->kept, raw);
}

static void
block_open_thinking(struct tell *t, struct slice block)
{
	struct anthropic_state *st = t->state;

	st->block = BLOCK_THINKING;
	st->has_signature = false;
	sbuf_adds(&t->kept, "{\"type\":\"reasoning.text\",\"text\":\"");
	block_thinking(t, chat_raw(block, SLICE("thinking")));
	block_signature(t, chat_raw(block, SLICE("signature")));
}

static void
block_tell_detail(struct tell *t)
{
	struct anthropic_state *st = t->state;

	sbuf_addf(&t->kept, "\",\"format\":\"" CLAUDE_FORMAT "\",\"index\":%u}",
	    st->details++);
	chatout_detail(&t->out, sbuf_slice(&t->kept));
}

static void
block_close_thinking(struct tell *t)
{
	struct anthropic_state *st = t->state;

	if (st->has_signature)
		block_tell_detail(t);
}

static void
block_open_redacted(struct tell *t, struct slice block)
{
	struct slice data = chat_raw(block, SLICE("data"));

	if (data.n == 0)
		return;
	sbuf_adds(&t->kept, "{\"type\":\"reasoning.encrypted\",\"data\":\"");
	sbuf_add_slice(&t->kept, data);
	block_tell_detail(t);
}

static int
block_open_call(struct tell *t, struct slice block, struct err *e)
{
	struct anthropic_state *st = t->state;
	struct jscan_iter it;
	struct jscan_item input, member;

	st->block = BLOCK_CALL;
	st->has_pieces = false;
	if (chatout_call(&t->out, chat_raw(block, SLICE("id")),
		chat_raw(block, SLICE("name")), SLICE("")) != 0)
		return err_set(e, ERR_UPSTREAM_STREAM, "too many calls");
	if (jscan_find(block, SLICE("input"), &input) != 1 ||
	    input.type != JSCAN_OBJECT)
		return 0;
	/* "{}" stands there when the pieces are still to come. */
	jscan_enter(&it, input.value);
	if (jscan_member_next(&it, &member) == 1)
		sbuf_add_slice(&t->kept, input.value);
	return 0;
}

static void
block_close_call(struct tell *t)
{
	struct anthropic_state *st = t->state;

	if (!st->has_pieces && t->kept.len > 0)
		chatout_arguments_json(&t->out, sbuf_slice(&t->kept));
	chatout_call_end(&t->out);
}

static void
block_open_kept(struct tell *t, struct slice block)
{
	struct anthropic_state *st = t->state;

	st->block = BLOCK_KEPT;
	st->input_at = 0;
	sbuf_add_slice(&t->kept, block);
}

/* The block again, its input from the pieces. */
static void
block_join_input(struct sbuf *b, struct slice block, struct slice input)
{
	struct jscan_iter it;
	struct jscan_item item;
	struct err e;
	bool good = jscan_value(input, &item, &e) == 0;

	sbuf_addc(b, '{');
	jscan_enter(&it, block);
	for (bool first = true; jscan_member_next(&it, &item); first = false) {
		if (!first)
			sbuf_addc(b, ',');
		sbuf_addc(b, '"');
		sbuf_add_slice(b, item.name);
		sbuf_adds(b, "\":");
		if (good && jstr_is(&item, SLICE("input")))
			sbuf_add_slice(b, input);
		else
			sbuf_add_slice(b, item.value);
	}
	sbuf_addc(b, '}');
}

static void
block_close_kept(struct tell *t)
{
	struct anthropic_state *st = t->state;
	struct slice kept = sbuf_slice(&t->kept);
	struct sbuf b = { 0 };

	sbuf_adds(&b, "{\"content_blocks\":[");
	if (st->input_at > 0)
		block_join_input(&b, (struct slice){ kept.p, st->input_at },
		    slice_skip(kept, st->input_at));
	else
		sbuf_add_slice(&b, kept);
	sbuf_adds(&b, "]}");
	chatout_fields(&t->out, sbuf_slice(&b));
	sbuf_free(&b);
}

int
anthropic_open(struct tell *t, struct slice block, struct err *e)
{
	struct jscan_item type;

	anthropic_close(t);
	if (jscan_find(block, SLICE("type"), &type) != 1)
		type.type = JSCAN_NULL;
	if (jstr_says(&type, SLICE("tool_use")))
		return block_open_call(t, block, e);
	if (jstr_says(&type, SLICE("text")))
		anthropic_open_text(t, block);
	else if (jstr_says(&type, SLICE("thinking")))
		block_open_thinking(t, block);
	else if (jstr_says(&type, SLICE("redacted_thinking")))
		block_open_redacted(t, block);
	else
		block_open_kept(t, block);
	return 0;
}

void
anthropic_close(struct tell *t)
{
	static void (*const closers[])(struct tell *) = {
		[BLOCK_TEXT] = anthropic_close_text,
		[BLOCK_THINKING] = block_close_thinking,
		[BLOCK_CALL] = block_close_call,
		[BLOCK_KEPT] = block_close_kept,
	};
	struct anthropic_state *st = t->state;

	if (st->block != BLOCK_NONE)
		closers[st->block](t);
	st->block = BLOCK_NONE;
	sbuf_clear(&t->kept);
}

static void
block_piece(struct tell *t, struct slice raw)
{
	struct anthropic_state *st = t->state;

	if (raw.n == 0)
		return;
	if (st->block == BLOCK_CALL) {
		st->has_pieces = true;
		chatout_arguments(&t->out, raw);
	} else if (st->block == BLOCK_KEPT) {
		if (st->input_at == 0)
			st->input_at = t->kept.len;
		jstr_add(&t->kept, raw);
	}
}

static void
block_delta_citation(struct tell *t, struct slice delta)
{
	struct jscan_item item;

	if (jscan_find(delta, SLICE("citation"), &item) == 1 &&
	    item.type == JSCAN_OBJECT)
		anthropic_citation(t, item.value);
}

int
anthropic_delta(struct tell *t, struct slice delta, struct err *e)
{
	struct anthropic_state *st = t->state;
	struct jscan_item type;

	if (t->kept.len + delta.n > KEPT_MAX)
		return err_set(e, ERR_UPSTREAM_STREAM, "block too long");
	if (jscan_find(delta, SLICE("type"), &type) != 1)
		return 0;
	if (jstr_says(&type, SLICE("input_json_delta")))
		block_piece(t, chat_raw(delta, SLICE("partial_json")));
	else if (st->block <= BLOCK_TEXT &&
		 jstr_says(&type, SLICE("text_delta")))
		anthropic_text(t, chat_raw(delta, SLICE("text")));
	else if (st->block == BLOCK_TEXT &&
		 jstr_says(&type, SLICE("citations_delta")))
		block_delta_citation(t, delta);
	else if (st->block == BLOCK_THINKING &&
		 jstr_says(&type, SLICE("thinking_delta")))
		block_thinking(t, chat_raw(delta, SLICE("thinking")));
	else if (st->block == BLOCK_THINKING &&
		 jstr_says(&type, SLICE("signature_delta")))
		block_signature(t, chat_raw(delta, SLICE("signature")));
	return 0;
}
