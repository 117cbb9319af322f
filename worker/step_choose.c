#include "base/settings.h"
#include "worker/keys.h"
#include "worker/req.h"
#include "worker/targets.h"
#include "worker/worker_priv.h"

enum step_result
step_choose_run(struct req *r)
{
	struct worker *w = r->w;
	struct choice *c = &r->choice;
	struct slice name;

	c->target = targets_get(w->targets, c->provider);
	if (params_has(&r->params, PARAM_mock_response)) {
		c->credential = TARGET_NEEDS_NONE;
		return STEP_NEXT;
	}
	c->credential =
	    target_draw(w, c->target, r->key->def.environment, c->slug);
	if (c->credential != TARGET_NO_CREDENTIAL)
		return STEP_NEXT;
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
