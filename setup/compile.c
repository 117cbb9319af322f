#include "setup/compile_priv.h"

/* Budgets and prices that do not fit together are said before a request. */
static void
compile_warn_prices(struct compile *c)
{
	struct slice unknown =
	    blob_text(&c->blob, c->settings.budgets_unknown_price);

	if (!slice_eq(unknown, SLICE("refuse")))
		return;
	for (size_t i = 0; i < c->models_own_n; i++) {
		const struct model_draft *d = &c->models[i];

		if (!d->model.price.known)
			report_warn(c->report, d->node->at,
			    "model \"%s\" has no price; requests that touch a "
			    "budget are refused",
			    blob_text(&c->blob, d->model.name).p);
	}
}

/* The hold of such a model is made of its price, and bounds its charge. */
static void
compile_check_sources(struct compile *c)
{
	struct slice unknown =
	    blob_text(&c->blob, c->settings.budgets_unknown_price);

	if (slice_starts(unknown, SLICE("assume:")))
		return;
	for (size_t i = 0; i < c->models_own_n; i++) {
		const struct model_draft *d = &c->models[i];

		if (d->model.price_source == PRICE_OF_PROVIDER &&
		    !d->model.price.known)
			value_error(c, tree_find(d->node, "price_source"),
			    "needs a \"price\", from which the hold is made, "
			    "or budgets.unknown_price = \"assume:IN/OUT\"");
	}
}

bool
compile_all(struct compile *c, const struct node *root, uint64_t generation)
{
	struct settings *s = &c->settings;

	blob_init(&c->blob);
	c->root = root;
	scalars_read(c, root);
	lists_read(c, root);
	models_read(c, root);
	compile_warn_prices(c);
	compile_check_sources(c);
	models_finish(c);
	groups_read(c, root);
	s->providers = blob_list(&c->blob, c->providers, sizeof *c->providers,
	    c->providers_n);
	s->magic = SETTINGS_MAGIC;
	s->generation = generation;
	s->size = (uint32_t)c->blob.bytes.len;
	memcpy(c->blob.bytes.data, s, sizeof *s);
	routing_check(c);
	return report_errors(c->report) == 0;
}
