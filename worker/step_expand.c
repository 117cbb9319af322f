/*
 * expand - what the request asks for: the model that it names is known and
 * permitted, or there is a plan of several (worker/plan.h).
 */
#include "base/settings.h"
#include "worker/credential.h"
#include "worker/keys.h"
#include "worker/plan.h"
#include "worker/req.h"
#include "worker/worker_priv.h"

#define EXPAND_SHOWN 200 /* bytes of a caller's text in a message */

/* Parameters whose silent loss would be a lie: whose words. */
static const enum param_id refused[] = { PARAM_prompt };

/* What is accepted and has no effect: said so. */
static const enum param_id ignored[] = { PARAM_variables };

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

/* A named primary that the pinned provider does not serve is an error. */
static int
expand_pin(struct req *r, struct candidate *c)
{
	struct slice pin = r->route_provider;

	if (candidate_pin(r, c))
		return 0;
	return err_param(req_err(r), ERR_ROUTE_UNAVAILABLE, NULL,
	    "Provider '%.*s' does not serve model '%.*s'.",
	    (int)(pin.n < EXPAND_SHOWN ? pin.n : EXPAND_SHOWN), pin.p,
	    SLICE_ARGS(c->slug));
}

static enum step_result
expand_named(struct req *r, struct slice name)
{
	struct candidate c;

	/* A first try with the built-in key: tell what to do, not 404. */
	if (r->key->demo && !candidate_may_name(r, name))
		return req_fail(r);
	if (!candidate_find(r->w->settings, name, &c)) {
		err_param(req_err(r), ERR_MODEL_NOT_FOUND, "model",
		    "Requested model %.*s is not available in the model list",
		    (int)(name.n < EXPAND_SHOWN ? name.n : EXPAND_SHOWN),
		    name.p);
		return req_fail(r);
	}
	if (!candidate_may_name(r, c.slug))
		return req_fail(r);
	if (r->route_provider.n > 0 &&
	    (expand_pin(r, &c) != 0 || !candidate_may_name(r, c.slug)))
		return req_fail(r);
	candidate_choose(r, &c);
	return STEP_NEXT;
}

/* It names its model and says nothing else of where it goes. */
static bool
expand_is_plain(const struct req *r)
{
	return params_has(&r->params, PARAM_model) &&
	       r->route_provider.n == 0 &&
	       !params_has_between(&r->params, PARAM_load_balance_group,
		   PARAM_model_name_map) &&
	       !params_has_between(&r->params, PARAM_prompt, PARAM_variables);
}

enum step_result
step_expand_run(struct req *r)
{
	struct slice name = params_text(&r->params, PARAM_model);

	if (name.n > 0 && expand_is_plain(r))
		return expand_named(r, name);
	if (expand_check_params(r) != 0 || candidate_check_pin(r) != 0)
		return req_fail(r);
	/* Who is drawn or ordered is so where somebody is to be asked. */
	return plan_names(r, &name) ? expand_named(r, name) : STEP_NEXT;
}

void
step_expand_cancel(struct req *r)
{
	(void)r;
}
