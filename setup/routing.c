/* The models that the group "routing" names are there. */

#include "setup/compile_priv.h"

#include "base/suggest.h"

static void
routing_check_model(struct compile *c, const struct node *n, struct slice name)
{
	const struct settings *s = (const void *)c->blob.bytes.data;
	const struct settings_model_name *names =
	    settings_list(s, s->model_names);
	struct suggest near;
	struct message *m;

	if (settings_model_find(s, name) != NULL ||
	    settings_open_find(s, name) != NULL)
		return;
	suggest_init(&near, name);
	for (uint32_t i = 0; i < s->model_names.n; i++)
		suggest_try(&near, settings_str(s, names[i].name));
	m = report_error(c->report, n->value, "model \"%.*s\" is not defined",
	    SLICE_ARGS(name));
	if (near.best.n > 0)
		report_help(m, "did you mean \"%.*s\"?", SLICE_ARGS(near.best));
}

static void
routing_check_list(struct compile *c, const struct node *n)
{
	if (n->type != NODE_ARRAY && n->type != NODE_LIST)
		return;
	for (n = n->child; n != NULL; n = n->next)
		if (n->type == NODE_STRING)
			routing_check_model(c, n, n->text);
}

void
routing_check(struct compile *c)
{
	static const char *const settings[] = { "routing.default_model",
		"routing.safety_net_model", "routing.fallback_models",
		"routing.context_window_fallbacks",
		"routing.content_policy_fallbacks" };

	for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
		const struct node *n = scalars_node(c, settings[i]);

		if (n->type == NODE_STRING && n->text.n > 0)
			routing_check_model(c, n, n->text);
		else
			routing_check_list(c, n);
	}
}
