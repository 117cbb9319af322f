/*
 * Every name that finds a model (spec/routing.md 1.1): its slug, its aliases,
 * the slug behind its provider's prefix, and what follows that prefix.
 */

#include "setup/compile_priv.h"

#include <stdlib.h>

#include "base/pool.h"
#include "base/xmem.h"

/* In the order in which they win. */
enum name_rank {
	RANK_SLUG,
	RANK_CATALOGUE,
	RANK_ALIAS,
	RANK_PREFIXED,
	RANK_BARE, /* and then by the provider */
};

struct name_draft {
	struct slice name;
	unsigned rank;
	uint32_t model;
};

struct names {
	struct name_draft *list;
	size_t n, cap;
	struct pool *pool;
};

/* What is looked for, and where the names lie. */
struct names_key {
	const char *name;
	const struct blob *blob;
};

static void
names_add(struct names *l, struct slice name, unsigned rank, size_t model)
{
	if (l->n == l->cap) {
		l->cap = l->cap * 2 + 64;
		l->list = xrealloc(l->list, l->cap * sizeof *l->list);
	}
	l->list[l->n++] = (struct name_draft){ pool_copy(l->pool, name), rank,
		(uint32_t)model };
}

static int
names_compare(const void *va, const void *vb)
{
	const struct name_draft *a = va, *b = vb;
	int order = strcmp(a->name.p, b->name.p);

	if (order != 0)
		return order;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->model < b->model ? -1 : a->model > b->model;
}

/* Providers in the order in which a bare name finds them. */
static unsigned
names_provider_rank(struct slice id)
{
	static const char *const order[] = { "openai", "anthropic",
		"google_gemini", "deepseek", "mistral", "xai", "groq", "cohere",
		"perplexity", "cerebras", "google_vertex_ai", "bedrock",
		"azure_openai" };
	unsigned i = 0;

	while (i < sizeof order / sizeof order[0] &&
	       !slice_eq(id, slice_str(order[i])))
		i++;
	return i;
}

static void
names_prefixed(struct names *l, struct slice slug, struct slice prefix,
    size_t model, unsigned bare_rank)
{
	char text[512];
	size_t n = prefix.n + 1 + slug.n;

	if (slug.n > prefix.n && slice_starts(slug, prefix) &&
	    slug.p[prefix.n] == '/') {
		names_add(l, slice_skip(slug, prefix.n + 1), bare_rank, model);
		return;
	}
	if (n > sizeof text)
		return;
	memcpy(text, prefix.p, prefix.n);
	text[prefix.n] = '/';
	memcpy(text + prefix.n + 1, slug.p, slug.n);
	names_add(l, (struct slice){ text, n }, RANK_PREFIXED, model);
}

static void
names_of(struct compile *c, struct names *l, size_t i)
{
	const struct model_draft *d = &c->models[i];
	struct slice slug = blob_text(&c->blob, d->model.name), id;
	const struct sref *aliases = blob_at(&c->blob, d->aliases);
	unsigned bare;

	names_add(l, slug, d->catalogue ? RANK_CATALOGUE : RANK_SLUG, i);
	for (uint32_t k = 0; k < d->aliases.n; k++)
		names_add(l, blob_text(&c->blob, aliases[k]), RANK_ALIAS, i);
	if (d->model.provider < 0)
		return;
	id = blob_text(&c->blob, c->providers[d->model.provider].name);
	if (slice_eq(id, SLICE("demo")))
		return;
	bare = RANK_BARE + names_provider_rank(id);
	names_prefixed(l, slug, provider_prefix(id), i, bare);
	if (!slice_eq(id, provider_prefix(id)))
		names_prefixed(l, model_bare(slug, id), id, i, bare);
}

/* An alias that is another model's slug or alias would be a riddle. */
static void
names_check_alias(struct compile *c, const struct name_draft *winner,
    const struct name_draft *d)
{
	const struct node *list;

	if (d->rank != RANK_ALIAS || d->model == winner->model ||
	    winner->rank == RANK_CATALOGUE)
		return;
	list = tree_find(c->models[d->model].node, "aliases");
	for (const struct node *n = list->child; n != NULL; n = n->next)
		if (slice_eq(n->text, d->name))
			report_error(c->report, n->value,
			    "alias \"%.*s\" is already %s \"%s\"",
			    SLICE_ARGS(d->name),
			    winner->rank == RANK_ALIAS ? "an alias of"
						       : "the model",
			    blob_text(&c->blob,
				c->models[winner->model].model.name)
				.p);
}

void
names_finish(struct compile *c)
{
	struct names l = { .pool = c->pool };
	struct settings_model_name *names;
	size_t n = 0, winner = 0;

	for (size_t i = 0; i < c->models_n; i++)
		names_of(c, &l, i);
	if (l.n > 0)
		qsort(l.list, l.n, sizeof *l.list, names_compare);
	names = xcalloc(l.n + 1, sizeof *names);
	for (size_t i = 0; i < l.n; i++) {
		const struct name_draft *d = &l.list[i];

		if (i > 0 && slice_eq(d->name, l.list[winner].name)) {
			names_check_alias(c, &l.list[winner], d);
			continue;
		}
		winner = i;
		names[n].name = blob_str(&c->blob, d->name);
		names[n++].model = d->model;
	}
	c->settings.model_names = blob_list(&c->blob, names, sizeof *names, n);
	free(names);
	free(l.list);
}

static bool
names_open(const struct compile *c, struct slice name)
{
	for (size_t i = 0; i < c->providers_n; i++) {
		struct slice id = blob_text(&c->blob, c->providers[i].name);

		if (c->providers[i].open_models && name.n > id.n + 1 &&
		    slice_starts(name, id) && name.p[id.n] == '/')
			return true;
	}
	return false;
}

static int
names_find(const void *va, const void *vb)
{
	const struct names_key *key = va;
	const struct settings_model_name *at = vb;

	return strcmp(key->name, blob_text(key->blob, at->name).p);
}

bool
names_known(const struct compile *c, struct slice name)
{
	struct slist names = c->settings.model_names;
	struct names_key key = { name.p, &c->blob };

	return bsearch(&key, blob_at(&c->blob, names), names.n,
		   sizeof(struct settings_model_name), names_find) != NULL ||
	       names_open(c, name);
}
