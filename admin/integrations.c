/* integrations - the verbs of provider keys in the store (platform.md 5). */

#include <string.h>

#include "admin/args.h"
#include "admin/credentials.h"
#include "admin/show.h"
#include "admin/stored.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/money.h"
#include "proto/jscan.h"
#include "store/ask.h"

/* One on its way into the store. */
struct new_key {
	struct integration_def def;
	const struct settings_provider *provider;
	char id[STORED_MINTED];
	struct sbuf provider_id, name, available, excluded, sealed;
};

static const char *const environments
    [] = { [ENV_PROD] = "prod", [ENV_TEST] = "test", [ENV_BOTH] = "all" };

static int
key_environment(struct slice args, int32_t *environment_r, struct err *e)
{
	struct sbuf text = { 0 };
	int given = args_text(args, "environment", &text, e), found = -1;

	for (int i = ENV_PROD; i <= ENV_BOTH; i++)
		if (slice_eq(sbuf_slice(&text), slice_str(environments[i])))
			found = i;
	sbuf_free(&text);
	if (given == 0)
		found = ENV_BOTH;
	*environment_r = (int32_t)found;
	if (given < 0 || found >= 0)
		return given < 0 ? -1 : 0;
	return err_param(e, ERR_INVALID_VALUE, "environment",
	    "environment: prod, test or all is a valid choice.");
}

static int
key_provider(struct office *o, struct slice args, struct new_key *k,
    struct err *e)
{
	if (stored_id(args, "provider", &k->provider_id, e) < 0)
		return -1;
	k->provider =
	    settings_provider_called(o->settings, sbuf_slice(&k->provider_id));
	if (k->provider == NULL || k->provider->kind == KIND_DEMO)
		return err_param(e, ERR_INVALID_VALUE, "provider",
		    "provider: \"%.*s\" is not a valid choice.",
		    SLICE_ARGS(sbuf_slice(&k->provider_id)));
	k->def.provider = settings_str(o->settings, k->provider->name);
	return 0;
}

/* An id that no other has. */
static int
key_mint(struct office *o, struct new_key *k, struct err *e)
{
	struct objects *objects = office_objects(o, e);
	struct integration_def other;
	int got;

	if (objects == NULL)
		return -1;
	do {
		stored_mint("int_", k->id);
		k->def.id = slice_str(k->id);
		got = objects_integration_get(objects, k->def.id, &o->def,
		    &other, e);
	} while (got == 1);
	return got;
}

static int
key_seal(struct office *o, struct slice args, struct new_key *k, struct err *e)
{
	struct sbuf json = { 0 }, place = { 0 };
	struct jscan_item given;
	int done = -1;

	if (!jscan_find(args, SLICE("credentials"), &given))
		return err_param(e, ERR_MISSING_PARAMETER, "credentials",
		    "credentials: This field is required.");
	if (given.type != JSCAN_OBJECT)
		return err_param(e, ERR_INVALID_VALUE, "credentials",
		    "credentials: A JSON object is required.");
	stored_place_integration(&place, &k->def);
	if (credentials_read(o->settings, k->provider, given.value, &json, e) ==
	    0)
		done = credentials_seal(o, sbuf_slice(&place),
		    sbuf_slice(&json), &k->sealed, e);
	credentials_wipe(&json);
	sbuf_free(&place);
	k->def.sealed = sbuf_slice(&k->sealed);
	return done;
}

static int
key_read(struct office *o, struct slice args, struct new_key *k, struct err *e)
{
	struct integration_def *d = &k->def;

	if (o->settings->store_secret_key.len == 0)
		return err_set(e, ERR_INVALID_VALUE,
		    "Set store.secret_key before storing provider keys.");
	if (key_provider(o, args, k, e) != 0 ||
	    stored_name(args, &k->name, e) != 0 ||
	    key_environment(args, &d->environment, e) != 0 ||
	    stored_weight(args, "weight", "Weight must be greater than 0",
		&d->weight_nano, e) != 0 ||
	    args_list(args, "available_models", &k->available, e) < 0 ||
	    args_list(args, "exclude_models", &k->excluded, e) < 0 ||
	    key_mint(o, k, e) != 0)
		return -1;
	d->name = sbuf_slice(&k->name);
	d->available_models = sbuf_slice(&k->available);
	d->exclude_models = sbuf_slice(&k->excluded);
	d->enabled = 1;
	d->created_s = d->updated_s = now_real_us() / 1000000;
	return key_seal(o, args, k, e);
}

static void
key_show(const struct office *o, const struct integration_def *d,
    struct sbuf *out)
{
	struct sbuf place = { 0 };

	stored_place_integration(&place, d);
	sbuf_addc(out, '{');
	show_text(out, "id", d->id);
	show_text(out, "provider_id", d->provider);
	show_text(out, "name", d->name);
	show_text(out, "environment", slice_str(environments[d->environment]));
	show_amount(out, "weight", d->weight_nano);
	show_list(out, "available_models", d->available_models, "");
	show_list(out, "exclude_models", d->exclude_models, "");
	show_bool(out, "enabled", d->enabled != 0);
	credentials_show(o, sbuf_slice(&place), d->sealed, out);
	show_text(out, "source", SLICE("store"));
	show_time(out, "created_at", d->created_s);
	show_time(out, "updated_at", d->updated_s);
	show_int(out, "version", (int64_t)d->version);
	sbuf_addc(out, '}');
	sbuf_free(&place);
}

/* Write it, and show what is there then. */
static int
key_put(struct office *o, struct integration_def *d, struct sbuf *out,
    struct err *e)
{
	struct sbuf packed = { 0 };
	int done;

	integration_pack(&packed, d);
	done = stored_put(o, ASK_INTEGRATION_PUT, &packed, e);
	sbuf_free(&packed);
	d->version++;
	if (done == 1)
		key_show(o, d, out);
	return done;
}

int
verb_integration_add(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct new_key k = { .provider = NULL };
	int done = key_read(o, args, &k, e);

	if (done == 0)
		done = key_put(o, &k.def, out, e);
	sbuf_free(&k.provider_id);
	sbuf_free(&k.name);
	sbuf_free(&k.available);
	sbuf_free(&k.excluded);
	sbuf_free(&k.sealed);
	return done;
}

int
verb_integration_list(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	struct slice after = SLICE("");
	struct integration_def d;
	int got;

	(void)args;
	if (objects == NULL)
		return -1;
	sbuf_adds(out, "{\"results\":[");
	while ((got = objects_integration_next(objects, after, &o->def, &d,
		    e)) == 1) {
		show_element(out);
		key_show(o, &d, out);
		after = d.id;
	}
	sbuf_adds(out, "]}");
	return got == 0 ? 1 : -1;
}

/* The one that args name: 1 with its strings in o->def, 0, -1. */
static int
key_find(struct office *o, struct slice args, struct integration_def *d,
    struct err *e)
{
	struct objects *objects = office_objects(o, e);
	struct sbuf id = { 0 };
	int got = -1;

	if (objects != NULL && stored_id(args, "id", &id, e) == 1)
		got = objects_integration_get(objects, sbuf_slice(&id), &o->def,
		    d, e);
	sbuf_free(&id);
	return got;
}

int
verb_integration_show(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct integration_def d;
	int got = key_find(o, args, &d, e);

	if (got == 1)
		key_show(o, &d, out);
	return got;
}

static int
key_switch(struct office *o, struct slice args, int32_t enabled,
    struct sbuf *out, struct err *e)
{
	struct integration_def d;
	int got = key_find(o, args, &d, e);

	if (got != 1)
		return got;
	d.enabled = enabled;
	d.updated_s = now_real_us() / 1000000;
	return key_put(o, &d, out, e);
}

int
verb_integration_enable(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	return key_switch(o, args, 1, out, e);
}

int
verb_integration_disable(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	return key_switch(o, args, 0, out, e);
}

int
verb_integration_remove(struct office *o, struct slice args, struct sbuf *out,
    struct err *e)
{
	struct sbuf id = { 0 };
	int done = stored_id(args, "id", &id, e);

	if (done == 1)
		done =
		    office_ask(o, ASK_INTEGRATION_DELETE, sbuf_slice(&id), e);
	if (done == 1)
		stored_show_removed(out, "id", sbuf_slice(&id));
	sbuf_free(&id);
	return done;
}
