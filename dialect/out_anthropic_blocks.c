/* out_anthropic_blocks - content blocks of a stream, one after the other. */
#include "dialect/out_anthropic_priv.h"

/*
 * A block is closed before the next one opens, but pieces of calls may come
 * in any order.  While a call is open whose arguments are not complete, what
 * belongs elsewhere waits in a log.  Its numbers: one of these, and LOG_KINDS
 * times one more than the call that a piece is of.
 */
enum { LOG_TEXT, LOG_THINKING, LOG_ID, LOG_NAME, LOG_ARGUMENTS, LOG_KINDS };

static struct out_anthropic *
out_state(struct encode_ctx *x)
{
	return x->state;
}

/* All pieces of a call in the log, which is opened by the first of them. */
static void
out_replay_call(struct encode_ctx *x, struct slice from, unsigned call,
    struct sbuf *out)
{
	struct slice rest = from, text, id = SLICE(""), name = SLICE("");
	unsigned tag, at = LOG_KINDS * (call + 1);

	while (calltext_next(&rest, &tag, &text) == 1) {
		if (tag == LOG_ID + at)
			id = text;
		else if (tag == LOG_NAME + at)
			name = text;
	}
	out_block_call(x, call, id, name, out);
	while (calltext_next(&from, &tag, &text) == 1)
		if (tag == LOG_ARGUMENTS + at)
			out_block_arguments(x, text, out);
}

static bool
out_is_opened(const struct out_anthropic *a, unsigned call)
{
	return (a->opened[call / 8] >> call % 8 & 1) != 0;
}

/* What has waited, until a call opens that is not complete. */
static void
out_replay(struct encode_ctx *x, bool forced, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);
	struct sbuf log = x->kept[KEPT_LOG];
	struct slice rest = sbuf_slice(&log), from = rest, text;
	unsigned tag;

	x->kept[KEPT_LOG] = (struct sbuf){ 0 };
	for (; calltext_next(&rest, &tag, &text) == 1; from = rest) {
		bool waits =
		    a->block == BLOCK_CALL && !a->args.complete && !forced;

		if (tag >= LOG_KINDS && out_is_opened(a, tag / LOG_KINDS - 1))
			continue;
		if (waits)
			calltext_log(&x->kept[KEPT_LOG], tag, text);
		else if (tag == LOG_TEXT)
			out_block_text(x, text, out);
		else if (tag == LOG_THINKING)
			out_block_thinking(x, text, out);
		else
			out_replay_call(x, from, tag / LOG_KINDS - 1, out);
	}
	sbuf_free(&log);
}

void
out_anthropic_settle(struct encode_ctx *x, bool forced, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	if (a->block == BLOCK_CALL && !a->args.complete && !forced)
		return;
	if (x->kept[KEPT_LOG].len > 0)
		out_replay(x, forced, out);
	if (forced)
		out_block_close(x, out);
}

/* Whether something else than the open call must wait. */
static bool
out_must_wait(struct encode_ctx *x, struct sbuf *out)
{
	out_anthropic_settle(x, false, out);
	return out_state(x)->block == BLOCK_CALL &&
	       !out_state(x)->args.complete;
}

static void
out_say_text(struct encode_ctx *x, struct slice raw, struct sbuf *out)
{
	if (raw.n == 0)
		return;
	if (out_must_wait(x, out))
		calltext_log(&x->kept[KEPT_LOG], LOG_TEXT, raw);
	else
		out_block_text(x, raw, out);
}

static void
out_say_thinking(struct encode_ctx *x, struct slice raw, struct sbuf *out)
{
	if (raw.n == 0)
		return;
	if (out_must_wait(x, out))
		calltext_log(&x->kept[KEPT_LOG], LOG_THINKING, raw);
	else
		out_block_thinking(x, raw, out);
}

/*
 * A signature ends its block.  The text of a detail was mostly told before, as
 * reasoning.
 */
static void
out_say_detail(struct encode_ctx *x, const struct out_detail *d, bool told,
    struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);

	if (d->encrypted || !out_anthropic_is_own(d)) {
		if (d->encrypted && d->data.n > 0 && out_anthropic_is_own(d) &&
		    !out_must_wait(x, out))
			out_block_redacted(x, d->data, out);
		return;
	}
	if (!told && d->text.n > 0 &&
	    !(a->block == BLOCK_THINKING && a->told_thinking))
		out_say_thinking(x, d->text, out);
	if (d->signature.n == 0 || out_must_wait(x, out))
		return;
	out_block_signature(x, d->signature, out);
}

static void
out_log_call(struct encode_ctx *x, const struct out_call *c)
{
	struct sbuf *log = &x->kept[KEPT_LOG];
	unsigned at = LOG_KINDS * (c->index + 1);

	if (c->id.n > 0)
		calltext_log(log, LOG_ID + at, c->id);
	if (c->name.n > 0)
		calltext_log(log, LOG_NAME + at, c->name);
	if (c->arguments.n > 0)
		calltext_log(log, LOG_ARGUMENTS + at, c->arguments);
}

static bool
out_is_open(const struct out_anthropic *a, unsigned call)
{
	return a->block == BLOCK_CALL && a->call == call;
}

static void
out_say_call(struct encode_ctx *x, const struct out_call *c, struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);
	bool waits;

	if (c->index >= OUT_CALLS_MAX)
		return;
	/* What has waited may be this call: it is open then. */
	waits = !out_is_open(a, c->index) && out_must_wait(x, out);
	if (out_is_open(a, c->index)) {
		out_block_arguments(x, c->arguments, out);
	} else if (waits && !out_is_opened(a, c->index)) {
		out_log_call(x, c);
	} else if (!out_is_opened(a, c->index)) {
		out_block_call(x, c->index, c->id, c->name, out);
		out_block_arguments(x, c->arguments, out);
	}
}

void
out_anthropic_say(struct encode_ctx *x, const struct out_choice *choice,
    struct sbuf *out)
{
	struct out_anthropic *a = out_state(x);
	struct jscan_iter it;
	struct out_detail detail;
	struct out_call call;
	unsigned at = 0;

	out_say_thinking(x, choice->reasoning, out);
	if (choice->details.n > 0) {
		jscan_enter(&it, choice->details);
		while (out_detail_next(&it, &detail) == 1)
			out_say_detail(x, &detail, choice->reasoning.n > 0,
			    out);
	}
	out_say_text(x, choice->text, out);
	a->told_text |= choice->text.n > 0;
	a->told_refusal |= choice->refusal.n > 0;
	/* Some say it twice: as content, too. */
	if (choice->refusal.n > 0 && !a->told_text)
		out_say_text(x, choice->refusal, out);
	if (choice->calls.n == 0)
		return;
	jscan_enter(&it, choice->calls);
	while (out_call_next(&it, at++, &call) == 1)
		out_say_call(x, &call, out);
}
