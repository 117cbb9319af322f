/* Groups and lists of the settings, checked against their tables. */

#include "setup/compile_priv.h"

#include <stdio.h>

#include "base/pool.h"
#include "base/suggest.h"

void
schema_where(const struct schema *s, const struct node *group, char *out,
    size_t size)
{
	struct slice key =
	    s->key != NULL ? tree_text(group, s->key) : SLICE("");

	if (key.n > 0)
		snprintf(out, size, "%s \"%.*s\"", s->label, SLICE_ARGS(key));
	else
		snprintf(out, size, "%s", s->label);
}

void
schema_unknown(struct compile *c, const struct node *n, const char *where,
    const struct suggest *near)
{
	struct message *m =
	    report_error(c->report, n->at, "unknown setting \"%.*s\"%s%s",
		SLICE_ARGS(n->name), where[0] != '\0' ? " in " : "", where);

	if (near->best.n > 0)
		report_help(m, "did you mean \"%.*s\"?",
		    SLICE_ARGS(near->best));
}

static const struct field *
schema_field(const struct schema *s, struct slice name)
{
	for (size_t i = 0; i < s->n; i++)
		if (slice_eq(name, slice_str(s->fields[i].name)))
			return &s->fields[i];
	return NULL;
}

static void
schema_complain(struct compile *c, const struct schema *s,
    const struct node *group, const struct node *n)
{
	struct suggest near;
	char where[160];

	suggest_init(&near, n->name);
	for (size_t i = 0; i < s->n; i++)
		suggest_try(&near, slice_str(s->fields[i].name));
	schema_where(s, group, where, sizeof where);
	schema_unknown(c, n, where, &near);
}

static void
schema_child(struct compile *c, const struct schema *s,
    const struct node *group, const struct node *n, void *out)
{
	const struct field *f = schema_field(s, n->name);

	if (f != NULL)
		value_read(c, f, n, out);
	else if (s->key != NULL && slice_eq(n->name, SLICE("replace"))) {
		if (n->type != NODE_BOOL)
			value_error(c, n, "must be true or false, not %s",
			    tree_type_name(n));
	} else if (s->other == NULL || !s->other(c, n, out))
		schema_complain(c, s, group, n);
}

static void
schema_missing(struct compile *c, const struct schema *s,
    const struct node *group)
{
	char where[160];

	schema_where(s, group, where, sizeof where);
	for (size_t i = 0; i < s->n; i++)
		if (s->fields[i].required &&
		    tree_find(group, s->fields[i].name) == NULL)
			report_error(c->report, group->at,
			    "\"%s\" is missing in %s", s->fields[i].name,
			    where);
}

void
schema_group(struct compile *c, const struct schema *s,
    const struct node *group, void *out)
{
	for (size_t i = 0; i < s->n; i++)
		if (tree_find(group, s->fields[i].name) == NULL)
			value_default(c, &s->fields[i], out);
	if (s->init != NULL)
		s->init(c, group, out);
	for (const struct node *n = group->child; n != NULL; n = n->next)
		schema_child(c, s, group, n, out);
	schema_missing(c, s, group);
	if (s->check != NULL)
		s->check(c, group, out);
}

static bool
schema_replaces(const struct node *element)
{
	const struct node *n = tree_find(element, "replace");

	return n != NULL && n->type == NODE_BOOL && n->boolean;
}

static bool
schema_same(const struct schema *s, const struct node *a, const struct node *b)
{
	struct slice key = tree_text(a, s->key);

	return key.n > 0 && slice_eq(key, tree_text(b, s->key));
}

/* Whether a later element of the same name takes this one's place. */
static bool
schema_is_replaced(struct compile *c, const struct schema *s,
    const struct node *element)
{
	const struct node *n = element->next;
	struct message *m;

	while (n != NULL && !(n->type == NODE_GROUP && s->key != NULL &&
				schema_same(s, element, n)))
		n = n->next;
	if (n == NULL)
		return false;
	if (schema_replaces(n))
		return true;
	m = report_error(c->report, tree_find(n, s->key)->value,
	    "%s \"%.*s\" is defined twice", s->label,
	    SLICE_ARGS(tree_text(n, s->key)));
	report_help(m,
	    "the first is at %s:%u; replace = true lets the later one win",
	    element->at.source->path, element->at.line);
	return false;
}

void *
schema_list(struct compile *c, const struct schema *s, const struct node *list,
    size_t *n_r)
{
	char *elements = pool_zalloc(c->pool, (list->children + 1) * s->size);

	*n_r = 0;
	if (list->type != NODE_LIST &&
	    !(list->type == NODE_ARRAY && list->children == 0)) {
		value_error(c, list, "must be a list of groups ( { } ), not %s",
		    tree_type_name(list));
		return elements;
	}
	for (const struct node *n = list->child; n != NULL; n = n->next) {
		if (n->type != NODE_GROUP)
			value_error(c, n, "%s holds groups { }, not %s",
			    s->label, tree_type_name(n));
		else if (!schema_is_replaced(c, s, n))
			schema_group(c, s, n, elements + s->size * (*n_r)++);
	}
	return elements;
}
