/* groups - the verbs of load-balance groups (platform.md 6). */

#include <string.h>

#include "admin/args.h"
#include "admin/credentials.h"
#include "admin/stored.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "proto/jscan.h"
#include "store/ask.h"

struct new_group {
	struct group_def def;
	char minted[STORED_MINTED];
	struct sbuf id, name, entries, fallbacks;
};

static int
group_wrong(const char *param, const char *what, struct slice text,
    struct err *e)
{
	return err_param(e, ERR_INVALID_VALUE, param, "%s: %s \"%.*s\".", param,
	    what, text.n < 200 ? (int)text.n : 200, text.p);
}

/* The id that is given, or one that no other has. */
static int
group_id(struct office *o, struct slice args, struct new_group *g,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	int given = args_text(args, "group_id", &g->id, e), got;
	struct group_def other;

	if (objects == NULL || given < 0)
		return -1;
	if (given == 1 && !stored_id_valid(sbuf_slice(&g->id)))
		return err_param(e, ERR_INVALID_VALUE, "group_id",
		    "group_id: 1 to 64 of A-Z, a-z, 0-9, \".\", \"_\" and "
		    "\"-\" are required.");
	do {
		stored_mint("lbg_", g->minted);
		g->def.id = given ? sbuf_slice(&g->id) : slice_str(g->minted);
		got = objects_group_get(objects, g->def.id, &o->def, &other, e);
	} while (got == 1 && !given);
	return got == 1 ? err_param(e, ERR_INVALID_VALUE, "group_id",
			      "group_id: Another group has this id.")
	                : got;
}

/* Credentials of its own are sealed for this group and model. */
static int
entry_seal(struct office *o, struct slice group, struct slice model,
    const struct jscan_item *given, struct sbuf *sealed, struct err *e)
{
	const struct settings_model *m =
	    settings_model_find(o->settings, model);
	const struct settings_provider *p =
	    m != NULL ? settings_provider_at(o->settings, m->provider)
		      : settings_open_find(o->settings, model);
	struct sbuf json = { 0 }, place = { 0 };
	int done = -1;

	if (given->type != JSCAN_OBJECT)
		return err_param(e, ERR_INVALID_VALUE, "credentials",
		    "credentials: A JSON object is required.");
	stored_place_entry(&place, group, model);
	if (credentials_read(o->settings, p, given->value, &json, e) == 0)
		done = credentials_seal(o, sbuf_slice(&place),
		    sbuf_slice(&json), sealed, e);
	credentials_wipe(&json);
	sbuf_free(&place);
	return done;
}

static int
entry_add(struct office *o, struct new_group *g, struct slice object,
    struct sbuf *model, struct sbuf *sealed, struct err *e)
{
	struct group_entry entry = { .weight_nano = 0 };
	struct jscan_item given;

	if (args_text(object, "model", model, e) < 0)
		return -1;
	entry.model = sbuf_slice(model);
	if (!stored_model_known(o->settings, entry.model))
		return group_wrong("models", "Unknown model", entry.model, e);
	if (stored_weight(object, "models", "Weight has to be greater than 0",
		&entry.weight_nano, e) != 0)
		return -1;
	if (jscan_find(object, SLICE("credentials"), &given) &&
	    given.type != JSCAN_NULL &&
	    entry_seal(o, g->def.id, entry.model, &given, sealed, e) != 0)
		return -1;
	entry.sealed = sbuf_slice(sealed);
	group_entry_pack(&g->entries, &entry);
	return 0;
}

static int
group_models(struct office *o, struct slice args, struct new_group *g,
    struct err *e)
{
	struct jscan_item list, item;
	struct jscan_iter it;
	unsigned n = 0;

	if (!jscan_find(args, SLICE("models"), &list))
		return err_param(e, ERR_MISSING_PARAMETER, "models",
		    "models: This field is required.");
	if (list.type != JSCAN_ARRAY)
		return err_param(e, ERR_INVALID_VALUE, "models",
		    "models: Expected a list of items.");
	jscan_enter(&it, list.value);
	for (; jscan_element_next(&it, &item) && n <= STORED_MODELS; n++) {
		struct sbuf model = { 0 }, sealed = { 0 };
		int done = -1;

		if (item.type == JSCAN_OBJECT)
			done = entry_add(o, g, item.value, &model, &sealed, e);
		else
			err_param(e, ERR_INVALID_VALUE, "models",
			    "models: Expected a list of objects.");
		sbuf_free(&model);
		sbuf_free(&sealed);
		if (done != 0)
			return -1;
	}
	if (n == 0 || n > STORED_MODELS)
		return err_param(e, ERR_INVALID_VALUE, "models",
		    "models: 1 to %d models are required.", STORED_MODELS);
	g->def.entries = sbuf_slice(&g->entries);
	return 0;
}

static int
group_fallbacks(struct office *o, struct slice args, struct new_group *g,
    struct err *e)
{
	struct slice list, item;

	if (args_list(args, "fallback_models", &g->fallbacks, e) < 0)
		return -1;
	g->def.fallback_models = list = sbuf_slice(&g->fallbacks);
	while (defs_list_next(&list, &item))
		if (!stored_model_known(o->settings, item))
			return group_wrong("fallback_models", "Unknown model",
			    item, e);
	return 0;
}

static int
group_read(struct office *o, struct slice args, struct new_group *g,
    struct err *e)
{
	if (stored_name(args, &g->name, e) != 0 ||
	    group_id(o, args, g, e) != 0 || group_models(o, args, g, e) != 0 ||
	    group_fallbacks(o, args, g, e) != 0)
		return -1;
	g->def.name = sbuf_slice(&g->name);
	g->def.created_s = g->def.updated_s = now_real_us() / 1000000;
	return 0;
}

int
verb_group_add(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct new_group g = { .minted = "" };
	struct sbuf packed = { 0 };
	int done = group_read(o, args, &g, e);

	if (done == 0) {
		group_pack(&packed, &g.def);
		done = stored_put(o, ASK_GROUP_PUT, &packed, e);
	}
	g.def.version = 1;
	if (done == 1)
		show_group(o, &g.def, out);
	sbuf_free(&packed);
	sbuf_free(&g.id);
	sbuf_free(&g.name);
	sbuf_free(&g.entries);
	sbuf_free(&g.fallbacks);
	return done;
}

int
verb_group_remove(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf id = { 0 };
	int done = stored_id(args, "group_id", &id, e);

	if (done == 1)
		done = office_ask(o, ASK_GROUP_DELETE, sbuf_slice(&id), e);
	if (done == 1)
		stored_show_removed(out, "group_id", sbuf_slice(&id));
	sbuf_free(&id);
	return done;
}
