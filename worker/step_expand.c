#include "base/settings.h"
#include "worker/credential.h"
#include "worker/keys.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

#define EXPAND_SHOWN 200 /* bytes of a caller's text in a message */

/* "prefix/rest" where the prefix is a provider that takes any model. */
static bool
expand_open_model(struct req *r, struct slice name)
{
	const struct settings *s = r->w->settings;
	const struct settings_provider *p;
	const char *slash = memchr(name.p, '/', name.n);
	struct slice prefix;

	if (slash == NULL)
		return false;
	prefix = (struct slice){ name.p, (size_t)(slash - name.p) };
	p = settings_provider_find(s, prefix);
	if (p == NULL || !p->open_models || prefix.n + 1 == name.n)
		return false;
	r->choice.provider = (int32_t)(p - settings_provider_at(s, 0));
	r->choice.slug = name;
	r->choice.upstream_model = slice_skip(name, prefix.n + 1);
	return true;
}

static bool
expand_find(struct req *r, struct slice name)
{
	const struct settings *s = r->w->settings;
	const struct settings_model *m = settings_model_find(s, name);

	if (m == NULL)
		return expand_open_model(r, name);
	r->choice.model = m;
	r->choice.provider = m->provider;
	r->choice.slug = settings_str(s, m->name);
	r->choice.upstream_model = settings_str(s, m->upstream);
	return true;
}

static enum step_result
expand_forbid(struct req *r, struct slice name)
{
	err_param(req_err(r), ERR_MODEL_NOT_PERMITTED, "model",
	    "This key may not use model %.*s.%s",
	    (int)(name.n < EXPAND_SHOWN ? name.n : EXPAND_SHOWN), name.p,
	    r->key->demo ? " Create a key with: holdfastctl key new" : "");
	return req_fail(r);
}

/* Parameters whose silent loss would be a lie: whose key, whose words. */
static const enum param_id refused[] = { PARAM_prompt };

/* What is accepted and has no effect: said so. */
static const enum param_id ignored[] = { PARAM_load_balance_group,
	PARAM_load_balance_models, PARAM_loadbalance_models, PARAM_models,
	PARAM_fallback_models, PARAM_retry_params, PARAM_retries,
	PARAM_variables };

static int
expand_check_params(struct req *r)
{
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct slice name = params_name(refused[i]);

		if (params_has(&r->params, refused[i]))
			return err_param(req_err(r), ERR_UNSUPPORTED_PARAMETER,
			    name.p,
			    "Parameter '%.*s' is not supported by this "
			    "endpoint.",
			    SLICE_ARGS(name));
	}
	for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
		if (params_has(&r->params, ignored[i]))
			params_warn(&r->params, params_name(ignored[i]));
	return credential_check(r);
}

enum step_result
step_expand_run(struct req *r)
{
	struct slice name = params_text(&r->params, PARAM_model);
	int shown = (int)(name.n < EXPAND_SHOWN ? name.n : EXPAND_SHOWN);

	if (expand_check_params(r) != 0)
		return req_fail(r);
	if (name.n == 0) {
		err_param(req_err(r), ERR_MISSING_PARAMETER, "model",
		    "Missing required parameter: 'model'.");
		return req_fail(r);
	}
	/* A first try with the built-in key: tell what to do, not 404. */
	if (r->key->demo && !key_permits(r->key->def.models, name))
		return expand_forbid(r, name);
	if (!expand_find(r, name)) {
		err_param(req_err(r), ERR_MODEL_NOT_FOUND, "model",
		    "Requested model %.*s is not available in the model list",
		    shown, name.p);
		return req_fail(r);
	}
	if (!key_permits(r->key->def.models, r->choice.slug))
		return expand_forbid(r, name);
	return STEP_NEXT;
}

void
step_expand_cancel(struct req *r)
{
	(void)r;
}
