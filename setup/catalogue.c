/*
 * The catalogue: prices and limits of known models, a CSV of our own with a
 * header line.  No field holds a comma or a quote.
 */

#include "setup/compile_priv.h"

#include <stdlib.h>

#include "base/money.h"

enum column {
	COLUMN_NAME,
	COLUMN_PROVIDER,
	COLUMN_UPSTREAM,
	COLUMN_CONTEXT,
	COLUMN_MAX_OUTPUT,
	COLUMN_INPUT,
	COLUMN_OUTPUT,
	COLUMN_CACHED_INPUT,
	COLUMN_CACHE_WRITE,
	COLUMN_CACHE_WRITE_1H,
	COLUMN_REASONING_OUTPUT,
	COLUMN_TIER_ABOVE,
	COLUMN_TIER_INPUT,
	COLUMN_TIER_OUTPUT,
	COLUMN_FEATURES,
	COLUMN_AS_OF,
	COLUMNS
};

static const char catalogue_head[] =
    "name,provider,upstream,context,max_output,input,output,cached_input,"
    "cache_write,cache_write_1h,reasoning_output,tier_above,tier_input,"
    "tier_output,features,as_of";

static const struct {
	enum column column;
	size_t offset;
} price_columns[] = {
	{ COLUMN_INPUT, AT(settings_price, input) },
	{ COLUMN_OUTPUT, AT(settings_price, output) },
	{ COLUMN_CACHED_INPUT, AT(settings_price, cached_input) },
	{ COLUMN_CACHE_WRITE, AT(settings_price, cache_write) },
	{ COLUMN_CACHE_WRITE_1H, AT(settings_price, cache_write_1h) },
	{ COLUMN_REASONING_OUTPUT, AT(settings_price, reasoning_output) },
	{ COLUMN_TIER_INPUT, AT(settings_price, tier_input) },
	{ COLUMN_TIER_OUTPUT, AT(settings_price, tier_output) },
};

/* One letter for each feature. */
static const struct {
	char letter;
	uint32_t feature;
} letters[] = {
	{ 't', FEATURE_TOOLS },
	{ 'v', FEATURE_VISION },
	{ 'j', FEATURE_JSON_SCHEMA },
	{ 'r', FEATURE_REASONING },
	{ 'c', FEATURE_MAX_COMPLETION_TOKENS_ONLY },
	{ 'e', FEATURE_EMBEDDINGS },
	{ 'o', FEATURE_RESPONSES_ONLY },
};

/* Split a line at its commas.  The number of fields. */
static size_t
catalogue_split(struct slice line, struct slice fields[COLUMNS])
{
	size_t n = 0;

	for (;;) {
		const char *comma =
		    line.n > 0 ? memchr(line.p, ',', line.n) : NULL;
		size_t len = comma != NULL ? (size_t)(comma - line.p) : line.n;

		if (n < COLUMNS)
			fields[n] = (struct slice){ line.p, len };
		n++;
		if (comma == NULL)
			return n;
		line = slice_skip(line, len + 1);
	}
}

static bool
catalogue_wanted(struct compile *c, struct slice provider)
{
	struct slist l = c->settings.catalogue_providers;
	const struct sref *names = blob_at(&c->blob, l);

	for (uint32_t i = 0; i < l.n; i++) {
		struct slice name = blob_text(&c->blob, names[i]);

		if (slice_eq(name, SLICE("*")) || slice_eq(name, provider))
			return true;
	}
	return false;
}

static int64_t
catalogue_count(struct slice text)
{
	return text.n > 0 ? strtoll(text.p, NULL, 10) : 0;
}

static bool
catalogue_prices(struct model_draft *d, const struct slice f[COLUMNS])
{
	struct settings_price *p = &d->model.price;

	for (size_t i = 0; i < sizeof price_columns / sizeof price_columns[0];
	     i++) {
		struct slice text = f[price_columns[i].column];
		int64_t v;

		if (text.n == 0)
			continue;
		if (money_read(text, 6, &v) != 1)
			return false;
		memcpy((char *)p + price_columns[i].offset, &v, sizeof v);
	}
	p->tier_above = catalogue_count(f[COLUMN_TIER_ABOVE]);
	p->known = p->input != MONEY_NONE && p->output != MONEY_NONE;
	return true;
}

static uint32_t
catalogue_features(struct slice text)
{
	uint32_t all = 0;

	for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
		if (memchr(text.p, letters[i].letter, text.n) != NULL)
			all |= letters[i].feature;
	return all;
}

static bool
catalogue_row(struct compile *c, const struct slice f[COLUMNS])
{
	int provider = provider_index(c, f[COLUMN_PROVIDER]);
	struct model_draft *d;

	if (provider < 0 || !catalogue_wanted(c, f[COLUMN_PROVIDER]) ||
	    model_known(c, f[COLUMN_NAME]))
		return true;
	d = model_add(c);
	d->catalogue = true;
	d->model.name = blob_str(&c->blob, f[COLUMN_NAME]);
	d->model.upstream = blob_str(&c->blob, f[COLUMN_UPSTREAM]);
	d->model.provider = provider;
	d->model.context = catalogue_count(f[COLUMN_CONTEXT]);
	d->model.max_output = catalogue_count(f[COLUMN_MAX_OUTPUT]);
	d->model.features = catalogue_features(f[COLUMN_FEATURES]);
	return catalogue_prices(d, f);
}

/* An empty line and one that begins with # say nothing. */
static bool
catalogue_line(struct compile *c, struct slice line, bool *head)
{
	struct slice f[COLUMNS];

	if (line.n == 0 || line.p[0] == '#')
		return true;
	if (*head) {
		*head = false;
		return slice_eq(line, slice_str(catalogue_head));
	}
	return catalogue_split(line, f) == COLUMNS && catalogue_row(c, f);
}

void
catalogue_read(struct compile *c)
{
	struct slice path = blob_text(&c->blob, c->settings.catalogue_path);
	const struct source *s = source_read(path.p);
	struct place at = { s, 0, 1, 0 };
	struct slice rest;
	bool head = true;

	if (s == NULL) {
		value_error(c, scalars_node(c, "catalogue.path"),
		    "cannot be read: %m");
		return;
	}
	rest = s->text;
	while (rest.n > 0) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end != NULL ? (size_t)(end - rest.p) : rest.n;

		at.line++;
		if (!catalogue_line(c, (struct slice){ rest.p, n }, &head)) {
			report_error(c->report, at,
			    "this is no line of a catalogue");
			return;
		}
		rest = slice_skip(rest, end != NULL ? n + 1 : n);
	}
}
