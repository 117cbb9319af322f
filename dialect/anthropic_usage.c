/* anthropic_usage - tokens: spec/money.md 4, spec/providers.md 6. */
#include "base/money.h"
#include "dialect/anthropic.h"
#include "dialect/dialect.h"
#include "proto/jscan.h"

static int64_t
usage_known(int64_t n)
{
	return n > 0 ? n : 0;
}

/* One that is no count leaves what an earlier event said, if one did. */
static void
usage_figure(struct slice object, const char *name, int64_t *to)
{
	struct jscan_item item;
	int64_t n;

	if (jscan_find(object, slice_str(name), &item) != 1)
		return;
	n = usage_count(&item);
	if (n >= 0 || (n == USAGE_MALFORMED && *to < 0))
		*to = n;
}

/* A part that is no count would be free: no usage then (money.md 4). */
static bool
usage_is_malformed(const struct anthropic_usage *g)
{
	const int64_t figures[] = { g->input, g->created, g->created_5m,
		g->created_1h, g->read, g->output, g->thinking, g->searches };

	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
		if (figures[i] == USAGE_MALFORMED)
			return true;
	return false;
}

static void
usage_inner(struct slice object, const char *name, const char *inner,
    int64_t *to)
{
	struct jscan_item item;

	if (jscan_find(object, slice_str(name), &item) == 1 &&
	    item.type == JSCAN_OBJECT)
		usage_figure(item.value, inner, to);
}

/* OpenRouter tells what it charges itself. */
static void
usage_cost(struct slice object, int64_t *to)
{
	struct jscan_item item;
	int64_t nano;

	if (jscan_find(object, SLICE("cost"), &item) == 1 &&
	    item.type == JSCAN_NUMBER &&
	    money_read_json(item.value, 9, &nano) == 1)
		*to = nano;
}

static void
usage_input(const struct anthropic_usage *g, struct usage *u)
{
	int64_t created = usage_known(g->created);
	int64_t hour = usage_known(g->created_1h);

	/* Only split: the sum stands alone in older answers. */
	if (g->created < 0)
		created = usage_known(g->created_5m) + hour;
	u->anomaly = hour > created;
	u->in_text = usage_known(g->input);
	u->in_cached = usage_known(g->read);
	u->in_cache_write_1h = u->anomaly ? created : hour;
	u->in_cache_write_5m = created - u->in_cache_write_1h;
}

static void
usage_tell(struct tell *t, const struct anthropic_usage *g)
{
	struct usage *u = &t->usage;
	int64_t output = usage_known(g->output);
	int64_t thinking = usage_known(g->thinking);

	usage_init(u);
	usage_input(g, u);
	u->anomaly |= thinking > output;
	u->out_reasoning = thinking > output ? output : thinking;
	u->out_text = output - u->out_reasoning;
	u->searches = usage_known(g->searches);
	u->provider_cost_nano = g->cost_nano;
	if (usage_is_malformed(g)) {
		t->has_usage = false;
		return;
	}
	t->has_usage = g->input >= 0 && g->output >= 0 && g->is_final;
	if (g->input >= 0)
		t->in_tokens = u->in_text + u->in_cached +
		               u->in_cache_write_5m + u->in_cache_write_1h;
}

static struct anthropic_usage *
usage_of(struct tell *t)
{
	struct anthropic_state *st = t->state;

	if (!st->has_figures)
		st->usage = (struct anthropic_usage){ -1, -1, -1, -1, -1, -1,
			-1, -1, MONEY_NONE, false };
	st->has_figures = true;
	return &st->usage;
}

void
anthropic_take_usage(struct tell *t, struct slice message, bool is_final)
{
	struct anthropic_usage *g = usage_of(t);
	struct jscan_item item;
	int64_t output = USAGE_ABSENT;
	struct slice u;

	if (jscan_find(message, SLICE("usage"), &item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return;
	u = item.value;
	usage_figure(u, "input_tokens", &g->input);
	usage_figure(u, "cache_creation_input_tokens", &g->created);
	usage_figure(u, "cache_read_input_tokens", &g->read);
	usage_inner(u, "cache_creation", "ephemeral_5m_input_tokens",
	    &g->created_5m);
	usage_inner(u, "cache_creation", "ephemeral_1h_input_tokens",
	    &g->created_1h);
	usage_figure(u, "output_tokens", &output);
	usage_inner(u, "output_tokens_details", "thinking_tokens",
	    &g->thinking);
	usage_inner(u, "server_tool_use", "web_search_requests", &g->searches);
	usage_cost(u, &g->cost_nano);
	if (output != USAGE_ABSENT) {
		g->output = output;
		g->is_final |= is_final;
	}
	usage_tell(t, g);
}

void
anthropic_take_metrics(struct tell *t, struct slice event)
{
	struct anthropic_usage *g = usage_of(t);
	struct jscan_item item;

	if (t->has_usage ||
	    jscan_find(event, SLICE("amazon-bedrock-invocationMetrics"),
		&item) != 1 ||
	    item.type != JSCAN_OBJECT)
		return;
	usage_figure(item.value, "inputTokenCount", &g->input);
	usage_figure(item.value, "outputTokenCount", &g->output);
	usage_figure(item.value, "cacheReadInputTokenCount", &g->read);
	usage_figure(item.value, "cacheWriteInputTokenCount", &g->created);
	g->is_final = true;
	usage_tell(t, g);
}
