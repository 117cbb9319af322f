/* Models: those of the settings, of the catalogue, and the two of demo. */

#include "setup/compile_priv.h"

#include <stdlib.h>

#include "base/digest.h"
#include "base/money.h"
#include "base/pool.h"
#include "base/suggest.h"
#include "base/xmem.h"

static const struct word words_features[] = { { "tools", FEATURE_TOOLS },
	{ "vision", FEATURE_VISION }, { "json_schema", FEATURE_JSON_SCHEMA },
	{ "reasoning", FEATURE_REASONING },
	{ "max_completion_tokens_only", FEATURE_MAX_COMPLETION_TOKENS_ONLY },
	{ "reasoning_outside_max", FEATURE_REASONING_OUTSIDE_MAX },
	{ "embeddings", FEATURE_EMBEDDINGS }, { "adaptive", FEATURE_ADAPTIVE },
	{ "structured", FEATURE_STRUCTURED },
	{ "old_schema", FEATURE_OLD_SCHEMA },
	{ "no_temperature", FEATURE_NO_TEMPERATURE },
	{ "one_sampler", FEATURE_ONE_SAMPLER },
	{ "no_developer", FEATURE_NO_DEVELOPER },
	{ "responses_only", FEATURE_RESPONSES_ONLY },
	{ "invoke", FEATURE_INVOKE }, { NULL, 0 } };

static const struct word words_price_source[] = { { "table", PRICE_OF_TABLE },
	{ "provider", PRICE_OF_PROVIDER }, { NULL, 0 } };

#define PICO(name, member)                                                     \
	{                                                                      \
		name, FIELD_PICO, AT(settings_price, member), "", 0, 0, false, \
		    NULL, NULL                                                 \
	}
#define FEE(name, member)                                                      \
	{                                                                      \
		name, FIELD_NANO, AT(settings_price, member), "", 0, 0, false, \
		    NULL, NULL                                                 \
	}

static const struct field price_fields[] = {
	PICO("input", input),
	PICO("output", output),
	PICO("cached_input", cached_input),
	PICO("cache_write", cache_write),
	PICO("cache_write_1h", cache_write_1h),
	PICO("reasoning_output", reasoning_output),
	PICO("audio_input", audio_input),
	PICO("audio_output", audio_output),
	PICO("cached_audio_input", cached_audio_input),
	PICO("image_input", image_input),
	FEE("per_request", per_request_nano),
	FEE("per_search", per_search_nano),
	FEE("per_image", per_image_nano),
};

/* "input_above_200k": a price of the tier.  The name's figure, or 0. */
static int64_t
price_tier(struct slice name, const char *head)
{
	char digits[16], *end;
	size_t n = strlen(head);
	int64_t v;

	if (!slice_starts(name, slice_str(head)) || name.n - n > 12)
		return 0;
	memcpy(digits, name.p + n, name.n - n);
	digits[name.n - n] = '\0';
	v = strtoll(digits, &end, 10);
	if (end == digits || v < 1)
		return 0;
	if (strcmp(end, "k") == 0)
		return v * 1000;
	return *end == '\0' ? v : 0;
}

static bool
price_other(struct compile *c, const struct node *n, void *out)
{
	static const struct {
		const char *head;
		size_t offset;
	} tiers[] = {
		{ "input_above_", AT(settings_price, tier_input) },
		{ "output_above_", AT(settings_price, tier_output) },
		{ "cached_input_above_",
		    AT(settings_price, tier_cached_input) },
	};
	struct settings_price *p = out;

	for (size_t i = 0; i < sizeof tiers / sizeof tiers[0]; i++) {
		struct field f = { .type = FIELD_PICO };
		int64_t above = price_tier(n->name, tiers[i].head);

		if (above == 0)
			continue;
		f.offset = tiers[i].offset;
		value_read(c, &f, n, out);
		if (p->tier_above != 0 && p->tier_above != above)
			value_error(c, n,
			    "names another tier than the prices "
			    "before it; there is one");
		p->tier_above = above;
		return true;
	}
	return false;
}

static void
price_init(struct compile *c, const struct node *n, void *out)
{
	struct settings_price *p = out;

	(void)c;
	(void)n;
	p->tier_input = p->tier_output = p->tier_cached_input = MONEY_NONE;
}

static void
price_check(struct compile *c, const struct node *n, void *out)
{
	struct settings_price *p = out;

	p->known = p->input != MONEY_NONE && p->output != MONEY_NONE;
	if (!p->known && tree_find(n, "input") != NULL)
		report_warn(c->report, n->at,
		    "a price needs \"input\" and \"output\"; this one is taken "
		    "as not known");
}

static const struct schema price_schema = { "price", NULL, FIELDS(price_fields),
	sizeof(struct settings_price), price_init, price_check, price_other };

static const struct field model_fields[] = {
	{ "name", FIELD_STR, AT(model_draft, model.name), NULL, 0, 0, true,
	    NULL, NULL },
	{ "provider", FIELD_STR, AT(model_draft, provider), NULL, 0, 0, true,
	    NULL, NULL },
	{ "upstream", FIELD_STR, AT(model_draft, model.upstream), "", 0, 0,
	    false, NULL, NULL },
	{ "aliases", FIELD_STRS, AT(model_draft, aliases), "", 0, 0, false,
	    NULL, NULL },
	{ "features", FIELD_WORDS, AT(model_draft, model.features), "", 0, 0,
	    false, words_features, NULL },
	{ "context", FIELD_COUNT, AT(model_draft, model.context), "0", 0,
	    INT32_MAX, false, NULL, NULL },
	{ "max_output", FIELD_COUNT, AT(model_draft, model.max_output), "0", 0,
	    INT32_MAX, false, NULL, NULL },
	{ "image_tokens_max", FIELD_COUNT,
	    AT(model_draft, model.image_tokens_max), "0", 0, INT32_MAX, false,
	    NULL, NULL },
	{ "first_byte_timeout", FIELD_MSEC,
	    AT(model_draft, model.first_byte_timeout_ms), "0s", 0, 86400000,
	    false, NULL, NULL },
	{ "idle_timeout", FIELD_MSEC, AT(model_draft, model.idle_timeout_ms),
	    "0s", 0, 86400000, false, NULL, NULL },
	{ "timeout", FIELD_MSEC, AT(model_draft, model.timeout_ms), "0s", 0,
	    86400000, false, NULL, NULL },
	{ "stream_timeout", FIELD_MSEC,
	    AT(model_draft, model.stream_timeout_ms), "0s", 0, 86400000, false,
	    NULL, NULL },
	{ "created", FIELD_DATE, AT(model_draft, model.created), NULL, 0, 0,
	    false, NULL, NULL },
	{ "limits", FIELD_GROUP, AT(model_draft, model.limits), NULL, 0, 0,
	    false, NULL, &limits_schema },
	{ "price_source", FIELD_WORD, AT(model_draft, model.price_source),
	    "table", 0, 0, false, words_price_source, NULL },
	{ "price", FIELD_GROUP, AT(model_draft, model.price), NULL, 0, 0, false,
	    NULL, &price_schema },
};

#define MODEL_CREATED 1735689600 /* 2025-01-01, when nothing is known */

static void
model_init(struct model_draft *d)
{
	int64_t *prices = &d->model.price.input;

	/* All amounts up to the tier are absent until they are named. */
	while (prices < &d->model.price.tier_above)
		*prices++ = MONEY_NONE;
	price_init(NULL, NULL, &d->model.price);
	d->model.created = MODEL_CREATED;
}

static void
model_draft_init(struct compile *c, const struct node *n, void *out)
{
	struct model_draft *d = out;

	(void)c;
	model_init(d);
	d->node = n;
}

/* What follows "prefix/" in a slug, when the prefix is its provider's. */
struct slice
model_bare(struct slice slug, struct slice id)
{
	struct slice heads[2] = { provider_prefix(id), id };

	for (size_t i = 0; i < 2; i++)
		if (slug.n > heads[i].n + 1 && slice_starts(slug, heads[i]) &&
		    slug.p[heads[i].n] == '/')
			return slice_skip(slug, heads[i].n + 1);
	return slug;
}

static void
model_provider(struct compile *c, const struct node *n, struct model_draft *d)
{
	struct slice name = blob_text(&c->blob, d->provider);
	const struct node *at = tree_find(n, "provider");
	struct suggest near;
	struct message *m;

	d->model.provider = provider_index(c, name);
	if (d->model.provider >= 0 || name.n == 0)
		return;
	suggest_init(&near, name);
	for (size_t i = 0; i < c->providers_n; i++)
		suggest_try(&near, blob_text(&c->blob, c->providers[i].name));
	m = report_error(c->report, at->value,
	    "provider \"%.*s\" in models \"%.*s\" is not defined",
	    SLICE_ARGS(name), SLICE_ARGS(tree_text(n, "name")));
	if (near.best.n > 0)
		report_help(m, "did you mean \"%.*s\"?", SLICE_ARGS(near.best));
}

static void
model_check(struct compile *c, const struct node *n, void *out)
{
	struct model_draft *d = out;
	struct slice bare;

	model_provider(c, n, d);
	if (d->model.provider < 0 || tree_find(n, "upstream") != NULL)
		return;
	bare = model_bare(tree_text(n, "name"),
	    blob_text(&c->blob, c->providers[d->model.provider].name));
	d->model.upstream = blob_str(&c->blob, pool_copy(c->pool, bare));
}

static const struct schema model_schema = { "models", "name",
	FIELDS(model_fields), sizeof(struct model_draft), model_draft_init,
	model_check, NULL };

struct model_draft *
model_add(struct compile *c)
{
	c->models = xrealloc(c->models, (c->models_n + 1) * sizeof *c->models);
	memset(&c->models[c->models_n], 0, sizeof *c->models);
	model_init(&c->models[c->models_n]);
	return &c->models[c->models_n++];
}

bool
model_known(const struct compile *c, struct slice name)
{
	for (size_t i = 0; i < c->models_own_n; i++)
		if (slice_eq(name,
			blob_text(&c->blob, c->models[i].model.name)))
			return true;
	return false;
}

static void
models_demo(struct compile *c)
{
	static const struct {
		const char *name;
		uint32_t features;
	} models[] = {
		{ "demo/echo", FEATURE_TOOLS },
		{ "demo/lorem", FEATURE_TOOLS },
		{ "demo/embed", FEATURE_EMBEDDINGS },
	};
	size_t n = sizeof models / sizeof models[0];
	int provider = provider_index(c, SLICE("demo"));

	for (size_t i = 0; i < n && provider >= 0; i++) {
		struct model_draft *d;

		if (model_known(c, slice_str(models[i].name)))
			continue;
		d = model_add(c);
		d->model.name = blob_str(&c->blob, slice_str(models[i].name));
		d->model.upstream = blob_str(&c->blob,
		    slice_str(models[i].name + strlen("demo/")));
		d->model.provider = provider;
		d->model.features = models[i].features;
		d->model.price.input = d->model.price.output = 0;
		d->model.price.known = true;
	}
}

void
models_read(struct compile *c, const struct node *root)
{
	const struct node *list = tree_find(root, "models");
	struct model_draft *own;
	size_t n = 0;

	if (list != NULL) {
		own = schema_list(c, &model_schema, list, &n);
		c->models = xmalloc((n + 1) * sizeof *own);
		memcpy(c->models, own, n * sizeof *own);
	}
	c->models_n = c->models_own_n = n;
	models_demo(c);
	if (c->settings.catalogue_path.len > 0)
		catalogue_read(c);
}

/* ---- into the snapshot -------------------------------------------------- */

static const struct blob *sorting;

static int
models_compare(const void *a, const void *b)
{
	const struct model_draft *x = a, *y = b;

	return strcmp(blob_text(sorting, x->model.name).p,
	    blob_text(sorting, y->model.name).p);
}

/* A digest of all prices, so that a changed one is seen. */
static uint64_t
models_price_version(struct compile *c)
{
	struct digest *d = digest_new();
	unsigned char sum[DIGEST_SIZE];
	uint64_t version;

	digest_start(d);
	for (size_t i = 0; i < c->models_n; i++) {
		const struct settings_model *m = &c->models[i].model;
		struct slice name = blob_text(&c->blob, m->name);

		digest_add(d, name.p, name.n + 1);
		digest_add(d, &m->price,
		    offsetof(struct settings_price, known));
		digest_add(d, &m->price.known, sizeof m->price.known);
		digest_add(d, &m->price_source, sizeof m->price_source);
	}
	digest_end(d, sum);
	digest_free(&d);
	memcpy(&version, sum, sizeof version);
	return version;
}

void
models_finish(struct compile *c)
{
	struct settings_model *models =
	    xcalloc(c->models_n + 1, sizeof *models);

	sorting = &c->blob;
	for (size_t i = 0; i < c->models_n; i++)
		c->models[i].model.place = (uint32_t)i;
	if (c->models_n > 0)
		qsort(c->models, c->models_n, sizeof *c->models,
		    models_compare);
	for (size_t i = 0; i < c->models_n; i++) {
		models[i] = c->models[i].model;
		models[i].features |= flags_of(c, &models[i]);
	}
	c->settings.models =
	    blob_list(&c->blob, models, sizeof *models, c->models_n);
	c->settings.price_version = models_price_version(c);
	free(models);
	names_finish(c);
}
