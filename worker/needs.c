#include "worker/needs.h"

#include "dialect/dialect.h"
#include "proto/bound.h"
#include "proto/usage.h"
#include "worker/describe.h"
#include "worker/req.h"

#define CATALOGUED                                                             \
	(FEATURE_TOOLS | FEATURE_VISION | FEATURE_JSON_SCHEMA |                \
	    FEATURE_EMBEDDINGS)

const char needs_words_context[] =
    "Filtered by context window size, consider reducing input tokens.";

static const struct {
	uint32_t bit;
	const char *words;
} needs_table[] = {
	{ FEATURE_EMBEDDINGS, "Filtered by missing embeddings." },
	{ ABLE_CHAT, "Filtered by missing chat." },
	{ FEATURE_TOOLS, "Filtered by missing function calling." },
	{ FEATURE_VISION, "Filtered by missing image support." },
	{ FEATURE_JSON_SCHEMA, "Filtered by missing JSON schema." },
	{ ABLE_N, "Filtered by missing n." },
	{ ABLE_LOGPROBS, "Filtered by missing logprobs." },
};

/* The kinds whose dialect has a word for it; what is meant is refused else. */
static const uint32_t needs_kinds[KINDS] = {
	[KIND_OPENAI] = ABLE_N | ABLE_LOGPROBS,
	[KIND_DEMO] = ABLE_N | ABLE_LOGPROBS,
	[KIND_AZURE] = ABLE_N | ABLE_LOGPROBS,
	[KIND_GEMINI] = ABLE_N | ABLE_LOGPROBS,
	[KIND_VERTEX_GEMINI] = ABLE_N | ABLE_LOGPROBS,
	[KIND_COHERE] = ABLE_LOGPROBS,
};

/* What a quirk of the provider takes away, from models of that feature. */
static const struct {
	uint32_t quirk, feature, lost;
} needs_quirks[] = {
	{ QUIRK_NO_TOOLS, 0, FEATURE_TOOLS },
	{ QUIRK_NO_MEDIA, 0, FEATURE_VISION },
	{ QUIRK_NO_N, 0, ABLE_N },
	{ QUIRK_NO_N_REASONING, FEATURE_REASONING, ABLE_N },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
needs_of(struct req *r, struct needs *n_r)
{
	const struct params *p = &r->params;
	struct bound_request q;

	describe_params(r, &q);
	q.body_bytes = (int64_t)(r->body.n - p->messages.media_bytes);
	*n_r = (struct needs){ .n = q.n > 1, .images = q.images };
	if (q.tools)
		n_r->features |= FEATURE_TOOLS;
	if (q.images > 0)
		n_r->features |= FEATURE_VISION;
	if (q.embeddings)
		n_r->features |= FEATURE_EMBEDDINGS;
	if (params_has(p, PARAM_response_format) &&
	    slice_eq(params_text(p, PARAM_response_format),
		SLICE("json_schema")))
		n_r->features |= FEATURE_JSON_SCHEMA;
	n_r->logprobs = params_bool(p, PARAM_logprobs) ||
	                params_number(p, PARAM_top_logprobs, 0) > 0;
	n_r->max_tokens =
	    q.max_tokens < USAGE_TOKENS_MAX ? q.max_tokens : USAGE_TOKENS_MAX;
	n_r->tokens = bound_input(&q) + n_r->max_tokens;
}

uint32_t
needs_demands(const struct needs *n)
{
	return n->features | (n->n ? ABLE_N : 0) |
	       (n->logprobs ? ABLE_LOGPROBS : 0) |
	       (n->features & FEATURE_EMBEDDINGS ? 0 : ABLE_CHAT);
}

/* Who can more than embeddings can chat. */
static uint32_t
needs_of_model(const struct settings_model *m)
{
	uint32_t has = m->features & CATALOGUED;

	return has == FEATURE_EMBEDDINGS ? has : has | ABLE_CHAT;
}

static uint32_t
needs_of_kind(const struct settings *s, const struct settings_provider *p,
    const struct settings_model *m)
{
	struct slice upstream = settings_str(s, m->upstream);
	enum provider_kind kind =
	    dialect_kind((enum provider_kind)p->kind, upstream, m->features);

	if (dialect_find(kind, upstream, m->features) == &dialect_responses)
		return ABLE_LOGPROBS;
	return needs_kinds[kind];
}

uint32_t
needs_abilities(const struct settings *s, const struct settings_model *m)
{
	const struct settings_provider *p =
	    settings_provider_at(s, m->provider);
	uint32_t can = needs_of_model(m) | needs_of_kind(s, p, m);

	for (size_t i = 0; i < COUNT(needs_quirks); i++)
		if ((p->quirks & needs_quirks[i].quirk) != 0 &&
		    (needs_quirks[i].feature == 0 ||
			(m->features & needs_quirks[i].feature) != 0))
			can &= ~needs_quirks[i].lost;
	return can;
}

const char *
needs_words(uint32_t lacking)
{
	for (size_t i = 0; i < COUNT(needs_table); i++)
		if ((lacking & needs_table[i].bit) != 0)
			return needs_table[i].words;
	return NULL;
}

static bool
needs_fits(const struct needs *n, const struct settings_model *m)
{
	return m->context <= 0 || needs_window(n, bound_image(m)) <= m->context;
}

const char *
needs_missing(const struct needs *n, const struct settings_model *m)
{
	const uint32_t of_model = CATALOGUED | ABLE_CHAT;

	if (m == NULL)
		return NULL;
	if (!needs_fits(n, m))
		return needs_words_context;
	return needs_words(needs_demands(n) & of_model & ~needs_of_model(m));
}

const char *
needs_missing_there(const struct needs *n, const struct settings *s,
    const struct settings_model *m)
{
	if (m == NULL)
		return NULL;
	if (!needs_fits(n, m))
		return needs_words_context;
	return needs_words(needs_demands(n) & ~needs_abilities(s, m));
}
