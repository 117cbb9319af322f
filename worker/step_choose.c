#include "base/settings.h"
#include "dialect/dialect.h"
#include "worker/client_dialect.h"
#include "worker/credential.h"
#include "worker/keys.h"
#include "worker/req.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

/*
 * X-Respan-Route-Provider: the model's own provider may be named, another
 * does not serve it.  0, or -1.
 */
static int
choose_check_pin(struct req *r)
{
	const struct settings *s = r->w->settings;
	const struct settings_provider *p = settings_list(s, s->providers);
	struct slice pin = r->route_provider, slug = r->choice.slug;
	int shown = (int)(pin.n < 200 ? pin.n : 200);
	uint32_t i = 0;

	if (pin.n == 0)
		return 0;
	while (i < s->providers.n &&
	       !slice_eq_nocase(settings_str(s, p[i].name), pin))
		i++;
	if (i == s->providers.n)
		return err_param(req_err(r), ERR_ROUTE_UNKNOWN, NULL,
		    "Unknown provider '%.*s' in X-Respan-Route-Provider.",
		    shown, pin.p);
	if ((int32_t)i == r->choice.provider)
		return 0;
	return err_param(req_err(r), ERR_ROUTE_UNAVAILABLE, NULL,
	    "Provider '%.*s' does not serve model '%.*s'.", shown, pin.p,
	    SLICE_ARGS(slug));
}

enum step_result
step_choose_run(struct req *r)
{
	struct worker *w = r->w;
	struct choice *c = &r->choice;
	uint32_t features;
	struct slice name;
	int got;

	if (choose_check_pin(r) != 0)
		return req_fail(r);
	c->target = targets_get(w->targets, c->provider);
	features = c->model != NULL ? c->model->features : 0;
	c->kind = dialect_kind((enum provider_kind)c->target->provider->kind,
	    c->upstream_model, features);
	r->dialect = dialect_find(c->kind, c->upstream_model, features);
	if (client_choose(r) != 0)
		return req_fail(r);
	if (params_has(&r->params, PARAM_mock_response)) {
		r->dialect = NULL;
		c->credential = NULL;
		return STEP_NEXT;
	}
	got = credential_choose(r, SLICE(""), NULL, 0);
	if (got != 0)
		return got > 0 ? STEP_NEXT : req_fail(r);
	name = settings_str(w->settings, c->target->provider->name);
	err_set(req_err(r), ERR_NO_CREDENTIALS,
	    "No credentials for provider %.*s. Add a provider key, or send "
	    "customer_credentials.",
	    SLICE_ARGS(name));
	return req_fail(r);
}

void
step_choose_cancel(struct req *r)
{
	(void)r;
}
