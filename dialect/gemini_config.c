/* gemini_config - generationConfig: providers.md 4.2, 4.6, 4.7. */
#include "base/err.h"
#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/gemini_priv.h"
#include "proto/jnum.h"
#include "proto/jstr.h"

#define STOPS_MAX 5
#define BUDGET_MAX 24576
#define BUDGET_MAX_PRO 32768
#define BUDGET_MIN_PRO 128 /* it cannot but think */
#define CAPPED_FROM 2048   /* a smaller max_tokens is raised */

/* "gemini-2.5-pro": 25; without a number the newest. */
static unsigned
config_generation(struct slice model)
{
	const struct slice family = SLICE("gemini-");
	const char *p = memmem(model.p, model.n, family.p, family.n);
	const char *end = model.p + model.n;
	unsigned major = 0, minor = 0;

	if (p == NULL || p + family.n == end || p[family.n] < '0' ||
	    p[family.n] > '9')
		return 99;
	for (p += family.n; p < end && *p >= '0' && *p <= '9' && major < 9; p++)
		major = 10 * major + (unsigned)(*p - '0');
	if (p + 1 < end && *p == '.' && p[1] >= '0' && p[1] <= '9')
		minor = (unsigned)(p[1] - '0');
	return 10 * major + minor;
}

static bool
config_has(struct slice model, struct slice word)
{
	return memmem(model.p, model.n, word.p, word.n) != NULL;
}

/* Flags of a known model say whether it thinks, its name says how. */
static enum gemini_thinks
config_thinks(const struct ask *a, unsigned generation)
{
	bool flagged = a->features & FEATURE_REASONING;
	bool named = config_has(a->model, SLICE("gemini-")) && generation >= 25;

	if (a->features != 0 ? !flagged : !named)
		return THINKS_NOT;
	return generation < 30 ? THINKS_BY_BUDGET : THINKS_BY_LEVEL;
}

struct gemini_model
gemini_model(const struct ask *a)
{
	unsigned generation = config_generation(a->model);

	return (struct gemini_model){
		.thinks = config_thinks(a, generation),
		.pro = config_has(a->model, SLICE("-pro")),
		.signs = generation >= 30,
	};
}

/* Members that keep their value. */
static void
config_scalars(const struct ask *a, struct sbuf *b)
{
	static const struct {
		enum param_id id;
		const char *name;
	} same[] = {
		{ PARAM_temperature, "temperature" },
		{ PARAM_top_p, "topP" },
		{ PARAM_seed, "seed" },
		{ PARAM_frequency_penalty, "frequencyPenalty" },
		{ PARAM_presence_penalty, "presencePenalty" },
	};

	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		ask_json(b, same[i].name, ask_value(a, same[i].id));
	ask_json(b, "topK", chat_member(a->params, SLICE("top_k")));
	if (params_number(a->params, PARAM_n, 1) > 1)
		ask_json(b, "candidateCount", ask_value(a, PARAM_n));
	if (params_bool(a->params, PARAM_logprobs))
		ask_json(b, "responseLogprobs", SLICE("true"));
	if (params_number(a->params, PARAM_top_logprobs, 0) > 0)
		ask_json(b, "logprobs", ask_value(a, PARAM_top_logprobs));
}

static int
config_stops(struct ask *a, struct sbuf *b, struct err *e)
{
	if (a->chat.n_stops > STOPS_MAX)
		return ask_refuse(a, e, "stop");
	ask_stops(a, b, "stopSequences");
	return 0;
}

static int
config_format(struct ask *a, struct sbuf *b, struct err *e)
{
	struct slice schema = a->chat.schema;

	if (a->chat.format == FORMAT_TEXT)
		return 0;
	ask_text(b, "responseMimeType", SLICE("application/json"));
	if (schema.n == 0 || *schema.p != '{')
		return 0;
	if (!(a->features & FEATURE_OLD_SCHEMA)) {
		ask_json(b, "responseJsonSchema", schema);
		return 0;
	}
	ask_name(b, "responseSchema");
	return gemini_schema(a, schema, b, e);
}

/* What was asked for, in both measures. */
struct config_thought {
	int64_t budget; /* -1: as the model likes */
	const char *level;
};

static const struct config_thought config_efforts[] = {
	[EFFORT_NONE] = { 0, "MINIMAL" },
	[EFFORT_MINIMAL] = { 1024, "LOW" },
	[EFFORT_LOW] = { 1024, "LOW" },
	[EFFORT_MEDIUM] = { 8192, "MEDIUM" },
	[EFFORT_HIGH] = { 24576, "HIGH" },
	[EFFORT_XHIGH] = { 24576, "HIGH" },
	[EFFORT_MAX] = { 24576, "HIGH" },
};

/* Anthropic's form: a budget of its own, or a word. */
static struct config_thought
config_of_thinking(struct slice json)
{
	struct jscan_item item;
	int64_t budget;

	if (jscan_find(json, SLICE("type"), &item) == 1) {
		if (jstr_says(&item, SLICE("disabled")))
			return config_efforts[EFFORT_NONE];
		if (jstr_says(&item, SLICE("adaptive")))
			return (struct config_thought){ -1, NULL };
	}
	if (jscan_find(json, SLICE("budget_tokens"), &item) != 1 ||
	    item.type != JSCAN_NUMBER || jnum_int(item.value, &budget) != 1 ||
	    budget < 0)
		return config_efforts[EFFORT_MEDIUM];
	return (struct config_thought){ budget, budget < 2048    ? "LOW"
						: budget < 12000 ? "MEDIUM"
								 : "HIGH" };
}

/* 1 with what was asked for, 0 when nothing was, -1. */
static int
config_asked(struct ask *a, enum gemini_thinks thinks,
    struct config_thought *asked_r, struct err *e)
{
	const struct chat *c = &a->chat;
	bool object = c->thinking.n > 0;

	if (!object && c->effort == EFFORT_ABSENT)
		return 0;
	if (thinks == THINKS_NOT || (!object && c->effort == EFFORT_OTHER))
		return ask_drop(a,
		    params_name(
			object ? PARAM_thinking : PARAM_reasoning_effort),
		    e);
	*asked_r = object ? config_of_thinking(c->thinking)
	                  : config_efforts[c->effort];
	return 1;
}

/* Thoughts count against the tokens of the answer: there must be room. */
static int64_t
config_budget(int64_t budget, bool pro, int64_t *max_tokens)
{
	int64_t most = pro ? BUDGET_MAX_PRO : BUDGET_MAX;

	if (budget == 0)
		return pro ? BUDGET_MIN_PRO : 0;
	budget = budget < most ? budget : most;
	if (*max_tokens == 0 || *max_tokens > budget)
		return budget;
	if (*max_tokens >= CAPPED_FROM)
		return *max_tokens - 1;
	*max_tokens = budget + 1;
	return budget;
}

static int
config_thinking(struct ask *a, int64_t *max_tokens, struct sbuf *b,
    struct err *e)
{
	struct gemini_model model = gemini_model(a);
	struct config_thought asked = { 0, NULL };
	int is = config_asked(a, model.thinks, &asked, e);

	if (is != 1)
		return is;
	ask_name(b, "thinkingConfig");
	sbuf_addc(b, '{');
	if (asked.budget >= 0 && model.thinks == THINKS_BY_LEVEL)
		ask_text(b, "thinkingLevel", slice_str(asked.level));
	else if (asked.budget >= 0)
		ask_int(b, "thinkingBudget",
		    config_budget(asked.budget, model.pro, max_tokens));
	if (asked.budget != 0)
		ask_json(b, "includeThoughts", SLICE("true"));
	sbuf_addc(b, '}');
	return 0;
}

int
gemini_config(struct ask *a, struct sbuf *b, struct err *e)
{
	int64_t max_tokens = a->max_tokens;
	struct sbuf c = { 0 };
	int done = 0;

	sbuf_addc(&c, '{');
	config_scalars(a, &c);
	if (config_stops(a, &c, e) != 0 || config_format(a, &c, e) != 0 ||
	    config_thinking(a, &max_tokens, &c, e) != 0)
		done = -1;
	/* Last: thinking may have raised it. */
	if (max_tokens > 0)
		ask_int(&c, "maxOutputTokens", max_tokens);
	a->output_asked = max_tokens;
	sbuf_addc(&c, '}');
	if (c.len > 2)
		ask_json(b, "generationConfig", sbuf_slice(&c));
	sbuf_free(&c);
	return done;
}
