/* The models that the group "routing" names are there. */

#include "setup/compile_priv.h"

#include "base/suggest.h"

/* "prefix/rest" where the prefix is a provider that takes any model. */
static bool
routing_is_open(const struct settings *s, struct slice name)
{
	const char *slash = memchr(name.p, '/', name.n);
	const struct settings_provider *p;
	size_t n;

	if (slash == NULL)
		return false;
	n = (size_t)(slash - name.p);
	p = settings_provider_find(s, (struct slice){ name.p, n });
	return p != NULL && p->open_models && n + 1 < name.n;
}

static void
routing_check_model(struct compile *c, const struct node *n, struct slice name)
{
	const struct settings *s = (const void *)c->blob.bytes.data;
	const struct settings_model_name *names =
	    settings_list(s, s->model_names);
	struct suggest near;
	struct message *m;

	if (settings_model_find(s, name) != NULL || routing_is_open(s, name))
		return;
	suggest_init(&near, name);
	for (uint32_t i = 0; i < s->model_names.n; i++)
		suggest_try(&near, settings_str(s, names[i].name));
	m = report_error(c->report, n->value, "model \"%.*s\" is not defined",
	    SLICE_ARGS(name));
	if (near.best.n > 0)
		report_help(m, "did you mean \"%.*s\"?", SLICE_ARGS(near.best));
}

void
routing_check(struct compile *c)
{
	static const char *const single[] = { "routing.default_model",
		"routing.safety_net_model" };
	const struct node *n;

	for (size_t i = 0; i < sizeof single / sizeof single[0]; i++) {
		n = scalars_node(c, single[i]);
		if (n->type == NODE_STRING && n->text.n > 0)
			routing_check_model(c, n, n->text);
	}
	n = scalars_node(c, "routing.fallback_models");
	if (n->type != NODE_ARRAY && n->type != NODE_LIST)
		return;
	for (n = n->child; n != NULL; n = n->next)
		if (n->type == NODE_STRING)
			routing_check_model(c, n, n->text);
}
