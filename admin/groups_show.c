/* groups_show - the verbs that show load-balance groups. */

#include "admin/credentials.h"
#include "admin/show.h"
#include "admin/stored.h"
#include "admin/verbs.h"

static void
entry_show(const struct office *o, struct slice group,
    const struct group_entry *entry, struct sbuf *out)
{
	struct sbuf place = { 0 };

	show_element(out);
	sbuf_addc(out, '{');
	show_text(out, "model", entry->model);
	show_amount(out, "weight", entry->weight_nano);
	stored_place_entry(&place, group, entry->model);
	if (entry->sealed.n > 0)
		credentials_show(o, sbuf_slice(&place), entry->sealed, out);
	sbuf_addc(out, '}');
	sbuf_free(&place);
}

void
show_group(const struct office *o, const struct group_def *g, struct sbuf *out)
{
	struct slice entries = g->entries;
	struct group_entry entry;

	sbuf_addc(out, '{');
	show_text(out, "group_id", g->id);
	show_text(out, "name", g->name);
	show_name(out, "models");
	sbuf_addc(out, '[');
	while (group_entry_next(&entries, &entry))
		entry_show(o, g->id, &entry, out);
	sbuf_addc(out, ']');
	show_list(out, "fallback_models", g->fallback_models, "");
	show_text(out, "source", SLICE("store"));
	show_time(out, "created_at", g->created_s);
	show_time(out, "updated_at", g->updated_s);
	show_int(out, "version", (int64_t)g->version);
	sbuf_addc(out, '}');
}

/* One of the settings file, in the same form. */
static void
group_show_file(const struct settings *s, const struct settings_group *g,
    struct sbuf *out)
{
	const struct settings_group_entry *m = settings_list(s, g->models);
	const struct sref *f = settings_list(s, g->fallback_models);

	sbuf_addc(out, '{');
	show_text(out, "group_id", settings_str(s, g->group_id));
	show_text(out, "name", settings_str(s, g->name));
	show_name(out, "models");
	sbuf_addc(out, '[');
	for (uint32_t i = 0; i < g->models.n; i++) {
		show_element(out);
		sbuf_addc(out, '{');
		show_text(out, "model", settings_str(s, m[i].model));
		show_amount(out, "weight", m[i].weight_nano);
		sbuf_addc(out, '}');
	}
	sbuf_addc(out, ']');
	show_name(out, "fallback_models");
	sbuf_addc(out, '[');
	for (uint32_t i = 0; i < g->fallback_models.n; i++) {
		show_element(out);
		sbuf_add_json(out, settings_str(s, f[i]));
	}
	sbuf_addc(out, ']');
	show_text(out, "source", SLICE("settings"));
	sbuf_addc(out, '}');
}

static void
group_list_file(const struct settings *s, struct sbuf *out)
{
	const struct settings_group *groups = settings_list(s, s->groups);

	for (uint32_t i = 0; i < s->groups.n; i++) {
		show_element(out);
		group_show_file(s, &groups[i], out);
	}
}

int
verb_group_list(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	struct slice after = SLICE("");
	struct group_def g;
	int got;

	(void)args;
	if (objects == NULL)
		return -1;
	sbuf_adds(out, "{\"results\":[");
	group_list_file(o->settings, out);
	while (
	    (got = objects_group_next(objects, after, &o->def, &g, e)) == 1) {
		show_element(out);
		show_group(o, &g, out);
		after = g.id;
	}
	sbuf_adds(out, "]}");
	return got == 0 ? 1 : -1;
}

int
verb_group_show(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	const struct settings_group *own;
	struct sbuf id = { 0 };
	struct group_def g;
	int got = -1;

	if (objects == NULL || stored_id(args, "group_id", &id, e) < 0) {
		sbuf_free(&id);
		return -1;
	}
	own = settings_group_find(o->settings, sbuf_slice(&id));
	if (own != NULL) {
		group_show_file(o->settings, own, out);
		got = 1;
	} else {
		got =
		    objects_group_get(objects, sbuf_slice(&id), &o->def, &g, e);
		if (got == 1)
			show_group(o, &g, out);
	}
	sbuf_free(&id);
	return got;
}
