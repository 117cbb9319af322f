#include "proto/demo.h"

#include "proto/demo_priv.h"
#include "proto/relay_error.h"
#include "proto/relay_frame.h"
#include "proto/usage.h"

/* What a stream goes through; all choices take a step before the next. */
enum demo_round {
	ROUND_ROLE,
	ROUND_TEXT,
	ROUND_FINISH,
	ROUND_USAGE,
	ROUND_DONE,
	ROUND_OVER
};

static const char *
demo_finish(const struct demo *d)
{
	if (d->directive == DEMO_TOOL)
		return "tool_calls";
	return d->cut ? "length" : "stop";
}

static size_t
demo_answer_bytes(const struct demo *d)
{
	if (d->directive == DEMO_TOOL)
		return d->tool.len + d->arguments.len;
	return d->text.len;
}

static void
demo_put_usage(const struct demo *d, struct sbuf *b)
{
	int64_t each = demo_tokens(demo_answer_bytes(d));
	struct usage u;

	usage_of_totals(&u, d->prompt_tokens,
	    d->vectors.len > 0 ? 0 : each * d->n);
	sbuf_adds(b, ",\"usage\":");
	usage_write(b, &u);
}

static void
demo_put_head(const struct demo *d, struct sbuf *b, const char *object)
{
	sbuf_adds(b, "{\"id\":");
	sbuf_add_json(b, sbuf_slice(&d->id));
	sbuf_addf(b, ",\"object\":\"%s\",\"created\":%lld,\"model\":", object,
	    (long long)d->created);
	sbuf_add_json(b, sbuf_slice(&d->model));
	sbuf_adds(b, ",\"choices\":[");
}

/* The members of a call, without its index and braces. */
static void
demo_put_call(const struct demo *d, struct sbuf *b, unsigned choice)
{
	sbuf_addf(b,
	    "\"id\":\"call_demo%u\",\"type\":\"function\","
	    "\"function\":{\"name\":",
	    choice);
	sbuf_add_json(b, sbuf_slice(&d->tool));
	sbuf_adds(b, ",\"arguments\":");
	sbuf_add_json(b, sbuf_slice(&d->arguments));
	sbuf_addc(b, '}');
}

static void
demo_put_choice(const struct demo *d, struct sbuf *b, unsigned choice)
{
	sbuf_addf(b,
	    "%s{\"index\":%u,\"message\":{\"role\":\"assistant\","
	    "\"content\":",
	    choice > 0 ? "," : "", choice);
	if (d->directive == DEMO_TOOL) {
		sbuf_adds(b, "null,\"refusal\":null,\"tool_calls\":[{");
		demo_put_call(d, b, choice);
		sbuf_adds(b, "}]");
	} else {
		sbuf_add_json(b, sbuf_slice(&d->text));
		sbuf_adds(b, ",\"refusal\":null");
	}
	sbuf_addf(b, "},\"logprobs\":null,\"finish_reason\":\"%s\"}",
	    demo_finish(d));
}

static void
demo_put_list(const struct demo *d, struct sbuf *b)
{
	sbuf_adds(b, "{\"object\":\"list\",\"data\":[");
	if (d->directive == DEMO_MALFORMED)
		return;
	sbuf_add_slice(b, sbuf_slice(&d->vectors));
	sbuf_adds(b, "],\"model\":");
	sbuf_add_json(b, sbuf_slice(&d->model));
	demo_put_usage(d, b);
	sbuf_addc(b, '}');
}

void
demo_reply(struct demo *d, struct sbuf *b)
{
	unsigned i;

	if (d->vectors.len > 0) {
		demo_put_list(d, b);
		return;
	}
	demo_put_head(d, b, "chat.completion");
	if (d->directive == DEMO_MALFORMED)
		return;
	for (i = 0; i < d->n; i++)
		demo_put_choice(d, b, i);
	sbuf_addc(b, ']');
	demo_put_usage(d, b);
	sbuf_addc(b, '}');
}

void
demo_error(struct demo *d, struct sbuf *b)
{
	sbuf_addf(b,
	    "{\"error\":{\"message\":\"The demo provider was told to answer "
	    "%lld\",\"type\":\"%s\",\"param\":null,\"code\":\"demo_status\"}}",
	    (long long)d->value, relay_error_type((int)d->value));
}

/* The next word with the blanks before it. */
static struct slice
demo_word(const struct demo *d)
{
	const char *start = d->text.data + d->at;
	const char *end = d->text.data + d->text.len, *p = start;

	while (p < end && *p == ' ')
		p++;
	while (p < end && *p != ' ')
		p++;
	return (struct slice){ start, (size_t)(p - start) };
}

static void
demo_put_delta(const struct demo *d, struct sbuf *b)
{
	sbuf_addf(b, "{\"index\":%u,\"delta\":{", d->choice);
	if (d->round == ROUND_ROLE) {
		sbuf_adds(b, "\"role\":\"assistant\",\"content\":");
		sbuf_adds(b, d->directive == DEMO_TOOL ? "null" : "\"\"");
	} else if (d->round == ROUND_TEXT && d->directive == DEMO_TOOL) {
		sbuf_adds(b, "\"tool_calls\":[{\"index\":0,");
		demo_put_call(d, b, d->choice);
		sbuf_adds(b, "}]");
	} else if (d->round == ROUND_TEXT) {
		sbuf_adds(b, "\"content\":");
		sbuf_add_json(b, demo_word(d));
	}
	sbuf_adds(b, "},\"logprobs\":null,\"finish_reason\":");
	if (d->round == ROUND_FINISH)
		sbuf_addf(b, "\"%s\"}", demo_finish(d));
	else
		sbuf_adds(b, "null}");
}

static void
demo_put_chunk(const struct demo *d, struct sbuf *b)
{
	demo_put_head(d, b, "chat.completion.chunk");
	if (d->round < ROUND_USAGE)
		demo_put_delta(d, b);
	sbuf_addc(b, ']');
	if (d->round == ROUND_USAGE)
		demo_put_usage(d, b);
	else if (d->include_usage)
		sbuf_adds(b, ",\"usage\":null");
	sbuf_addc(b, '}');
}

/* Whether there is more for the round of text. */
static bool
demo_text_left(const struct demo *d)
{
	if (d->directive == DEMO_TOOL)
		return d->at == 0;
	return d->at < d->text.len;
}

/* Past the event that was just written. */
static void
demo_advance(struct demo *d)
{
	if (d->round < ROUND_USAGE && ++d->choice < d->n)
		return;
	d->choice = 0;
	if (d->round == ROUND_TEXT)
		d->at += d->directive == DEMO_TOOL ? 1 : demo_word(d).n;
	if (d->round != ROUND_TEXT || !demo_text_left(d))
		d->round++;
	if (d->round == ROUND_TEXT && !demo_text_left(d))
		d->round++;
	if (d->round == ROUND_USAGE && !d->include_usage)
		d->round++;
}

int
demo_next(struct demo *d, struct sbuf *b)
{
	if (d->round == ROUND_OVER)
		return 0;
	if (d->directive == DEMO_MALFORMED && d->sent == d->value) {
		relay_frame_write(b, SLICE("{\"malformed\":"));
		d->round = ROUND_OVER;
	} else if (d->round == ROUND_DONE) {
		relay_frame_done(b);
		d->round = ROUND_OVER;
		return 1;
	} else {
		sbuf_add_slice(b, RELAY_FIELD);
		demo_put_chunk(d, b);
		sbuf_add_slice(b, RELAY_DELIMITER);
		demo_advance(d);
	}
	d->sent++;
	return 1;
}
