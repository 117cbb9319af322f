#include "proto/usage.h"

#include <stddef.h>

#include "base/money.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "proto/jnum.h"
#include "proto/jscan_read.h"
#include "proto/jstr.h"

#define TICK_SCALE 10 /* xAI counts in 10^-10 USD */
#define ABSENT USAGE_ABSENT
#define MALFORMED USAGE_MALFORMED

/* A provider's figures as given; ABSENT or MALFORMED when there is none. */
struct usage_given {
	int64_t prompt, completion, total;
	int64_t cached, hit, cached_flat, cache_read;
	int64_t cache_write, cache_created;
	int64_t audio_in, image_in, audio_out;
	int64_t reasoning, reasoning_flat;
	int64_t accepted, rejected;
	int64_t cost_nano;
	bool malformed; /* one of them: then it is no usage (money.md 2, 4) */
};

/* Where a figure stands: of rows for one field the first present wins. */
struct usage_row {
	struct slice name;
	size_t at;
};

#define ROW(name, field)                                                       \
	{                                                                      \
		SLICE(name), offsetof(struct usage_given, field)               \
	}

static const struct usage_row usage_rows[] = {
	ROW("prompt_tokens", prompt),
	ROW("completion_tokens", completion),
	ROW("total_tokens", total),
	ROW("input_tokens", prompt),
	ROW("output_tokens", completion),
	ROW("prompt_cache_hit_tokens", hit),
	ROW("num_cached_tokens", cached_flat),
	ROW("cached_tokens", cached_flat),
	ROW("cache_read_input_tokens", cache_read),
	ROW("cache_creation_input_tokens", cache_created),
	ROW("reasoning_tokens", reasoning_flat),
	{ { NULL, 0 }, 0 },
};

static const struct usage_row usage_prompt_rows[] = {
	ROW("cached_tokens", cached),
	ROW("audio_tokens", audio_in),
	ROW("image_tokens", image_in),
	ROW("cache_write_tokens", cache_write),
	ROW("cache_creation_tokens", cache_write),
	{ { NULL, 0 }, 0 },
};

static const struct usage_row usage_completion_rows[] = {
	ROW("reasoning_tokens", reasoning),
	ROW("audio_tokens", audio_out),
	ROW("accepted_prediction_tokens", accepted),
	ROW("rejected_prediction_tokens", rejected),
	{ { NULL, 0 }, 0 },
};

static const struct {
	struct slice name;
	const struct usage_row *rows;
} usage_details[] = {
	{ SLICE("prompt_tokens_details"), usage_prompt_rows },
	{ SLICE("input_tokens_details"), usage_prompt_rows },
	{ SLICE("completion_tokens_details"), usage_completion_rows },
	{ SLICE("output_tokens_details"), usage_completion_rows },
};

void
usage_init(struct usage *u)
{
	*u = (struct usage){ .requests = 1, .provider_cost_nano = MONEY_NONE };
}

void
usage_of_totals(struct usage *u_r, int64_t prompt, int64_t completion)
{
	usage_init(u_r);
	u_r->in_text = prompt;
	u_r->out_text = completion;
}

int64_t
usage_count(const struct jscan_item *item)
{
	int64_t n;

	if (item->type == JSCAN_NULL)
		return ABSENT;
	if (item->type != JSCAN_NUMBER || jnum_int(item->value, &n) != 1)
		return MALFORMED;
	return n >= 0 && n <= USAGE_TOKENS_MAX ? n : MALFORMED;
}

static void
usage_take(struct usage_given *g, const struct usage_row *rows,
    const struct jscan_item *item)
{
	const struct usage_row *row;
	int64_t *field;

	for (row = rows; row->name.p != NULL; row++) {
		if (!jstr_is(item, row->name))
			continue;
		field = (int64_t *)(void *)((char *)g + row->at);
		if (*field == ABSENT)
			*field = usage_count(item);
		g->malformed |= *field == MALFORMED;
		return;
	}
}

/* The table for an object of details; NULL: it is none. */
static const struct usage_row *
usage_details_of(const struct jscan_reader *s)
{
	size_t i;

	for (i = 0; i < sizeof usage_details / sizeof usage_details[0]; i++)
		if (jscan_read_is(s, usage_details[i].name))
			return usage_details[i].rows;
	return NULL;
}

static int
usage_scan_details(struct jscan_reader *s, struct usage_given *g,
    const struct usage_row *rows)
{
	struct jscan_item item;
	int more;

	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s)) {
		if (jscan_read_item(s, &item) != 0)
			return -1;
		usage_take(g, rows, &item);
	}
	return more;
}

/* OpenRouter: a number; Perplexity: an object; xAI: ticks. */
static void
usage_take_cost(struct usage_given *g, const struct jscan_item *item)
{
	struct jscan_item cost = *item;
	unsigned scale = 0;

	if (jstr_is(item, SLICE("cost_in_usd_ticks")))
		scale = TICK_SCALE;
	else if (!jstr_is(item, SLICE("cost")))
		return;
	else if (item->type == JSCAN_OBJECT &&
		 jscan_find(item->value, SLICE("total_cost"), &cost) == 0)
		return;
	if (cost.type == JSCAN_NUMBER)
		money_read_cost(cost.value, scale, &g->cost_nano);
}

static int
usage_scan_member(struct jscan_reader *s, struct usage_given *g)
{
	const struct usage_row *details = NULL;
	struct jscan_item item;

	if (jscan_read_sees(s, '{'))
		details = usage_details_of(s);
	if (details != NULL)
		return usage_scan_details(s, g, details);
	if (jscan_read_item(s, &item) != 0)
		return -1;
	if (item.type != JSCAN_OBJECT)
		usage_take(g, usage_rows, &item);
	usage_take_cost(g, &item);
	return 0;
}

static int
usage_collect(struct jscan_reader *s, struct usage_given *g)
{
	int more;

	*g = (struct usage_given){ ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,
		ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT, ABSENT,
		ABSENT, ABSENT, ABSENT, MONEY_NONE, false };
	for (more = jscan_read_open(s); more > 0; more = jscan_read_next(s))
		if (usage_scan_member(s, g) != 0)
			return -1;
	return more;
}

static int64_t
usage_first(int64_t a, int64_t b)
{
	return a >= 0 ? a : b;
}

static int64_t
usage_or_zero(int64_t a)
{
	return a >= 0 ? a : 0;
}

int64_t
usage_part(int64_t part, int64_t *rest, bool *anomaly)
{
	part = usage_or_zero(part);
	if (part > *rest) {
		*anomaly = true;
		part = *rest;
	}
	*rest -= part;
	return part;
}

static void
usage_set_input(struct usage *u, const struct usage_given *g, uint32_t quirks)
{
	int64_t rest = usage_or_zero(g->prompt), cached = g->cached, write;
	bool overlap = false;

	if (quirks & QUIRK_HIT_MISS)
		cached = usage_first(g->hit, cached);
	cached = usage_first(cached, usage_first(g->hit, g->cached_flat));
	cached = usage_first(cached, g->cache_read);
	write = usage_first(g->cache_write, g->cache_created);
	u->in_cached = usage_part(cached, &rest, &u->anomaly);
	u->in_cache_write_5m = usage_part(write, &rest, &u->anomaly);
	/* Cached images and audio are counted twice: that is no anomaly. */
	u->in_audio = usage_part(g->audio_in, &rest, &overlap);
	u->in_image = usage_part(g->image_in, &rest, &overlap);
	u->in_text = rest;
}

static void
usage_set_output(struct usage *u, const struct usage_given *g, int64_t inside)
{
	int64_t rest = usage_or_zero(g->completion);

	u->out_reasoning = usage_part(inside, &rest, &u->anomaly);
	u->out_audio = usage_part(g->audio_out, &rest, &u->anomaly);
	u->out_text = rest;
	u->accepted_prediction = usage_or_zero(g->accepted);
	u->rejected_prediction = usage_or_zero(g->rejected);
}

/* Tokens that the total has and the two parts have not: money.md 4. */
static void
usage_place_excess(struct usage *u, int64_t excess, uint32_t quirks)
{
	if (quirks & QUIRK_EXCESS_AUDIO_IN)
		u->in_audio += excess;
	else if (quirks & QUIRK_USAGE_EXCESS_OUT)
		u->out_reasoning += excess;
	else
		u->out_text += excess;
}

static void
usage_normalise(const struct usage_given *g, uint32_t quirks, struct usage *u)
{
	int64_t reasoning = usage_first(g->reasoning, g->reasoning_flat);
	int64_t sum = usage_or_zero(g->prompt) + usage_or_zero(g->completion);
	bool outside = quirks & QUIRK_USAGE_ADD_REASONING && g->total != sum &&
	               reasoning > 0;

	/* More than the whole is no part of it; providers bill it beside. */
	if (reasoning > usage_or_zero(g->completion))
		outside = true;

	usage_init(u);
	usage_set_input(u, g, quirks);
	usage_set_output(u, g, outside ? 0 : reasoning);
	if (outside) {
		u->out_reasoning = reasoning;
		sum += reasoning;
	}
	if (g->total > sum)
		usage_place_excess(u, g->total - sum, quirks);
	u->provider_cost_nano = g->cost_nano;
}

int
usage_scan(struct jscan_reader *s, uint32_t quirks, struct usage *u_r,
    bool *found_r)
{
	struct usage_given g;

	*found_r = false;
	if (usage_collect(s, &g) != 0)
		return -1;
	if (g.malformed || (g.prompt == ABSENT && g.completion == ABSENT))
		return 0;
	usage_normalise(&g, quirks, u_r);
	*found_r = true;
	return 0;
}

int
usage_read(struct slice json, uint32_t quirks, struct usage *u_r)
{
	struct jscan_reader s;
	bool found;

	jscan_read_start(&s, json);
	return jscan_read_sees(&s, '{') &&
	       usage_scan(&s, quirks, u_r, &found) == 0 && found;
}

void
usage_sum(const struct usage *u, struct usage_figures *f_r)
{
	f_r->cached = u->in_cached + u->in_audio_cached;
	f_r->cache_write = u->in_cache_write_5m + u->in_cache_write_1h;
	f_r->in_audio = u->in_audio + u->in_audio_cached;
	f_r->prompt = u->in_text + u->in_cached + f_r->cache_write +
	              f_r->in_audio + u->in_image;
	f_r->reasoning = u->out_reasoning;
	f_r->out_audio = u->out_audio;
	f_r->completion = u->out_text + u->out_reasoning + u->out_audio;
	f_r->total = f_r->prompt + f_r->completion;
}

static void
usage_write_count(struct sbuf *b, const char *before, int64_t n)
{
	sbuf_adds(b, before);
	sbuf_add_u64(b, (uint64_t)n);
}

void
usage_write(struct sbuf *b, const struct usage *u)
{
	struct usage_figures f;

	usage_sum(u, &f);
	usage_write_count(b, "{\"completion_tokens\":", f.completion);
	usage_write_count(b, ",\"prompt_tokens\":", f.prompt);
	usage_write_count(b, ",\"total_tokens\":", f.total);
	usage_write_count(b,
	    ",\"completion_tokens_details\":{\"accepted_prediction_tokens\":",
	    u->accepted_prediction);
	usage_write_count(b, ",\"audio_tokens\":", f.out_audio);
	usage_write_count(b, ",\"reasoning_tokens\":", f.reasoning);
	usage_write_count(b,
	    ",\"rejected_prediction_tokens\":", u->rejected_prediction);
	usage_write_count(b,
	    "},\"prompt_tokens_details\":{\"audio_tokens\":", f.in_audio);
	usage_write_count(b, ",\"cached_tokens\":", f.cached);
	usage_write_count(b, ",\"cache_creation_tokens\":", f.cache_write);
	usage_write_count(b,
	    "},\"cache_creation_input_tokens\":", f.cache_write);
	usage_write_count(b, ",\"cache_read_input_tokens\":", f.cached);
	sbuf_addc(b, '}');
}
