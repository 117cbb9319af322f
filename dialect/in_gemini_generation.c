/* in_gemini_generation - generationConfig. */
#include <stdio.h>

#include "dialect/in_gemini_priv.h"
#include "proto/jnum.h"

#define NANO INT64_C(1000000000)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct in_generation {
	struct in_gemini *x;
	struct slice where; /* generationConfig as the client spelt it */
	struct jscan_item mime, schema, logprobs;
	bool openapi; /* so are the schema's words */
};

/* What has a number in both. */
static const struct in_scalar {
	struct slice camel;
	const char *chat;
	struct in_bounds bounds;
} in_scalars[] = {
	{ SLICE("temperature"), "temperature",
	    { false, 0, 2 * NANO, "must be between 0 and 2" } },
	{ SLICE("topP"), "top_p",
	    { false, 0, NANO, "must be between 0 and 1" } },
	{ SLICE("topK"), "top_k", { false, 0, INT64_MAX, "" } },
	{ SLICE("maxOutputTokens"), "max_tokens",
	    { true, NANO, INT64_MAX, "must be at least 1" } },
	{ SLICE("candidateCount"), "n",
	    { true, NANO, 128 * NANO, "must be between 1 and 128" } },
	{ SLICE("seed"), "seed", { true, INT64_MIN, INT64_MAX, "" } },
	{ SLICE("presencePenalty"), "presence_penalty",
	    { false, -2 * NANO, 2 * NANO, "must be between -2 and 2" } },
	{ SLICE("frequencyPenalty"), "frequency_penalty",
	    { false, -2 * NANO, 2 * NANO, "must be between -2 and 2" } },
};

/* The same members with another form in chat are read by these. */
static void
in_effort(struct in_gemini *x, const struct jscan_item *config)
{
	struct jscan_item item;
	int64_t budget;
	char word[16];
	size_t n;

	if (config->type != JSCAN_OBJECT)
		return;
	if (camel_find(config->value, SLICE("thinkingLevel"), &item) == 1 &&
	    item.type == JSCAN_STRING && item.value.n - 2 < sizeof word) {
		for (n = 0; n < item.value.n - 2; n++) {
			char c = jscan_text(&item).p[n];

			word[n] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
		}
		ask_text(x->chat, "reasoning_effort",
		    (struct slice){ word, n });
	} else if (camel_find(config->value, SLICE("thinkingBudget"), &item) ==
		       1 &&
		   item.type == JSCAN_NUMBER &&
		   jnum_int(item.value, &budget) == 1 && budget >= 0) {
		in_add_effort(x->chat, budget);
	}
}

static void
in_generation_where(const struct in_generation *g,
    const struct jscan_item *item, char where[IN_WHERE])
{
	struct slice name = jstr_name(item, g->x->in->pool);

	snprintf(where, IN_WHERE, "%.*s.%.*s", SLICE_ARGS(g->where),
	    SLICE_ARGS(name));
}

static int
in_scalar(struct in_generation *g, const struct in_scalar *s,
    const struct jscan_item *item)
{
	char where[IN_WHERE];

	in_generation_where(g, item, where);
	if (in_number(g->x->e, where, item, &s->bounds) != 0)
		return -1;
	ask_json(g->x->chat, s->chat, item->value);
	return 0;
}

typedef int in_generation_fn(struct in_generation *g,
    const struct jscan_item *item);

static int
in_stops(struct in_generation *g, const struct jscan_item *item)
{
	struct jscan_iter it;
	struct jscan_item one;
	char where[IN_WHERE];
	unsigned n = 0;

	in_generation_where(g, item, where);
	if (in_expect(g->x->e, where, item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, item->value);
	for (; jscan_element_next(&it, &one); n++)
		if (one.type != JSCAN_STRING)
			return in_type(g->x->e, where, "array of strings",
			    item);
	if (n > 0)
		ask_json(g->x->chat, "stop", item->value);
	return 0;
}

static int
in_mime(struct in_generation *g, const struct jscan_item *item)
{
	g->mime = *item;
	return 0;
}

static int
in_openapi_schema(struct in_generation *g, const struct jscan_item *item)
{
	char where[IN_WHERE];

	in_generation_where(g, item, where);
	if (g->schema.type == JSCAN_NULL) {
		g->schema = *item;
		g->openapi = true;
	}
	return in_expect(g->x->e, where, item, JSCAN_OBJECT);
}

static int
in_json_schema(struct in_generation *g, const struct jscan_item *item)
{
	g->schema = *item;
	g->openapi = false;
	return 0;
}

static int
in_wants_logprobs(struct in_generation *g, const struct jscan_item *item)
{
	char where[IN_WHERE];

	in_generation_where(g, item, where);
	if (in_expect(g->x->e, where, item, JSCAN_BOOL) != 0)
		return -1;
	ask_json(g->x->chat, "logprobs", item->value);
	return 0;
}

/* Without responseLogprobs it means nothing. */
static int
in_top_logprobs(struct in_generation *g, const struct jscan_item *item)
{
	static const struct in_scalar row = { SLICE("logprobs"), "top_logprobs",
		{ true, 0, 20 * NANO, "must be between 0 and 20" } };

	if (!jscan_true(&g->logprobs))
		return 0;
	return in_scalar(g, &row, item);
}

static int
in_thinking(struct in_generation *g, const struct jscan_item *item)
{
	char where[IN_WHERE];

	in_generation_where(g, item, where);
	if (in_expect(g->x->e, where, item, JSCAN_OBJECT) != 0)
		return -1;
	in_effort(g->x, item);
	return 0;
}

/* Chat's answers are text; pictures and speech come from Google. */
static int
in_modalities(struct in_generation *g, const struct jscan_item *item)
{
	struct jscan_iter it;
	struct jscan_item one;
	char where[IN_WHERE];

	in_generation_where(g, item, where);
	if (in_expect(g->x->e, where, item, JSCAN_ARRAY) != 0)
		return -1;
	jscan_enter(&it, item->value);
	while (jscan_element_next(&it, &one))
		if (!jstr_says(&one, SLICE("TEXT")) &&
		    !jstr_says(&one, SLICE("Text")) &&
		    !jstr_says(&one, SLICE("text"))) {
			g->x->in->speaks = true;
			in_own_kind(g->x->in, where);
		}
	return 0;
}

static const struct {
	struct slice camel;
	in_generation_fn *read;
} in_generation_members[] = {
	{ SLICE("stopSequences"), in_stops },
	{ SLICE("responseMimeType"), in_mime },
	{ SLICE("responseSchema"), in_openapi_schema },
	{ SLICE("responseJsonSchema"), in_json_schema },
	{ SLICE("_responseJsonSchema"), in_json_schema },
	{ SLICE("responseLogprobs"), in_wants_logprobs },
	{ SLICE("logprobs"), in_top_logprobs },
	{ SLICE("thinkingConfig"), in_thinking },
	{ SLICE("responseModalities"), in_modalities },
};

static int
in_generation_member(struct in_generation *g, const struct jscan_item *item)
{
	for (size_t i = 0; i < COUNT(in_scalars); i++)
		if (camel_is(item, in_scalars[i].camel))
			return in_scalar(g, &in_scalars[i], item);
	for (size_t i = 0; i < COUNT(in_generation_members); i++)
		if (camel_is(item, in_generation_members[i].camel))
			return in_generation_members[i].read(g, item);
	in_leave(g->x->in, jstr_name(item, g->x->in->pool));
	return 0;
}

static void
in_format(const struct in_generation *g)
{
	struct sbuf *b = g->x->chat;

	if (g->mime.type == JSCAN_NULL ||
	    jstr_says(&g->mime, SLICE("text/plain")))
		return;
	if (!jstr_says(&g->mime, SLICE("application/json"))) {
		in_own_kind(g->x->in, "generationConfig.responseMimeType");
		return;
	}
	ask_name(b, "response_format");
	if (g->schema.type != JSCAN_OBJECT) {
		sbuf_adds(b, "{\"type\":\"json_object\"}");
		return;
	}
	sbuf_adds(b, "{\"type\":\"json_schema\",\"json_schema\":"
		     "{\"name\":\"output\",\"schema\":");
	if (g->openapi)
		in_gemini_schema(b, g->schema.value);
	else
		sbuf_add_slice(b, g->schema.value);
	sbuf_adds(b, "}}");
}

int
in_gemini_generation(struct in_gemini *x, const struct jscan_item *config)
{
	struct in_generation g = { .x = x,
		.mime = { .type = JSCAN_NULL },
		.schema = { .type = JSCAN_NULL } };
	struct jscan_iter it;
	struct jscan_item item;
	char where[IN_WHERE];

	if (config->type == JSCAN_NULL)
		return 0;
	g.where = jstr_name(config, x->in->pool);
	snprintf(where, sizeof where, "%.*s", SLICE_ARGS(g.where));
	if (in_expect(x->e, where, config, JSCAN_OBJECT) != 0 ||
	    jscan_unique(config->value, where, x->e) != 0)
		return -1;
	camel_find(config->value, SLICE("responseLogprobs"), &g.logprobs);
	jscan_enter(&it, config->value);
	while (jscan_member_next(&it, &item))
		if (item.type != JSCAN_NULL &&
		    in_generation_member(&g, &item) != 0)
			return -1;
	in_format(&g);
	return 0;
}
