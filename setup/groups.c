/* Load-balance groups: models that share requests by their weights. */

#include "setup/compile_priv.h"

#include "base/suggest.h"

#define GROUP_MODELS 64
#define GROUP_ID 64

static const struct field entry_fields[] = {
	{ "model", FIELD_STR, AT(settings_group_entry, model), NULL, 0, 0, true,
	    NULL, NULL },
	{ "weight", FIELD_WEIGHT, AT(settings_group_entry, weight_nano), "1", 1,
	    1000000, false, NULL, NULL },
};
static const struct schema entry_schema = { "models", "model",
	FIELDS(entry_fields), sizeof(struct settings_group_entry), NULL, NULL,
	NULL };

static const struct field group_fields[] = {
	{ "group_id", FIELD_STR, AT(settings_group, group_id), NULL, 0, 0, true,
	    NULL, NULL },
	{ "name", FIELD_STR, AT(settings_group, name), "", 0, 0, false, NULL,
	    NULL },
	{ "models", FIELD_LIST, AT(settings_group, models), NULL, 0, 0, true,
	    NULL, &entry_schema },
	{ "fallback_models", FIELD_STRS, AT(settings_group, fallback_models),
	    "", 0, 0, false, NULL, NULL },
};

/* The model of the settings that has this name or alias; NULL: none. */
static const struct model_draft *
group_draft(const struct compile *c, struct slice name)
{
	for (size_t i = 0; i < c->models_n; i++) {
		const struct model_draft *d = &c->models[i];
		const struct sref *aliases = blob_at(&c->blob, d->aliases);
		bool here = slice_eq(name, blob_text(&c->blob, d->model.name));

		for (uint32_t k = 0; k < d->aliases.n; k++)
			here |= slice_eq(name, blob_text(&c->blob, aliases[k]));
		if (here && d->node != NULL)
			return d;
	}
	return NULL;
}

static void
group_suggest(struct compile *c, struct message *m, const struct node *at,
    struct slice name)
{
	const struct settings_model_name *names =
	    blob_at(&c->blob, c->settings.model_names);
	const struct model_draft *d;
	struct suggest near;

	suggest_init(&near, name);
	for (uint32_t i = 0; i < c->settings.model_names.n; i++)
		suggest_try(&near, blob_text(&c->blob, names[i].name));
	if (near.best.n == 0)
		return;
	d = group_draft(c, near.best);
	if (d == NULL)
		report_help(m, "did you mean \"%.*s\"?", SLICE_ARGS(near.best));
	else if (d->node->at.source == at->value.source)
		report_help(m, "did you mean \"%.*s\"? (defined at line %u)",
		    SLICE_ARGS(near.best), d->node->at.line);
	else
		report_help(m, "did you mean \"%.*s\"? (defined at %s:%u)",
		    SLICE_ARGS(near.best), d->node->at.source->path,
		    d->node->at.line);
}

/* A string that should name a model. */
static void
group_model(struct compile *c, const struct node *group, const struct node *at)
{
	struct message *m;

	if (at == NULL || at->type != NODE_STRING || names_known(c, at->text))
		return;
	m = report_error(c->report, at->value,
	    "model \"%.*s\" in load_balance_groups \"%.*s\" is not defined",
	    SLICE_ARGS(at->text), SLICE_ARGS(tree_text(group, "group_id")));
	group_suggest(c, m, at, at->text);
}

static void
group_models(struct compile *c, const struct node *group)
{
	const struct node *list = tree_find(group, "models");

	if (list != NULL &&
	    (list->children == 0 || list->children > GROUP_MODELS))
		value_error(c, list, "must hold 1 to %d models", GROUP_MODELS);
	for (const struct node *n = list != NULL ? list->child : NULL;
	     n != NULL; n = n->next)
		if (n->type == NODE_GROUP)
			group_model(c, group, tree_find(n, "model"));
	list = tree_find(group, "fallback_models");
	for (const struct node *n = list != NULL ? list->child : NULL;
	     n != NULL; n = n->next)
		group_model(c, group, n);
}

static bool
group_id_valid(struct slice id)
{
	size_t plain = strspn(id.p,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "._-");

	return id.n >= 1 && id.n <= GROUP_ID && plain == id.n;
}

static void
group_check(struct compile *c, const struct node *n, void *out)
{
	const struct node *at = tree_find(n, "group_id");

	(void)out;
	if (at != NULL && at->type == NODE_STRING && !group_id_valid(at->text))
		value_error(c, at,
		    "must be 1 to %d of A-Z, a-z, 0-9, \".\", \"_\" and \"-\"",
		    GROUP_ID);
	group_models(c, n);
}

static const struct schema group_schema = { "load_balance_groups", "group_id",
	FIELDS(group_fields), sizeof(struct settings_group), NULL, group_check,
	NULL };

/* A name finds one group. */
static void
groups_names(struct compile *c, const struct node *list)
{
	for (const struct node *n = list->child; n != NULL; n = n->next)
		for (const struct node *k = list->child; k != n; k = k->next)
			if (tree_text(n, "name").n > 0 &&
			    slice_eq(tree_text(n, "name"),
				tree_text(k, "name")) &&
			    !slice_eq(tree_text(n, "group_id"),
				tree_text(k, "group_id")))
				value_error(c, tree_find(n, "name"),
				    "is the name of load_balance_groups "
				    "\"%.*s\" too",
				    SLICE_ARGS(tree_text(k, "group_id")));
}

void
groups_read(struct compile *c, const struct node *root)
{
	const struct node *list = tree_find(root, "load_balance_groups");

	c->settings.groups = lists_sorted(c, &group_schema, list);
	if (list != NULL && list->type == NODE_LIST)
		groups_names(c, list);
}
