/* What is judged of a caller's credentials before anything is chosen. */

#include "worker/credential_priv.h"

#include <stdio.h>

#include "base/pool.h"
#include "base/sbuf.h"
#include "net/server.h"
#include "proto/canon.h"
#include "proto/jstr.h"
#include "worker/keys.h"
#include "worker/worker_priv.h"

static int
check_forbid(struct req *r, const char *member)
{
	return err_param(req_err(r), ERR_KEY_NOT_PERMITTED, member,
	    "This key may not bring credentials of its own: '%s'.", member);
}

static int
check_scope(struct req *r, const char *member)
{
	if ((r->key->def.scopes & SCOPE_CREDENTIALS) != 0)
		return 0;
	return check_forbid(r, member);
}

/* --- names that mean nothing here --- */

/* A provider, a model, or an open one of a provider. */
static bool
check_is_known(const struct settings *s, struct slice name, bool models)
{
	const char *slash = memchr(name.p, '/', name.n);

	if (settings_provider_called(s, name) != NULL)
		return true;
	if (!models)
		return false;
	if (settings_model_find(s, name) != NULL)
		return true;
	return slash != NULL &&
	       settings_provider_called(s,
		   (struct slice){ name.p, (size_t)(slash - name.p) }) != NULL;
}

static void
check_warn(struct req *r, const char *member, struct slice name)
{
	char where[CREDENTIAL_WHERE_SIZE], parent[32];

	snprintf(parent, sizeof parent, "%s.", member);
	credential_where(where, parent, name);
	params_warn(&r->params, pool_copy(r->pool, slice_str(where)));
}

static int
check_names(struct req *r, const char *member, struct slice object, bool models)
{
	struct jscan_iter it;
	struct jscan_item item;

	if (jscan_unique(object, member, req_err(r)) != 0)
		return -1;
	jscan_enter(&it, object);
	while (jscan_member_next(&it, &item)) {
		struct slice name = jstr_name(&item, r->pool);

		if (!check_is_known(r->w->settings, name, models))
			check_warn(r, member, name);
	}
	return 0;
}

static int
check_customer_names(struct req *r, const char *member,
    const struct jscan_item *v)
{
	struct jscan_iter it;
	struct jscan_item entry, map;

	if (v->type == JSCAN_OBJECT)
		return check_names(r, member, v->value, false);
	jscan_enter(&it, v->value);
	while (jscan_element_next(&it, &entry))
		if (jscan_find(entry.value, SLICE("credentials"), &map) &&
		    map.type == JSCAN_OBJECT &&
		    check_names(r, member, map.value, false) != 0)
			return -1;
	return 0;
}

static int
check_override_names(struct req *r, const char *member,
    const struct jscan_item *v)
{
	return check_names(r, member, v->value, true);
}

/* --- entries of load balancing, each of which may bring its own --- */

/* The first that does, by its number; -1 none. */
static int
check_first(const struct jscan_item *v)
{
	struct jscan_item list = *v, entry, credentials;
	struct jscan_iter it;

	if (v->type == JSCAN_OBJECT &&
	    !jscan_find(v->value, SLICE("models"), &list))
		return -1;
	if (list.type != JSCAN_ARRAY)
		return -1;
	jscan_enter(&it, list.value);
	for (int i = 0; jscan_element_next(&it, &entry); i++)
		if (entry.type == JSCAN_OBJECT &&
		    jscan_find(entry.value, SLICE("credentials"),
			&credentials) &&
		    credentials.type != JSCAN_NULL)
			return i;
	return -1;
}

static int
check_balance(struct req *r, enum param_id id, const struct jscan_item *v)
{
	char where[CREDENTIAL_WHERE_SIZE];
	int first = check_first(v);

	if (first < 0)
		return 0;
	snprintf(where, sizeof where, "%.*s%s[%d].credentials",
	    SLICE_ARGS(params_name(id)),
	    v->type == JSCAN_OBJECT ? ".models" : "", first);
	return check_scope(r, where);
}

/* In the order of api.md 5.3. */
static const struct check {
	enum param_id id;
	int (*names)(struct req *r, const char *member,
	    const struct jscan_item *v); /* NULL: entries of load balancing */
} checks[] = {
	{ PARAM_load_balance_group, NULL },
	{ PARAM_load_balance_models, NULL },
	{ PARAM_loadbalance_models, NULL },
	{ PARAM_models, NULL },
	{ PARAM_customer_credentials, check_customer_names },
	{ PARAM_credential_override, check_override_names },
	{ PARAM_customer_api_keys, check_override_names },
};

/* Whether entries of load balancing bring any: their list is one then. */
static bool
check_brings(const struct check *c, const struct jscan_item *v)
{
	return c->names != NULL || check_first(v) >= 0;
}

int
credential_sum(struct req *r, unsigned char sum_r[DIGEST_SIZE])
{
	struct jscan_item own[sizeof checks / sizeof *checks];
	struct sbuf b = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		const struct param *v = params_at(&r->params, checks[i].id);

		if (v == NULL || !check_brings(&checks[i], &v->item))
			continue;
		own[n] = v->item;
		own[n++].name = params_name(checks[i].id);
	}
	if (n == 0)
		return 0;
	canon_write_members(&b, own, n);
	digest_sha256(b.data, b.len, sum_r);
	explicit_bzero(b.data, b.cap);
	sbuf_free(&b);
	return 1;
}

/*
 * Text of a secret may be copied wherever text is: all that the request has
 * is wiped (security.md P4).
 */
static void
check_wipe(struct req *r)
{
	pool_all_secret(r->pool);
	if (r->x != NULL)
		exchange_wipe_body(r->x);
}

int
credential_check(struct req *r)
{
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		const struct param *v = params_at(&r->params, checks[i].id);

		if (v == NULL)
			continue;
		if (check_brings(&checks[i], &v->item))
			check_wipe(r);
		if (checks[i].names == NULL) {
			if (check_balance(r, checks[i].id, &v->item) != 0)
				return -1;
			continue;
		}
		if (check_scope(r, params_name(checks[i].id).p) != 0 ||
		    checks[i].names(r, params_name(checks[i].id).p, &v->item) !=
			0)
			return -1;
	}
	return 0;
}
